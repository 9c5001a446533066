"""Exchange calendars: what exchange_calendars lists, and what is known to be otherwise.

``FACTS`` holds days on which an exchange did not keep to its listed calendar, each with its
source; a workspace adds its own ``Overrides`` to them.
"""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from aftershock.arrays import DateArray, read_only
from aftershock.errors import SessionError, unknown
from aftershock.offsets import complete_offsets
from aftershock.overrides import AS_LISTED, Overrides

if TYPE_CHECKING:
    from collections.abc import Mapping

_CAUSE_LENGTH = 200  # a library's message may list every day of a decade


FACTS: dict[str, Overrides] = {
    # Typhoon Saola and the black rainstorm of September 2023, no trading all day
    # (hkex.com.hk/News/Market-Communications 2023/2309012news and 2309083news). Typhoon Wipha:
    # signal No. 8 at 13:40, trading terminated at 13:55 (HKEX notice of that day; The Straits
    # Times, 1 August 2019). Since 2024-09-23 trading goes on through such weather.
    "XHKG": Overrides(closed=["2023-09-01", "2023-09-08"], early_close={"2019-07-31": "13:55"}),
    # Typhoon Kong-rey, trading suspended (NDTV Profit, 31 October 2024).
    "XTAI": Overrides(closed=["2024-10-31"]),
    # Local elections (exchange_calendars, pull request 574, after 4.13.2).
    "XKRX": Overrides(closed=["2026-06-03"]),
    # General election, a public holiday by proclamation of 23 February 2024.
    "XJSE": Overrides(closed=["2024-05-29"]),
}


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The sessions of one exchange over whole years.

    Attributes
    ----------
    code
        The exchange's ISO code.
    zone
        Its time zone.
    start, end
        First and last day looked at.
    dates : ndarray of datetime64[D], shape (S,)
        The sessions, ascending.
    opens, closes : ndarray of datetime64[us], shape (S,)
        The instants each session opens and closes, UTC.
    hours
        Ordinary local hours: first day they hold from, open, close.
    offsets
        Days by which open and close are off the session's own day.
    """

    code: str
    zone: ZoneInfo
    start: dt.date
    end: dt.date
    dates: DateArray
    opens: DateArray
    closes: DateArray
    hours: tuple[tuple[dt.date, dt.time, dt.time], ...]
    offsets: tuple[int, int]

    def find(self, day: dt.date) -> int | None:
        """Return the position of a session, None where ``day`` is none."""
        at = int(np.searchsorted(self.dates, np.datetime64(day, "D")))
        return at if at < len(self.dates) and self.dates[at] == np.datetime64(day, "D") else None

    def trading(self, day: dt.date) -> tuple[np.datetime64, np.datetime64]:
        """Return the instants, UTC, between which a day trades, or would as a session."""
        at = self.find(day)
        if at is not None:
            return self.opens[at], self.closes[at]
        _, opening, closing = [hours for hours in self.hours if hours[0] <= day][-1]
        before, after = (dt.timedelta(days=days) for days in self.offsets)
        return self.instant(day + before, opening), self.instant(day + after, closing)

    def instant(self, day: dt.date, time: dt.time) -> np.datetime64:
        """Return a local time of a day as an instant, UTC."""
        local = dt.datetime.combine(day, time, tzinfo=self.zone)
        return np.datetime64(local.astimezone(dt.UTC).replace(tzinfo=None), "us")

    def clock(self, instant: np.datetime64) -> str:
        """Return the local time of an instant, ``HH:MM``."""
        naive: dt.datetime = instant.astype("datetime64[us]").astype(object)
        return f"{naive.replace(tzinfo=dt.UTC).astimezone(self.zone):%H:%M}"

    def under(self, overrides: Overrides) -> Schedule:
        """Return the schedule with what ``overrides`` says of its days."""
        if not overrides.days:
            return self
        inside = [day for day in overrides.open if self.start <= day <= self.end]
        extra = [day for day in inside if self.find(day) is None]
        hours = [self.trading(day) for day in extra]
        dates = np.concatenate([self.dates, np.array(extra, dtype="datetime64[D]")])
        order = np.argsort(dates, kind="stable")
        keep = order[~np.isin(dates[order], np.array(overrides.closed, dtype="datetime64[D]"))]
        opens, closes = (
            np.concatenate([listed, np.array([pair[side] for pair in hours], "datetime64[us]")])
            for side, listed in enumerate((self.opens, self.closes))
        )
        changed = replace(
            self, dates=read_only(dates[keep]), opens=read_only(opens[keep]), closes=closes[keep]
        )
        for day, time in overrides.early_close:
            at = changed.find(day)
            if at is not None:
                changed.closes[at] = min(changed.closes[at], self.instant(day, time))
        read_only(changed.closes)
        return changed


def canonical_code(code: str) -> str:
    """Return the ISO code a calendar goes by (``NYSE`` is ``XNYS``).

    Raises
    ------
    UnknownName
        No calendar has that name.
    """
    import exchange_calendars as xc

    if code not in xc.get_calendar_names(include_aliases=True):
        raise unknown("exchange calendar", code, xc.get_calendar_names(include_aliases=False))
    name: str = xc.resolve_alias(code)
    return name


@lru_cache(maxsize=64)
def schedule(code: str, first: int, last: int, overrides: Overrides = AS_LISTED) -> Schedule:
    """Return an exchange's sessions from the year ``first`` to the year ``last``.

    Raises
    ------
    UnknownName
        No calendar has that name.
    SessionError
        The calendar knows none of these years, or cannot be made.
    """
    code = canonical_code(code)
    known = _listed(code, first, last).under(FACTS.get(code, AS_LISTED))
    return known.under(overrides)


@lru_cache(maxsize=64)
def check_overrides(code: str, overrides: Overrides) -> None:
    """Refuse overrides that cannot be true of an exchange.

    A day in ``closed`` that is no session is as it should be, and stays so when the calendar
    learns of it.

    Raises
    ------
    SessionError
        An ``open`` day is a session already; an ``early_close`` is on no session, or outside
        the session's hours.
    """
    for day in overrides.open:
        if schedule(code, day.year, day.year).find(day) is not None:
            raise SessionError(f"open: {day} is a session of {code} already; leave it out")
    for day, time in overrides.early_close:
        year = schedule(code, day.year, day.year)
        if year.find(day) is None and day not in overrides.open:
            raise SessionError(
                f"early_close: {day} is no session of {code}; correct the date, or add it to open"
            )
        opening, closing = year.trading(day)
        if not opening < year.instant(day, time) <= closing:
            raise SessionError(
                f"early_close: {day} at {time:%H:%M} is outside the hours of {code}, which trades"
                f" from {year.clock(opening)} to {year.clock(closing)} that day, local time"
            )


@lru_cache(maxsize=64)
def _listed(code: str, first: int, last: int) -> Schedule:
    """Return what exchange_calendars lists, the years cut to those it knows."""
    least, most = _bounds(code)
    if last < least.year or first > most.year:
        raise SessionError(f"{code} is known from {least} to {most} only")
    start, end = max(dt.date(first, 1, 1), least), min(dt.date(last, 12, 31), most)
    calendar = _made(code, start=str(start), end=str(end))
    opens, closes = (
        calendar.schedule[name].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
        for name in ("open", "close")
    )
    return Schedule(
        code,
        ZoneInfo(str(calendar.tz)),
        start,
        end,
        read_only(calendar.schedule.index.to_numpy().astype("datetime64[D]")),
        read_only(opens),
        read_only(closes),
        _hours(calendar),
        (calendar.open_offset, calendar.close_offset),
    )


def _hours(calendar: Any) -> tuple[tuple[dt.date, dt.time, dt.time], ...]:
    """Return the ordinary hours of a calendar by the day they hold from."""
    opens, closes = (
        {dt.date.min if since is None else since.date(): time for since, time in times}
        for times in (calendar.open_times, calendar.close_times)
    )
    return tuple(
        (day, _at(opens, day), _at(closes, day)) for day in sorted(opens.keys() | closes.keys())
    )


def _at(times: Mapping[dt.date, dt.time], day: dt.date) -> dt.time:
    return times[max(since for since in times if since <= day)]


@lru_cache(maxsize=64)
def _bounds(code: str) -> tuple[dt.date, dt.date]:
    """Return the first and last day an exchange's holidays are recorded for."""
    calendar = _made(code)  # of the last twenty years, whatever the code can do
    first, last = calendar.bound_min(), calendar.bound_max()
    return (
        dt.date(1900, 1, 1) if first is None else first.date(),
        dt.date(2100, 12, 31) if last is None else last.date(),
    )


def _made(code: str, **span: str) -> Any:
    """Return a calendar of the library, or say in one sentence that it cannot be made."""
    import exchange_calendars as xc

    complete_offsets()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # 4.13 under pandas 3.1
            return xc.get_calendar(code, **span)
    except (NotImplementedError, ValueError, TypeError, AttributeError) as cause:
        raise SessionError(
            f"the calendar {code} cannot be made by exchange_calendars"
            f" {version('exchange_calendars')} with pandas {version('pandas')}:"
            f" {str(cause)[:_CAUSE_LENGTH]}; name another calendar, or install other versions"
        ) from cause
