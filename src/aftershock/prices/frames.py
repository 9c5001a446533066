"""One ticker's bars, brought from whatever a source delivers into one shape.

The shape: a frame indexed by tz-naive dates named ``Date``, ascending, with the columns of
``COLUMNS`` as floats; what the source does not have is NaN (``Adjustment`` 1, ``Dividends`` 0,
``Stock Splits`` 0, as yfinance writes "none"). ``Currency`` and ``Published`` may stand beside
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.prices.dates import local_dates

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

COLUMNS = ("Open", "High", "Low", "Close", "Volume", "Adjustment", "Dividends", "Stock Splits")
PRICES = ["Open", "High", "Low", "Close"]
PUBLISHED = "Published"
CURRENCY = "Currency"

_ADJUSTED = "Adj Close"
_SPELLINGS = {
    "Date": "date datetime timestamp session tradedate tradingday",
    "Ticker": "ticker symbol code instrument ric stock",
    "Open": "open openprice openingprice px_open o",
    "High": "high highprice dayhigh px_high h",
    "Low": "low lowprice daylow px_low l",
    "Close": "close closeprice closingprice lastprice px_last c",
    _ADJUSTED: "adjclose adjustedclose closeadj closeadjusted adjustedclosingprice",
    "Volume": "volume vol tradedvolume px_volume v",
    "Adjustment": "adjustment adjustmentfactor adjfactor",
    "Dividends": "dividends dividend cashdividend",
    "Stock Splits": "stocksplits stocksplit split splits splitratio",
    CURRENCY: "currency ccy",
    PUBLISHED: "published",
}
_NAMES = {
    spelling.replace("_", ""): name
    for name, spellings in _SPELLINGS.items()
    for spelling in spellings.split()
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
    bad = not_positive(bars)
    if bad.any():
        raise PriceError(
            f"{ticker}: {int(bad.sum())} bar(s) with a price that is not positive, first on"
            f" {bars.index[bad][0].date()}; a session without trading has no bar"
        )
    return bars


def not_positive(bars: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which bars have a price that is 0 or less; a missing price is neither."""
    bad = np.zeros(len(bars), dtype=bool)
    for name in PRICES:
        bad |= bars[name].to_numpy() <= 0
    return bad


def normalise(ticker: str, frame: pd.DataFrame | pd.Series[Any], zone: ZoneInfo) -> pd.DataFrame:
    """Return one ticker's bars in the common shape as they stand, doubled dates included.

    Raises
    ------
    PriceError
        No rows, no close, a row without a date, a column that is not a number, or bars in
        several currencies.
    """
    bars = frame.to_frame("Close") if isinstance(frame, pd.Series) else frame
    if _is_normal(bars):
        return bars
    bars = bars.set_axis(spelled(ticker, bars.columns), axis=1)
    if bars.empty or "Close" not in bars:
        columns = ", ".join(map(str, bars.columns))
        raise PriceError(
            f"{ticker}: no closing prices ({len(bars)} rows, columns {columns});"
            " at least Date and Close are needed"
        )
    dates = local_dates(ticker, bars.get("Date", bars.index), zone)
    bars = _numbers(ticker, bars.set_axis(dates, axis=0))
    return bars if dates.is_monotonic_increasing else bars.sort_index(kind="stable")


def spelled(ticker: str, columns: pd.Index[Any]) -> pd.Index[Any]:
    """Return column names in the one spelling; a name nobody knows stays as it is.

    Raises
    ------
    PriceError
        Two columns are the same one.
    """
    names = [_spelling(name) for name in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PriceError(f"{ticker}: several columns are {', '.join(twice)}; keep one of each")
    return pd.Index(names)


def _spelling(name: object) -> str:
    plain = str(name).strip().lower()
    for mark in ("_", " ", "-", ".", "*"):
        plain = plain.replace(mark, "")
    return _NAMES.get(plain, str(name))


def _is_normal(bars: pd.DataFrame) -> bool:
    """Return whether bars already have the common shape, as those of the store have."""
    index = bars.index
    extra = set(bars.columns[len(COLUMNS) :])
    return (
        tuple(bars.columns[: len(COLUMNS)]) == COLUMNS
        and extra <= {PUBLISHED, CURRENCY}
        and isinstance(index, pd.DatetimeIndex)
        and index.name == "Date"
        and index.tz is None
        and len(index) > 0
        and not index.hasnans
        and index.is_monotonic_increasing
        and bool((index.asi8 % _A_DAY[index.unit] == 0).all())
        and all(kind == np.float64 for kind in bars.dtypes.iloc[: len(COLUMNS)])
    )


_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def _numbers(ticker: str, bars: pd.DataFrame) -> pd.DataFrame:
    index = pd.DatetimeIndex(bars.index)
    out: dict[str, Any] = {}
    for name in COLUMNS:
        if name in bars:
            out[name] = _floats(ticker, name, bars[name])
        else:
            # one number seen len(index) times: a panel of thousands of tickers holds them all
            out[name] = np.broadcast_to(np.float64(_ABSENT.get(name, np.nan)), len(index))
    if _ADJUSTED in bars and "Adjustment" not in bars:
        out["Adjustment"] = _floats(ticker, _ADJUSTED, bars[_ADJUSTED]) / out["Close"]
    if PUBLISHED in bars:
        out[PUBLISHED] = bars[PUBLISHED].to_numpy().astype(bool)
    if CURRENCY in bars:
        out[CURRENCY] = currency_of(ticker, bars)
    return pd.DataFrame(out, index=index, copy=False)


def _floats(
    ticker: str, name: str, column: pd.Series[Any]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    try:
        return pd.to_numeric(column).to_numpy("float64", na_value=np.nan)
    except (ValueError, TypeError) as cause:
        raise PriceError(f"{ticker}: column {name} is not a number: {cause}") from cause


def currency_of(ticker: str, bars: pd.DataFrame) -> str:
    """Return the currency the bars name, empty where they name none.

    Raises
    ------
    PriceError
        They name several.
    """
    if CURRENCY not in bars:
        return ""
    named = sorted({str(value).strip() for value in bars[CURRENCY].dropna().unique()})
    if len(named) > 1:
        raise PriceError(f"{ticker}: bars in several currencies ({', '.join(named)}); keep one")
    return named[0] if named else ""
