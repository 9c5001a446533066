"""What an equity curve amounts to; flat sessions count like any other.

A strategy that waits for events is flat most of the time. Every session enters every figure,
and a figure that is not defined is NaN, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import BoolArray, FloatArray

SESSIONS_A_YEAR = 252


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of one equity curve, decimals.

    Attributes
    ----------
    total_return, annual_return
        Over the whole run, and per 252 sessions (geometric).
    annual_volatility, sharpe, sortino
        From session returns, the ratios in excess of the risk-free one; NaN where returns do
        not vary.
    max_drawdown
        Deepest fall from a peak, as a negative fraction.
    calmar
        Annual return over the depth of the deepest fall.
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
        Equity at each close, the first being the start; finite. A curve that reaches 0 has
        no returns from there on: everything but the total return is NaN.
    riskless : ndarray, shape (S,)
        What one unit of cash grows to over the same closes; None where cash earns nothing.
    """
    if (equity <= 0).any():
        nan = float("nan")
        total = float(equity[-1] / equity[0] - 1.0)
        return Performance(total, nan, nan, nan, nan, nan, nan)
    returns = equity[1:] / equity[:-1] - 1.0
    n = returns.size
    total = float(equity[-1] / equity[0] - 1.0)
    annual = (1.0 + total) ** (SESSIONS_A_YEAR / n) - 1.0 if n and total > -1.0 else float("nan")
    sigma = float(returns.std(ddof=1)) if n > 1 else float("nan")
    excess = returns if riskless is None else returns - (riskless[1:] / riskless[:-1] - 1.0)
    spread = float(excess.std(ddof=1)) if n > 1 else float("nan")
    downside = float(np.sqrt(np.mean(np.minimum(excess, 0.0) ** 2))) if n else float("nan")
    mean = float(excess.mean()) if n else float("nan")
    scale = np.sqrt(SESSIONS_A_YEAR)
    depth = float(drawdown(equity).min())
    return Performance(
        total_return=total,
        annual_return=annual,
        annual_volatility=sigma * scale,
        sharpe=_ratio(mean, spread) * scale,
        sortino=_ratio(mean, downside) * scale,
        max_drawdown=depth,
        calmar=_ratio(annual, -depth),
    )


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
