"""The guard of a column of returns: codes, impossible values, units; for panels, factors, rates.

What can be told of units, and what cannot
------------------------------------------
A daily return of a stock has a standard deviation between 0.2 % and 15 %, so that the median
of its absolute values, here its *typical* value, is between 0.0013 and 0.10 in decimals and
between 0.13 and 10 in percent. Hence:

- a typical value above 0.2 is percent (above 0.3 of fewer than 60 values, 0.5 of fewer than 20);
- from 0.15 on it is percent where a simple return is -1 or below, or where the other columns
  are at least 30 times as quiet; else it is taken for a wild stock. A column in percent whose
  daily sigma is below 0.3 % among ordinary stocks **cannot be told** from one of 20 %;
- a stock of a price of one or two ticks (0.01 and 0.02) moves by 50 and 100 % and mostly not at
  all. A loud column passes where a third of its returns is 0, none is -1 or below, and the
  gains make up for the losses as those of a price do: percent read as decimals loses half its
  variance a day. A quiet, thin column in percent **cannot be told** from it;
- a stretch of 20 returns above 0.3 beside one at most a twentieth of it is a change from
  percent to decimals in mid-file;
- a column declared to be percent whose largest typical value is below 0.02 is in decimals (a
  sigma of 3 % in decimals, of 0.03 % in percent). One that is 25 times as quiet as the others
  and below 0.02 is in decimals among percent;
- a risk-free return has no spread to go by. Above 100 % a year, or above a quarter of what
  the market typically moves (the most it reached in the dollar is a tenth), it is percent.
  One in decimals that is declared to be percent looks like a time of zero rates and **cannot be
  told**; it takes off nearly nothing. A column divided by 100 twice looks like a pegged
  currency and **cannot be told** either.

Rows further apart than days are allowed proportionally more, spreads with the root.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.prices.breaks import breaks_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aftershock.arrays import BoolArray, DateArray, FloatArray

FRENCH = (-99.99, -999.0)  # Fama and French's data library
VENDOR = (-44.0, -55.0, -66.0, -77.0, -88.0, -99.0)  # CRSP's RET, RETX, DLRET and DLRETX
YEARLY_MOST = 1.0  # a rate above 100 % a year is a unit, not a rate
DAILY_MOST = 2.0 ** (1.0 / 252.0) - 1.0  # the same, a session

# CRSP's B, C, R...; SAS writes its missing values as "." and ".A" to ".Z"
_LETTERS = re.compile(r"\.?[A-Za-z_]|\.")
_PERCENT = ((60, 0.2), (20, 0.3), (0, 0.5))  # from so many values on, a typical one is too much
_PERHAPS = 0.15
_FEW = 20  # values from which a typical one is steady: its error is a sixth
_LOUDER, _QUIETER = 30.0, 25.0  # than the others
_PART = 20.0  # of a stretch in percent are typical of the one in decimals
_STRETCH = 0.3
_THIN = 0.3  # of the returns are 0
_LOST = 0.25  # of the squared typical return a day; percent read as decimals loses about one
_FEW_TICKS = np.log(4.0)  # from one tick to four
_DECIMAL = 0.02  # percent
_RATE_TO_MARKET = 0.25
_ONE_SIGN = 0.98  # of a column that is a rate, not a return
_MOST = 1000.0  # a thousandfold in one step
_LONE = 40.0  # typical days
_TREBLED = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Guarded:
    """Columns of returns that can be computed with.

    Attributes
    ----------
    values : ndarray, shape (T, N)
        Decimals; NaN where missing, and where the guard took a value out.
    notes
        What was taken out or is odd, one sentence each.
    """

    values: FloatArray
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """How columns are given.

    Attributes
    ----------
    what
        What they are called in a message, such as ``"the returns"``.
    remedy
        What to do where all of them turn out to be percent.
    kind
        Simple or log returns.
    percent
        True where they are declared to be percent.
    rates
        Names of the columns that are risk-free returns.
    """

    what: str
    remedy: str
    kind: Literal["simple", "log"] = "simple"
    percent: bool = False
    rates: Collection[str] = ()

    @property
    def least(self) -> float:
        """What every return is above, decimals."""
        return -1.0 if self.kind == "simple" else -float(np.log(_MOST))

    @property
    def most(self) -> float:
        """What every return is below, decimals."""
        return _MOST if self.kind == "simple" else float(np.log(_MOST))


def guarded(columns: Mapping[str, pd.Series[Any]], days: DateArray, given: Given) -> Guarded:
    """Return columns of returns as decimals, without what is no return, and what was found.

    Parameters
    ----------
    columns
        N columns as they were read, T rows each.
    days : ndarray of datetime64[D], shape (T,)
        Their dates, in any order.
    given
        How they are given.

    Raises
    ------
    PriceError
        A column holds what is no number, or is in another unit than declared or than the
        others; the message names it.
    """
    notes: list[str] = []
    values = {}
    for name, column in columns.items():
        values[name], found = decimals(name, column, days, given)
        notes += found
    finite = {name: np.where(np.isfinite(x), x, np.nan) for name, x in values.items()}
    judge_units(finite, days, given)
    kept = [_possible(name, x, days, given, notes) for name, x in values.items()]
    for name, x in zip(values, kept, strict=True):
        notes += _steps(name, x, days, given)
    return Guarded(np.column_stack(kept), tuple(notes))


def decimals(
    name: str, column: pd.Series[Any], days: DateArray, given: Given
) -> tuple[FloatArray, list[str]]:
    """Return a column as decimals without the vendors' codes for a missing value, and notes.

    Raises
    ------
    PriceError
        It holds what is no number.
    """
    notes: list[str] = []
    raw = _numbers(name, column, days, notes)
    raw = _without_codes(name, raw, days, given, notes)
    return raw / 100.0 if given.percent else raw, notes


def _numbers(name: str, column: pd.Series[Any], days: DateArray, notes: list[str]) -> FloatArray:
    """Return a column as numbers, the vendors' letters as NaN."""
    if column.dtype.kind in "OSU" or not pd.api.types.is_numeric_dtype(column):
        text = column.astype("str").str.strip()
        letters = text.str.fullmatch(_LETTERS).fillna(value=False) & column.notna()
        at = letters.to_numpy(dtype=bool)
        if at.any():
            notes.append(_coded(name, sorted(set(text[at])), days, at))
            column = column.mask(at)
    try:
        return pd.to_numeric(column).to_numpy(dtype="float64", na_value=np.nan)
    except (ValueError, TypeError) as cause:
        raise PriceError(f"column {name} is not a number: {cause}") from cause


