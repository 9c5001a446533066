"""Market-adjusted returns: the benchmark's return, nothing estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aftershock.prices.tickers import canonical
from aftershock.study.models.base import Design, Market, Model


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

    def __post_init__(self) -> None:
        """Bring the benchmark to its one spelling; what is no text is refused by the study."""
        if isinstance(self.benchmark, str):
            object.__setattr__(self, "benchmark", canonical(self.benchmark))

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The market."""
        return (self.benchmark,)

    def design(self, market: Market) -> Design:
        """Return the market's return as the fixed part."""
        own = market.of(self.benchmark)
        return Design((), own, np.empty((len(own), 0)))
