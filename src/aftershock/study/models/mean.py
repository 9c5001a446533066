"""Constant mean: the stock's own average return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.study.models.base import ALPHA, Design, Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class MeanModel(Model):
    """``R = alpha + e`` (Brown and Warner 1985, mean-adjusted returns)."""

    label: ClassVar[str] = "constant mean"

    def design(self, returns: FloatArray, column: Callable[[str], int]) -> Design:
        """Return a constant."""
        del column
        size = len(returns)
        return Design((ALPHA,), np.zeros(size), np.ones((size, 1)))
