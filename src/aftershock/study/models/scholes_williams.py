"""Scholes and Williams: a beta for stocks that trade thinly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.study.models.base import Design, Market, shifted
from aftershock.study.models.estimate import (
    ALPHA,
    Estimate,
    check_identified,
    hat_diagonal,
    share_explained,
)
from aftershock.study.models.market import MarketModel

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class ScholesWilliams(MarketModel):
    r"""``R = alpha + beta R_m + e`` with Scholes and Williams' consistent beta.

    :math:`\beta = (\beta_{-1} + \beta_0 + \beta_{+1}) / (1 + 2\rho)`: the slopes of three
    simple regressions, on the market's return a session before, the same session and a
    session after, with :math:`\rho` the market's first autocorrelation;
    :math:`\alpha = \bar R - \beta \bar R_m`.

    The prediction-error covariance is the market model's with this model's residuals, T - 2
    degrees of freedom; the estimate of beta itself is noisier than least squares, which the
    covariance does not know.

    Attributes
    ----------
    benchmark
        Ticker of the market.

    References
    ----------
    Scholes and Williams (1977), *Journal of Financial Economics* 5(3).
    """

    label: ClassVar[str] = "Scholes-Williams"
    is_linear: ClassVar[bool] = False

    @property
    def allows_thin_trading(self) -> bool:
        """True: the slope is made for it."""
        return True

    def design(self, market: Market) -> Design:
        """Return a constant and the market on the session, the one before and the one after."""
        own = market.of(self.benchmark)
        columns = [np.ones_like(own), own, shifted(own, -1), shifted(own, 1)]
        names = (ALPHA, "beta", "lag", "lead")
        return Design(names, np.zeros_like(own), np.column_stack(columns))

    def estimate(
        self, design: Design, y: FloatArray, estimation: IntArray, window: IntArray
    ) -> Estimate:
        """Fit on the rows ``estimation`` and predict the rows ``window``."""
        has_constant = design.has_constant
        x = design.regressors[:, -3:]
        now, lag, lead = x[estimation].T
        check_identified(design.names, design.regressors[estimation], estimation.size)
        own = y[estimation]
        slopes = [_slope(own, market) for market in (lag, now, lead)]
        rho = float(np.corrcoef(now, lag)[0, 1])
        beta = sum(slopes) / (1.0 + 2.0 * rho)
        alpha = float(own.mean() - beta * now.mean()) if has_constant else 0.0
        columns = np.column_stack([np.ones_like(now), now]) if has_constant else now[:, None]
        ahead = x[window, 0]
        ahead_x = np.column_stack([np.ones_like(ahead), ahead]) if has_constant else ahead[:, None]
        residuals = own - alpha - beta * now
        k = columns.shape[1]
        variance = float(residuals @ residuals) / (own.size - k)
        unscaled = np.linalg.inv(columns.T @ columns)
        return Estimate(
            names=(ALPHA, "beta") if has_constant else ("beta",),
            coefficients=np.array([alpha, beta]) if has_constant else np.array([beta]),
            sigma=float(np.sqrt(variance)),
            r2=share_explained(own - own.mean(), residuals),
            dof=own.size - k,
            residuals=residuals,
            leverage=hat_diagonal(columns),
            expected=alpha + beta * ahead,
            covariance=variance * (np.eye(ahead.size) + ahead_x @ unscaled @ ahead_x.T),
        )


def _slope(y: FloatArray, x: FloatArray) -> float:
    deviation = x - x.mean()
    return float(deviation @ y / (deviation @ deviation))
