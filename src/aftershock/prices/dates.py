"""Columns of dates: which formats are read, and which could mean two days and are refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import PriceError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from aftershock.arrays import DateArray

_FIRST_YEAR, _LAST_YEAR = 1800, 2200
_EIGHT_DIGITS = (_FIRST_YEAR * 1_00_00, (_LAST_YEAR + 1) * 1_00_00)
# Seconds since 1970 and their thousandths, from 1973 on: no two of these ranges meet.
_EPOCHS = {"s": (1e8, 1e10), "ms": (1e11, 1e13), "us": (1e14, 1e16), "ns": (1e17, 1e19)}
_SERIALS = (20_000, 80_000)  # a spreadsheet's days, 1954 to 2119
_SERIAL_ORIGINS = ("1899-12-30", "1904-01-01")  # Excel's on Windows, and on old Macs
_SATURDAY = 5
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
_OFFSET = re.compile(r"[ T].*(Z|[+-]\d\d:?\d\d)$")
_MIDNIGHT = r"[ T]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:?\d\d)$"
_NUMBERS = re.compile(r"(\d{1,4})([/.\-])(\d{1,2})\2(\d{1,4})(?:[ T].*)?")
_CHINESE = re.compile(r"^(\d{4})年(\d{1,2})月(\d{1,2})日$")
_NO_YEAR = r"^(?:-\d|0000)|[/.\-]0000(?:\D|$)"
_WORDS = {"%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y"}
_MONTHS = 12
_DAY = 10  # characters of 2026-07-08


def local_dates(ticker: str, raw: Any, zone: ZoneInfo) -> pd.DatetimeIndex:
    """Return the exchange's local dates of a column or index of dates.

    Parameters
    ----------
    ticker
        Named in every message.
    raw
        Timestamps, or text: ``2026-07-08`` (with or without a time), ``20260708``,
        ``2026/07/08``, ``8 Jul 2026``, ``Jul 8, 2026``; ``08/07/2026`` only where some row of
        the column tells days from months. Numbers are read as ``20260708``, as seconds since
        1970 (or their thousandths), or as a spreadsheet's days.
    zone
        The exchange's time zone. Instants are brought to it. Stamps that are all midnight of
        their own zone are labels of days and keep the day they name.

    Raises
    ------
    PriceError
        Not dates, a row without one, or a column in which every date could mean two days.
    """
    return pd.DatetimeIndex(local_days(ticker, raw, zone)).as_unit("us").rename("Date")


def local_days(ticker: str, raw: Any, zone: ZoneInfo) -> DateArray:
    """Return what ``local_dates`` returns as ``datetime64[D]``."""
    dates = raw if isinstance(raw, pd.DatetimeIndex) else parse_dates(ticker, raw)
    if dates.hasnans:
        raise PriceError(f"{ticker}: {int(np.sum(dates.isna()))} row(s) have no date")
    if dates.tz is not None:
        labels = bool((dates == dates.normalize()).all())
        dates = dates.tz_localize(None) if labels else dates.tz_convert(zone).tz_localize(None)
    _check_years(ticker, dates)
    days: DateArray = dates.to_numpy().astype("datetime64[D]")
    return days


def _check_years(ticker: str, dates: pd.DatetimeIndex) -> None:
    """Refuse years that no exchange has seen, as 0 and those before it.

    Raises
    ------
    PriceError
        As said.
    """
    years = np.asarray(dates.year)
    odd = (years < _FIRST_YEAR) | (years > _LAST_YEAR)
    if odd.any():
        raise PriceError(
            f"{ticker}: {int(odd.sum())} date(s) in the year {years[odd][0]} or like it; years"
            f" run from {_FIRST_YEAR} to {_LAST_YEAR}"
        )


def parse_dates(ticker: str, raw: Any) -> pd.DatetimeIndex:
    """Return a column of dates or text as timestamps, with their time zone where they name one.

    Raises
    ------
    PriceError
        As ``local_dates`` does.
    """
    if not len(raw):
        return pd.DatetimeIndex([])
    if pd.api.types.is_datetime64_any_dtype(raw):
        return pd.DatetimeIndex(raw)
    if pd.api.types.is_numeric_dtype(raw):
        return _from_numbers(ticker, raw)
    text = pd.Series(np.asarray(raw, dtype=object))
    if text.isna().any():
        raise PriceError(f"{ticker}: {int(text.isna().sum())} row(s) have no date")
    written = text.map(str).str.strip().str.replace(_CHINESE, r"\1-\2-\3", regex=True)
    if written.str.fullmatch(r"\d+(\.\d+)?").all():
        return _from_numbers(ticker, written.astype("float64").rename(_name_of(raw)))
    if written.str.contains(_MIDNIGHT).all():
        written = written.str[:_DAY]
    _check_written_years(ticker, written)
    try:
        return pd.DatetimeIndex(pd.to_datetime(written, **_how(ticker, written)))
    except PriceError:
        raise
    except (ValueError, TypeError) as cause:
        said = str(cause).splitlines()[0].partition(". You might")[0]
        raise PriceError(f"{ticker}: {said}; dates are written 2026-07-08") from cause


def _check_written_years(ticker: str, written: pd.Series[str]) -> None:
    """Refuse years that pandas does not read as such: 0000, and those with a minus.

    Raises
    ------
    PriceError
        As said.
    """
    odd = written[written.str.contains(_NO_YEAR)]
    if len(odd):
        raise PriceError(
            f"{ticker}: '{odd.iloc[0]}' has no year that prices are from; years run from"
            f" {_FIRST_YEAR} to {_LAST_YEAR}"
        )


def _from_numbers(ticker: str, raw: Any) -> pd.DatetimeIndex:
    """Return numbers as dates: 20260708, seconds since 1970, or a spreadsheet's days.

    Raises
    ------
    PriceError
        A row has none, or they are no dates, or days that two spreadsheets count otherwise.
    """
    numbers = pd.Series(pd.Series(raw).to_numpy("float64", na_value=np.nan))
    if numbers.isna().any():
        raise PriceError(f"{ticker}: {int(numbers.isna().sum())} row(s) have no date")
    if numbers.between(*_EIGHT_DIGITS).all():
        return _eight_digits(ticker, numbers)
    for unit, (low, high) in _EPOCHS.items():
        if numbers.between(low, high, inclusive="left").all():
            whole = np.asarray(raw).astype("int64")  # decimals of a second are no matter
            return pd.DatetimeIndex(whole.astype(f"datetime64[{unit}]")).tz_localize("UTC")
    if numbers.between(*_SERIALS).all():
        return _serials(ticker, numbers)
    name = _name_of(raw)
    if name is None or not isinstance(raw, pd.Series):
        raise PriceError(f"{ticker}: rows carry no dates; name them in a column Date")
    raise PriceError(
        f"{ticker}: the column {name} holds {numbers.iloc[0]:g}, which is no date; write dates as"
        " 2026-07-08"
    )


def _name_of(raw: Any) -> Any:
    return getattr(raw, "name", None)


def _eight_digits(ticker: str, numbers: pd.Series[float]) -> pd.DatetimeIndex:
    written = numbers.astype("int64").astype(str)
    read = pd.to_datetime(written, format="%Y%m%d", errors="coerce")
    if read.isna().any():
        raise PriceError(
            f"{ticker}: {written[read.isna()].iloc[0]} is no date; dates are written 2026-07-08"
        )
    return pd.DatetimeIndex(read)


def _serials(ticker: str, numbers: pd.Series[float]) -> pd.DatetimeIndex:
    """Return a spreadsheet's days, told by the origin that puts none on a weekend.

    Raises
    ------
    PriceError
        Both origins do, or neither.
    """
    readings = [
        pd.DatetimeIndex(pd.Timestamp(origin) + pd.to_timedelta(np.floor(numbers), unit="D"))
        for origin in _SERIAL_ORIGINS
    ]
    fitting = [days for days in readings if (days.day_of_week < _SATURDAY).all()]
    if len(fitting) == 1:
        return fitting[0]
    first = " or ".join(str(days[0].date()) for days in readings)
    raise PriceError(
        f"{ticker}: {numbers.iloc[0]:g} counts a spreadsheet's days and can be {first}, and the"
        " weekdays do not tell which; write dates as 2026-07-08"
    )


def _how(ticker: str, written: pd.Series[str]) -> dict[str, Any]:
    """Return how ``pandas.to_datetime`` is to read a column of text."""
    first = written.iloc[0]
    if re.fullmatch(r"\d{8}", first):
        return {"format": "%Y%m%d"}
    if _ISO.match(first):
        return {"format": "ISO8601", "utc": bool(_OFFSET.search(first))}
    if _NUMBERS.fullmatch(first):
        return {"format": _told_apart(ticker, written)}
    for form in sorted(_WORDS):
        if pd.notna(pd.to_datetime(first, format=form, errors="coerce")):
            return {"format": form}
    return {"format": "ISO8601"}


def _told_apart(ticker: str, written: pd.Series[str]) -> str:
    """Return the format of dates such as 08/07/2026, where the column says which it is.

    Raises
    ------
    PriceError
        Both readings fit every row, no reading does, or the year has two digits.
    """
    parts = written.str.extract(_NUMBERS.pattern).dropna()
    a, mark, b, c = (parts[column] for column in range(4))
    if len(parts) < len(written) or (mark != mark.iloc[0]).any():
        odd = written[~written.index.isin(parts.index) | (mark != mark.iloc[0])].iloc[0]
        raise PriceError(
            f"{ticker}: dates are written in several ways ({written.iloc[0]}, {odd});"
            " write all as 2026-07-08"
        )
    sign = mark.iloc[0]
    time = _time_of(written.iloc[0])
    if a.str.len().eq(4).all():
        return f"%Y{sign}%m{sign}%d{time}"
    if not c.str.len().eq(4).all():
        raise PriceError(
            f"{ticker}: the year of '{written.iloc[0]}' cannot be told; write dates as 2026-07-08"
        )
    days_first, months_first = b.astype(int).le(_MONTHS).all(), a.astype(int).le(_MONTHS).all()
    if days_first and months_first:
        raise PriceError(
            f"{ticker}: '{written.iloc[0]}' can mean two days (day or month first), and no row"
            " tells which; write dates as 2026-07-08"
        )
    if not days_first and not months_first:
        raise PriceError(
            f"{ticker}: days and months stand in both orders; write dates as 2026-07-08"
        )
    order = f"%d{sign}%m" if days_first else f"%m{sign}%d"
    return f"{order}{sign}%Y{time}"


def _time_of(text: str) -> str:
    rest = re.search(r"[ T]\d{1,2}:\d\d(:\d\d)?$", text)
    if rest is None:
        return ""
    return f"{text[rest.start()]}%H:%M" + (":%S" if rest[1] else "")
