"""Trade-to-trade returns: over a halt, from the last close before to the first close after.

The benchmark is compounded over the same sessions, the constant counts them, and the variance
grows with them (Maynes and Rumsey 1993). Sessions inside a halt carry nothing of their own.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from aftershock.study.models.base import Design
from aftershock.study.models.estimate import ALPHA

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray
    from aftershock.prices.panel import ReturnKind


def trade_to_trade(
    close: FloatArray, design: Design, kind: ReturnKind
) -> tuple[FloatArray, Design]:
    """Return a stock's returns and right-hand side with its halts bridged.

    Parameters
    ----------
    close : ndarray, shape (S,)
        Adjusted closes, NaN on sessions without one.
    design
        The model's right-hand side, session by session.
    kind
        Whether returns are simple or log.

    Returns
    -------
    y : ndarray, shape (S,)
        Return from the last close to this one; 0 inside a halt, NaN before the first return
        and after the last close.
    design
        Rows compounded over each return's sessions, with ``span``; a session inside a halt
        has span 0 and rows of 0.
    """
    traded = np.flatnonzero(np.isfinite(close))
    y = np.full(close.size, np.nan)
    span = np.ones(close.size)
    x, fixed = design.regressors.copy(), design.fixed.copy()
    counts = np.array([name == ALPHA for name in design.names], dtype=bool)
    for before, now in pairwise(traded):
        ratio = close[now] / close[before]
        y[now] = ratio - 1.0 if kind == "simple" else np.log(ratio)
        if now == before + 1:
            continue
        inside = np.arange(before + 1, now)
        over = np.arange(before + 1, now + 1)
        x[now] = np.where(counts, now - before, _compound(design.regressors[over], kind))
        fixed[now] = _compound(design.fixed[over, None], kind)[0]
        y[inside], x[inside], fixed[inside] = 0.0, 0.0, 0.0
        span[now], span[inside] = now - before, 0.0
    return y, Design(design.names, fixed, x, span)


def first_trade(close: FloatArray, at: int) -> int | None:
    """Return the first row from ``at`` on with a close, None where there is none."""
    later = np.flatnonzero(np.isfinite(close[at:]))
    return at + int(later[0]) if later.size else None


def _compound(returns: FloatArray, kind: ReturnKind) -> FloatArray:
    """Return each column's return over all its rows."""
    if kind == "log":
        return np.asarray(returns.sum(axis=0))
    return np.asarray(np.prod(1.0 + returns, axis=0) - 1.0)
