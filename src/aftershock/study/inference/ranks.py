"""Tests on the rank of the event days among all days of each event.

Ranks run over the estimation window and the whole event window together, ties share their
average rank, and a missing day has none. U = rank/(1 + M) - 1/2 with M the event's own number
of days, so that U has mean 0 under the null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray


def rank_scores(values: FloatArray) -> FloatArray:
    """Return U, shape (..., M); NaN where a value is missing."""
    if np.isnan(values).any():
        ranks = stats.rankdata(values, axis=-1, nan_policy="omit")
        ranks = np.where(np.isnan(values), np.nan, ranks)
    else:
        ranks = stats.rankdata(values, axis=-1)
    counts = np.isfinite(values).sum(axis=-1, keepdims=True)
    return np.asarray(ranks / (1.0 + counts) - 0.5)


def corrado(estimation: FloatArray, event: FloatArray, window: slice) -> FloatArray:
    r"""Return the rank statistic cumulated over a window.

    Parameters
    ----------
    estimation : ndarray, shape (..., N, T)
        Abnormal returns of the estimation window; NaN where missing.
    event : ndarray, shape (..., N, W)
        Abnormal returns of the whole event window; NaN where missing.
    window
        The days of ``event`` to test, L of them.

    Returns
    -------
    ndarray, shape (...)
        :math:`\sum_{t \in w} \bar U_t / (\sqrt L\, S_U)`, with
        :math:`\bar U_t = N_t^{-1/2} \sum_i U_{it}` over the events that have day t and
        :math:`S_U^2` the mean of :math:`\bar U_t^2` over all days. Standard normal under the
        null; what clustering does to :math:`\bar U_t` is in :math:`S_U`.

    References
    ----------
    Corrado (1989), *Journal of Financial Economics* 23(2); Cowan (1992) for windows; Corrado
    and Zivney (1992) for missing days.
    """
    scores = rank_scores(np.concatenate([estimation, event], axis=-1))
    return _cumulated(scores, estimation.shape[-1], window)


def corrado_zivney(
    estimation: FloatArray, event: FloatArray, event_se: FloatArray, window: slice
) -> FloatArray:
    """Return the rank statistic on standardised abnormal returns.

    Parameters
    ----------
    estimation : ndarray, shape (..., N, T)
        Abnormal returns of the estimation window over their own standard deviations.
    event : ndarray, shape (..., N, W)
        Abnormal returns of the event window.
    event_se : ndarray, shape (..., N, W)
        Their standard errors, prediction error included.
    window
        The days of ``event`` to test.

    Returns
    -------
    ndarray, shape (...)
        As ``corrado``, after dividing each event day's standardised abnormal returns by
        their spread across events, so that a higher variance on the event day does not look
        like extreme ranks. A day that fewer than two events have has no spread and no rank.

    References
    ----------
    Corrado and Zivney (1992), *Journal of Financial and Quantitative Analysis* 27(3).
    """
    standardised = event / event_se
    scores = rank_scores(
        np.concatenate([estimation, standardised / _spread(standardised)], axis=-1)
    )
    return _cumulated(scores, estimation.shape[-1], window)


def _spread(values: FloatArray) -> FloatArray:
    """Return each day's standard deviation across the events that have it, shape (..., 1, W)."""
    known = np.isfinite(values)
    counts = known.sum(axis=-2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(values, axis=-2, keepdims=True) / counts
        squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=-2, keepdims=True)
        return np.asarray(np.sqrt(squares / np.where(counts > 1, counts - 1, np.nan)))


def grank_t(estimation: FloatArray, scar: FloatArray) -> tuple[FloatArray, int]:
    r"""Return the generalised rank statistic and its degrees of freedom.

    Parameters
    ----------
    estimation : ndarray, shape (..., N, T)
        Abnormal returns of the estimation window over their own standard deviations.
    scar : ndarray, shape (..., N)
        CARs over their own standard errors.

    Returns
    -------
    statistic : ndarray, shape (...)
        The window counts as one more day, whose value is SCAR over the standard deviation of
        the SCARs. With U over the T' = T + 1 points, T the days that any event has, and
        :math:`Z = \bar U_0 / S_{\bar U}` the statistic is
        :math:`Z \sqrt{(T'-2)/(T'-1-Z^2)}`, Student's t with T' - 2.
    dof
        T' - 2.

    References
    ----------
    Kolari and Pynnonen (2011), *Journal of Empirical Finance* 18(5).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        day = scar / scar.std(axis=-1, ddof=1, keepdims=True)
    scores = rank_scores(np.concatenate([estimation, day[..., None]], axis=-1))
    known = np.isfinite(scores).sum(axis=-2)
    n = scores.shape[-2]
    mean = np.nansum(scores, axis=-2) / np.maximum(known, 1)
    points = int((known.reshape(-1, known.shape[-1]) > 0).any(axis=0).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt((known / n * mean**2).sum(axis=-1) / points)
        z = mean[..., -1] / spread
        return np.asarray(z * np.sqrt((points - 2) / (points - 1 - z**2))), points - 2


def _cumulated(scores: FloatArray, t: int, window: slice) -> FloatArray:
    known = np.isfinite(scores).sum(axis=-2)
    days = np.nansum(scores, axis=-2) / np.sqrt(np.maximum(known, 1))
    counted = known > 0
    spread = np.sqrt((days**2).sum(axis=-1) / np.maximum(counted.sum(axis=-1), 1))
    tested = days[..., t:][..., window]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(tested.sum(axis=-1) / (np.sqrt(tested.shape[-1]) * spread))
