"""Where an event without prices stands: its day has passed, or lies ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt

    from aftershock.events.day_zero import DayZero
    from aftershock.events.kinds import Event
    from aftershock.sessions import Sessions

Standing = Literal["", "due, no prices", "ahead"]


def standing(
    event: Event, zero: DayZero, sessions: Sessions, newest: dt.date | None, now: dt.datetime
) -> Standing:
    """Return whether an event waits for its day or for its prices.

    Parameters
    ----------
    event, zero
        The event and its day 0.
    sessions
        Sessions that reach beyond the event, see ``spanning``.
    newest
        The newest session with a price of its ticker, None where there is none.
    now
        The instant, with a zone.

    Returns
    -------
    Standing
        ``""`` where prices reach its day, ``"due, no prices"`` where its session (the day, month
        or quarter of an event without one) is over and they do not, else ``"ahead"``.
    """
    last = event.when.last if zero.session is None else zero.last or zero.session
    if newest is not None and last <= newest:
        return ""
    at = None if zero.session is None else sessions.find(last)
    over = sessions.day_end(last) if at is None else sessions.close(at)
    return "due, no prices" if over <= now else "ahead"
