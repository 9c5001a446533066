"""The clock: what time it is and where, passed in wherever that matters."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _machine_time() -> dt.datetime:
    return dt.datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Clock:
    """A source of the current instant.

    Nothing else in the engine asks the machine for the time or its zone: what depends on
    them takes a clock, so that a test can set it to a Sunday, a leap day or the minute before
    an open.

    Attributes
    ----------
    read
        Returns the current instant with the local zone; the machine's where left out.

    Examples
    --------
    >>> clock = Clock.stopped(dt.datetime(2026, 7, 8, 1, 29, tzinfo=dt.UTC))
    >>> clock.now().hour, clock.today()
    (1, datetime.date(2026, 7, 8))
    """

    read: Callable[[], dt.datetime] = _machine_time

    @classmethod
    def stopped(cls, instant: dt.datetime) -> Clock:
        """Return a clock that stands at ``instant``, in the instant's own zone.

        Raises
        ------
        ValueError
            The instant has no zone.
        """
        if instant.tzinfo is None:
            raise ValueError(f"{instant} names no zone; write one, such as tzinfo=dt.UTC")
        return cls(lambda: instant)

    def now(self) -> dt.datetime:
        """Return the current instant in UTC."""
        return self.read().astimezone(dt.UTC)

    def local(self) -> dt.datetime:
        """Return the current instant in the local zone."""
        return self.read()

    def today(self) -> dt.date:
        """Return the local date."""
        return self.read().date()


SYSTEM = Clock()
