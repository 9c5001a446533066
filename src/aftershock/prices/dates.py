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

_EIGHT_DIGITS = (1800_01_01, 2200_12_31)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
_OFFSET = re.compile(r"[ T].*(Z|[+-]\d\d:?\d\d)$")
_MIDNIGHT = r"[ T]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:?\d\d)$"
_NUMBERS = re.compile(r"(\d{1,4})([/.\-])(\d{1,2})\2(\d{1,4})(?:[ T].*)?")
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
        the column tells days from months.
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
    days: DateArray = dates.to_numpy().astype("datetime64[D]")
    return days


def parse_dates(ticker: str, raw: Any) -> pd.DatetimeIndex:
    """Return a column of dates or text as timestamps, with their time zone where they name one.

    Raises
    ------
    PriceError
        As ``local_dates`` does.
    """
    if not len(raw):
        return pd.DatetimeIndex([])
    if pd.api.types.is_numeric_dtype(raw):
        raw = _eight_digits(ticker, raw)
    if pd.api.types.is_datetime64_any_dtype(raw):
        return pd.DatetimeIndex(raw)
    text = pd.Series(np.asarray(raw, dtype=object))
    if text.isna().any():
        raise PriceError(f"{ticker}: {int(text.isna().sum())} row(s) have no date")
    written = text.map(str).str.strip()
    if written.str.contains(_MIDNIGHT).all():
        written = written.str[:_DAY]
    try:
        return pd.DatetimeIndex(pd.to_datetime(written, **_how(ticker, written)))
    except PriceError:
        raise
    except (ValueError, TypeError) as cause:
        said = str(cause).splitlines()[0].partition(". You might")[0]
        raise PriceError(f"{ticker}: {said}; dates are written 2026-07-08") from cause


def _eight_digits(ticker: str, raw: Any) -> Any:
    """Return whole numbers such as 20260708 as text; any other number is no date."""
    numbers = pd.Series(np.asarray(raw))
    low, high = _EIGHT_DIGITS
    if not len(numbers) or not numbers.between(low, high).all():
        raise PriceError(f"{ticker}: rows carry no dates; name them in a column Date")
    return numbers.astype("int64").astype(str)


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
