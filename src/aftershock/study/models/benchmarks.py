"""Several benchmarks at once, such as a market and a sector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.study.models.base import Design, Market, Model
from aftershock.study.models.estimate import ALPHA
from aftershock.study.models.peers import as_tickers

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, init=False)
class BenchmarksModel(Model):
    """``R = alpha + sum_j beta_j R_j + e`` over several tickers of the panel.

    Attributes
    ----------
    tickers
        The benchmarks; each has its own coefficient, ``beta <ticker>``.
    """

    tickers: tuple[str, ...]
    label: ClassVar[str] = "several benchmarks"

    def __init__(self, tickers: str | Iterable[str]) -> None:
        names = as_tickers(tickers, "BenchmarksModel needs at least one ticker")
        object.__setattr__(self, "tickers", names)

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The benchmarks."""
        return self.tickers

    def design(self, market: Market) -> Design:
        """Return a constant and each benchmark's return."""
        columns = [market.of(ticker) for ticker in self.tickers]
        names = (ALPHA, *(f"beta {ticker}" for ticker in self.tickers))
        ones = np.ones(len(market.returns))
        return Design(names, np.zeros(len(ones)), np.column_stack([ones, *columns]))
