"""What several events say together: tests, joint placebos, influence, calendar-time alpha."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.formats import counted
from aftershock.study.clusters import joint_outcome
from aftershock.study.inference.battery import MIN_EVENTS, Test, run_tests
from aftershock.study.inference.outcome import two_sided_t
from aftershock.study.inference.standardised import bmp
from aftershock.study.inference.weighted import WeightedMean, weighted_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.arrays import BoolArray, FloatArray
    from aftershock.study.inference.outcome import Outcome
    from aftershock.study.inference.sample import Sample
    from aftershock.study.models import Design
    from aftershock.study.pooling import Pool
    from aftershock.study.windows import Window


def outcomes(pool: Pool, seed: int) -> Iterator[Outcome]:
    """Yield every test's outcome, that of the weighted mean where asked for, the joint placebo."""
    yield from run_tests(pool.sample)
    if pool.sample.weights is not None:
        yield WEIGHTED.run(pool.sample)
    yield joint_outcome(pool.members, pool.window, seed)


def mean_by_weight(sample: Sample) -> WeightedMean | None:
    """Return a sample's weighted mean CAR; None where nothing is to be weighed."""
    if sample.weights is None or not sample.n:
        return None
    return weighted_mean(sample.car, sample.weights)


def _weighted_t(sample: Sample) -> tuple[float, float, float]:
    mean = mean_by_weight(sample)
    if mean is None:
        return math.nan, math.nan, math.nan
    return float(mean.t), float(mean.dof), math.nan


def _weighs_few(sample: Sample) -> str:
    mean = mean_by_weight(sample)
    if mean is None or mean.n_effective >= MIN_EVENTS:
        return ""
    return (
        f"n too small: {float(mean.n_effective):.1f} by the weights, at least {MIN_EVENTS} needed"
    )


WEIGHTED = Test(
    "weighted t",
    "the weighted mean CAR is 0",
    "t",
    _weighted_t,
    needs_estimation=False,
    obstacle=_weighs_few,
)


def influence(pool: Pool) -> Iterator[tuple[Any, ...]]:
    """Yield, for each event, mean CAR and BMP without it: event, n, caar, t, p-value.

    Needs one event more than a cross-sectional test.
    """
    sample = pool.sample
    if sample.n <= MIN_EVENTS or not np.isfinite(sample.se).all():
        return
    for i, member in enumerate(pool.members):
        rest = sample.without(i)
        t = float(bmp(rest.scar))
        yield member.id, rest.n, float(rest.car.mean()), t, float(two_sided_t(t, rest.n - 1))


@dataclass(frozen=True, slots=True)
class CalendarTime:
    """Alpha of the portfolio that holds every stock inside its event window.

    Attributes
    ----------
    alpha, se, t, p_value, dof
        Per session, Newey-West.
    lags
        Newey-West lags.
    sessions, mean_held
        Sessions on which something was held, and how many stocks on average.
    note
        Why there is no estimate.
    """

    alpha: float
    se: float
    t: float
    dof: float
    p_value: float
    lags: int
    sessions: int
    mean_held: float
    note: str = ""


def calendar_time(
    returns: FloatArray, design: Design, held: BoolArray, longest: int
) -> CalendarTime:
    r"""Regress the equal-weighted portfolio of event stocks on the model.

    Parameters
    ----------
    returns : ndarray, shape (S, N)
        Returns of each stock.
    design
        The model's right-hand side; a constant is added where it has none.
    held : ndarray, shape (S, N)
        True inside the window of an event of the stock.
    longest
        Sessions an event is held; the lags reach at least one less.

    Notes
    -----
    A stock with two events at a time is held once. The portfolio's own past variance carries
    the cross-correlation of clustered events, which a cross-section of CARs does not see.
    Newey-West with
    ``max(floor(4 (T/100)^(2/9)), longest - 1)`` lags and the small-sample correction.

    References
    ----------
    Jaffe (1974), *Journal of Business* 47(3); Mandelker (1974), *Journal of Financial
    Economics* 1(4); Fama (1998), *Journal of Financial Economics* 49(3).
    """
    there = held & np.isfinite(returns)
    counts = there.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        portfolio = np.where(there, returns, 0.0).sum(axis=1) / counts
    rows = (counts > 0) & design.usable
    x = design.regressors[rows]
    if not design.has_constant:
        x = np.column_stack([np.ones(len(x)), x])
    n, k = x.shape
    mean_held = float(counts[rows].mean()) if n else math.nan
    nan = math.nan
    if n < k + 10 or np.linalg.matrix_rank(x) < k:
        note = f"{counted(n, 'session')} held, at least {k + 10} needed"
        return CalendarTime(nan, nan, nan, nan, nan, 0, n, mean_held, note)
    lags = max(math.floor(4 * (n / 100) ** (2 / 9)), longest - 1)
    lags = min(lags, n // 2)
    from statsmodels.regression.linear_model import OLS

    fit = OLS((portfolio - design.fixed)[rows], x).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True
    )
    return CalendarTime(
        float(fit.params[0]), float(fit.bse[0]), float(fit.tvalues[0]), float(n - k),
        float(fit.pvalues[0]), lags, n, mean_held,
    )  # fmt: skip


def window_mask(size: int, row: int, window: Window) -> BoolArray:
    """Return the sessions of a window around ``row``, shape (size,)."""
    at = row + window.offsets
    out = np.zeros(size, dtype=bool)
    out[at[(at >= 0) & (at < size)]] = True
    return out
