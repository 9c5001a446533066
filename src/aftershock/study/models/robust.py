"""Robust market model: outliers in the estimation window count for less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.study.models.estimate import (
    EXACT,
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


@dataclass(frozen=True, slots=True)
class RobustModel(MarketModel):
    """``R = alpha + beta R_m + e`` by Huber's M-estimator (statsmodels RLM).

    Outliers of the estimation window hardly move the coefficients. The window's own returns
    have outliers as well, so the spread of a prediction error is the root of the mean squared
    residual, ``s^2 = e'e/(T - k)``, and not the median absolute deviation that weighs the
    estimation: that one is the spread of normal errors only, 22 % too small where they are t
    with 4 degrees of freedom. Prediction errors have covariance ``s^2 I + X_w C X_w'`` with C
    the estimator's own covariance, judged against Student's t with T - k.

    Attributes
    ----------
    benchmark
        Ticker of the market.

    References
    ----------
    Huber (1964), *Annals of Mathematical Statistics* 35(1); Huber (1981), *Robust Statistics*,
    section 7.6, for C; Sorokina, Booth and Thornton (2013), *Journal of Data Science* 11(3),
    for event studies.
    """

    label: ClassVar[str] = "robust market model"
    is_linear: ClassVar[bool] = False

    def estimate(
        self, design: Design, y: FloatArray, estimation: IntArray, window: IntArray
    ) -> Estimate:
        """Fit on the rows ``estimation`` and predict the rows ``window``.

        Raises
        ------
        NotEstimable
            Half of the residuals or more are 0, so that their median deviation is.
        """
        from statsmodels.robust.robust_linear_model import RLM

        x, own = design.regressors[estimation], y[estimation]
        check_identified(design.names, x, own.size)
        fit = RLM(own, x).fit()
        if fit.scale < EXACT:
            raise NotEstimable(
                "half of the returns in the estimation window or more are alike, so that their"
                " median deviation is 0; use MarketModel"
            )
        ahead = design.regressors[window]
        residuals = np.asarray(fit.resid)
        dof = own.size - x.shape[1]
        variance = float(residuals @ residuals) / dof
        return Estimate(
            names=design.names,
            coefficients=np.asarray(fit.params),
            sigma=float(np.sqrt(variance)),
            r2=share_explained(own - own.mean(), residuals),
            dof=dof,
            residuals=residuals,
            leverage=hat_diagonal(x),
            expected=ahead @ fit.params,
            covariance=variance * np.eye(len(ahead))
            + ahead @ np.asarray(fit.cov_params()) @ ahead.T,
        )
