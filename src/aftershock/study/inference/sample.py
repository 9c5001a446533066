"""What the tests of several events are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from aftershock.events.admissible import chained
from aftershock.study.inference.standardised import mean_correlation

if TYPE_CHECKING:
    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.study.inference.overlap import Calendar

NO_COMMON_ROWS = "no estimation rows that all stocks have before the first event"
LEFT_OUT = "one event is left out"


@dataclass(frozen=True)
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
    calendar, no_calendar
        The stocks side by side on the sessions of all windows, or why they are not.
    weights : ndarray, shape (N,), or None
        What each event weighs in the weighted mean; None where no weights are asked for.
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
    calendar: Calendar | None = None
    no_calendar: str = NO_COMMON_ROWS
    weights: FloatArray | None = None

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

    @property
    def chain(self) -> IntArray:
        """Number of each event's chain of windows that, one after the other, share sessions."""
        out = np.zeros(self.n, dtype=np.int64)
        length = self.window_days.shape[1]
        for number, members in enumerate(chained(self.window_days[:, 0], length)):
            out[members] = number
        return out

    @property
    def chains(self) -> int:
        """How many chains there are."""
        return int(self.chain.max()) + 1 if self.n else 0

    @property
    def repeats(self) -> bool:
        """True where one firm has two events inside a chain."""
        return len(set(zip(self.firm.tolist(), self.chain.tolist(), strict=True))) < self.n

    @property
    def staggered(self) -> int:
        """Pairs of events on different dates whose windows share a session."""
        first, length = self.window_days[:, 0], self.window_days.shape[1]
        distance = np.abs(first[:, None] - first)
        return int(((distance > 0) & (distance < length)).sum()) // 2

    @cached_property
    def inflation(self) -> float:
        """``1 + (N-1) r``: what windows that overlap on different dates add to the variance.

        r is Kolari and Pynnonen's mean correlation, counting such pairs only.
        """
        if not self.staggered:
            return 1.0
        r = mean_correlation(self.residuals, self.days, self.window_days, self.firm, apart=True)
        return float(1.0 + (self.n - 1) * r)

    def without(self, i: int) -> Sample:
        """Return the sample without event ``i``."""
        return self.only(np.arange(self.n) != i)

    def only(self, keep: BoolArray) -> Sample:
        """Return the sample of some of its events, ``keep`` of shape (N,)."""
        if keep.all():
            return self
        arrays = {
            name: getattr(self, name)[keep]
            for name in self.__dataclass_fields__
            if isinstance(getattr(self, name), np.ndarray)
        }
        return Sample(**arrays, inside=self.inside, seed=self.seed, no_calendar=LEFT_OUT)
