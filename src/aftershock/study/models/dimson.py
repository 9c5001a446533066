"""Dimson: leads and lags of the market for stocks that trade thinly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.errors import StudyError
from aftershock.study.models.base import Design, Market, shifted
from aftershock.study.models.estimate import ALPHA
from aftershock.study.models.market import MarketModel

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray
    from aftershock.study.models.estimate import Derived


@dataclass(frozen=True, slots=True)
class Dimson(MarketModel):
    r"""``R_t = alpha + sum_k beta_k R_m,t+k + e`` over lags and leads of the market.

    The normal return uses every term, so that the prediction-error covariance of least
    squares is exact; Dimson's aggregated beta, the sum of the coefficients, stands with the
    estimates as ``beta sum``.

    Attributes
    ----------
    benchmark
        Ticker of the market.
    lags, leads
        Sessions before and after.

    References
    ----------
    Dimson (1979), *Journal of Financial Economics* 7(2).
    """

    lags: int = 1
    leads: int = 1
    label: ClassVar[str] = "Dimson"

    def __post_init__(self) -> None:
        MarketModel.__post_init__(self)  # super() does not work in a class with slots
        if not isinstance(self.lags, int) or not isinstance(self.leads, int):
            raise StudyError(
                f"Dimson has {self.lags} lags and {self.leads} leads; they are whole numbers of"
                " sessions"
            )
        if self.lags < 0 or self.leads < 0 or self.lags + self.leads == 0:
            raise StudyError(
                f"Dimson with {self.lags} lags and {self.leads} leads is the market model"
            )

    @property
    def reach(self) -> tuple[int, int]:
        """Lags and leads."""
        return self.lags, self.leads

    @property
    def allows_thin_trading(self) -> bool:
        """True with a lag: the price of a trade to come holds the market of before."""
        return self.lags > 0

    def design(self, market: Market) -> Design:
        """Return a constant and the market from ``lags`` before to ``leads`` after."""
        own = market.of(self.benchmark)
        shifts = range(-self.lags, self.leads + 1)
        columns = [np.ones_like(own), *(shifted(own, by) for by in shifts)]
        names = (ALPHA, *(f"beta {by:+d}" if by else "beta" for by in shifts))
        return Design(names, np.zeros_like(own), np.column_stack(columns))

    def derive(self, names: tuple[str, ...], coefficients: FloatArray) -> Derived:
        """Return the sum of the slopes."""
        slopes = [b for name, b in zip(names, coefficients, strict=True) if name != ALPHA]
        return (("beta sum", float(sum(slopes))),)
