"""Tests that judge the mean abnormal return by its spread across events."""

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


def bmp(scar: FloatArray) -> FloatArray:
    """Return the standardised cross-sectional statistic of Boehmer, Musumeci and Poulsen.

    Parameters
    ----------
    scar : ndarray, shape (..., N)
        CARs over their own standard errors, prediction error included, of N >= 2 events.

    Returns
    -------
    ndarray, shape (...)
        ``mean(scar) / (sd(scar) / sqrt(N))``, Student's t with N - 1 degrees of freedom
        under the null, whatever the event does to the variance.

    References
    ----------
    Boehmer, Musumeci and Poulsen (1991), *Journal of Financial Economics* 30(2).
    """
    return cross_sectional_t(scar)
