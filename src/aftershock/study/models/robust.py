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

    The spread is the scaled median absolute deviation, so that another event inside the
    estimation window hardly widens it; prediction errors have covariance
    ``s^2 I + X_w C X_w'`` with C the estimator's own covariance, judged against Student's t
    with T - k, an approximation in small samples.

    Attributes
    ----------
    benchmark
        Ticker of the market.

    References
    ----------
    Huber (1964), *Annals of Mathematical Statistics* 35(1); Sorokina, Booth and Thornton
    (2013), *Journal of Data Science* 11(3), for event studies.
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
        variance = float(fit.scale) ** 2
        residuals = np.asarray(fit.resid)
        return Estimate(
            names=design.names,
            coefficients=np.asarray(fit.params),
            sigma=float(fit.scale),
            r2=share_explained(own - own.mean(), residuals),
            dof=own.size - x.shape[1],
            residuals=residuals,
            leverage=hat_diagonal(x),
            expected=ahead @ fit.params,
            covariance=variance * np.eye(len(ahead))
            + ahead @ np.asarray(fit.cov_params()) @ ahead.T,
        )