def _coded(name: str, codes: list[str], days: DateArray, at: BoolArray) -> str:
    return (
        f"{name}: codes for a missing value ({', '.join(codes)}) became missing,"
        f" {int(at.sum())} in all, first on {days[at].min()}"
    )


def _is_code(raw: FloatArray, codes: tuple[float, ...]) -> BoolArray:
    hit = np.zeros(raw.shape, dtype=bool)
    for code in codes:  # four-byte floats keep seven digits
        hit |= np.isclose(raw, code, rtol=1e-6, atol=0.0)
    return hit


def _without_codes(
    name: str, raw: FloatArray, days: DateArray, given: Given, notes: list[str]
) -> FloatArray:
    """Return a column without missing-value codes; -66 in percent may be a fall and stays."""
    divided = tuple(code / 100.0 for code in FRENCH)  # with the whole table, to decimals
    at = _is_code(raw, FRENCH if given.percent else (*FRENCH, *VENDOR, *divided))
    if at.any():
        notes.append(_coded(name, [f"{code:g}" for code in np.unique(raw[at])], days, at))
    if given.percent and (fall := _is_code(raw, VENDOR)).any():
        notes.append(
            f"{name}: {raw[fall][0]:g} % on {days[fall][0]} is some vendors' code for a missing"
            f" value, {int(fall.sum())} in all; kept, since it can be a fall: empty it if it is"
            " none"
        )
    return np.where(at, np.nan, raw)


