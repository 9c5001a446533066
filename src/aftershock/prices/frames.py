"""One ticker's bars, brought from whatever a source delivers into one shape.

The shape: a frame indexed by tz-naive dates named ``Date``, ascending, with the columns of
``COLUMNS`` as floats; what the source does not have is NaN (``Adjustment`` 1, ``Dividends`` 0,
``Stock Splits`` 0, as yfinance writes "none").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import PriceError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

COLUMNS = ("Open", "High", "Low", "Close", "Volume", "Adjustment", "Dividends", "Stock Splits")
PUBLISHED = "Published"

_SPELLINGS = {
    "open": "Open",
    "high": "High",
    "low": "Low",
    "close": "Close",
    "volume": "Volume",
    "vol": "Volume",
    "adj close": "Adj Close",
    "adj_close": "Adj Close",
    "adjclose": "Adj Close",
    "adjusted close": "Adj Close",
    "adjustment": "Adjustment",
    "dividends": "Dividends",
    "stock splits": "Stock Splits",
    "published": PUBLISHED,
    "date": "Date",
}
_ABSENT = {"Adjustment": 1.0, "Dividends": 0.0, "Stock Splits": 0.0}


def tidy(ticker: str, frame: pd.DataFrame | pd.Series[Any], zone: ZoneInfo) -> pd.DataFrame:
    """Return one ticker's bars in the common shape, refusing what cannot be right.

    Parameters
    ----------
    ticker
        Named in every message.
    frame
        Bars with at least a close, dates in the index or in a ``Date`` column; a Series is
        taken as closes. Tz-aware dates become the exchange's local dates.
    zone
        The exchange's time zone.

    Raises
    ------
    PriceError
        No rows, no close, a row without a date, a column that is not a number, a date twice,
        or a price that is not positive.
    """
    bars = normalise(ticker, frame, zone)
    twice = bars.index[bars.index.duplicated()]
    if len(twice):
        days = ", ".join(str(day.date()) for day in twice[:3])
        raise PriceError(
            f"{ticker}: {len(twice)} date(s) stand twice ({days}); keep one bar per session"
        )
    bad = bars[["Open", "High", "Low", "Close"]].le(0).any(axis=1)
    if bad.any():
        raise PriceError(
            f"{ticker}: {int(bad.sum())} bar(s) with a price that is not positive, first on"
            f" {bars.index[bad][0].date()}; a session without trading has no bar"
        )
    return bars


def normalise(ticker: str, frame: pd.DataFrame | pd.Series[Any], zone: ZoneInfo) -> pd.DataFrame:
    """Return one ticker's bars in the common shape as they stand, doubled dates included.

    Raises
    ------
    PriceError
        No rows, no close, a row without a date, or a column that is not a number.
    """
    bars = frame.to_frame("Close") if isinstance(frame, pd.Series) else frame.copy()
    names = [_spelling(name) for name in bars.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PriceError(f"{ticker}: several columns are {', '.join(twice)}; keep one of each")
    bars.columns = pd.Index(names)
    if bars.empty or "Close" not in bars:
        columns = ", ".join(map(str, bars.columns))
        raise PriceError(
            f"{ticker}: no closing prices ({len(bars)} rows, columns {columns});"
            " at least Date and Close are needed"
        )
    raw = bars.pop("Date") if "Date" in bars else bars.index
    bars.index = local_dates(ticker, raw, zone)
    return _numbers(ticker, bars.sort_index(kind="stable"))


def _spelling(name: object) -> str:
    return _SPELLINGS.get(str(name).strip().lower(), str(name))


def local_dates(ticker: str, raw: Any, zone: ZoneInfo) -> pd.DatetimeIndex:
    """Return the exchange's local dates of a column or index of dates.

    Instants are brought to the exchange's time zone. Stamps that are all midnight of their
    own zone are labels of days and keep the day they name.

    Raises
    ------
    PriceError
        Not dates, or a row without one.
    """
    if len(raw) and pd.api.types.is_numeric_dtype(raw):
        raise PriceError(f"{ticker}: rows carry no dates; name them in a column Date")
    try:
        dates = pd.DatetimeIndex(pd.to_datetime(raw))
    except (ValueError, TypeError) as cause:
        said = str(cause).splitlines()[0]
        raise PriceError(f"{ticker}: {said}; dates are written 2026-07-08") from cause
    missing = int(np.sum(dates.isna()))
    if missing:
        raise PriceError(f"{ticker}: {missing} row(s) have no date")
    if dates.tz is not None:
        labels = bool((dates == dates.normalize()).all())
        dates = dates.tz_localize(None) if labels else dates.tz_convert(zone).tz_localize(None)
    return dates.normalize().as_unit("us").rename("Date")


def _numbers(ticker: str, bars: pd.DataFrame) -> pd.DataFrame:
    out = pd.DataFrame(index=bars.index)
    for name in COLUMNS:
        column = bars[name] if name in bars else pd.Series(_ABSENT.get(name, np.nan), bars.index)
        try:
            out[name] = pd.to_numeric(column).astype("float64")
        except (ValueError, TypeError) as cause:
            raise PriceError(f"{ticker}: column {name} is not a number: {cause}") from cause
    if "Adj Close" in bars and "Adjustment" not in bars:
        out["Adjustment"] = pd.to_numeric(bars["Adj Close"]) / out["Close"]
    if PUBLISHED in bars:
        out[PUBLISHED] = bars[PUBLISHED].astype(bool)
    return out
