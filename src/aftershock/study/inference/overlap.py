r"""Tests of a mean whose events' windows share sessions on different dates.

Tests that take events as independent, or rank days event by event, reject two to eight times
too often here (docs/calibration.md). These look at the sessions themselves: every session of
any window is one observation, whatever the stocks did with one another on it.

References
----------
Jaffe (1974), *Journal of Business* 47(3), and Mandelker (1974), *Journal of Financial
Economics* 1(4), for calendar time; Ibragimov and Muller (2010), *Journal of Business and
Economic Statistics* 28(4), for t over few clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.study.inference.cross_section import cross_sectional_t

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray

DRAWS = 9_999


@dataclass(frozen=True, slots=True)
class Statistic:
    """A t statistic with its degrees of freedom.

    Attributes
    ----------
    t : ndarray, shape (...)
        Infinite or NaN where nothing varies.
    dof
        Degrees of freedom of Student's t.
    """

    t: FloatArray
    dof: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Stocks over the sessions of all events' windows, and over common estimation rows.

    Attributes
    ----------
    returns : ndarray, shape (..., T, S)
        Returns of S stocks on T estimation rows that end before the first event's window.
    regressors : ndarray, shape (T, k)
        The model's right-hand side there.
    window_returns : ndarray, shape (..., D, S)
        Returns on the D sessions that lie in any window.
    window_regressors : ndarray, shape (D, k)
        The right-hand side there.
    weights : ndarray, shape (D, S)
        Events of a stock whose window holds a session, over the N events.
    """

    returns: FloatArray
    regressors: FloatArray
    window_returns: FloatArray
    window_regressors: FloatArray
    weights: FloatArray


@dataclass(frozen=True, slots=True)
class _Fit:
    """Abnormal returns over their standard deviations, shape (..., D, S), and both variances."""

    standard: FloatArray
    residuals: FloatArray
    own: FloatArray
    estimation: FloatArray
    dof: int


def chain_t(scar: FloatArray, chain: IntArray) -> Statistic:
    """Return the t of the sums over chains of events whose windows touch.

    Parameters
    ----------
    scar : ndarray, shape (..., N)
        CARs over their own standard errors.
    chain : ndarray, shape (N,)
        Number of each event's chain, 0 to G - 1.

    Notes
    -----
    Without overlap every event is its own chain and this is BMP. At least three chains.
    """
    groups = int(chain.max()) + 1
    member = np.equal.outer(chain, np.arange(groups)).astype(float)
    return Statistic(cross_sectional_t(scar @ member), groups - 1)


def calendar_day_t(calendar: Calendar) -> Statistic:
    r"""Return the t of the mean by sessions: the portfolio's day returns over their own spread.

    Returns
    -------
    Statistic
        :math:`\sum_d y_d / (f \sqrt{D}\,sd(y))` with D - 1 degrees of freedom;
        :math:`f^2 = 1 + V_e/V_0` carries the estimation error that all days share. Any
        correlation across stocks, any variance by day; it takes days as independent, and does
        not see one-day effects in few events. At least ten days.
    """
    fit = _fit(calendar)
    held = (calendar.weights != 0).any(axis=1)
    y = (fit.standard * calendar.weights).sum(axis=-1)[..., held]
    days = y.shape[-1]
    inflation = np.sqrt(1.0 + fit.estimation / fit.own)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = y.sum(axis=-1) / (inflation * np.sqrt(days) * y.std(axis=-1, ddof=1))
    return Statistic(np.asarray(t), days - 1)


def calendar_covariance_t(calendar: Calendar) -> Statistic:
    """Return the same sum over its spread from the estimation rows, T - k degrees of freedom.

    The strongest of the three, and wrong where the event itself raises the variance.
    """
    fit = _fit(calendar)
    total = (fit.standard * calendar.weights).sum(axis=(-2, -1))
    return Statistic(np.asarray(total / np.sqrt(fit.own + fit.estimation)), fit.dof)


def row_permutation(calendar: Calendar, seed: int, draws: int = DRAWS) -> tuple[float, float]:
    """Return the weighted sum and its p-value when sessions change places, all stocks jointly.

    The null is imposed: one regression over estimation rows and windows together gives the
    residual rows, whose order is drawn anew while the weights stay.

    Returns
    -------
    statistic, p_value
        Sum of the standardised residuals by weight; ``(1 + #) / (B + 1)``, two-sided.
    """
    x = np.concatenate([calendar.regressors, calendar.window_regressors])
    y = np.concatenate([calendar.returns, calendar.window_returns])
    basis = np.linalg.qr(x)[0]
    residuals = y - basis @ (basis.T @ y)
    residuals = residuals / residuals.std(axis=0)
    before, days = len(calendar.regressors), len(calendar.weights)
    own = float((residuals[before:] * calendar.weights).sum())
    rng = np.random.default_rng(seed)
    beyond = 0
    for _ in range(draws):
        rows = rng.choice(len(residuals), days, replace=False)
        beyond += abs(float((residuals[rows] * calendar.weights).sum())) >= abs(own) * (1 - 1e-9)
    return own, (1 + beyond) / (draws + 1)


def _fit(calendar: Calendar) -> _Fit:
    """Fit each stock on the common rows; variances of the weighted sum with unit spreads."""
    x, weights = calendar.regressors, calendar.weights
    basis, triangle = np.linalg.qr(x)
    b = np.linalg.solve(triangle, basis.T @ calendar.returns)
    residuals = calendar.returns - x @ b
    dof = len(x) - x.shape[1]
    spread = np.sqrt((residuals**2).sum(axis=-2, keepdims=True) / dof)
    standard = (calendar.window_returns - calendar.window_regressors @ b) / spread
    unit = residuals / spread
    correlation = np.swapaxes(unit, -1, -2) @ unit / dof
    overlap = weights.T @ weights
    loads = np.linalg.solve(triangle.T, calendar.window_regressors.T @ weights)
    return _Fit(
        standard,
        unit,
        np.asarray((overlap * correlation).sum(axis=(-2, -1))),
        np.asarray(((loads.T @ loads) * correlation).sum(axis=(-2, -1))),
        dof,
    )
