"""What a strategy may know, and from which close: events placed on a run's sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.events.day_zero import day_zero, known_at, spanning
from aftershock.sessions import as_utc64

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from aftershock.events.kinds import Event
    from aftershock.sessions import Sessions

_SETTLEMENT_SLACK = 31  # days; beyond any settlement cycle or holiday


@dataclass(frozen=True, slots=True)
class Entry:
    """One event on a run's clock.

    Attributes
    ----------
    event
        The event.
    day_zero
        Position of its day 0, counted from the run's first session; may lie beyond the last.
    known_from
        Position of the first session at whose close it is known.
    """

    event: Event
    day_zero: int
    known_from: int


@dataclass(frozen=True, slots=True)
class Agenda:
    """A run's sessions with the events on them.

    Attributes
    ----------
    sessions
        The run's sessions.
    wide
        The same calendar reaching beyond both ends.
    entries
        Events with a day 0, in order of day 0.
    excluded
        Events without one, with the reason.
    """

    sessions: Sessions
    wide: Sessions
    entries: tuple[Entry, ...]
    excluded: tuple[tuple[Event, str], ...]

    @classmethod
    def of(cls, events: Iterable[Event], sessions: Sessions) -> Agenda:
        """Place events on a run's sessions."""
        events = list(events)
        wide = _beyond(spanning(sessions, events))
        first = wide.position(sessions.first)
        entries, excluded = [], []
        for event in events:
            if event.exclude:
                excluded.append((event, event.exclude))
                continue
            zero = day_zero(event, wide)
            if zero.session is None or zero.last is not None:
                excluded.append((event, zero.reason or "a range of days has no day 0"))
                continue
            known = int(np.searchsorted(wide.closes, as_utc64(known_at(event, wide))))
            entries.append(Entry(event, wide.position(zero.session) - first, known - first))
        entries.sort(key=lambda entry: (entry.day_zero, entry.event.id))
        return cls(sessions, wide, tuple(entries), tuple(excluded))

    def visible(self, position: int) -> Iterator[tuple[Event, int]]:
        """Yield events known at a session's close, with the next session's offset."""
        for entry in self.entries:
            if entry.known_from <= position:
                yield entry.event, position + 1 - entry.day_zero

    def settlement(self, session: dt.date, lag: int) -> dt.date:
        """Return the session ``lag`` sessions later, when a trade of ``session`` settles."""
        return self.wide.date(self.wide.position(session) + lag)


def _beyond(sessions: Sessions) -> Sessions:
    last: dt.date = (sessions.dates[-1] + np.timedelta64(_SETTLEMENT_SLACK, "D")).astype("O")
    return sessions.covering(sessions.first, last)
