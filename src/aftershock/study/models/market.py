"""Market model: a constant and the benchmark's return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aftershock.prices.tickers import canonical
from aftershock.study.models.base import Design, Market, Model
from aftershock.study.models.estimate import ALPHA


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

    def __post_init__(self) -> None:
        """Bring the benchmark to its one spelling; what is no text is refused by the study."""
        if isinstance(self.benchmark, str):
            object.__setattr__(self, "benchmark", canonical(self.benchmark))

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The market."""
        return (self.benchmark,)

    def design(self, market: Market) -> Design:
        """Return a constant and the market's return."""
        own = market.of(self.benchmark)
        columns = np.column_stack([np.ones_like(own), own])
        return Design((ALPHA, "beta"), np.zeros_like(own), columns)
