"""One ticker's bars, brought from whatever a source delivers into one shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.formats import counted
from aftershock.prices.dates import local_days

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from aftershock.arrays import BoolArray, DateArray, FloatArray, IntArray

COLUMNS = ("Open", "High", "Low", "Close", "Volume", "Adjustment", "Dividends", "Stock Splits")
PRICES = ["Open", "High", "Low", "Close"]
MOST = 1e15  # no price and no volume is above; what is was never one
PUBLISHED = "Published"
CURRENCY = "Currency"

_ADJUSTED = "Adj Close"
_SPELLINGS = {
    "Date": "date datetime timestamp session tradedate tradingday indexlevel0",
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


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """One ticker's bars in the common shape, as arrays of shape (B,), days ascending.

    Attributes
    ----------
    days
        The exchange's local dates, ``datetime64[D]``; a date may stand twice.
    columns
        One array for each of ``COLUMNS``; what the source does not have is NaN
        (``Adjustment`` 1, ``Dividends`` 0, ``Stock Splits`` 0).
    currency
        What the prices are quoted in, empty where the source does not say.
    published
        True where the close is a published figure; None where the source does not say.
    """

    days: DateArray
    columns: dict[str, FloatArray]
    currency: str = ""
    published: BoolArray | None = None

    def __len__(self) -> int:
        return len(self.days)

    @property
    def doubled(self) -> BoolArray:
        """True on every bar that shares its day with another."""
        same = self.days[1:] == self.days[:-1]
        if not same.any():
            return np.zeros(len(self), dtype=bool)
        return np.asarray(np.r_[False, same] | np.r_[same, False])

    @property
    def not_positive(self) -> BoolArray:
        """True on every bar with a price of 0 or less or beyond any; missing is neither."""
        bad = np.zeros(len(self), dtype=bool)
        for name in PRICES:
            bad |= (self.columns[name] <= 0) | (self.columns[name] > MOST)
        return bad

    def only(self, keep: BoolArray | IntArray) -> Bars:
        """Return the bars that ``keep`` marks, or names in their order."""
        parts = {name: values[keep] for name, values in self.columns.items()}
        published = None if self.published is None else self.published[keep]
        return Bars(self.days[keep], parts, self.currency, published)


def tidy(ticker: str, frame: pd.DataFrame | pd.Series[Any] | Bars, zone: ZoneInfo) -> Bars:
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
    bars = frame if isinstance(frame, Bars) else normalise(ticker, frame, zone)
    if (doubled := bars.doubled).any():
        twice = np.unique(bars.days[doubled])
        days = ", ".join(str(day) for day in twice[:3])
        raise PriceError(
            f"{ticker}: {counted(len(twice), 'date stands', 'dates stand')} twice ({days});"
            " keep one bar per session"
        )
    bad = bars.not_positive
    if bad.any():
        raise PriceError(
            f"{ticker}: {int(bad.sum())} bar(s) with a price that is {_fault(bars, bad)};"
            f" a session without trading has no bar{_of_crsp(bars)}"
        )
    return bars


def _fault(bars: Bars, bad: BoolArray) -> str:
    price = worst_price(bars, int(np.argmax(bad)))
    fault = "not positive" if price <= 0 else f"above {MOST:g}"
    return f"{fault}, first on {bars.days[bad][0]} ({price:g})"


def worst_price(bars: Bars, row: int) -> float:
    """Return the price of a bar that cannot be one."""
    prices = [float(bars.columns[name][row]) for name in PRICES]
    return next(price for price in prices if price <= 0 or price > MOST)


def _of_crsp(bars: Bars) -> str:
    """Return what to do about closes that are negative and else like the one before."""
    close = bars.columns["Close"]
    before = np.r_[np.nan, np.abs(close[:-1])]
    with np.errstate(all="ignore"):
        alike = (close < 0) & (np.abs(np.log(-close / before)) < np.log(2.0))
    if not alike.any():
        return ""
    return "; CRSP writes the mean of bid and ask as a negative price: give its absolute value"


def normalise(ticker: str, frame: pd.DataFrame | pd.Series[Any], zone: ZoneInfo) -> Bars:
    """Return one ticker's bars in the common shape as they stand, doubled dates included.

    Raises
    ------
    PriceError
        No rows, no close, a row without a date, a column that is not a number, or bars in
        several currencies.
    """
    table = frame.to_frame("Close") if isinstance(frame, pd.Series) else frame
    names = dict(zip(spelled(ticker, table.columns), table.columns, strict=True))
    if table.empty or "Close" not in names:
        columns = ", ".join(names)
        raise PriceError(
            f"{ticker}: no closing prices ({len(table)} rows, columns {columns});"
            " at least Date and Close are needed"
        )
    raw = table[names["Date"]] if "Date" in names else table.index
    days = local_days(ticker, raw, zone)
    bars = Bars(
        days,
        _numbers(ticker, table, names),
        _currency(ticker, table[names[CURRENCY]]) if CURRENCY in names else "",
        table[names[PUBLISHED]].to_numpy().astype(bool) if PUBLISHED in names else None,
    )
    if (days[1:] >= days[:-1]).all():
        return bars
    return bars.only(np.argsort(days, kind="stable"))


def spelled(ticker: str, columns: pd.Index[Any]) -> list[str]:
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
    return names


@cache
def _spelling(name: object) -> str:
    plain = str(name).strip().lower()
    for mark in ("_", " ", "-", ".", "*"):
        plain = plain.replace(mark, "")
    return _NAMES.get(plain, str(name))


def _numbers(ticker: str, table: pd.DataFrame, names: dict[str, Any]) -> dict[str, FloatArray]:
    out: dict[str, FloatArray] = {}
    for name in COLUMNS:
        if name in names:
            out[name] = _floats(ticker, name, table[names[name]])
        else:
            # one number seen many times: a panel of thousands of tickers holds them all
            out[name] = np.broadcast_to(np.float64(_ABSENT.get(name, np.nan)), len(table))
    if _ADJUSTED in names and "Adjustment" not in names:
        adjusted = _floats(ticker, _ADJUSTED, table[names[_ADJUSTED]])
        out["Adjustment"] = adjusted / out["Close"]
    return out


def _floats(ticker: str, name: str, column: pd.Series[Any]) -> FloatArray:
    if column.dtype == np.float64:
        return column.to_numpy()
    try:
        return pd.to_numeric(column).to_numpy("float64", na_value=np.nan)
    except (ValueError, TypeError) as cause:
        raise PriceError(f"{ticker}: column {name} is not a number: {cause}") from cause


def _currency(ticker: str, column: pd.Series[Any]) -> str:
    named = sorted({str(value).strip() for value in column.dropna().unique()})
    if len(named) > 1:
        raise PriceError(f"{ticker}: bars in several currencies ({', '.join(named)}); keep one")
    return named[0] if named else ""
