r"""The ring: one event's window among the same window at every other place of its history.

The null is imposed: one regression over every reference session, the event's own included,
gives residuals; the series is closed to a ring and the window's sum is ranked among the sums
at all n places. Returns that are exchangeable under the null make the rank uniform, estimation
error included; under serial dependence it is approximate.

References
----------
Chernozhukov, Wuthrich and Zhu (2021), *Journal of the American Statistical Association*
116(536), moving-block permutations with the null imposed on all data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from aftershock.study.models.estimate import EXACT

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray

TIE = 1e-9  # two sums of the same sessions differ by rounding
FEWEST = 20  # reference sessions below which a ring is refused
WINDOWS = 3  # a ring holds at least so many windows
NEIGHBOURS = 20  # sessions on either side that make a session's local scale


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals of one regression over all reference sessions.

    Attributes
    ----------
    u : ndarray, shape (..., n)
        Residuals, decimals.
    basis : ndarray, shape (..., n, k)
        Orthonormal basis of the regressors; the squared length of a sum of its rows is
        ``x'(X'X)^-1 x`` of the same sum of regressors.
    """

    u: FloatArray
    basis: FloatArray


@dataclass(frozen=True, slots=True)
class Ring:
    """A window's statistic at every place of a ring.

    Attributes
    ----------
    z : ndarray, shape (..., n)
        Signed statistics by shift, the event's own window first; NaN where a window has left
        the ring because one of its sessions has no scale.
    length
        Sessions of the window, L.
    """

    z: FloatArray
    length: int

    @property
    def statistic(self) -> FloatArray:
        """The event's own statistic, shape (...)."""
        return np.asarray(self.z[..., 0])

    @property
    def n(self) -> IntArray:
        """Windows in the ring, the event's own among them, shape (...)."""
        return np.asarray(np.isfinite(self.z).sum(axis=-1))

    @property
    def p_value(self) -> FloatArray:
        """Share of the windows at least as far from 0, two-sided, shape (...)."""
        return rank_p(self.z)

    @property
    def floor(self) -> FloatArray:
        """Smallest p there could be, 1/n, shape (...)."""
        return np.asarray(1.0 / np.maximum(self.n, 1))

    @property
    def one_day_floor(self) -> FloatArray:
        """About the smallest p of a move of one day: L windows hold it, shape (...)."""
        return np.asarray(self.length / np.maximum(self.n, 1))


def rank_p(z: FloatArray) -> FloatArray:
    """Return the share of statistics at least as far from 0 as the first, shape (...).

    Parameters
    ----------
    z : ndarray, shape (..., n)
        The event's statistic, then the others'; NaN is not counted.

    Returns
    -------
    ndarray, shape (...)
        The first counts itself, so never below 1/n; ties count; NaN where the first is.
    """
    size = np.abs(z)
    own = size[..., :1] * (1.0 - TIE)
    with np.errstate(invalid="ignore"):
        beyond = (size >= own).sum(axis=-1)
    counted = np.maximum(np.isfinite(z).sum(axis=-1), 1)
    return np.where(np.isfinite(z[..., 0]), beyond / counted, np.nan)


def null_residuals(y: FloatArray, x: FloatArray) -> Residuals:
    """Return the residuals of ``y`` on ``x`` over all reference sessions.

    Parameters
    ----------
    y : ndarray, shape (..., n)
        Returns less the model's fixed part.
    x : ndarray, shape (n, k) or (..., n, k)
        Identified regressors; with k = 0 nothing is fitted and the residuals are ``y``.
    """
    if x.shape[-1] == 0:
        return Residuals(y, np.zeros((*y.shape, 0)))
    basis = np.linalg.qr(x)[0]
    u = y - (basis @ (np.swapaxes(basis, -1, -2) @ y[..., None]))[..., 0]
    return Residuals(u, np.broadcast_to(basis, (*y.shape, x.shape[-1])))


def around(values: FloatArray, length: int) -> FloatArray:
    """Return the sum of ``length`` values from each place on, round the ring, shape (..., n).

    Every sum is made of its own terms: differences of a running total lose digits.
    """
    wrapped = np.concatenate([values, values[..., : length - 1]], axis=-1)
    return np.asarray(sliding_window_view(wrapped, length, axis=-1).sum(axis=-1))


def local_scale(u: FloatArray, length: int) -> FloatArray:
    """Return the mean size of the residuals some way off each session, shape (..., n).

    Parameters
    ----------
    u : ndarray, shape (..., n)
        Residuals.
    length
        Sessions of the window: those nearer than this are left out, so that no session of a
        window scales another one of it.

    Returns
    -------
    ndarray, shape (..., n)
        Mean ``|u|`` of up to 20 sessions on either side at a distance of L to L + 19, one-
        sided at the ends of the history and never round the ring; NaN where there is none.
    """
    size = np.abs(u)
    total = _beside(size, length)
    count = _beside(np.ones(u.shape[-1]), length)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / count)


def _beside(values: FloatArray, length: int) -> FloatArray:
    """Return the sum of the values at a distance of L to L + 19 on both sides."""
    n, reach = values.shape[-1], length + NEIGHBOURS - 1
    edge = np.zeros((*values.shape[:-1], reach))
    sums = sliding_window_view(
        np.concatenate([edge, values, edge], axis=-1), NEIGHBOURS, axis=-1
    ).sum(axis=-1)
    return np.asarray(sums[..., :n] + sums[..., reach + length : reach + length + n])


def scaled_sums(u: FloatArray, length: int) -> FloatArray:
    """Return each window's sum of locally scaled residuals over the root of L, shape (..., n).

    A window that holds a session whose scale is 0 or missing has none.
    """
    scale = local_scale(u, length)
    scale = np.where(scale > EXACT, scale, np.nan)
    return np.asarray(around(u / scale, length) / np.sqrt(length))


def scaled_ring(residuals: Residuals, start: int, length: int) -> Ring:
    """Return the locally scaled ring: a history that calms down is compared with its own day.

    Parameters
    ----------
    residuals
        Over the n reference sessions.
    start
        Place of the window's first session among them.
    length
        Sessions of the window.

    Notes
    -----
    With a spread that falls from 12 to 5 % the unscaled ring rejects 10 to 13 % at 5 % for an
    event early in the history and 1 % at its end; see docs/calibration.md.
    """
    z = scaled_sums(residuals.u, length)
    return Ring(np.roll(z, -start, axis=-1), length)


def unscaled_ring(residuals: Residuals, start: int, length: int) -> Ring:
    """Return the ring of ``sum u / sqrt(L - h)``: it ranks as the t of the window's dummy does.

    Parameters
    ----------
    residuals, start, length
        As for ``scaled_ring``. Residuals that are all rounding have no ring.
    """
    h = (np.moveaxis(around(np.moveaxis(residuals.basis, -1, 0), length), 0, -1) ** 2).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = around(residuals.u, length) / np.sqrt(length - h)
    varies = np.abs(residuals.u).max(axis=-1, keepdims=True) > EXACT
    return Ring(np.roll(np.where(varies, z, np.nan), -start, axis=-1), length)


def too_short(n: int, length: int) -> str:
    """Return why n reference sessions make no ring of windows of L, empty where they do."""
    least = max(FEWEST, WINDOWS * length)
    if n >= least:
        return ""
    return f"{n} reference sessions, at least {least} are needed for windows of {length}"
