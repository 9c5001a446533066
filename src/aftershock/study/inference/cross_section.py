"""Tests that judge the mean abnormal return by its spread across events.

NaN contract: the CARs are those of events whose whole window has returns; nothing here skips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray


def cross_sectional_t(car: FloatArray) -> FloatArray:
    """Return the t statistic of the mean CAR.

    Parameters
    ----------
    car : ndarray, shape (..., N)
        CARs of N >= 2 events, decimals; leading axes are replicates.

    Returns
    -------
    ndarray, shape (...)
        Student's t with N - 1 degrees of freedom under the null of a zero mean; infinite or
        NaN where the CARs do not vary.

    References
    ----------
    Brown and Warner (1985), *Journal of Financial Economics* 14(1).
    """
    n = car.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(car.mean(axis=-1) / (car.std(axis=-1, ddof=1) / np.sqrt(n)))


def skewness_adjusted_t(car: FloatArray) -> FloatArray:
    r"""Return the t statistic of the mean CAR, corrected for skewness.

    Parameters
    ----------
    car : ndarray, shape (..., N)
        CARs of N >= 3 events.

    Returns
    -------
    ndarray, shape (...)
        :math:`\sqrt N (S + g S^2/3 + g^2 S^3/27 + g/(6N))` with S the mean over the standard
        deviation (N - 1) and g the sample skewness; judged against Student's t with N - 1.

    References
    ----------
    Hall (1992), *Journal of the Royal Statistical Society B* 54(1), the monotone
    transformation; Lyon, Barber and Tsai (1999), *Journal of Finance* 54(1).
    """
    n = car.shape[-1]
    mean = car.mean(axis=-1)
    sd = car.std(axis=-1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = mean / sd
        third = ((car - mean[..., None]) ** 3).sum(axis=-1)
        g = n / ((n - 1) * (n - 2)) * third / sd**3
        return np.asarray(np.sqrt(n) * (s + g * s**2 / 3 + g**2 * s**3 / 27 + g / (6 * n)))


def crude_dependence(window_aar: FloatArray, estimation_aar: FloatArray) -> FloatArray:
    """Return the t statistic of a portfolio's CAAR by the spread of its own past.

    Parameters
    ----------
    window_aar : ndarray, shape (..., L)
        Average abnormal returns over the window.
    estimation_aar : ndarray, shape (..., T)
        Average abnormal returns of the same events over the estimation window, on the same
        sessions.

    Returns
    -------
    ndarray, shape (...)
        ``sum(window) / (sd(estimation) sqrt(L))``, Student's t with T - 1 degrees of freedom
        under the null. Cross-correlation is in the portfolio's own spread; the coefficients'
        estimation error is not.

    References
    ----------
    Brown and Warner (1980), *Journal of Financial Economics* 8(3), crude dependence
    adjustment; (1985), 14(1).
    """
    length = window_aar.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = estimation_aar.std(axis=-1, ddof=1)
        return np.asarray(window_aar.sum(axis=-1) / (sd * np.sqrt(length)))