def _possible(
    name: str, x: FloatArray, days: DateArray, given: Given, notes: list[str]
) -> FloatArray:
    """Return a column without values that no return can have."""
    bad = (x <= given.least) | (x >= given.most)
    if bad.any():
        first = int(np.flatnonzero(bad)[np.argmin(days[bad])])
        unit, most = ("%", 100.0 * given.most) if given.percent else ("", given.most)
        shown, least = (100.0 if given.percent else 1.0) * np.array([x[first], given.least])
        notes.append(
            f"{name}: {shown:g}{unit} on {days[first]} is no return and became"
            f" missing, {int(bad.sum())} in all; between {least:.4g}{unit} and {most:.4g}{unit} are"
            " allowed"
        )
    return np.where(bad, np.nan, x)


def _steps(name: str, x: FloatArray, days: DateArray, given: Given) -> list[str]:
    """Return what looks like a change of unit of the prices, or of one return."""
    order = np.argsort(days, kind="stable")
    rows = order[np.isfinite(x[order])]
    if rows.size < _FEW:
        return []
    moves = np.log1p(x[rows]) if given.kind == "simple" else x[rows]
    notes = [
        f"{name} {_span(days[rows[first]], days[rows[last]])} unit_change: the prices behind"
        f" these returns are {factor:.3g} times the others: another unit, or wrong ones"
        for first, last, factor in breaks_of(np.cumsum(moves))
    ]
    if notes:
        return notes
    lone = (np.abs(x[rows]) >= _TREBLED) & (np.abs(x[rows]) > _LONE * typical(x))
    return [
        f"{name} {days[row]} unit_change: moved {x[row]:+.1%}, {abs(x[row]) / typical(x):.1f}"
        " times its usual day: a value in percent, or a wrong one"
        for row in rows[lone]
    ]


def _span(first: np.datetime64, last: np.datetime64) -> str:
    return str(first) if first == last else f"{first}..{last}"


def typical(x: FloatArray) -> float:
    """Return the median absolute value of what is neither missing nor 0; 0 where nothing is."""
    sizes = np.abs(x[np.isfinite(x) & (x != 0.0)])
    return float(np.median(sizes)) if sizes.size else 0.0


def judge_units(columns: Mapping[str, FloatArray], days: DateArray, given: Given) -> None:
    """Refuse columns that are in another unit than declared or than the others.

    Parameters
    ----------
    columns
        Finite or NaN, decimals as declared, T rows each.
    days, given
        As in ``guarded``.

    Raises
    ------
    PriceError
        The message names the column, and what to do.
    """
    rows = _days_a_row(days)
    order = np.argsort(days, kind="stable")
    spread = {n: x[order] for n, x in columns.items() if n not in given.rates and not _is_rate(x)}
    rates = {n: x[order] for n, x in columns.items() if n not in spread}
    usual = {name: typical(x) / np.sqrt(rows) for name, x in spread.items()}
    _refuse_percent(spread, usual, given)
    if given.percent:
        _refuse_decimals(usual, given)
    for name, x in spread.items():
        if not _is_tick_bound(x, given):
            _refuse_mixed(name, x / np.sqrt(rows), days[order])
    market = max(usual.values(), default=0.0)
    for name, x in rates.items():
        rate = typical(x) / rows
        beside = given.rates and market > 0 and rate > _RATE_TO_MARKET * market
        if rate > DAILY_MOST or beside:
            raise PriceError(
                f"column {name} looks like percent among decimals: {typical(x):.3g} is a typical"
                " return; divide it by 100, a risk-free return of 0.0001 a session is 2.6 % a year"
            )


def _is_rate(x: FloatArray) -> bool:
    """Return whether a column has one sign throughout, as a risk-free return does."""
    moved = x[np.isfinite(x) & (x != 0.0)]
    if moved.size < _FEW or np.ptp(moved) == 0.0:
        return False
    above = float(np.mean(moved > 0))
    return max(above, 1.0 - above) >= _ONE_SIGN


