"""What the tests of several events are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Sample:
    """The CARs of N events over one window, each with what the tests need.

    Attributes
    ----------
    car, bhar, se, dof : ndarray, shape (N,)
        CARs and BHARs, decimals; their standard errors and residual degrees of freedom, NaN
        where nothing was estimated.
    share : ndarray, shape (N,)
        Each event's share of positive CARs without an event.
    residuals, standardised : ndarray, shape (N, T)
        Estimation residuals, aligned at the end of the estimation window, and the same over
        their own standard deviations; NaN where missing.
    days : ndarray, shape (N, T)
        Calendar row of each residual, -1 where missing.
    ar, ar_se : ndarray, shape (N, W)
        Abnormal returns of the whole event window and their standard errors.
    inside
        The CAR's sessions within the event window.
    window_days : ndarray, shape (N, L)
        Calendar rows of the CAR's sessions.
    firm : ndarray, shape (N,)
        Number of the stock.
    seed
        Seed of the bootstraps.
    """

    car: FloatArray
    bhar: FloatArray
    se: FloatArray
    dof: FloatArray
    share: FloatArray
    residuals: FloatArray
    standardised: FloatArray
    days: IntArray
    ar: FloatArray
    ar_se: FloatArray
    inside: slice
    window_days: IntArray
    firm: IntArray
    seed: int = 0

    @property
    def n(self) -> int:
        """Number of events."""
        return self.car.size

    @property
    def scar(self) -> FloatArray:
        """CARs over their standard errors, shape (N,)."""
        return self.car / self.se

    @property
    def overlaps(self) -> bool:
        """True where two events' windows share a session."""
        return np.unique(self.window_days).size < self.window_days.size

    def without(self, i: int) -> Sample:
        """Return the sample without event ``i``."""
        keep = np.arange(self.n) != i
        arrays = {
            name: getattr(self, name)[keep]
            for name in self.__dataclass_fields__
            if isinstance(getattr(self, name), np.ndarray)
        }
        return Sample(**arrays, inside=self.inside, seed=self.seed)
