"""Which session an event belongs to, and from which session's close it is known.

Day 0 is the first session whose close is strictly after the event's instant. A day whose hour
is unknown has two candidates, the day 0 of its first and of its last instant; where they
agree there is one. Anything coarser than a day has none.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aftershock.events.kinds import Event
    from aftershock.events.when import When
    from aftershock.sessions import Sessions

_SLACK = dt.timedelta(days=31)  # no exchange closes longer, so the next session is inside


@dataclass(frozen=True, slots=True)
class DayZero:
    """The session or sessions of one event.

    Attributes
    ----------
    session
        Day 0, or the first session of an approx event's range; None where there is none.
    session_alt
        The second candidate of a day whose hour is unknown.
    last
        The last session of an approx event's range; None for every other event.
    reason
        Why there is no day 0; empty where there is one.
    """

    session: dt.date | None = None
    session_alt: dt.date | None = None
    last: dt.date | None = None
    reason: str = ""


def day_zero(event: Event, sessions: Sessions) -> DayZero:
    """Return the day 0 of one event.

    Parameters
    ----------
    event
        The event.
    sessions
        Sessions that reach beyond the event, see ``spanning``.
    """
    when = event.when
    if when.precision in ("month", "quarter"):
        return DayZero(reason=f"a {when.precision} has no day 0")
    if when.precision == "approx":
        return _range(when, sessions)
    first, last = _instants(event, sessions)
    candidates = [_session(sessions, instant) for instant in (first, last)]
    if candidates[0] is None:
        return DayZero(reason=f"after the last session known, {sessions.last}")
    if when.last < sessions.first and candidates[0] == sessions.first:
        return DayZero(reason=f"before the first session known, {sessions.first}")
    alt = candidates[1] if candidates[1] != candidates[0] else None
    return DayZero(candidates[0], alt)


def known_at(event: Event, sessions: Sessions) -> dt.datetime:
    """Return the instant from which the market could know of the event, in UTC.

    A day counts as known at its end, unless the event is ``pre_open`` (at its start) or
    ``intraday`` (at the close). Without ``known_at`` the event's own time is meant.
    """
    if event.known_at is not None:
        return _end(event.known_at, sessions)
    if event.when.instant is not None:
        return event.when.instant.astimezone(dt.UTC)
    if event.when.precision == "day" and event.timing == "pre_open":
        return sessions.day_start(event.when.first)
    at = sessions.find(event.when.first)
    if event.when.precision == "day" and event.timing == "intraday" and at is not None:
        return sessions.close(at)
    return _end(event.when, sessions)


def spanning(sessions: Sessions, events: Iterable[Event]) -> Sessions:
    """Return ``sessions`` widened so that every event falls well inside them."""
    days = [day for event in events for day in (event.when.first, event.when.last)]
    if not days:
        return sessions
    return sessions.covering(min(days) - _SLACK, max(days) + _SLACK)


def _instants(event: Event, sessions: Sessions) -> tuple[dt.datetime, dt.datetime]:
    """Return the earliest and the latest instant the event can have happened at."""
    when = event.when
    if when.instant is not None:
        return when.instant, when.instant
    start, end = sessions.day_start(when.first), sessions.day_end(when.first)
    if event.timing == "unknown":
        return start, end
    if event.timing == "after_close":
        return end, end
    return start, start


def _range(when: When, sessions: Sessions) -> DayZero:
    first = _session(sessions, sessions.day_start(when.first))
    last = _session(sessions, sessions.day_start(when.last))
    if first is None or last is None:
        return DayZero(reason=f"after the last session known, {sessions.last}")
    return DayZero(session=first, last=last)


def _session(sessions: Sessions, instant: dt.datetime) -> dt.date | None:
    at = sessions.closing_after(instant)
    return None if at is None else sessions.date(at)


def _end(when: When, sessions: Sessions) -> dt.datetime:
    return when.instant.astimezone(dt.UTC) if when.instant else sessions.day_end(when.last)
