"""Many estimates at once: p-values over everything that one run reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aftershock.study.inference.ring import TIE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.arrays import FloatArray, IntArray

DRAWS = 9_999


def shifts_of(sizes: Sequence[int], seed: int) -> list[IntArray]:
    """Return the shifts of every series, the identity first, shape (B,) each.

    Parameters
    ----------
    sizes
        Sessions n_s of each series' ring.
    seed
        Seed of the draws.

    Returns
    -------
    list of ndarray
        One u in [0, 1) shifts everything, a series by the whole part of u n_s: all n shifts
        where every series has n sessions, else the identity and 9,999 draws.
    """
    if len(set(sizes)) == 1:
        every = np.arange(sizes[0])
        return [every for _ in sizes]
    u = np.concatenate([[0.0], np.random.default_rng(seed).random(DRAWS)])
    return [np.minimum((u * n).astype(np.int64), n - 1) for n in sizes]


def moved(estimates: Sequence[Sequence[FloatArray]], seed: int) -> FloatArray:
    """Return every estimate's statistic under the same shifts, over its root mean square.

    Parameters
    ----------
    estimates
        N estimates, each the mean of one or more rings of shape (n_s,): signed statistics by
        shift, the estimate's own first; NaN where a window has left its ring.
    seed
        Seed of the draws.

    Returns
    -------
    ndarray, shape (N, B)
        The identity first; NaN where a window has left its ring.
    """
    sizes = sorted({ring.size for rings in estimates for ring in rings})
    shifts = dict(zip(sizes, shifts_of(sizes, seed), strict=True)) if sizes else {}
    z = np.array(
        [np.mean([ring[shifts[ring.size]] for ring in rings], axis=0) for rings in estimates]
    )
    if not z.size:
        return z
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(z / np.sqrt(np.nanmean(z**2, axis=-1, keepdims=True)))


def page_p(z: FloatArray) -> FloatArray:
    """Return step-down max-T p-values, adjusted for every estimate beside.

    Parameters
    ----------
    z : ndarray, shape (..., N, B)
        Statistics of N estimates under B shifts, the identity first, as ``moved`` returns.

    Returns
    -------
    ndarray, shape (..., N)
        With the estimates in falling order of ``|z(0)|``, the share of shifts whose largest
        ``|z|`` over an estimate and all weaker ones reaches its own, never below that of a
        stronger one. NaN where an estimate has no statistic.

    References
    ----------
    Westfall and Young (1993), *Resampling-Based Multiple Testing*, algorithm 2.8.
    """
    size = np.abs(z)
    own = size[..., 0]
    ranked = np.where(np.isfinite(own)[..., None], np.nan_to_num(size, nan=0.0), 0.0)
    order = np.argsort(-np.nan_to_num(own, nan=-1.0), axis=-1, kind="stable")
    falling = np.take_along_axis(ranked, order[..., None], axis=-2)
    largest = np.flip(np.maximum.accumulate(np.flip(falling, axis=-2), axis=-2), axis=-2)
    reached = (largest >= falling[..., :1] * (1.0 - TIE)).mean(axis=-1)
    stepped = np.maximum.accumulate(reached, axis=-1)
    out = np.empty_like(stepped)
    np.put_along_axis(out, order, stepped, axis=-1)
    return np.where(np.isfinite(own), out, np.nan)


def page_floor(windows: Sequence[tuple[int, int]], length: int, n: int) -> float:
    """Return about the smallest page p of a one-day move, M/n.

    A one-day move recurs whenever any event day of its series lands on it.

    Parameters
    ----------
    windows
        First and last session of every window of the series on the page.
    length
        Sessions of the estimate's own window; longer windows are not counted.
    n
        Sessions of the series.
    """
    days = {
        day for first, last in windows if last - first < length for day in range(first, last + 1)
    }
    return len(days) / n


def chance_of_one(z: FloatArray, level: float = 0.05) -> float:
    """Return how often a page without effects shows a plain p below ``level``.

    Parameters
    ----------
    z : ndarray, shape (N, B)
        As for ``page_p``.

    Returns
    -------
    float
        Share of the shifts on which some ``|z|`` exceeds its own ring's ``1 - level`` point.
    """
    size = np.nan_to_num(np.abs(z), nan=0.0)
    points = np.quantile(size, 1.0 - level, axis=-1, keepdims=True)
    return float((size > points).any(axis=0).mean())
