"""Exchange calendars as arrays of sessions, and the map from instants to sessions.

A session is a tz-naive date of the exchange's calendar; an instant is UTC.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from aftershock.arrays import DateArray, read_only
from aftershock.calendars import check_overrides, schedule
from aftershock.errors import SessionError
from aftershock.overrides import AS_LISTED, Overrides

if TYPE_CHECKING:
    from collections.abc import Iterable

_DAY = dt.timedelta(days=1)
_LAST_TICK = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """Consecutive trading sessions of one exchange.

    Attributes
    ----------
    calendar
        The exchange's ISO code (``"XHKG"``), or None where a data set's own rows are the
        sessions.
    zone
        The exchange's time zone.
    dates : ndarray of datetime64[D], shape (S,)
        The sessions, ascending.
    closes : ndarray of datetime64[us], shape (S,)
        The instant each session closes, UTC; half days close early.
    overrides
        Where the exchange did not keep to its calendar, beside what is known here.
    """

    calendar: str | None
    zone: ZoneInfo
    dates: DateArray
    closes: DateArray
    overrides: Overrides = AS_LISTED

    @classmethod
    def exchange(
        cls,
        code: str,
        start: dt.date,
        end: dt.date,
        *,
        overrides: Overrides = AS_LISTED,
    ) -> Sessions:
        """Return the sessions of an exchange from ``start`` to ``end``, both included.

        Parameters
        ----------
        code
            ISO 10383 code known to ``exchange_calendars``, such as ``"XHKG"``.
        start, end
            First and last day wanted.
        overrides
            Where the exchange did not keep to its calendar, beside what is known here.

        Raises
        ------
        UnknownName
            The code is not an exchange calendar.
        SessionError
            The range holds no session that the calendar knows; a range that reaches beyond
            what it knows is cut. The overrides cannot be true of the exchange.
        """
        check_overrides(code, overrides)
        # whole years, so that neighbouring requests share one cached calendar
        years = schedule(code, start.year, end.year, overrides)
        wide = cls(code, years.zone, years.dates, years.closes, overrides)
        first = int(np.searchsorted(wide.dates, np.datetime64(start, "D")))
        last = int(np.searchsorted(wide.dates, np.datetime64(end, "D"), side="right"))
        if first == last:
            raise SessionError(f"{code} has no session between {start} and {end}")
        return wide.part(first, last)

    @classmethod
    def rows(cls, dates: Iterable[dt.date]) -> Sessions:
        """Return sessions that are simply the rows of a data set, each closing at midnight."""
        days: DateArray = np.array(sorted(set(dates)), dtype="datetime64[D]")
        closes = (days + np.timedelta64(1, "D")).astype("datetime64[us]")
        return cls(None, ZoneInfo("UTC"), read_only(days), read_only(closes))

    def __len__(self) -> int:
        return len(self.dates)

    def __repr__(self) -> str:
        name = self.calendar or "own rows"
        return f"<Sessions {name}: {len(self)} from {self.dates[0]} to {self.dates[-1]}>"

    @property
    def first(self) -> dt.date:
        """The first session."""
        return self.date(0)

    @property
    def last(self) -> dt.date:
        """The last session."""
        return self.date(-1)

    def date(self, position: int) -> dt.date:
        """Return the session at ``position``."""
        day: dt.date = self.dates[position].item()
        return day

    def find(self, day: dt.date) -> int | None:
        """Return the position of ``day``, or None where it is not one of these sessions."""
        at = int(np.searchsorted(self.dates, np.datetime64(day, "D")))
        return at if at < len(self) and self.dates[at] == np.datetime64(day, "D") else None

    def position(self, day: dt.date) -> int:
        """Return the position of the session ``day``.

        Raises
        ------
        SessionError
            ``day`` is not a session; the message names the range and the next session.
        """
        at = self.find(day)
        if at is not None:
            return at
        later = int(np.searchsorted(self.dates, np.datetime64(day, "D")))
        following = f"; the next is {self.date(later)}" if later < len(self) else ""
        raise SessionError(
            f"{day} is not a session of {self.calendar or 'this data'} between {self.first}"
            f" and {self.last}{following}"
        )

    def closing_after(self, instant: dt.datetime) -> int | None:
        """Return the position of the first session whose close is strictly after ``instant``.

        None where these sessions end before.
        """
        at = int(np.searchsorted(self.closes, as_utc64(instant), side="right"))
        return at if at < len(self) else None

    def close(self, position: int) -> dt.datetime:
        """Return the instant, in UTC, at which the session at ``position`` closes."""
        naive: dt.datetime = self.closes[position].item()
        return naive.replace(tzinfo=dt.UTC)

    def day_start(self, day: dt.date) -> dt.datetime:
        """Return the first instant of a local day."""
        return dt.datetime.combine(day, dt.time(), tzinfo=self.zone).astimezone(dt.UTC)

    def day_end(self, day: dt.date) -> dt.datetime:
        """Return the last instant of a local day."""
        return self.day_start(day + _DAY) - _LAST_TICK

    def covering(self, first: dt.date, last: dt.date) -> Sessions:
        """Return the same exchange's sessions, widened to hold ``first`` to ``last``.

        Sessions that are a data set's own rows cannot be widened and are returned as they are.
        """
        if self.calendar is None or (first >= self.first and last <= self.last):
            return self
        return Sessions.exchange(
            self.calendar, min(first, self.first), max(last, self.last), overrides=self.overrides
        )

    def part(self, first: int, last: int) -> Sessions:
        """Return the sessions at positions ``first`` to ``last``, the last not included."""
        return replace(self, dates=self.dates[first:last], closes=self.closes[first:last])


def as_utc64(instant: dt.datetime) -> np.datetime64:
    """Return an aware instant as a ``datetime64[us]`` in UTC.

    Raises
    ------
    SessionError
        The instant has no time zone.
    """
    if instant.tzinfo is None:
        raise SessionError(f"{instant} has no time zone; an instant needs one, such as +08:00")
    return np.datetime64(instant.astimezone(dt.UTC).replace(tzinfo=None), "us")


def exchange_zone(code: str) -> ZoneInfo:
    """Return the time zone of an exchange; raises UnknownName for an unknown code."""
    return schedule(code, 2020, 2020).zone
