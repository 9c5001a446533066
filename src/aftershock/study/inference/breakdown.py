"""One event whose day may simply have been wilder: what its own window can say of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray

ROBUST = 4.0  # a window four times as variable, its spread doubled, would still stand out
FEWEST_DAYS = 5  # of a window whose own spread is used


def breakdown_multiple(
    car: FloatArray, s: FloatArray, length: int, h: FloatArray, dof: FloatArray
) -> FloatArray:
    r"""Return by how much the event would have to multiply the variance to explain the CAR.

    Parameters
    ----------
    car, s, h, dof : ndarray, shape (...)
        CAR; residual standard deviation and degrees of freedom of the estimation;
        ``1'X_w (X'X)^-1 X_w'1`` of the window.
    length
        Sessions of the window, L.

    Returns
    -------
    ndarray, shape (...)
        :math:`(CAR^2 / (s\,t_{.975})^2 - h) / L`: 1 for a CAR on the 5 % line. A placebo, a
        rank or a t says that a window is unlike others, not that its mean moved; below this
        multiple it does not even say that.
    """
    return np.asarray((car**2 / (s * stats.t.ppf(0.975, dof)) ** 2 - h) / length)


def own_window_t(ar: FloatArray, s: FloatArray, h: FloatArray) -> tuple[FloatArray, int]:
    r"""Return the t of a CAR by the spread of its own window, and its degrees of freedom.

    Parameters
    ----------
    ar : ndarray, shape (..., L)
        Abnormal returns of the window, L >= 5.
    s, h : ndarray, shape (...)
        As for ``breakdown_multiple``.

    Returns
    -------
    t : ndarray, shape (...)
        :math:`CAR / \sqrt{L v + s^2 h}` with v the window's own sample variance.
    dof
        L - 1.

    Notes
    -----
    Right where the variance changes inside the window, somewhat liberal under skewness (7 %);
    it sees drifts, never a single day.

    References
    ----------
    Bakirov and Szekely (2005); Ibragimov and Muller (2010), *Journal of Business and Economic
    Statistics* 28(4).
    """
    length = ar.shape[-1]
    spread = np.sqrt(length * ar.var(axis=-1, ddof=1) + np.asarray(s) ** 2 * h)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(ar.sum(axis=-1) / spread), length - 1
