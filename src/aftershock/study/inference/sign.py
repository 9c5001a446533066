"""Tests that count positive abnormal returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray


def positive_share(residuals: FloatArray, length: int) -> FloatArray:
    """Return the share of positive rolling CARs in the estimation window.

    Parameters
    ----------
    residuals : ndarray, shape (..., T)
        Abnormal returns of the estimation window, oldest first.
    length
        Sessions of the event window, 1 <= length <= T.

    Returns
    -------
    ndarray, shape (...)
        Share of the T - length + 1 overlapping sums that are above 0. With skewed returns
        the share for one day does not fit a longer window.
    """
    padded = np.concatenate([np.zeros((*residuals.shape[:-1], 1)), residuals.cumsum(axis=-1)], -1)
    sums = padded[..., length:] - padded[..., :-length]
    return np.asarray((sums > 0).mean(axis=-1))


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
        share; standard normal under the null. NaN where p is 0 or 1.

    References
    ----------
    Cowan (1992), *Review of Quantitative Finance and Accounting* 2(4).
    """
    n = car.shape[-1]
    p = share.mean(axis=-1)
    positive = (car > 0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((positive - n * p) / np.sqrt(n * p * (1.0 - p)))
