"""Changes of unit inside a series of prices: pence that become pounds, one bar a hundredfold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.arrays import BoolArray, FloatArray, IntArray

_BACK_AND_FORTH = np.log(5.0)  # no session's move is fivefold and undone by the next
_UNDONE = 0.25  # of a move may remain
_LEAST_POWER = 2  # a hundred: pence, cents, sen; a tenfold move can be a split or a crash
_NEAR = 0.35  # how far from a power of ten the day's own return may take it, log
_BEYOND = np.log(700.0)  # no market moves so far in one session
_SAME_UNIT = np.log(3.0)


def breaks_of(levels: FloatArray, actions: BoolArray | None = None) -> list[tuple[int, int, float]]:
    """Return the stretches of a series that are in another unit than most of it.

    Parameters
    ----------
    levels : ndarray, shape (B,)
        Log prices comparable over splits, without missing ones.
    actions : ndarray, shape (B,), optional
        True where a listed action explains the step to this row.

    Returns
    -------
    list of (int, int, float)
        First row, last row, and by what their prices differ from the others'.

    Notes
    -----
    A step is a change of unit where it is near a power of ten from 100 on, or beyond what a
    market can do; or where it is at least fivefold and the next one undoes it. A fall of 99 %
    on one day cannot be told from pence that become pounds. Of two units the one of more rows
    is the series' own, of equally many the later one.
    """
    if levels.size < 2:  # noqa: PLR2004 - a step has two ends
        return []
    moves = np.diff(levels)
    at = np.flatnonzero(_is_break(moves) & (True if actions is None else ~actions[1:]))
    if not at.size:
        return []
    starts = np.r_[0, at + 1]
    ends = np.r_[at, levels.size - 1]
    units = np.r_[0.0, np.cumsum(moves[at])]
    return list(_odd(starts, ends, units))


def _is_break(moves: FloatArray) -> BoolArray:
    sizes = np.abs(moves)
    tens = np.rint(sizes / np.log(10.0))
    near = (tens >= _LEAST_POWER) & (np.abs(sizes - tens * np.log(10.0)) <= _NEAR)
    back = np.abs(moves[:-1] + moves[1:]) <= _UNDONE * sizes[:-1]
    spike = back & (sizes[:-1] >= _BACK_AND_FORTH)
    undone = np.r_[spike, False] | np.r_[False, spike]
    return np.asarray(near | undone | (sizes > _BEYOND))


def _odd(starts: IntArray, ends: IntArray, units: FloatArray) -> Iterator[tuple[int, int, float]]:
    """Yield the stretches whose unit is not that of most rows."""
    rows = ends - starts + 1
    same = np.abs(units[:, None] - units[None, :]) < _SAME_UNIT
    shares = same @ rows
    main = units[np.flatnonzero(shares == shares.max())[-1]]
    for first, last, unit in zip(starts, ends, units, strict=True):
        if abs(unit - main) >= _SAME_UNIT:
            yield int(first), int(last), float(np.exp(np.clip(unit - main, -700.0, 700.0)))
