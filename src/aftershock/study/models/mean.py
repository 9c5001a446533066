"""Constant mean: the stock's own average return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aftershock.study.models.base import Design, Market, Model
from aftershock.study.models.estimate import ALPHA


@dataclass(frozen=True, slots=True)
class MeanModel(Model):
    """``R = alpha + e`` (Brown and Warner 1985, mean-adjusted returns)."""

    label: ClassVar[str] = "constant mean"

    def design(self, market: Market) -> Design:
        """Return a constant."""
        size = len(market.returns)
        return Design((ALPHA,), np.zeros(size), np.ones((size, 1)))
