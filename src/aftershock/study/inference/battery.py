"""Every test a study reports, run on one window of one group of events.

How missing days are treated: a CAR over a window with a missing return is not in the sample at
all. Rank tests leave a missing estimation day without a rank and count the events each day
has; the crude dependence test averages the events each day has; the correlation behind
Kolari-Pynnonen is over the days two events have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from aftershock.formats import counted
from aftershock.study.inference.bootstrap import bhar_p, caar_p
from aftershock.study.inference.cross_section import (
    cross_sectional_t,
    crude_dependence,
    skewness_adjusted_t,
)
from aftershock.study.inference.outcome import (
    Distribution,
    Outcome,
    refused,
    two_sided_normal,
    two_sided_t,
)
from aftershock.study.inference.overlap import (
    calendar_covariance_t,
    calendar_day_t,
    chain_t,
    row_permutation,
)
from aftershock.study.inference.ranks import corrado, corrado_zivney, grank_t
from aftershock.study.inference.sign import binomial_p, generalised_sign, sign, wilcoxon
from aftershock.study.inference.standardised import bmp, kolari_pynnonen, mean_correlation, patell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aftershock.arrays import FloatArray, IntArray
    from aftershock.study.inference.overlap import Calendar, Statistic
    from aftershock.study.inference.sample import Sample

MIN_EVENTS = 3
FEW_RANKED = 10  # below it the rank of a standardised CAR is too often extreme (docs/calibration)
FEWEST_DOF = 2  # degrees of freedom up to which Student's t has no variance
TOO_SMALL = "n too small"
OVERLAP = "windows overlap, and the test takes the events as independent"
STAGGERED = "windows overlap on different dates"
REPEATED = "one stock has two events whose windows share sessions"
INSTEAD = "see chain t and calendar-day t"
TOLERATED = 1.10  # inflation of the variance up to which size stays within a point of 5 %
FEW_CHAINS = 3
FEW_DAYS = 10
LEVEL = 0.05
EVEN = 0.5

Staggered = Literal["refuses", "corrects", "needs"]
Value = tuple[float, float, float]  # statistic, dof, p-value; NaN where the distribution says it
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Test:
    """One test: its name, its null, and how to compute it.

    Attributes
    ----------
    name, null, distribution
        What it is called, what it would reject, and what it is judged against.
    compute
        Statistic, degrees of freedom and p-value; the latter two NaN where the distribution
        says them.
    fewest
        Events below which it returns "n too small".
    needs_estimation
        True where the statistic uses the estimation window.
    obstacle
        Returns why it does not apply to a sample, empty where it does.
    independent
        True where it takes the events as independent of one another.
    staggered
        What it does with windows that overlap on different dates: ``"refuses"`` where they
        add more than a tenth to the variance or one stock repeats inside a chain of them,
        ``"corrects"`` for them unless a stock repeats, or is made for them (``"needs"``).
    floor
        Smallest p-value that N events can give, for the exact tests.
    undefined
        Why the statistic is no number where it is none.
    """

    __test__ = False  # not a pytest class

    name: str
    null: str
    distribution: Distribution
    compute: Callable[[Sample], Value]
    fewest: int = MIN_EVENTS
    needs_estimation: bool = True
    obstacle: Callable[[Sample], str] = lambda _: ""
    independent: bool = True
    staggered: Staggered = "refuses"
    floor: Callable[[int], float] = lambda _: 0.0
    undefined: str = "no variation"

    def run(self, sample: Sample) -> Outcome:
        """Return the outcome, with its reason where the test does not apply."""
        reason = self._reason(sample)
        if reason:
            return refused(self.name, self.null, self.distribution, sample.n, reason)
        value, dof, p = self.compute(sample)
        if not np.isfinite(value):
            return refused(self.name, self.null, self.distribution, sample.n, self.undefined)
        if self.distribution == "t":
            p = float(two_sided_t(value, dof))
        elif self.distribution == "normal":
            p = float(two_sided_normal(value))
        note = "; ".join(self._caveats(sample))
        return Outcome(self.name, self.null, value, self.distribution, dof, p, sample.n, note)

    def _caveats(self, sample: Sample) -> Iterator[str]:
        """Yield what to know about a result."""
        if self.floor(sample.n) > LEVEL:
            yield f"{sample.n} events cannot give p below {self.floor(sample.n):.3f}"
        if self.independent and sample.overlaps:
            yield OVERLAP
        if self.staggered == "refuses" and sample.staggered:
            pairs = counted(sample.staggered, "pair")
            yield f"{pairs} of {STAGGERED} (1 + (N-1) r = {sample.inflation:.2f})"

    def _reason(self, sample: Sample) -> str:
        if sample.n < self.fewest:
            least = f" (at least {self.fewest})" if self.fewest > MIN_EVENTS else ""
            return TOO_SMALL + least
        if self.needs_estimation and not np.isfinite(sample.se).all():
            return "no estimation window"
        return self._overlap(sample) or self.obstacle(sample)

    def _overlap(self, sample: Sample) -> str:
        """Return that windows overlap as the test cannot have it, empty where they do not."""
        if self.staggered != "needs" and sample.repeats:
            return f"{REPEATED}: {INSTEAD}"
        if self.staggered == "refuses" and sample.inflation > TOLERATED:
            return f"{STAGGERED} (1 + (N-1) r = {sample.inflation:.2f}): {INSTEAD}"
        return ""


def _t(statistic: FloatArray, dof: float) -> Value:
    return float(statistic), dof, _NAN


def _normal(statistic: FloatArray) -> Value:
    return float(statistic), _NAN, _NAN


def _crude(sample: Sample) -> Value:
    window, _ = _day_means(sample.ar[:, sample.inside])
    past = portfolio(sample)
    return _t(crude_dependence(window, past), float(past.size - 1))


def portfolio(sample: Sample) -> FloatArray:
    """Return the mean residual of the events each estimation day has, shape (T',)."""
    means, counts = _day_means(sample.residuals)
    return means[counts > 0]


def _day_means(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the mean of the events each day has, 0 where it has none, and how many it has."""
    counts = np.isfinite(values).sum(axis=0)
    return np.asarray(np.nansum(values, axis=0) / np.maximum(counts, 1)), counts


def _one_date(sample: Sample) -> str:
    same = (sample.window_days == sample.window_days[0]).all()
    return "" if same else "the events are not on one date"


def _has_variance(sample: Sample) -> str:
    few = "an estimation has 2 degrees of freedom or fewer, and a t of so few has no variance"
    return few if (sample.dof <= FEWEST_DOF).any() else ""


def _kp(sample: Sample) -> Value:
    r = mean_correlation(sample.residuals, sample.days, sample.window_days, sample.firm)
    return _t(kolari_pynnonen(sample.scar, r), float(sample.n - 1))


def _grank(sample: Sample) -> Value:
    statistic, dof = grank_t(sample.standardised, sample.scar)
    return _t(statistic, float(dof))


def _sign(sample: Sample) -> Value:
    return float(sign(sample.car)), _NAN, float(binomial_p(sample.car, EVEN))


def _generalised_sign(sample: Sample) -> Value:
    statistic = generalised_sign(sample.car, sample.share)
    return float(statistic), _NAN, float(binomial_p(sample.car, sample.share.mean()))


def _has_shares(sample: Sample) -> str:
    short = "the estimation window holds no stretch as long as the window"
    return "" if np.isfinite(sample.share).all() else short


def _wilcoxon(sample: Sample) -> Value:
    statistic, p = wilcoxon(sample.car)
    return float(statistic), _NAN, float(p)


def _bootstrap(sample: Sample) -> Value:
    p = caar_p(sample.car, np.random.default_rng(sample.seed))
    return float(cross_sectional_t(sample.car)), _NAN, float(p)


def _bhar(sample: Sample) -> Value:
    p = bhar_p(sample.bhar, np.random.default_rng(sample.seed))
    return float(skewness_adjusted_t(sample.bhar)), _NAN, float(p)


def _few_chains(sample: Sample) -> str:
    if not sample.staggered and not sample.repeats:
        return NOT_STAGGERED
    if sample.chains < FEW_CHAINS:
        return f"{counted(sample.chains, 'chain')} of windows, at least {FEW_CHAINS} needed"
    return ""


def _chain(sample: Sample) -> Value:
    found = chain_t(sample.scar, sample.chain)
    return _t(found.t, float(found.dof))


def _no_calendar(sample: Sample) -> str:
    if not sample.staggered and not sample.repeats:
        return NOT_STAGGERED
    if sample.calendar is None:
        return sample.no_calendar
    days = len(sample.calendar.weights)
    if days < FEW_DAYS:
        return f"{counted(days, 'session')} in the windows, at least {FEW_DAYS} needed"
    return ""


def _calendar(compute: Callable[[Calendar], Statistic]) -> Callable[[Sample], Value]:
    def value(sample: Sample) -> Value:
        if sample.calendar is None:
            return _NAN, _NAN, _NAN
        found = compute(sample.calendar)
        return _t(found.t, float(found.dof))

    return value


def _rows(sample: Sample) -> Value:
    if sample.calendar is None:
        return _NAN, _NAN, _NAN
    statistic, p = row_permutation(sample.calendar, sample.seed)
    return statistic, _NAN, p


NOT_STAGGERED = "no windows overlap on different dates"
MEAN = "the mean CAR is 0"
STANDARDISED = "the mean standardised CAR is 0"
RANKED = "event days rank like any other day"

TESTS = (
    Test(
        "cross-sectional t",
        MEAN,
        "t",
        lambda sample: _t(cross_sectional_t(sample.car), float(sample.n - 1)),
        needs_estimation=False,
    ),
    Test(
        "skewness-adjusted t",
        MEAN,
        "t",
        lambda sample: _t(skewness_adjusted_t(sample.car), float(sample.n - 1)),
        needs_estimation=False,
    ),
    Test("bootstrap t", MEAN, "bootstrap", _bootstrap, fewest=5, needs_estimation=False),
    Test(
        "Patell",
        STANDARDISED,
        "normal",
        lambda sample: _normal(patell(sample.scar, sample.dof)),
        obstacle=_has_variance,
    ),
    Test("BMP", STANDARDISED, "t", lambda sample: _t(bmp(sample.scar), float(sample.n - 1))),
    Test(
        "Kolari-Pynnonen",
        STANDARDISED,
        "t",
        _kp,
        independent=False,
        staggered="corrects",
        undefined="no variation, or a mean correlation at or below -1/(n - 1)",
    ),
    Test(
        "chain t",
        STANDARDISED,
        "t",
        _chain,
        obstacle=_few_chains,
        independent=False,
        staggered="needs",
    ),
    Test(
        "calendar-day t",
        STANDARDISED,
        "t",
        _calendar(calendar_day_t),
        fewest=2,
        obstacle=_no_calendar,
        independent=False,
        staggered="needs",
    ),
    Test(
        "calendar covariance t",
        f"{STANDARDISED}, the variance unchanged",
        "t",
        _calendar(calendar_covariance_t),
        fewest=2,
        obstacle=_no_calendar,
        independent=False,
        staggered="needs",
    ),
    Test(
        "row permutation",
        f"{STANDARDISED}, the variance unchanged",
        "placebo",
        _rows,
        fewest=2,
        obstacle=_no_calendar,
        independent=False,
        staggered="needs",
    ),
    Test("crude dependence", MEAN, "t", _crude, obstacle=_one_date, independent=False),
    Test(
        "Corrado rank",
        RANKED,
        "normal",
        lambda sample: _normal(corrado(sample.residuals, sample.ar, sample.inside)),
        independent=False,
    ),
    Test(
        "Corrado-Zivney rank",
        RANKED,
        "normal",
        lambda sample: _normal(
            corrado_zivney(sample.standardised, sample.ar, sample.ar_se, sample.inside)
        ),
        fewest=FEW_RANKED,
        independent=False,
    ),
    Test("GRANK-T", RANKED, "t", _grank, fewest=FEW_RANKED, independent=False),
    Test(
        "sign",
        "CARs are positive as often as negative",
        "binomial",
        _sign,
        needs_estimation=False,
        floor=lambda n: 2.0 * EVEN**n,
    ),
    Test(
        "generalised sign",
        "CARs are positive as often as without an event",
        "binomial",
        _generalised_sign,
        obstacle=_has_shares,
    ),
    Test(
        "Wilcoxon",
        "CARs are symmetric around 0",
        "signed rank",
        _wilcoxon,
        needs_estimation=False,
        floor=lambda n: 2.0 * EVEN**n,
    ),
    Test(
        "BHAR, skewness-adjusted bootstrap",
        "the mean BHAR is 0",
        "bootstrap",
        _bhar,
        fewest=5,
        needs_estimation=False,
    ),
)


def run_tests(sample: Sample) -> list[Outcome]:
    """Return the outcome of every test."""
    return [test.run(sample) for test in TESTS]
