"""Tests on CARs divided by their own standard errors.

Every standard error is the square root of the full prediction-error variance, so a short
estimation window or a long event window costs no size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aftershock.study.inference.cross_section import cross_sectional_t

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray


def patell(scar: FloatArray, dof: FloatArray) -> FloatArray:
    r"""Return Patell's z.

    Parameters
    ----------
    scar : ndarray, shape (..., N)
        CARs over their own standard errors.
    dof : ndarray, shape (..., N) or (N,)
        Residual degrees of freedom of each estimation, above 2.

    Returns
    -------
    ndarray, shape (...)
        :math:`\sum SCAR_i / \sqrt{\sum d_i/(d_i-2)}`, standard normal under the null if the
        event leaves the variance alone and the events are independent.

    References
    ----------
    Patell (1976), *Journal of Accounting Research* 14(2).
    """
    variance = np.broadcast_to(dof / (dof - 2.0), scar.shape)
    return np.asarray(scar.sum(axis=-1) / np.sqrt(variance.sum(axis=-1)))


def bmp(scar: FloatArray) -> FloatArray:
    """Return the standardised cross-sectional statistic of Boehmer, Musumeci and Poulsen.

    Parameters
    ----------
    scar : ndarray, shape (..., N)
        CARs over their own standard errors, of N >= 2 events.

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


def kolari_pynnonen(scar: FloatArray, r: FloatArray | float) -> FloatArray:
    r"""Return BMP corrected for cross-correlation.

    Parameters
    ----------
    scar : ndarray, shape (..., N)
        CARs over their own standard errors.
    r : ndarray, shape (...), or float
        Average correlation of the events' CARs, see ``mean_correlation``.

    Returns
    -------
    ndarray, shape (...)
        :math:`BMP \sqrt{(1-r)/(1+(N-1)r)}`, Student's t with N - 1; NaN where
        :math:`1+(N-1)r \le 0`.

    References
    ----------
    Kolari and Pynnonen (2010), *Review of Financial Studies* 23(11).
    """
    n = scar.shape[-1]
    r = np.asarray(r)
    spread = 1.0 + (n - 1) * r
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where((spread > 0) & (r < 1), np.sqrt((1.0 - r) / spread), np.nan)
        return np.asarray(bmp(scar) * factor)


def mean_correlation(
    residuals: FloatArray, days: IntArray, window_days: IntArray, firm: IntArray
) -> FloatArray:
    """Return the average correlation of N events' CARs, aligned on the calendar.

    Parameters
    ----------
    residuals : ndarray, shape (..., N, T)
        Estimation residuals; NaN where missing.
    days : ndarray, shape (N, T)
        Calendar row of each residual; -1 where missing.
    window_days : ndarray, shape (N, L)
        Calendar rows of each event window.
    firm : ndarray, shape (N,)
        Which stock; two events of one stock have residual correlation 1.

    Returns
    -------
    ndarray, shape (...)
        Mean over pairs of the correlation of the residuals on common calendar days, times
        the share of the window's sessions that the two windows have in common. Windows that
        do not overlap contribute 0, whatever their residuals did in the past; so does a pair
        with fewer than three common days.

    Notes
    -----
    Without the overlap factor the test loses its power where event dates are spread.
    """
    n, length = window_days.shape
    total = np.zeros(residuals.shape[:-2])
    for i in range(n):
        for j in range(i + 1, n):
            overlap = np.intersect1d(window_days[i], window_days[j]).size / length
            if overlap:
                total = total + overlap * _pair(residuals, days, firm, i, j)
    return np.asarray(total / (n * (n - 1) / 2))


_FEWEST_COMMON = 3


def _pair(residuals: FloatArray, days: IntArray, firm: IntArray, i: int, j: int) -> FloatArray:
    """Return the correlation of two events' residuals on the days they share, shape (...)."""
    if firm[i] == firm[j]:
        return np.ones(residuals.shape[:-2])
    _, at, to = np.intersect1d(days[i], days[j], return_indices=True)
    known = days[i][at] >= 0
    at, to = at[known], to[known]
    if at.size < _FEWEST_COMMON:
        return np.zeros(residuals.shape[:-2])
    a, b = residuals[..., i, at], residuals[..., j, to]
    a, b = a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = (a * b).sum(-1) / np.sqrt((a**2).sum(-1) * (b**2).sum(-1))
    return np.asarray(np.nan_to_num(rho))
