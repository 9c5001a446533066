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
    residuals: FloatArray,
    days: IntArray,
    window_days: IntArray,
    firm: IntArray,
    *,
    apart: bool = False,
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
    apart
        Count pairs on different dates only, 0 for all others.

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
    overlap = _on_calendar(window_days, np.ones(window_days.shape))
    overlap = overlap @ overlap.T / length
    if apart:
        overlap = np.where(np.equal.outer(window_days[:, 0], window_days[:, 0]), 0.0, overlap)
    pairs = np.triu_indices(n, 1)
    if not overlap[pairs].any():
        return np.zeros(residuals.shape[:-2])
    rho = np.where(firm[:, None] == firm, 1.0, _correlations(residuals, days))
    return np.asarray((overlap * rho)[..., pairs[0], pairs[1]].mean(axis=-1))


_FEWEST_COMMON = 3


def _correlations(residuals: FloatArray, days: IntArray) -> FloatArray:
    """Return the correlation of every two events on the days both have, shape (..., N, N)."""
    there = (days >= 0) & np.isfinite(residuals).all(axis=tuple(range(residuals.ndim - 2)))
    known = np.where(there, days, -1)
    z = _on_calendar(known, np.where(there, residuals, 0.0))
    mask = _on_calendar(known, there.astype(float))
    common = mask @ mask.T
    with np.errstate(invalid="ignore", divide="ignore"):
        sums = z @ mask.T  # of i over the days it shares with j
        products = z @ np.swapaxes(z, -1, -2) - sums * np.swapaxes(sums, -1, -2) / common
        squares = z**2 @ mask.T - sums**2 / common
        rho = products / np.sqrt(squares * np.swapaxes(squares, -1, -2))
    return np.where(common >= _FEWEST_COMMON, np.nan_to_num(rho), 0.0)


def _on_calendar(days: IntArray, values: FloatArray) -> FloatArray:
    """Return the values in one column per day, 0 where there is none; day -1 is left out.

    Shapes (N, T) and (..., N, T) give (..., N, D).
    """
    present, at = np.unique(days, return_inverse=True)
    out = np.zeros((*values.shape[:-1], present.size))
    np.put_along_axis(out, np.broadcast_to(at.reshape(days.shape), values.shape), values, axis=-1)
    return out[..., present >= 0]
