"""The short book with a long leg in the index beside it, worked out after the run.

The rule: at every close the leg is bought or sold until it is worth what the short book is
worth at that close, and held to the next. So each session starts with a leg worth the shorts
at the previous close; the session in which a short is sold is not hedged, and the session in
which it is covered still is. What the leg trades pays the market's charges for a fund.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray

RULE = (
    "a notional index leg worth the shorts at every close, whatever else is held: a sale's own"
    " session is not hedged, a cover's still is; charged like a fund, without brokerage"
)


@dataclass(frozen=True, slots=True)
class Leg:
    """A long leg in an index, money, each of shape (S,).

    Attributes
    ----------
    held
        Its value at each close, after trading.
    profit
        What it earned over each session, before charges.
    traded
        What was bought (positive) or sold at each close.
    """

    held: FloatArray
    profit: FloatArray
    traded: FloatArray


def index_leg(short: FloatArray, level: FloatArray) -> Leg:
    """Return the leg that pairs a short book.

    Parameters
    ----------
    short : ndarray, shape (S,)
        Value of the short positions at each close, money, 0 or positive.
    level : ndarray, shape (S,)
        The index at each close; on a session without one the leg neither trades nor moves,
        and the next level catches up.
    """
    known = np.isfinite(level)
    at = np.maximum.accumulate(np.where(known, np.arange(level.size), -1))
    carried = np.where(at >= 0, level[at], np.nan)
    held = np.where(at >= 0, short[at], 0.0)
    before = np.concatenate([[0.0], held[:-1]])
    growth = np.ones(level.size)
    growth[1:] = np.where(before[1:] > 0.0, carried[1:] / carried[:-1], 1.0)
    profit = before * (growth - 1.0)
    return Leg(held, profit, held - before - profit)
