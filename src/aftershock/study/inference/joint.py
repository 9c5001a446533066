"""Several events moved together round their rings: the placebo of a mean."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.study.inference.ring import TIE, around, local_scale
from aftershock.study.models.estimate import EXACT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.arrays import FloatArray, IntArray

DRAWS = 9_999


@dataclass(frozen=True, slots=True)
class Joint:
    """Several events moved together.

    Attributes
    ----------
    statistic
        Mean of the members' window sums, locally scaled, in units of their scale.
    p_value
        Share of the assignments at least as far from 0, two-sided; NaN where the events' own
        cannot be computed.
    assignments
        Assignments looked at; the identity is one of them where all were, and is added where
        they were drawn.
    enumerated
        True where all were looked at.
    """

    statistic: float
    p_value: float
    assignments: int
    enumerated: bool

    @property
    def floor(self) -> float:
        """Smallest p there could be."""
        return 1.0 / (self.assignments if self.enumerated else self.assignments + 1)


def cluster_sums(
    u: FloatArray, starts: IntArray, length: int, reach: int, *, scaled: bool = True
) -> FloatArray:
    """Return the sum of a cluster's window sums by shift, shape (n,); the events' own first.

    Parameters
    ----------
    u : ndarray, shape (n, m)
        Null residuals of the m members on the sessions all of them have.
    starts : ndarray, shape (m,)
        Place of each window's first session among them; members keep their distances.
    length
        Sessions of each window.
    reach
        Sessions from the first to the last day of any of the cluster's windows: the local
        scale looks no nearer than this.
    scaled
        Whether residuals are divided by their local scale, or by their standard deviation.

    Returns
    -------
    ndarray, shape (n,)
        NaN for shifts at which a session has no scale.
    """
    total = np.zeros(len(u))
    for column, start in zip(u.T, starts, strict=True):
        scale = local_scale(column, reach) if scaled else np.full(column.size, column.std())
        standard = column / np.where(scale > EXACT, scale, np.nan)
        total += np.roll(around(standard, length), -int(start))
    return total


def joint_placebo(sums: Sequence[FloatArray], members: int, seed: int) -> Joint:
    """Return the placebo p-value of the mean of several events.

    Parameters
    ----------
    sums
        One array for each cluster, as ``cluster_sums`` returns; clusters move independently.
    members
        Events in all of them.
    seed
        Seed of the draws, where there are more assignments than ``DRAWS``.

    Notes
    -----
    All assignments are looked at where there are at most 9,999: p is the share of them, the
    identity among them. Else that many are drawn and the identity is added: (1 + #)/(B + 1).
    """
    rings = [ring[np.isfinite(ring)] for ring in sums]
    first = float(sum(ring[0] for ring in sums)) if sums else float("nan")
    if not np.isfinite(first):
        return Joint(first, float("nan"), 0, True)
    count = math.prod(float(ring.size) for ring in rings)  # may be beyond any whole number
    every = count <= DRAWS
    totals = _all_of(rings) if every else _drawn(rings, seed)
    beyond = int((np.abs(totals) >= abs(first) * (1.0 - TIE)).sum())
    p = beyond / totals.size if every else (1 + beyond) / (totals.size + 1)
    return Joint(first / members, float(p), totals.size, every)


def _all_of(rings: Sequence[FloatArray]) -> FloatArray:
    return np.array([sum(parts) for parts in itertools.product(*rings)])


def _drawn(rings: Sequence[FloatArray], seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    return np.asarray(np.sum([rng.choice(ring, DRAWS) for ring in rings], axis=0))
