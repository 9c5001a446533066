"""What vendors call their columns and count in, declared; tables brought to one spelling.

======================  ==========================================================
Alpha Vantage           ``timestamp``, ``1. open`` ... ``8. split coefficient``
akshare                 ``日期``, ``开盘``, ``收盘``, ``成交量``, ``成交额`` ...
investing.com           ``Date``, ``Price``, ``Open``, ``Vol.``, ``Change %``
Nasdaq                  ``Date``, ``Close/Last``, ``Volume``; mm/dd/yyyy
Stooq                   ``<TICKER>``, ``<PER>``, ``<DATE>`` ...; ``Data``, ``Zamkniecie``
Tushare                 ``ts_code``, ``trade_date``, ``vol`` in lots, ``amount``
======================  ==========================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.prices.numbers import VOLUME, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aftershock.arrays import BoolArray, FloatArray

COLUMNS = ("Open", "High", "Low", "Close", "Volume", "Adjustment", "Dividends", "Stock Splits")
PUBLISHED = "Published"
CURRENCY = "Currency"
ADJUSTED = "Adj Close"
DATE = "Date"
TICKER = "Ticker"

_AMOUNT = "Amount"  # money traded; it tells in what volumes are counted
_SPELLINGS = {
    DATE: "date datetime timestamp session tradedate tradingday indexlevel0"
    " 日期 交易日期 交易日 datum data",
    TICKER: "ticker symbol code instrument ric stock tscode 代码 股票代码 证券代码",
    "Open": "open openprice openingprice px_open o 开盘 开盘价 今开 eröffn eröffnung otwarcie",
    "High": "high highprice dayhigh px_high h 最高 最高价 高 hoch najwyzszy",
    "Low": "low lowprice daylow px_low l 最低 最低价 低 tief najnizszy",
    "Close": "close closeprice closingprice lastprice px_last c close/last"
    " 收盘 收盘价 zuletzt schlusskurs zamkniecie",
    ADJUSTED: "adjclose adjustedclose closeadj closeadjusted adjustedclosingprice 复权收盘价",
    VOLUME: "volume vol tradedvolume px_volume v 成交量 交易量 wolumen volumen",
    "Adjustment": "adjustment adjustmentfactor adjfactor",
    "Dividends": "dividends dividend cashdividend dividendamount exdividend divcash",
    "Stock Splits": "stocksplits stocksplit split splits splitratio splitcoefficient splitfactor",
    CURRENCY: "currency ccy",
    PUBLISHED: "published",
    _AMOUNT: "amount 成交额 成交金额",
}
_NAMES = {
    spelling.replace("_", ""): name
    for name, spellings in _SPELLINGS.items()
    for spelling in spellings.split()
}
_SECOND_NAMES = {"price": "Close", "时间": DATE}  # where no column has a better claim
_NUMBERED = re.compile(r"^\d+\.\s*")  # Alpha Vantage's "4. close"
_UNIT = re.compile(r"[(（](股|手|元|[a-z]{3})[)）]$")
_US_DATES = {"close/last": "%m/%d/%Y"}  # Nasdaq's export, whatever the days

_LOT = 100  # shares a lot on the mainland's exchanges
_UNSAID = {"成交量", "交易量"}  # shares or lots
_MAINLAND = r"\.(?:SH|SS|SZ|BJ)$"
_HALF, _DOUBLE = 0.5, 2.0  # how far money traded may be from volume times close


@dataclass(frozen=True, slots=True)
class Table:
    """A table of bars under the one spelling of columns.

    Attributes
    ----------
    columns
        ``Date``, ``Ticker``, ``Currency`` and ``Published`` as they stand where they are there;
        every column of numbers as decimals, shape (B,).
    index
        What the rows are labelled with.
    header
        The names of all columns, left out ones included.
    notes
        What could not be read or was counted otherwise, one sentence each.
    """

    columns: dict[str, Any]
    index: pd.Index[Any]
    header: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def dates(self) -> Any:
        """The column of dates, or the index where there is none."""
        return self.columns.get(DATE, self.index)


def read_table(where: str, frame: pd.DataFrame) -> Table:
    """Return a table's columns under the one spelling, text read as the numbers it stands for.

    Parameters
    ----------
    where
        The ticker or file; named in every message.
    frame
        Bars in any layout that is known; other columns are left out.

    Raises
    ------
    PriceError
        Two columns are one, or a column of prices does not hold numbers.
    """
    raw = dict(zip(spelled(where, frame.columns), frame.columns, strict=True))
    fields = [name for name in (*COLUMNS, ADJUSTED, _AMOUNT) if name in raw]
    values, notes = numbers(where, {name: frame[raw[name]] for name in fields})
    columns: dict[str, Any] = {
        name: frame[raw[name]] for name in (DATE, TICKER, CURRENCY, PUBLISHED) if name in raw
    }
    if DATE in raw:
        columns[DATE] = _dated(columns[DATE], frame.columns)
    amount = values.pop(_AMOUNT, None)
    columns |= values
    if "Stock Splits" in values:
        columns["Stock Splits"] = _without_ones(values["Stock Splits"])
    if VOLUME in values:
        lots, note = _in_lots(where, columns, amount, raw)
        if lots.any():
            columns[VOLUME] = np.where(lots, values[VOLUME] * _LOT, values[VOLUME])
        notes += note
    return Table(columns, frame.index, tuple(raw), tuple(notes))


def spelled(where: str, columns: Iterable[Any]) -> list[str]:
    """Return column names in the one spelling; a name nobody knows stays as it is.

    Raises
    ------
    PriceError
        Two columns are the same one.
    """
    names = [spelling(name) for name in columns]
    names = [
        _SECOND_NAMES[name.lower()]
        if name.lower() in _SECOND_NAMES and _SECOND_NAMES[name.lower()] not in names
        else name
        for name in names
    ]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise PriceError(f"{where}: several columns are {', '.join(twice)}; keep one of each")
    return names


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its column of dates, where it has one, as the index."""
    names = [name for name in frame.columns if spelling(str(name).strip()) == DATE]
    return frame.set_index(names[0]) if names else frame


