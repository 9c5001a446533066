"""Market model: a constant and the benchmark's return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.study.models.base import ALPHA, Design, Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class MarketModel(Model):
    """``R = alpha + beta R_m + e`` (MacKinlay 1997, section 5).

    Attributes
    ----------
    benchmark
        Ticker of the market.
    """

    benchmark: str
    label: ClassVar[str] = "market model"

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The market."""
        return (self.benchmark,)

    def design(self, returns: FloatArray, column: Callable[[str], int]) -> Design:
        """Return a constant and the market's return."""
        market = returns[:, column(self.benchmark)]
        ones = np.ones_like(market)
        return Design((ALPHA, "beta"), np.zeros_like(market), np.column_stack([ones, market]))
