"""Profits on a ring put together: every assignment of clusters to places, or draws of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aftershock.arrays import FloatArray, IntArray

_CENT = 0.005  # money is whole cents; half of one tells two sums apart
_AT_ONCE = 2_000_000  # sums made in one go


@dataclass(frozen=True, slots=True)
class Ranked:
    """Profits among those of other assignments.

    Attributes
    ----------
    best : ndarray, shape (D,)
        Of each assignment, the highest profit of any cell, money.
    p_values : ndarray, shape (G,)
        Of each cell: the share of assignments whose best is at least its own profit.
    own : ndarray, shape (G,)
        Profit of each cell where the events were, money.
    floor
        The smallest p-value there could be.
    enumerated
        True where these are all assignments there are, the events' own among them.
    assignments
        How many there are.
    """

    best: FloatArray
    p_values: FloatArray
    own: FloatArray
    floor: float
    enumerated: bool
    assignments: float


def rank(tables: Sequence[FloatArray], own: Sequence[int], *, draws: int, seed: int) -> Ranked:
    """Return profits among those of every assignment, or of draws.

    Parameters
    ----------
    tables : sequence of ndarray, shape (n_c, G)
        Of each cluster: its profit at each of its starts in each cell, money.
    own
        Row of each cluster's own start in its table.
    draws, seed
        All assignments are taken where there are at most so many, and the p-value is the
        share of them, the events' own included. Else so many are drawn, each cluster's place
        by itself, its own allowed, and the p-value is ``(1 + #) / (draws + 1)``.

    References
    ----------
    Chernozhukov, Wuthrich and Zhu (2021), *Journal of the American Statistical Association*
    116(536). White (2000), "A reality check for data snooping", *Econometrica* 68(5), for the
    best of several cells.
    """
    sizes = [len(table) for table in tables]
    assignments = math.prod(map(float, sizes))
    enumerated = assignments <= draws
    count = int(assignments) if enumerated else draws
    made = np.sum([table[row] for table, row in zip(tables, own, strict=True)], axis=0)
    beaten: IntArray = np.zeros(made.size, dtype=np.int64)
    best = np.empty(count)
    rng = np.random.default_rng(seed)
    step = max(_AT_ONCE // made.size, 1)
    for part in _parts(count, step):
        places = (
            np.unravel_index(np.arange(part.start, part.stop), sizes)
            if enumerated
            else [rng.integers(size, size=part.stop - part.start) for size in sizes]
        )
        sums = np.zeros((part.stop - part.start, made.size))
        for table, rows in zip(tables, places, strict=True):
            sums += table[rows]
        best[part] = sums.max(axis=1)
        beaten += (best[part][:, None] >= made - _CENT).sum(axis=0)
    extra = 0 if enumerated else 1
    p_values = (beaten + extra) / (count + extra)
    return Ranked(best, p_values, made, 1.0 / (count + extra), enumerated, assignments)


def _parts(count: int, step: int) -> Iterator[slice]:
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))
