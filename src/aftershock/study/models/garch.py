"""GARCH(1,1) market model: the variance of the event window is forecast, not averaged."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from aftershock.errors import StudyError
from aftershock.study.models.estimate import (
    Estimate,
    NotEstimable,
    check_identified,
    hat_diagonal,
    share_explained,
)
from aftershock.study.models.market import MarketModel

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray
    from aftershock.study.models.base import Design

FEWEST = 100  # returns; below them the three variance parameters are noise
SCALE = 100.0  # the optimiser works on percent


@dataclass(frozen=True, slots=True)
class GarchModel(MarketModel):
    r"""``R = alpha + beta R_m + e`` with :math:`h_t = \omega + a e_{t-1}^2 + b h_{t-1}`.

    Fitted by the arch package (extra ``models``) with normal errors. A session h steps behind
    the estimation window has the forecast variance
    :math:`\bar h + (a+b)^{h-1} (h_{T+1} - \bar h)`; to it comes the coefficients' covariance.

    Attributes
    ----------
    benchmark
        Ticker of the market.

    References
    ----------
    Bollerslev (1986), *Journal of Econometrics* 31(3); Savickas (2003), *Journal of
    Financial Research* 26(2), for event studies.
    """

    label: ClassVar[str] = "GARCH(1,1) market model"
    is_linear: ClassVar[bool] = False

    def estimate(
        self, design: Design, y: FloatArray, estimation: IntArray, window: IntArray
    ) -> Estimate:
        """Fit on the rows ``estimation`` and predict the rows ``window``.

        Raises
        ------
        NotEstimable
            Fewer than 100 returns, or the optimiser does not converge.
        StudyError
            The arch package is not installed.
        """
        x, own = design.regressors[estimation], y[estimation]
        check_identified(design.names, x, own.size)
        if own.size < FEWEST:
            raise NotEstimable(
                f"GARCH needs {FEWEST} returns, the estimation window has {own.size}"
            )
        fit = _fit(own, x[:, 1:] if design.has_constant else x, constant=design.has_constant)
        k = x.shape[1]
        coefficients = np.asarray(fit.params)[:k] / np.where(np.arange(k) == 0, _unit(design), 1.0)
        ahead = design.regressors[window]
        steps = np.maximum(window - estimation[-1], 1)
        variance = _forecast(fit, steps) / SCALE**2
        unit = np.where(np.arange(k) == 0, _unit(design), 1.0)
        own_covariance = np.asarray(fit.param_cov)[:k, :k] / np.outer(unit, unit)
        residuals = own - x @ coefficients
        return Estimate(
            names=design.names,
            coefficients=coefficients,
            sigma=float(np.sqrt(variance.mean())),
            r2=share_explained(own - own.mean(), residuals),
            dof=own.size - k,
            residuals=residuals,
            leverage=hat_diagonal(x),
            expected=ahead @ coefficients,
            covariance=np.diag(variance) + ahead @ own_covariance @ ahead.T,
            derived=tuple(zip(("omega", "arch", "garch"), _variance_parameters(fit), strict=True)),
        )


def _unit(design: Design) -> float:
    """Return what the constant is multiplied with in percent; a slope has no unit."""
    return SCALE if design.has_constant else 1.0


def _fit(y: FloatArray, x: FloatArray, *, constant: bool) -> Any:
    try:
        from arch.univariate import GARCH, LS
    except ImportError as cause:
        raise StudyError(
            "GarchModel needs the arch package: pip install 'aftershock[models]'"
        ) from cause
    model = LS(SCALE * y, SCALE * x, constant=constant, rescale=False)
    model.volatility = GARCH(p=1, q=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what does not converge is refused below
        fit = model.fit(disp="off", show_warning=False)
    if fit.convergence_flag:
        raise NotEstimable("the GARCH optimiser does not converge on this estimation window")
    return fit


def _variance_parameters(fit: Any) -> tuple[float, float, float]:
    omega, arch, garch = (float(value) for value in fit.params[-3:])
    return omega / SCALE**2, arch, garch


def _forecast(fit: Any, steps: IntArray) -> FloatArray:
    """Return the variance ``steps`` sessions behind the estimation window, in percent squared."""
    omega, arch, garch = (float(value) for value in fit.params[-3:])
    last_error = float(fit.resid[-1])
    last_variance = float(fit.conditional_volatility[-1]) ** 2
    following = omega + arch * last_error**2 + garch * last_variance
    persistence = arch + garch
    if persistence >= 1.0:
        return np.asarray(following + omega * (steps - 1.0))
    level = omega / (1.0 - persistence)
    return np.asarray(level + persistence ** (steps - 1.0) * (following - level))
