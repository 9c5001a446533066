"""The mean CAR's t by resampling events, with and without the skewness correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aftershock.study.inference.cross_section import cross_sectional_t, skewness_adjusted_t

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.arrays import FloatArray

DRAWS = 999
_ELEMENTS = 200_000


def bootstrap_p(
    car: FloatArray,
    statistic: Callable[[FloatArray], FloatArray],
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> FloatArray:
    """Return the two-sided bootstrap p-value of a statistic of the mean.

    Parameters
    ----------
    car : ndarray, shape (..., N)
        CARs of N events.
    statistic
        Studentised statistic of the last axis.
    rng
        Source of the draws.
    draws
        Resamples.

    Returns
    -------
    ndarray, shape (...)
        Events are drawn with replacement from the CARs less their mean, so that the null
        holds in the resamples; ``(1 + #{|t*| >= |t|}) / (draws + 1)``. A resample without
        variation counts as one that does not exceed.

    References
    ----------
    Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, section 16.4.
    """
    n = car.shape[-1]
    observed = np.abs(statistic(car))
    centred = car - car.mean(axis=-1, keepdims=True)
    beyond = np.zeros(car.shape[:-1])
    together = max(_ELEMENTS // max(car.size, 1), 1)  # resamples to draw at once
    for start in range(0, draws, together):
        pick = rng.integers(0, n, size=(min(together, draws - start), *car.shape))
        drawn = np.abs(statistic(np.take_along_axis(centred[None], pick, axis=-1)))
        beyond += np.where(np.isfinite(drawn), drawn >= observed, False).sum(axis=0)
    return np.asarray((1.0 + beyond) / (draws + 1.0))


def caar_p(car: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the bootstrap p-value of the mean CAR, shape (...)."""
    return bootstrap_p(car, cross_sectional_t, rng)


def bhar_p(bhar: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the bootstrap p-value of the skewness-adjusted t of the mean BHAR, shape (...).

    References
    ----------
    Lyon, Barber and Tsai (1999), *Journal of Finance* 54(1), section II.
    """
    return bootstrap_p(bhar, skewness_adjusted_t, rng)
