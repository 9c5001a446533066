"""What a test returns, and the two-sided p-values behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray

Distribution = Literal[
    "t", "normal", "F", "binomial", "signed rank", "bootstrap", "placebo", "rank"
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test on one window of one group of events, or of one event.

    Attributes
    ----------
    test, null
        Name of the test, and what it would reject.
    statistic, p_value
        NaN where the test does not apply.
    distribution, dof
        Reference distribution; ``dof`` is NaN where it has none.
    n
        Events it used.
    note
        Why it does not apply, or what to know about it.
    """

    test: str
    null: str
    statistic: float
    distribution: Distribution
    dof: float
    p_value: float
    n: int
    note: str = ""


def refused(test: str, null: str, distribution: Distribution, n: int, reason: str) -> Outcome:
    """Return the outcome of a test that does not apply."""
    nan = float("nan")
    return Outcome(test, null, nan, distribution, nan, nan, n, reason)


def two_sided_t(statistic: FloatArray | float, dof: FloatArray | float) -> FloatArray:
    """Return two-sided p-values of Student's t, any shape; NaN stays NaN."""
    return np.asarray(2.0 * stats.t.sf(np.abs(statistic), dof))


def two_sided_normal(statistic: FloatArray | float) -> FloatArray:
    """Return two-sided p-values of the standard normal, any shape; NaN stays NaN."""
    return np.asarray(2.0 * stats.norm.sf(np.abs(statistic)))
