"""Every test a study reports, run on one window of one group of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.study.inference.cross_section import bmp, cross_sectional_t
from aftershock.study.inference.outcome import (
    Distribution,
    Outcome,
    refused,
    two_sided_normal,
    two_sided_t,
)
from aftershock.study.inference.sign import generalised_sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.arrays import FloatArray

MIN_EVENTS = 3
TOO_SMALL = "n too small"


@dataclass(frozen=True, slots=True)
class Sample:
    """The CARs of N events over one window, each with what the tests need.

    Attributes
    ----------
    car, se : ndarray, shape (N,)
        CARs, decimals, and their standard errors; ``se`` is NaN where nothing was estimated.
    share : ndarray, shape (N,)
        Each event's share of positive CARs without an event.
    """

    car: FloatArray
    se: FloatArray
    share: FloatArray

    @property
    def n(self) -> int:
        """Number of events."""
        return self.car.size


@dataclass(frozen=True, slots=True)
class Test:
    """One test: its name, its null, and how to compute it.

    Attributes
    ----------
    needs_estimation
        True where the statistic uses the estimation window.
    """

    __test__ = False  # not a pytest class

    name: str
    null: str
    distribution: Distribution
    statistic: Callable[[Sample], FloatArray]
    needs_estimation: bool = True

    def run(self, sample: Sample) -> Outcome:
        """Return the outcome, with its reason where the test does not apply."""
        if sample.n < MIN_EVENTS:
            return refused(self.name, self.null, self.distribution, sample.n, TOO_SMALL)
        if self.needs_estimation and not np.isfinite(sample.se).all():
            return refused(
                self.name, self.null, self.distribution, sample.n, "no estimation window"
            )
        value = float(self.statistic(sample))
        if not np.isfinite(value):
            return refused(self.name, self.null, self.distribution, sample.n, "no variation")
        dof = float(sample.n - 1) if self.distribution == "t" else float("nan")
        p = two_sided_t(value, dof) if self.distribution == "t" else two_sided_normal(value)
        return Outcome(self.name, self.null, value, self.distribution, dof, float(p), sample.n)


TESTS = (
    Test(
        "cross-sectional t",
        "the mean CAR is 0",
        "t",
        lambda sample: cross_sectional_t(sample.car),
        needs_estimation=False,
    ),
    Test("BMP", "the mean standardised CAR is 0", "t", lambda sample: bmp(sample.car / sample.se)),
    Test(
        "generalised sign",
        "CARs are positive as often as without an event",
        "normal",
        lambda sample: generalised_sign(sample.car, sample.share),
    ),
)


def run_tests(sample: Sample) -> list[Outcome]:
    """Return the outcome of every test."""
    return [test.run(sample) for test in TESTS]
