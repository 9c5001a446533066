"""One ticker's bars, brought from whatever a source delivers into one shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.anyframe import to_pandas
from aftershock.errors import PriceError
from aftershock.formats import counted
from aftershock.prices.dates import local_days
from aftershock.prices.layouts import ADJUSTED, COLUMNS, CURRENCY, PUBLISHED, Table, read_table
from aftershock.prices.tickers import canonical

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from aftershock.anyframe import AnyFrame
    from aftershock.arrays import BoolArray, DateArray, FloatArray, IntArray

PRICES = ["Open", "High", "Low", "Close"]
MOST = 1e15  # no price and no volume is above; what is was never one

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
    notes
        What could not be read, or was counted otherwise, one sentence each.
    """

    days: DateArray
    columns: dict[str, FloatArray]
    currency: str = ""
    published: BoolArray | None = None
    notes: tuple[str, ...] = ()

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
        return Bars(self.days[keep], parts, self.currency, published, self.notes)


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
    bars = Bars(
        days,
        _numbers(table),
        "" if currency is None else _currency(ticker, currency),
        None if published is None else published.to_numpy().astype(bool),
        table.notes,
    )
    if (days[1:] >= days[:-1]).all():
        return bars
    return bars.only(np.argsort(days, kind="stable"))


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


def _numbers(table: Table) -> dict[str, FloatArray]:
    """Return one array per field; what the table lacks is one number seen many times."""
    out: dict[str, FloatArray] = {}
    for name in COLUMNS:
        absent = np.broadcast_to(np.float64(_ABSENT.get(name, np.nan)), len(table.index))
        out[name] = table.columns.get(name, absent)
    if ADJUSTED in table.columns and "Adjustment" not in table.columns:
        out["Adjustment"] = table.columns[ADJUSTED] / out["Close"]
    return out


def _currency(ticker: str, column: pd.Series[Any]) -> str:
    named = sorted({str(value).strip() for value in column.dropna().unique()})
    if len(named) > 1:
        raise PriceError(f"{ticker}: bars in several currencies ({', '.join(named)}); keep one")
    return named[0] if named else ""
