"""What every model of the normal return shares, and the one regression behind them.

A linear model says ``R = fixed + X b + e``: ``fixed`` is the part whose coefficient is not
estimated (the index return of a market-adjusted model), ``X`` the regressors with the
constant, if any, in the first column.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.arrays import BoolArray, FloatArray, IntArray

ALPHA = "alpha"


@dataclass(frozen=True, slots=True)
class Design:
    """The right-hand side of a model over every session.

    Attributes
    ----------
    names
        The k coefficients; ``alpha`` first where there is a constant.
    fixed : ndarray, shape (S,)
        The part of the normal return that is not estimated.
    regressors : ndarray, shape (S, k)
        The estimated part; NaN where a benchmark has no return.
    """

    names: tuple[str, ...]
    fixed: FloatArray
    regressors: FloatArray

    @property
    def usable(self) -> BoolArray:
        """True where the whole right-hand side is there, shape (S,)."""
        return np.isfinite(self.fixed) & np.isfinite(self.regressors).all(axis=1)

    def without_alpha(self) -> Design:
        """Return the same design with the constant forced to 0."""
        keep = [i for i, name in enumerate(self.names) if name != ALPHA]
        return replace(
            self, names=tuple(self.names[i] for i in keep), regressors=self.regressors[:, keep]
        )


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
        Of the prediction errors: s^2 (I + X_w (X'X)^-1 X_w').
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

    @property
    def alpha(self) -> float:
        """The constant, 0 where the model has none."""
        return float(self.coefficients[self.names.index(ALPHA)]) if ALPHA in self.names else 0.0


@dataclass(frozen=True, slots=True)
class Model(ABC):
    """Base of the linear models: a subclass names its benchmarks and its regressors."""

    label: ClassVar[str] = ""

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Tickers the model needs besides the stock itself."""
        return ()

    @abstractmethod
    def design(self, returns: FloatArray, column: Callable[[str], int]) -> Design:
        """Return the right-hand side over every session.

        Parameters
        ----------
        returns : ndarray, shape (S, N)
            Returns of every ticker.
        column
            Maps a ticker to its column.
        """

    def estimate(
        self, design: Design, y: FloatArray, estimation: IntArray, window: IntArray
    ) -> Estimate:
        """Fit on the rows ``estimation`` and predict the rows ``window``; see ``least_squares``."""
        return least_squares(
            design.names,
            y[estimation] - design.fixed[estimation],
            design.regressors[estimation],
            design.fixed[window],
            design.regressors[window],
        )


def least_squares(
    names: tuple[str, ...], y: FloatArray, x: FloatArray, fixed: FloatArray, x_window: FloatArray
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

    Raises
    ------
    StudyError
        T <= k, or the regressors do not vary, so that the coefficients are not identified.

    Notes
    -----
    With :math:`s^2 = e'e / (T-k)` the prediction errors of the event window have covariance
    :math:`s^2 (I + X_w (X'X)^{-1} X_w')`, because every day of the window uses the same
    estimated coefficients. Without regressors :math:`s^2 = \sum e^2 / T`.

    References
    ----------
    Patell (1976), *Journal of Accounting Research* 14(2); Campbell, Lo and MacKinlay (1997),
    *The Econometrics of Financial Markets*, section 4.4.
    """
    t, k = x.shape
    if k == 0:
        return _nothing_estimated(y, fixed)
    if t <= k:
        raise StudyError(
            f"{t} returns in the estimation window cannot identify {k} coefficients"
            f" ({', '.join(names)}); widen the window or use a smaller model"
        )
    if np.linalg.matrix_rank(x) < k:
        raise StudyError(
            f"{', '.join(names)} are not identified: a benchmark is constant over the estimation"
            " window or repeats another; use MeanModel or another benchmark"
        )
    from statsmodels.regression.linear_model import OLS

    fit = OLS(y, x, hasconst=ALPHA in names).fit()
    unscaled = fit.normalized_cov_params
    variance = float(fit.mse_resid)
    window = len(x_window)
    return Estimate(
        names=names,
        coefficients=np.asarray(fit.params),
        sigma=float(np.sqrt(variance)),
        r2=float(fit.rsquared),
        dof=t - k,
        residuals=np.asarray(fit.resid),
        leverage=np.einsum("ij,jk,ik->i", x, unscaled, x),
        expected=fixed + x_window @ fit.params,
        covariance=variance * (np.eye(window) + x_window @ unscaled @ x_window.T),
    )


def _nothing_estimated(y: FloatArray, fixed: FloatArray) -> Estimate:
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
        covariance=variance * np.eye(fixed.size),
    )