def _days_a_row(days: DateArray) -> float:
    """Return how many sessions lie between two rows: 1 for daily data, 21 for monthly."""
    if len(days) < 3:  # noqa: PLR2004 - two rows have no rhythm
        return 1.0
    step = float(np.median(np.diff(np.sort(days)).astype("int64")))
    return max(1.0, step * 5.0 / 7.0)


def _refuse_percent(
    columns: Mapping[str, FloatArray], usual: Mapping[str, float], given: Given
) -> None:
    percent = [name for name, x in columns.items() if _in_percent(name, x, usual, given)]
    if not percent:
        return
    if all(day > _PERHAPS for day in usual.values() if day > 0):
        if given.percent:
            raise PriceError(
                f"{given.what} are above 20 % on a typical day though percent=True; undo a"
                f" multiplication by 100 ({', '.join(percent[:3])})"
            )
        raise PriceError(f"{given.what} look like percent; {given.remedy}")
    day = usual[percent[0]]
    raise PriceError(
        f"column {', '.join(percent)} looks like percent among decimals: {day:.3g} is a typical"
        " day; divide it by 100, 0.01 is 1 %"
    )


def _in_percent(name: str, x: FloatArray, usual: Mapping[str, float], given: Given) -> bool:
    day = usual[name]
    count = np.count_nonzero(np.isfinite(x) & (x != 0.0))
    if day > next(most for least, most in _PERCENT if count >= least):
        return not _is_tick_bound(x, given)
    if count < _FEW or day <= _PERHAPS:
        return False
    impossible = given.kind == "simple" and bool((x <= -1.0).any())
    return impossible or day > _LOUDER * _others(usual, name) > 0


def _is_tick_bound(x: FloatArray, given: Given) -> bool:
    """Return whether a loud column is a thin stock whose price is a few ticks."""
    every = x[np.isfinite(x)]
    moved = every[every != 0.0]
    if moved.size < _FEW or moved.size > (1.0 - _THIN) * every.size:
        return False
    if given.kind == "log":
        return bool(np.abs(moved).max() <= _FEW_TICKS)
    lost = -_LOST * typical(moved) ** 2
    return bool(moved.min() > -1.0) and float(np.mean(np.log1p(moved))) > lost


def _others(usual: Mapping[str, float], name: str) -> float:
    rest = [value for other, value in usual.items() if other != name and value > 0]
    return float(np.median(rest)) if rest else 0.0


def _refuse_decimals(usual: Mapping[str, float], given: Given) -> None:
    """Refuse columns declared to be percent that are decimals; ``usual`` is a hundredth."""
    loud = {name: 100.0 * day for name, day in usual.items() if day > 0}
    if loud and max(loud.values()) < _DECIMAL:
        raise PriceError(
            f"{given.what} look like decimals ({max(loud.values()):.2g} is a typical day);"
            " leave percent=True out"
        )
    for name, day in loud.items():
        if day < _DECIMAL and day < _others(loud, name) / _QUIETER:
            raise PriceError(
                f"column {name} looks like decimals among percent: {day:.2g} is a typical day;"
                " multiply it by 100, or give all in decimals"
            )


def _refuse_mixed(name: str, x: FloatArray, days: DateArray) -> None:
    """Refuse a column whose returns are percent in one stretch of rows and decimals in another."""
    moved = np.flatnonzero(np.isfinite(x) & (x != 0.0))
    stretches = [moved[at : at + _FEW] for at in range(0, moved.size - _FEW + 1, _FEW)]
    sizes = np.array([typical(x[rows]) for rows in stretches])
    if sizes.size and sizes.max() > max(_STRETCH, _PART * sizes.min()):
        first = stretches[int(np.argmax(sizes > _STRETCH))][0]
        raise PriceError(
            f"column {name} looks like percent from about {days[first]} on and like decimals"
            f" elsewhere ({sizes.max():.2g} and {sizes.min():.2g} are typical days); bring all"
            " rows to decimals, 0.01 is 1 %"
        )
