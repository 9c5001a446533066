"""The mean profit of an event, by resampling events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.luck.check import Check, refusal, refused

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray

DRAWS = 9_999
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Mean net profit of an event with what resampling says about it.

    Attributes
    ----------
    mean
        Mean over the events, money; NaN where it was refused.
    low, high
        95 % confidence interval.
    p_value, floor
        Of a mean of zero, two-sided, and the smallest the draws allow.
    n
        Events.
    note
        Why there is no answer; empty where there is one.
    """

    mean: float
    low: float
    high: float
    p_value: float
    floor: float
    n: int
    note: str = ""

    @property
    def check(self) -> Check:
        """The row of the table of checks."""
        if self.note:
            return refused("bootstrap", self.n, self.note)
        said = (
            f"mean net of an event, 95 % interval {self.low:,.0f} to {self.high:,.0f};"
            f" {DRAWS:,} draws of events"
        )
        return Check("bootstrap", self.mean, self.p_value, self.floor, self.n, said)


def bootstrap_mean(net: FloatArray, *, seed: int, draws: int = DRAWS) -> Bootstrap:
    """Resample events and return what that says about their mean profit.

    Parameters
    ----------
    net : ndarray, shape (E,)
        Net profit of each event, all its trades together, money. Trades of one event are
        never drawn apart.
    seed, draws
        Of the resampling.

    Notes
    -----
    Symmetric bootstrap-t: the deviation of each resample's mean is divided by its own
    standard error before it is compared with the sample's own, so that p-value and interval
    agree. Fewer than ten events, or events that all made the same, are refused. A resample
    without variation counts as the most extreme.

    References
    ----------
    Hall (1988), *Journal of the Royal Statistical Society B* 50(1), section 3; Efron and
    Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 12.
    """
    n = net.size
    note = refusal(n) or ("every event made the same" if np.ptp(net) == 0.0 else "")
    if note:
        nan = math.nan
        return Bootstrap(nan, nan, nan, nan, nan, n, note)
    mean, error = float(net.mean()), float(net.std(ddof=1)) / math.sqrt(n)
    resampled = net[np.random.default_rng(seed).integers(0, n, (draws, n))]
    spread = resampled.std(axis=1, ddof=1) / math.sqrt(n)
    away = np.abs(resampled.mean(axis=1) - mean)
    t = np.divide(away, spread, out=np.full(draws, np.inf), where=spread > 0.0)
    beyond = int((t >= abs(mean) / error).sum())
    reach = float(np.sort(t)[math.ceil(LEVEL * (draws + 1)) - 1]) * error
    floor = 1.0 / (draws + 1.0)
    return Bootstrap(mean, mean - reach, mean + reach, (1.0 + beyond) * floor, floor, n)
