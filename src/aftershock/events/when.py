"""When something happened, as precisely as it is known and no more.

============  ===========================================  =========
precision     written                                      day 0
============  ===========================================  =========
minute        ``2026-06-13 14:19 +08:00`` (or a zone name)  one
day           ``2026-06-18``                               one or two
approx        ``2026-06-05..2026-06-10``                   none, a range
month         ``2026-10``                                  none
quarter       ``2026-Q1``                                  none
============  ===========================================  =========
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Precision = Literal["minute", "day", "approx", "month", "quarter"]
Timing = Literal["pre_open", "intraday", "after_close", "unknown"]

_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
_ZONE = r"Z|[+-]\d{2}:?\d{2}|[A-Za-z_]+/[A-Za-z_/]+"
_INSTANT = re.compile(rf"^({_DAY})[T ]({_CLOCK})\s*({_ZONE})?$")
_MIDNIGHT = re.compile(rf"^({_DAY})[T ]00:00:00(?:\.0+)?$")  # a day as pandas writes it
_RANGE = re.compile(rf"^({_DAY})\s*\.\.\s*({_DAY})$")
_MONTH = re.compile(r"^(\d{4})-(\d{2})$")
_QUARTER = re.compile(r"^(\d{4})-Q([1-4])$", re.IGNORECASE)
_QUARTER_MONTHS = 3
_FIRST_YEAR, _LAST_YEAR = 1970, 2049  # what exchange calendars know
_FORMS = (
    "2026-06-13 14:19 +08:00 (minute), 2026-06-18 (day), 2026-06-05..2026-06-10 (approx),"
    " 2026-10 (month) or 2026-Q1 (quarter)"
)


@dataclass(frozen=True, slots=True)
class When:
    """A point or a stretch of time.

    Attributes
    ----------
    precision
        How precisely it is known.
    first, last
        The local days it covers; the same day for ``minute`` and ``day``.
    instant
        The aware instant, for ``minute`` only.
    """

    precision: Precision
    first: dt.date
    last: dt.date
    instant: dt.datetime | None = None

    def __str__(self) -> str:
        if self.instant is not None:
            return self.instant.isoformat(sep=" ", timespec="minutes")
        if self.precision == "day":
            return str(self.first)
        if self.precision == "month":
            return f"{self.first:%Y-%m}"
        if self.precision == "quarter":
            return f"{self.first.year}-Q{(self.first.month - 1) // _QUARTER_MONTHS + 1}"
        return f"{self.first}..{self.last}"


def parse_when(text: object) -> When:
    """Read one of the five written forms, a date or an aware datetime.

    Raises
    ------
    ValueError
        Not one of the forms, an impossible date, or a time of day without a zone.

    Examples
    --------
    >>> parse_when("2026-Q1").last
    datetime.date(2026, 3, 31)
    """
    if isinstance(text, When):
        return text
    if isinstance(text, dt.datetime):
        return _from_datetime(text)
    if isinstance(text, dt.date):
        return When("day", text, text)
    return _from_text(str(text).strip())


def _from_datetime(moment: dt.datetime) -> When:
    if moment.tzinfo is None:
        if moment.time() == dt.time():
            return When("day", moment.date(), moment.date())
        raise ValueError(f"{moment} has a time of day and no zone; add one, such as +08:00")
    return When("minute", moment.date(), moment.date(), moment)


def _from_text(text: str) -> When:
    if match := _MIDNIGHT.match(text):
        text = match[1]
    if match := _INSTANT.match(text):
        return _instant(*match.groups())
    if match := _RANGE.match(text):
        first, last = (_date(day) for day in match.groups())
        if first >= last:
            raise ValueError(f"{text}: the range must run forward, from an earlier to a later day")
        return When("approx", first, last)
    if match := _QUARTER.match(text):
        year, quarter = int(match[1]), int(match[2])
        return _months("quarter", year, _QUARTER_MONTHS * quarter - 2, _QUARTER_MONTHS * quarter)
    if match := _MONTH.match(text):
        return _months("month", int(match[1]), int(match[2]), int(match[2]))
    if re.match(rf"^{_DAY}$", text):
        return When("day", _date(text), _date(text))
    raise ValueError(f"'{text}' is not a time; write {_FORMS}")


def _instant(day: str, clock: str, zone: str | None) -> When:
    if zone is None:
        raise ValueError(f"'{day} {clock}' has a time of day and no zone; add one, such as +08:00")
    local = dt.datetime.combine(_date(day), _time(clock))
    moment = local.replace(tzinfo=_zone(zone))
    return When("minute", moment.date(), moment.date(), moment)


def _zone(text: str) -> dt.tzinfo:
    if "/" not in text:
        return dt.datetime.fromisoformat(f"2000-01-01T00:00{text}").tzinfo or dt.UTC
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as cause:
        raise ValueError(f"'{text}' is no time zone; write +08:00 or Asia/Hong_Kong") from cause


def _date(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as cause:
        raise ValueError(f"{text} is no date: {cause}") from cause
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(f"{text}: the year must be between {_FIRST_YEAR} and {_LAST_YEAR}")
    return day


def _time(text: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text)
    except ValueError as cause:
        raise ValueError(f"{text} is no time of day: {cause}") from cause


def _months(precision: Precision, year: int, first: int, last: int) -> When:
    try:
        end = calendar.monthrange(year, last)[1]
        return When(precision, dt.date(year, first, 1), dt.date(year, last, end))
    except (ValueError, calendar.IllegalMonthError) as cause:
        raise ValueError(f"{year}-{first:02} is no month: {cause}") from cause
