"""Market-adjusted returns: the benchmark's return, nothing estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.study.models.base import Design, Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class MarketAdjusted(Model):
    """``R = R_m + e``; s^2 is the mean squared abnormal return of the estimation window.

    Attributes
    ----------
    benchmark
        Ticker of the market.
    """

    benchmark: str
    label: ClassVar[str] = "market-adjusted"

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The market."""
        return (self.benchmark,)

    def design(self, returns: FloatArray, column: Callable[[str], int]) -> Design:
        """Return the market's return as the fixed part."""
        market = returns[:, column(self.benchmark)]
        return Design((), market, np.empty((len(market), 0)))
