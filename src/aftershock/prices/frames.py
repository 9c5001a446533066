"""One ticker's bars, brought from whatever a source delivers into one shape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.formats import counted
from aftershock.prices.actions import impossible, impossible_words
from aftershock.prices.dates import local_days

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from aftershock.arrays import BoolArray, DateArray, FloatArray, IntArray

COLUMNS = ("Open", "High", "Low", "Close", "Volume", "Adjustment", "Dividends", "Stock Splits")
PRICES = ["Open", "High", "Low", "Close"]
PUBLISHED = "Published"
CURRENCY = "Currency"

GAINS = "Capital Gains"
_EVENTS = ("Close", "Dividends", "Stock Splits")
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
    GAINS: "capitalgains capitalgain",
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
        (``Adjustment`` 1, ``Dividends`` 0, ``Stock Splits`` 0), and so is an adjustment that
        is not a number above 0 on a bar with a close. ``Capital Gains`` where the source has
        them.
    currency
        What the prices are quoted in, empty where the source does not say.
    published
        True where the close is a published figure; None where the source does not say.
    stated
        Which of ``COLUMNS`` the source has; an adjusted close states ``Adjustment``.
    """

    days: DateArray
    columns: dict[str, FloatArray]
    currency: str = ""
    published: BoolArray | None = None
    stated: frozenset[str] = frozenset()

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
        """True on every bar with a price of 0 or less; a missing price is neither."""
        bad = np.zeros(len(self), dtype=bool)
        for name in PRICES:
            bad |= self.columns[name] <= 0
        return bad

    @property
    def impossible_action(self) -> BoolArray:
        """True on every bar that lists a dividend or a split that cannot be."""
        if not self.stated & {"Dividends", "Stock Splits"}:
            return np.zeros(len(self), dtype=bool)
        return impossible(*(self.columns[name] for name in _EVENTS))

    def listed_on(self, row: int) -> str:
        """Return in words the dividend or split of a bar that cannot be."""
        return impossible_words(row, *(self.columns[name] for name in _EVENTS))

    def without_actions(self, rows: BoolArray) -> Bars:
        """Return the bars with no action listed on the marked ones."""
        changes = {
            name: np.where(rows, 0.0, self.columns[name]) for name in ("Dividends", "Stock Splits")
        }
        return replace(self, columns={**self.columns, **changes})

    def only(self, keep: BoolArray | IntArray) -> Bars:
        """Return the bars that ``keep`` marks, or names in their order."""
        parts = {name: values[keep] for name, values in self.columns.items()}
        published = None if self.published is None else self.published[keep]
        return replace(self, days=self.days[keep], columns=parts, published=published)


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
        a price that is not positive, or a dividend or split that cannot be.
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
            f"{ticker}: {int(bad.sum())} bar(s) with a price that is not positive, first on"
            f" {bars.days[bad][0]}; a session without trading has no bar"
        )
    wrong = bars.impossible_action
    if wrong.any():
        row = int(np.argmax(wrong))
        raise PriceError(
            f"{ticker}: {bars.listed_on(row)} on {bars.days[row]}; a dividend is above 0 and"
            " below the close before it, in the unit of the prices, a split ratio is above 0:"
            ' correct it, or write quality = {impossible_action = "drop"} to go without it'
        )
    return bars


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
    numbers = _numbers(ticker, table, names)
    bars = Bars(
        days,
        numbers,
        _currency(ticker, table[names[CURRENCY]]) if CURRENCY in names else "",
        table[names[PUBLISHED]].to_numpy().astype(bool) if PUBLISHED in names else None,
        _stated(names, numbers),
    )
    if (days[1:] >= days[:-1]).all():
        return bars
    return bars.only(np.argsort(days, kind="stable"))


def _stated(names: dict[str, Any], columns: dict[str, FloatArray]) -> frozenset[str]:
    """Return which columns the source has; actions left empty throughout it does not have."""
    present = {"Adjustment" if name == _ADJUSTED else name for name in names} & set(COLUMNS)
    empty = {
        name for name in _EVENTS[1:] if name in present and not np.isfinite(columns[name]).any()
    }
    return frozenset(present - empty)


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
    if GAINS in names:
        out[GAINS] = _floats(ticker, GAINS, table[names[GAINS]])
    if "Adjustment" in names:
        out["Adjustment"] = _factors(ticker, "Adjustment", out["Adjustment"], out["Close"])
    elif _ADJUSTED in names:
        adjusted = _floats(ticker, _ADJUSTED, table[names[_ADJUSTED]])
        with np.errstate(all="ignore"):
            factors = adjusted / out["Close"]
        out["Adjustment"] = _factors(ticker, _ADJUSTED, factors, out["Close"])
    return out


def _factors(ticker: str, name: str, factors: FloatArray, close: FloatArray) -> FloatArray:
    """Return stated adjustments, NaN where one is no number above 0, and 1 without a close."""
    has_close = np.isfinite(close)
    good = np.isfinite(factors) & (factors > 0.0)
    if has_close.any() and not (good & has_close).any():
        raise PriceError(
            f"{ticker}: column {name} has no value that can be used ({counted(len(close), 'row')},"
            " every one of them empty, infinite, 0 or negative); correct it, or to take the closes"
            " as they stand leave the column out, or repeat the closes in it for this ticker"
        )
    return np.where(has_close, np.where(good, factors, np.nan), 1.0)


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
