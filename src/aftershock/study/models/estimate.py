"""A fitted model, and the one regression behind the linear ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.errors import StudyError

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray

ALPHA = "alpha"
EXACT = 1e-10  # a residual standard deviation below this is rounding

Derived = tuple[tuple[str, float], ...]  # further figures of a model by name


class NotEstimable(StudyError):  # noqa: N818 - a reason for exclusion more than an error
    """One event's estimation window cannot carry the model; the event is excluded for it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A model fitted on the estimation window and carried into the event window.

    Attributes
    ----------
    names, coefficients
        k names and values, shape (k,).
    sigma
        Residual standard deviation, decimal per session.
    r2
        Share of the variance explained, NaN where nothing is estimated.
    dof
        Residual degrees of freedom, T - k.
    residuals : ndarray, shape (T,)
        Of the estimation window.
    leverage : ndarray, shape (T,)
        Diagonal of the hat matrix; 0 where nothing is estimated.
    expected : ndarray, shape (W,)
        Normal return on each session of the event window.
    covariance : ndarray, shape (W, W)
        Of the prediction errors: s^2 (I + X_w (X'X)^-1 X_w') for a linear model.
    derived
        Further figures of the model by name, for the table of estimates.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    sigma: float
    r2: float
    dof: int
    residuals: FloatArray
    leverage: FloatArray
    expected: FloatArray
    covariance: FloatArray
    derived: Derived = ()

    @property
    def alpha(self) -> float:
        """The constant, 0 where the model has none."""
        return float(self.coefficients[self.names.index(ALPHA)]) if ALPHA in self.names else 0.0

    @property
    def standardised(self) -> FloatArray:
        """Residuals over their own standard deviations, shape (T,)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.residuals / (self.sigma * np.sqrt(1.0 - self.leverage))


def least_squares(
    names: tuple[str, ...],
    y: FloatArray,
    x: FloatArray,
    fixed: FloatArray,
    x_window: FloatArray,
    *,
    spans: tuple[FloatArray, FloatArray] | None = None,
) -> Estimate:
    r"""Ordinary least squares with the full covariance of its prediction errors.

    Parameters
    ----------
    names
        The k coefficients.
    y : ndarray, shape (T,)
        Returns of the estimation window less the fixed part, finite.
    x : ndarray, shape (T, k)
        Regressors of the estimation window; k may be 0.
    fixed : ndarray, shape (W,)
        The fixed part over the event window.
    x_window : ndarray, shape (W, k)
        Regressors of the event window; NaN rows predict NaN.
    spans : pair of ndarray, shapes (T,) and (W,)
        Sessions each return runs over; rows are weighted by 1 over their root, and the
        variance of a predicted row is its span times s^2.

    Raises
    ------
    NotEstimable
        T <= k, or the regressors do not vary, so that the coefficients are not identified.

    Notes
    -----
    With :math:`s^2 = e'e / (T-k)` the prediction errors of the event window have covariance
    :math:`s^2 (I + X_w (X'X)^{-1} X_w')`, because every day of the window uses the same
    estimated coefficients. Without regressors :math:`s^2 = \sum e^2 / T`.

    References
    ----------
    Patell (1976), *Journal of Accounting Research* 14(2); Campbell, Lo and MacKinlay (1997),
    *The Econometrics of Financial Markets*, section 4.4; Maynes and Rumsey (1993), *Journal
    of Banking and Finance* 17(1), for returns over several sessions.
    """
    t, k = x.shape
    own = np.ones(len(fixed)) if spans is None else spans[1]
    if spans is not None:
        root = np.sqrt(spans[0])
        y, x = y / root, x / root[:, None]
    if k == 0:
        return _nothing_estimated(y, fixed, own)
    check_identified(names, x, t)
    from statsmodels.regression.linear_model import OLS

    fit = OLS(y, x, hasconst=False).fit()  # R2 is worked out below, the constant may be weighted
    unscaled = fit.normalized_cov_params
    variance = float(fit.mse_resid)
    return Estimate(
        names=names,
        coefficients=np.asarray(fit.params),
        sigma=float(np.sqrt(variance)),
        r2=share_explained(_beyond_constant(names, y, x), fit.resid),
        dof=t - k,
        residuals=np.asarray(fit.resid),
        leverage=np.einsum("ij,jk,ik->i", x, unscaled, x),
        expected=fixed + x_window @ fit.params,
        covariance=variance * (np.diag(own) + x_window @ unscaled @ x_window.T),
    )


def check_identified(names: tuple[str, ...], x: FloatArray, t: int) -> None:
    """Raise NotEstimable where ``t`` returns cannot identify the coefficients of ``x``."""
    k = len(names)
    if t <= k:
        raise NotEstimable(
            f"{t} returns in the estimation window cannot identify {k} coefficients"
            f" ({listed(names)}); widen the window or use a smaller model"
        )
    scale = np.abs(x).max(axis=0)
    if (scale == 0).any() or np.linalg.matrix_rank(x / scale) < k:
        raise not_identified(names)


def not_identified(names: tuple[str, ...]) -> NotEstimable:
    """Return the reason for a benchmark that does not vary, or repeats another."""
    return NotEstimable(
        f"{listed(names)} are not identified: a benchmark is constant over the estimation"
        " window or repeats another; use MeanModel or another benchmark"
    )


def listed(names: tuple[str, ...]) -> str:
    """Return the names, the first few where there are many."""
    many = len(names) > _LISTED
    return ", ".join([*names[:_LISTED], *(["..."] if many else [])])


_LISTED = 4


def _nothing_estimated(y: FloatArray, fixed: FloatArray, span: FloatArray) -> Estimate:
    variance = float(np.mean(y**2))
    return Estimate(
        names=(),
        coefficients=np.empty(0),
        sigma=float(np.sqrt(variance)),
        r2=float("nan"),
        dof=y.size,
        residuals=y,
        leverage=np.zeros(y.size),
        expected=fixed,
        covariance=variance * np.diag(span),
    )


def _beyond_constant(names: tuple[str, ...], y: FloatArray, x: FloatArray) -> FloatArray:
    """Return what the constant alone leaves of ``y``; all of it where there is none.

    Over a halt the constant counts the sessions of each return.
    """
    if names[0] != ALPHA:
        return y
    constant = x[:, 0]
    return np.asarray(y - constant * (constant @ y / (constant @ constant)))


def share_explained(rest: FloatArray, residuals: FloatArray) -> float:
    """Return R2: the share of ``rest`` that is not residual; NaN where there is no rest."""
    total = float(rest @ rest)
    return 1.0 - float(residuals @ residuals) / total if total > 0 else float("nan")


def hat_diagonal(x: FloatArray) -> FloatArray:
    """Return the leverage of each row of identified regressors, shape (T,)."""
    return np.asarray(np.einsum("ij,jk,ik->i", x, np.linalg.inv(x.T @ x), x))
