"""Tests that count positive abnormal returns, or rank their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import stats

if TYPE_CHECKING:
    from aftershock.arrays import BoolArray, FloatArray


def positive_share(residuals: FloatArray, length: int) -> FloatArray:
    """Return the share of positive rolling CARs in the estimation window.

    Parameters
    ----------
    residuals : ndarray, shape (..., T)
        Abnormal returns of the estimation window, oldest first; NaN where missing.
    length
        Sessions of the event window.

    Returns
    -------
    ndarray, shape (...)
        Share of the overlapping sums of ``length`` sessions without a missing one that are
        above 0; NaN where there is none. With skewed returns the share for one day does not
        fit a longer window.
    """
    known = np.isfinite(residuals)
    sums = _rolling(np.where(known, residuals, 0.0), length)
    whole = _rolling(known, length) == length
    with np.errstate(invalid="ignore"):
        return np.asarray((whole & (sums > 0)).sum(axis=-1) / whole.sum(axis=-1))


def _rolling(values: FloatArray | BoolArray, length: int) -> FloatArray:
    """Return the sums of ``length`` neighbours, shape (..., max(T - length + 1, 0)).

    Every sum is made of its own terms: differences of a running total lose digits.
    """
    if values.shape[-1] < length:
        return np.zeros((*values.shape[:-1], 0))
    return np.asarray(sliding_window_view(values, length, axis=-1).sum(axis=-1))


def binomial_p(car: FloatArray, share: FloatArray | float) -> FloatArray:
    """Return the exact two-sided p-value of the number of positive CARs.

    Parameters
    ----------
    car : ndarray, shape (..., N)
        CARs of N events; exactly 0 counts as not positive.
    share : ndarray, shape (...), or float
        Probability of a positive one under the null.

    Returns
    -------
    ndarray, shape (...)
        Twice the smaller tail of the binomial distribution, at most 1. With few events the
        normal approximation of the sign statistics rejects too often: five of five at even
        odds have p = 0.0625, the approximation says 0.025.
    """
    n, positive = car.shape[-1], (car > 0).sum(axis=-1)
    lower = stats.binom.cdf(positive, n, share)
    upper = stats.binom.sf(positive - 1, n, share)
    return np.asarray(np.minimum(2.0 * np.minimum(lower, upper), 1.0))


def sign(car: FloatArray) -> FloatArray:
    """Return the sign statistic against even odds.

    Parameters
    ----------
    car : ndarray, shape (..., N)
        CARs of N events; exactly 0 counts as not positive.

    Returns
    -------
    ndarray, shape (...)
        ``(w - N/2) / (sqrt(N)/2)`` with w the number of positive CARs, under the null that
        positive and negative are equally likely, which skewed returns are not; its p-value is
        ``binomial_p`` at 1/2.
    """
    n = car.shape[-1]
    return np.asarray(((car > 0).sum(axis=-1) - n / 2) / (np.sqrt(n) / 2))


def generalised_sign(car: FloatArray, share: FloatArray) -> FloatArray:
    """Return the generalised sign statistic.

    Parameters
    ----------
    car : ndarray, shape (..., N)
        CARs of N events; exactly 0 counts as not positive.
    share : ndarray, shape (..., N)
        Each event's own share of positive CARs without an event, see ``positive_share``.

    Returns
    -------
    ndarray, shape (...)
        ``(w - N p) / sqrt(N p (1 - p))`` with w the number of positive CARs and p the mean
        share; NaN where p is 0 or 1. Its p-value is ``binomial_p`` at p.

    References
    ----------
    Cowan (1992), *Review of Quantitative Finance and Accounting* 2(4).
    """
    n = car.shape[-1]
    p = share.mean(axis=-1)
    positive = (car > 0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((positive - n * p) / np.sqrt(n * p * (1.0 - p)))


def wilcoxon(car: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the signed-rank sum of the positive CARs and its two-sided p-value.

    Parameters
    ----------
    car : ndarray, shape (..., N)
        CARs of N >= 1 events; exact zeros are dropped, ties share their rank.

    Returns
    -------
    statistic, p_value : ndarray, shape (...)
        W+, and the p-value under symmetry around 0: exact for up to 50 events without ties,
        normal beyond (scipy). NaN where every CAR is 0.

    References
    ----------
    Wilcoxon (1945), *Biometrics Bulletin* 1(6).
    """
    n = car.shape[-1]
    zeros = (car == 0).sum(axis=-1, keepdims=True)  # they rank lowest
    magnitude = stats.rankdata(np.abs(car), axis=-1) - zeros
    w = np.where(car > 0, magnitude, 0.0).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = stats.wilcoxon(car, axis=-1).pvalue if n else np.full(w.shape, np.nan)
    return np.asarray(w), np.asarray(p)
