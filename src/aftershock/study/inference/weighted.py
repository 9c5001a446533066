"""The weighted mean of CARs, with a standard error that knows its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class WeightedMean:
    """A weighted mean and what it is judged by.

    Attributes
    ----------
    mean, se : ndarray, shape (...)
        Weighted mean and its standard error, decimals; the latter NaN for one event.
    dof : ndarray, shape (...)
        Satterthwaite's degrees of freedom of ``se``.
    n_effective : ndarray, shape (...)
        Events of equal weight that would average as well, ``1/sum w^2``.
    """

    mean: FloatArray
    se: FloatArray
    dof: FloatArray
    n_effective: FloatArray

    @property
    def t(self) -> FloatArray:
        """Mean over its standard error, shape (...); infinite or NaN where nothing varies."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.mean / self.se)


def weighted_mean(car: FloatArray, weights: FloatArray, variance: FloatArray) -> WeightedMean:
    r"""Return the weighted mean of independent CARs.

    Parameters
    ----------
    car : ndarray, shape (..., N)
        CARs of N events.
    weights : ndarray, shape (..., N)
        Above 0, in any unit; known before the window.
    variance : ndarray, shape (..., N)
        Variances the CARs are thought to have, up to a factor: ones, or ``1/weights`` for
        weights that are precisions. The standard error is unbiased where they are right, and
        robust to their being wrong.

    Notes
    -----
    With :math:`\sum w = 1` and :math:`e_i = CAR_i - \sum_j w_j CAR_j`,
    :math:`se^2 = \sum w_i^2 e_i^2 / d_i`, where
    :math:`d_i = 1 - 2 w_i + \sum_j w_j^2 v_j / v_i` is what :math:`E e_i^2` is of the event's
    own variance. So White's heteroskedasticity-robust variance of a weighted regression on a
    constant, made unbiased under the working variances: HC2 where ``variance`` is
    ``1/weights``. The degrees of freedom match the mean and the variance of :math:`se^2`
    under them. Equal weights give the cross-sectional t with N - 1.

    References
    ----------
    White (1980), *Econometrica* 48(4); MacKinnon and White (1985), *Journal of Econometrics*
    29(3); Bell and McCaffrey (2002), *Survey Methodology* 28(2), and Pustejovsky and Tipton
    (2018), *Journal of Business & Economic Statistics* 36(4), for the working variances and
    the degrees of freedom; Kish (1965), *Survey Sampling*, for the effective n.
    """
    w = weights / weights.sum(axis=-1, keepdims=True)
    v = np.broadcast_to(variance, w.shape)
    mean = (w * car).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        d = 1.0 - 2.0 * w + (w**2 * v).sum(axis=-1, keepdims=True) / v
        a = w**2 / d
        se = np.sqrt((a * (car - mean[..., None]) ** 2).sum(axis=-1))
        dof = _satterthwaite(a, w, v)
    few = w.shape[-1] < 2  # noqa: PLR2004 - one event has no spread
    nothing = np.full(mean.shape, np.nan)
    return WeightedMean(
        mean, nothing if few else se, nothing if few else dof, 1.0 / (w**2).sum(axis=-1)
    )


def _satterthwaite(a: FloatArray, w: FloatArray, v: FloatArray) -> FloatArray:
    """Return the degrees of freedom of ``sum a e^2`` for independent variances v, shape (...).

    With C the covariance of e, those are ``(sum a_i C_ii)^2 / sum a_i a_j C_ij^2``.
    """
    common = (w**2 * v).sum(axis=-1)[..., None, None]
    wv = w * v
    cov = common - wv[..., :, None] - wv[..., None, :]
    own = np.arange(w.shape[-1])
    cov[..., own, own] += v
    trace = (a * cov[..., own, own]).sum(axis=-1)
    return np.asarray(trace**2 / np.einsum("...i,...ij,...j->...", a, cov**2, a))
