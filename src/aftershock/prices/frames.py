"""One ticker's bars, brought from whatever a source delivers into one shape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.anyframe import to_pandas
from aftershock.errors import PriceError
from aftershock.formats import counted
from aftershock.prices.actions import impossible, impossible_words
from aftershock.prices.dates import local_days
from aftershock.prices.layouts import (
    ADJUSTED,
    COLUMNS,
    CURRENCY,
    GAINS,
    PUBLISHED,
    Table,
    read_table,
)
from aftershock.prices.tickers import canonical

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from aftershock.anyframe import AnyFrame
    from aftershock.arrays import BoolArray, DateArray, FloatArray, IntArray

PRICES = ["Open", "High", "Low", "Close"]
MOST = 1e15  # no price and no volume is above; what is was never one

_EVENTS = ("Close", "Dividends", "Stock Splits")

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
    notes
        What could not be read, or was counted otherwise, one sentence each.
    stated
        Which of ``COLUMNS`` the source has; an adjusted close states ``Adjustment``.
    """

    days: DateArray
    columns: dict[str, FloatArray]
    currency: str = ""
    published: BoolArray | None = None
    notes: tuple[str, ...] = ()
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
        """True on every bar with a price of 0 or less or beyond any; missing is neither."""
        bad = np.zeros(len(self), dtype=bool)
        for name in PRICES:
            bad |= (self.columns[name] <= 0) | (self.columns[name] > MOST)
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


def tidy(ticker: str, frame: AnyFrame | Bars, zone: ZoneInfo) -> Bars:
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
            f"{ticker}: {int(bad.sum())} bar(s) with a price that is {_fault(bars, bad)};"
            f" a session without trading has no bar{_of_crsp(bars)}"
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


def normalise(ticker: str, frame: AnyFrame, zone: ZoneInfo) -> Bars:
    """Return one ticker's bars in the common shape as they stand, doubled dates included.

    Raises
    ------
    PriceError
        No rows, no close, a row without a date, a column that is not a number, or bars in
        several currencies.
    """
    raw = to_pandas(frame)
    table = read_table(
        ticker,
        raw.to_frame("Close") if isinstance(raw, pd.Series) else _of_one(ticker, raw),
    )
    if not len(table.index) or "Close" not in table.columns:
        columns = ", ".join(table.header)
        raise PriceError(
            f"{ticker}: no closing prices ({len(table.index)} rows, columns {columns});"
            " at least Date and Close are needed"
        )
    days = local_days(ticker, table.dates, zone)
    currency, published = table.columns.get(CURRENCY), table.columns.get(PUBLISHED)
    numbers = _numbers(ticker, table)
    bars = Bars(
        days,
        numbers,
        "" if currency is None else _currency(ticker, currency),
        None if published is None else published.to_numpy().astype(bool),
        table.notes,
        _stated(table, numbers),
    )
    if (days[1:] >= days[:-1]).all():
        return bars
    return bars.only(np.argsort(days, kind="stable"))


def _stated(table: Table, columns: dict[str, FloatArray]) -> frozenset[str]:
    """Return which columns the source has; actions left empty throughout it does not have."""
    present = {"Adjustment" if name == ADJUSTED else name for name in table.columns}
    present &= set(COLUMNS)
    empty = {
        name for name in _EVENTS[1:] if name in present and not np.isfinite(columns[name]).any()
    }
    return frozenset(present - empty)


def _of_one(ticker: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return one ticker's columns of a table as ``yfinance.download`` gives it.

    Raises
    ------
    PriceError
        It has the prices of others only.
    """
    if frame.columns.nlevels == 1:
        return frame
    for level in range(frame.columns.nlevels):
        labels = frame.columns.get_level_values(level)
        for label in dict.fromkeys(labels):
            if canonical(label) == canonical(ticker):
                bars: pd.DataFrame = frame.loc[:, labels == label].droplevel(level, axis=1)
                return bars
    raise PriceError(
        f"{ticker}: the table has two levels of columns and {ticker} in neither; give it"
        " table.xs(NAME, level=1, axis=1)"
    )


def _numbers(ticker: str, table: Table) -> dict[str, FloatArray]:
    """Return one array per field; what the table lacks is one number seen many times."""
    out: dict[str, FloatArray] = {}
    for name in COLUMNS:
        absent = np.broadcast_to(np.float64(_ABSENT.get(name, np.nan)), len(table.index))
        out[name] = table.columns.get(name, absent)
    if GAINS in table.columns:
        out[GAINS] = table.columns[GAINS]
    if "Adjustment" in table.columns:
        out["Adjustment"] = _factors(ticker, "Adjustment", out["Adjustment"], out["Close"])
    elif ADJUSTED in table.columns:
        with np.errstate(all="ignore"):
            factors = table.columns[ADJUSTED] / out["Close"]
        out["Adjustment"] = _factors(ticker, ADJUSTED, factors, out["Close"])
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


def _currency(ticker: str, column: pd.Series[Any]) -> str:
    named = sorted({str(value).strip() for value in column.dropna().unique()})
    if len(named) > 1:
        raise PriceError(f"{ticker}: bars in several currencies ({', '.join(named)}); keep one")
    return named[0] if named else ""
