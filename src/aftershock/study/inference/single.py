"""Tests of one firm on one day, where no cross-section exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray


def sq_p(
    residuals: FloatArray, leverage: FloatArray, ar: FloatArray | float, h: FloatArray | float
) -> FloatArray:
    r"""Return the p-value of Gelbach, Helland and Klick's SQ test in its rank form.

    Parameters
    ----------
    residuals : ndarray, shape (..., T)
        Estimation residuals.
    leverage : ndarray, shape (..., T)
        Their leverages.
    ar : ndarray, shape (...)
        Abnormal return of the day.
    h : ndarray, shape (...)
        The day's own ``x'(X'X)^-1 x``.

    Returns
    -------
    ndarray, shape (...)
        :math:`(1 + \#\{|e_j|/\sqrt{1-h_j} \ge |AR|/\sqrt{1+h_0}\})/(T+1)`; never below
        1/(T+1). It assumes nothing about the shape of the errors, and that the event changes
        the mean and not the variance.

    References
    ----------
    Gelbach, Helland and Klick (2013), *American Law and Economics Review* 15(2).
    """
    own = np.abs(residuals) / np.sqrt(1.0 - leverage)
    day = np.abs(np.asarray(ar)) / np.sqrt(1.0 + np.asarray(h))
    beyond = (own >= day[..., None]).sum(axis=-1)
    return np.asarray((1.0 + beyond) / (residuals.shape[-1] + 1.0))


def placebo_p(statistic: FloatArray | float, placebos: FloatArray) -> FloatArray:
    """Return the share of placebo statistics at least as far from 0, the event's counted in.

    Parameters
    ----------
    statistic : ndarray, shape (...)
        The event's statistic.
    placebos : ndarray, shape (..., m)
        The same statistic where nothing happened; NaN is not counted.

    Returns
    -------
    ndarray, shape (...)
        ``(1 + #) / (m + 1)``; never below 1/(m + 1).
    """
    known = np.isfinite(placebos)
    own = np.abs(np.asarray(statistic))[..., None]
    with np.errstate(invalid="ignore"):
        beyond = (known & (np.abs(placebos) >= own)).sum(axis=-1)
    return np.asarray((1.0 + beyond) / (known.sum(axis=-1) + 1.0))