@cache
def spelling(name: object) -> str:
    """Return the one spelling of a column's name."""
    plain = _UNIT.sub("", _NUMBERED.sub("", str(name).strip().lower()))
    return _NAMES.get(re.sub(r"[_ \-.*<>]", "", plain), str(name))


def is_name(text: object) -> bool:
    """Return whether a cell is the name of a column of bars."""
    name = str(text).strip()
    return spelling(name) in _SPELLINGS or name.lower() in _SECOND_NAMES


def _dated(dates: pd.Series[Any], header: Iterable[Any]) -> pd.Series[Any]:
    """Return dates read by the vendor's order of day and month, where the layout fixes it."""
    formats = [_US_DATES[str(name).lower()] for name in header if str(name).lower() in _US_DATES]
    if not formats or pd.api.types.is_numeric_dtype(dates):
        return dates
    read = pd.to_datetime(dates, format=formats[0], errors="coerce")
    return dates if read.isna().any() else read


def _without_ones(ratios: FloatArray) -> FloatArray:
    """Return split ratios with 0 for 1, which some vendors write where there is no split."""
    ones = ratios == 1.0
    return np.where(ones, 0.0, ratios) if ones.any() else ratios


def _in_lots(
    where: str, columns: dict[str, Any], amount: FloatArray | None, raw: dict[str, Any]
) -> tuple[BoolArray, list[str]]:
    """Return which volumes count lots of 100 shares, where the layout or the money tells.

    Tushare's ``vol`` is in lots for the mainland and in shares for Hong Kong; akshare's
    ``成交量`` likewise, where the money traded beside it tells which.
    """
    rows = len(columns[VOLUME])
    if str(raw.get(TICKER, "")).lower() == "ts_code":
        codes = columns[TICKER].astype("str")
        return codes.str.upper().str.contains(_MAINLAND, regex=True).to_numpy(dtype=bool), []
    name = str(raw[VOLUME])
    if (unit := _UNIT.search(name)) is not None:
        return np.full(rows, unit[1] == "手"), []
    if name not in _UNSAID:
        return np.zeros(rows, dtype=bool), []
    shares = _shares_a_unit(amount, columns[VOLUME] * columns.get("Close", np.nan))
    notes = [f"{where}: volumes are taken as shares, nothing tells them from lots"]
    return np.full(rows, shares == _LOT), notes if shares == 0 else []


def _shares_a_unit(amount: FloatArray | None, worth: FloatArray) -> int:
    """Return how many shares one unit of volume is, 0 where the money traded does not tell."""
    if amount is None:
        return 0
    traded = (worth > 0) & np.isfinite(amount)
    ratio = float(np.median(amount[traded] / worth[traded])) if traded.any() else 0.0
    return next((unit for unit in (1, _LOT) if _HALF < ratio / unit < _DOUBLE), 0)
