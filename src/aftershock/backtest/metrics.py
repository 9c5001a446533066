"""What an equity curve amounts to; flat sessions count like any other.

A strategy that waits for events is flat most of the time. Every session enters every figure,
and a figure that is not defined is NaN, never 0. A year is 252 sessions of the calendar: a
session without a level keeps its place, at the level before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import BoolArray, FloatArray

SESSIONS_A_YEAR = 252
_FEWEST = 2  # returns; one alone has no spread
_ROUNDING = 1e-12  # of a return: what dividing levels leaves behind


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of one equity curve, decimals.

    Attributes
    ----------
    total_return, annual_return
        Over the whole run, and per 252 sessions of the calendar (geometric).
    annual_volatility, sharpe, sortino
        From session returns, the ratios in excess of the risk-free one; NaN where returns do
        not vary, and from fewer than two of them.
    max_drawdown
        Deepest fall from a peak, as a negative fraction.
    calmar
        Annual return over the depth of the deepest fall; NaN from fewer than two returns.
    """

    total_return: float
    annual_return: float
    annual_volatility: float
    sharpe: float
    sortino: float
    max_drawdown: float
    calmar: float


def performance(equity: FloatArray, riskless: FloatArray | None = None) -> Performance:
    """Return the figures of an equity curve.

    Parameters
    ----------
    equity : ndarray, shape (S,)
        Equity at each close of the calendar; NaN before the first, after the last and where
        there is none. A curve that reaches 0 has no returns from there on: everything but the
        total return is NaN.
    riskless : ndarray, shape (S,)
        What one unit of cash grows to over the same closes; None where cash earns nothing.
    """
    nan = float("nan")
    span = known_span(equity)
    curve = marked(equity)[span]
    if not curve.size:
        return Performance(nan, nan, nan, nan, nan, nan, nan)
    total = float(curve[-1] / curve[0] - 1.0)
    if (curve <= 0).any():
        return Performance(total, nan, nan, nan, nan, nan, nan)
    returns = curve[1:] / curve[:-1] - 1.0
    saved = np.zeros_like(returns) if riskless is None else _growth(riskless[span])
    annual = (1.0 + total) ** (SESSIONS_A_YEAR / returns.size) - 1.0 if returns.size else nan
    depth = float(drawdown(curve).min())
    sharpe, sortino = _ratios(returns - saved)
    return Performance(
        total_return=total,
        annual_return=annual,
        annual_volatility=_deviation(returns) * math.sqrt(SESSIONS_A_YEAR),
        sharpe=sharpe,
        sortino=sortino,
        max_drawdown=depth,
        calmar=_ratio(annual, -depth) if returns.size > 1 else nan,
    )


def known_span(levels: FloatArray) -> slice:
    """Return the rows from the first level of a curve to its last, gaps included."""
    rows = np.flatnonzero(np.isfinite(levels))
    return slice(int(rows[0]), int(rows[-1]) + 1) if rows.size else slice(0, 0)


def marked(levels: FloatArray) -> FloatArray:
    """Return a curve with every gap at the level before it, as a position is marked.

    Parameters
    ----------
    levels : ndarray, shape (S,)
        NaN where there is none; before the first it stays so.
    """
    rows = np.arange(levels.size)
    last = np.maximum.accumulate(np.where(np.isfinite(levels), rows, -1))
    return np.asarray(np.where(last >= 0, levels[last], np.nan))


def changes(levels: FloatArray) -> FloatArray:
    """Return session returns, shape (S,): the first NaN, and all after a level of 0 or less.

    NaN too where a level on either side is missing: this is what a regression is made from.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = levels[1:] / levels[:-1] - 1.0
    alive = ~np.logical_or.accumulate(levels[:-1] <= 0.0)
    return np.concatenate([[np.nan], np.where(alive, moves, np.nan)])


def _growth(riskless: FloatArray) -> FloatArray:
    return np.asarray(riskless[1:] / riskless[:-1] - 1.0)


def _ratios(excess: FloatArray) -> tuple[float, float]:
    """Return Sharpe and Sortino ratio a year; NaN where returns do not vary, or none is below 0."""
    if excess.size < _FEWEST:
        return float("nan"), float("nan")
    mean = float(excess.mean()) * math.sqrt(SESSIONS_A_YEAR)
    downside = float(np.sqrt(np.mean(np.minimum(excess, 0.0) ** 2)))
    return _ratio(mean, _deviation(excess)), _ratio(mean, downside)


def _deviation(returns: FloatArray) -> float:
    """Return the sample deviation of session returns; exactly 0 where they are one number."""
    if returns.size < _FEWEST:
        return float("nan")
    spread = float(returns.std(ddof=1))
    return spread if spread > _ROUNDING * float(np.abs(returns).max()) else 0.0


def drawdown(equity: FloatArray) -> FloatArray:
    """Return the fall from the highest equity so far, shape (S,), 0 or negative."""
    return equity / np.maximum.accumulate(equity) - 1.0


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One fall from a peak, as positions in the curve.

    Attributes
    ----------
    peak, trough
        Last close at the peak, and the first at the lowest point before it is regained.
    recovery
        First close at or above the peak again; None where there is none yet.
    depth
        Fall from peak to trough, a negative fraction.
    sessions
        From the peak to the recovery, or to the last close.
    """

    peak: int
    trough: int
    recovery: int | None
    depth: float
    sessions: int


def drawdowns(equity: FloatArray, most: int = 5) -> list[Drawdown]:
    """Return the deepest falls of a curve, the deepest first; of equal ones the earlier.

    Parameters
    ----------
    equity : ndarray, shape (S,)
        Equity at each close, finite.
    most
        How many to return.
    """
    below = drawdown(equity) < 0.0
    starts = np.flatnonzero(below & ~np.concatenate([[False], below[:-1]]))
    ends = np.flatnonzero(~below & np.concatenate([[False], below[:-1]]))
    found = [
        _spell(equity, int(start) - 1, int(ends[i]) if i < ends.size else None)
        for i, start in enumerate(starts)
    ]
    return sorted(found, key=lambda spell: (spell.depth, spell.peak))[:most]


def _spell(equity: FloatArray, peak: int, recovery: int | None) -> Drawdown:
    end = equity.size - 1 if recovery is None else recovery
    trough = peak + int(np.argmin(equity[peak : end + 1]))
    depth = float(equity[trough] / equity[peak] - 1.0)
    return Drawdown(peak, trough, recovery, depth, end - peak)


def blocks(in_market: BoolArray) -> int:
    """Return the number of unbroken stretches in the market."""
    starts = in_market & ~np.concatenate([[False], in_market[:-1]])
    return int(starts.sum())


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else float("nan")
