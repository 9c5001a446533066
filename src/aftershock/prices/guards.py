"""The guard of columns of returns: codes and impossible values; for panels, factors, rates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.prices.breaks import breaks_of
from aftershock.prices.numbers import numbers
from aftershock.prices.scales import FEW, Given, judge_units, typical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aftershock.arrays import BoolArray, DateArray, FloatArray

FRENCH = (-99.99, -999.0)  # Fama and French's data library
VENDOR = (-44.0, -55.0, -66.0, -77.0, -88.0, -99.0)  # CRSP's RET, RETX, DLRET and DLRETX

# CRSP's B, C, R...; SAS writes its missing values as "." and ".A" to ".Z"
_LETTERS = re.compile(r"\.?[A-Za-z_]|\.")
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
    values, notes = decimals(columns, days, given)
    finite = {name: np.where(np.isfinite(x), x, np.nan) for name, x in values.items()}
    judge_units(finite, days, given)
    kept = [_possible(name, x, days, given, notes) for name, x in values.items()]
    for name, x in zip(values, kept, strict=True):
        notes += _steps(name, x, days, given)
    return Guarded(np.column_stack(kept), tuple(notes))


def decimals(
    columns: Mapping[str, pd.Series[Any]], days: DateArray, given: Given
) -> tuple[dict[str, FloatArray], list[str]]:
    """Return columns as decimals without the vendors' codes for a missing value, and notes.

    Raises
    ------
    PriceError
        One holds what is no number.
    """
    notes: list[str] = []
    plain = {name: _without_letters(name, column, days, notes) for name, column in columns.items()}
    raw, unread = numbers(given.what, plain)
    values = {name: _without_codes(name, x, days, given, notes) for name, x in raw.items()}
    unit = 100.0 if given.percent else 1.0
    return {name: x / unit for name, x in values.items()}, [*notes, *unread]


def _without_letters(
    name: str, column: pd.Series[Any], days: DateArray, notes: list[str]
) -> pd.Series[Any]:
    """Return a column whose vendors' letters are missing."""
    if column.dtype.kind not in "OSU" and pd.api.types.is_numeric_dtype(column):
        return column
    text = column.astype("str").str.strip()
    letters = text.str.fullmatch(_LETTERS).fillna(value=False) & column.notna()
    at = letters.to_numpy(dtype=bool)
    if not at.any():
        return column
    notes.append(_coded(name, sorted(set(text[at])), days, at))
    return column.mask(at)


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
    if rows.size < FEW:
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
