"""What else an event moves: volume, and the size of moves whatever their direction."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from aftershock.prices.actions import later_splits
from aftershock.study.fit import EventFit, cumulate, fit_event
from aftershock.study.inference.battery import Test
from aftershock.study.inference.cross_section import cross_sectional_t
from aftershock.study.models import Market, MeanModel, NotEstimable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.arrays import FloatArray
    from aftershock.events.companies import Company
    from aftershock.prices.panel import PricePanel
    from aftershock.study.engine import Job
    from aftershock.study.inference.outcome import Outcome
    from aftershock.study.inference.sample import Sample
    from aftershock.study.windows import Window

VOLUME = "abnormal volume, cross-sectional t"
VOLUME_NULL = "the mean abnormal log turnover is 0"


@dataclass(frozen=True, slots=True)
class OtherOutcome:
    """One outcome of one event over one window.

    Attributes
    ----------
    outcome
        ``volume`` or ``volatility``.
    estimate
        Mean abnormal log turnover per session (0.7 is twice as much as usual); ratio of the
        window's variance to the estimation window's (1 is as usual).
    statistic, distribution, dof, dof2, p_value
        t with T - 1, and F with L and T - k.
    note
        Why there is none.
    """

    outcome: str
    estimate: float
    statistic: float
    distribution: str
    dof: float = math.nan
    dof2: float = math.nan
    p_value: float = math.nan
    note: str = ""


def abnormal_volatility(fit: EventFit, window: Window) -> OtherOutcome:
    r"""Return how much larger the window's abnormal returns are than usual.

    :math:`F = e' V^{-1} e / L` with V the full covariance of the window's prediction errors
    (estimated variance included): under the null of no change in mean or variance it is F
    with L and T - k degrees of freedom. A move of the mean raises it too.

    References
    ----------
    Beaver (1968), *Journal of Accounting Research* 6; the F form is the prediction F test of
    Chow (1960), *Econometrica* 28(3).
    """
    nan = float("nan")
    inside = window.within(fit.window)
    e, v = fit.ar[inside], fit.covariance[inside, inside]
    moved = np.diag(v) != 0.0  # a session inside a bridged halt is no observation
    e, v = e[moved], v[np.ix_(moved, moved)]
    if fit.estimate is None or not e.size or not np.isfinite(e).all():
        return OtherOutcome("volatility", nan, nan, "F", note="no estimation or a missing return")
    ratio = float(e @ np.linalg.solve(v, e)) / e.size
    dof = (e.size, fit.estimate.dof)
    p = float(stats.f.sf(ratio, *dof))
    return OtherOutcome("volatility", ratio, ratio, "F", *dof, p)


def log_turnover(prices: PricePanel, ticker: str, company: Company | None) -> FloatArray:
    """Return the log of volume over shares in issue, shape (S,).

    Where no share counts are known it is the log of volume, which differs by a constant as
    long as the count does. Volume and counts are in shares of the last session: a split is no
    trading, and a count from before it counts for more shares after it. A session without
    volume is NaN: a placeholder or a halt has no turnover, and log 0 is not one either.
    """
    column = prices.column(ticker)
    later = later_splits(prices.split[:, column])
    volume = prices.volume[:, column] * later
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.where(volume > 0, np.log(volume), np.nan)
    if company is None or not company.shares:
        return out
    counts = shares_in_issue(prices, ticker, company)
    known = counts[np.isfinite(counts)]
    counts = np.where(np.isnan(counts), known[0] if known.size else np.nan, counts)
    return np.asarray(out - np.log(counts))  # the first count reaches back


def shares_in_issue(prices: PricePanel, ticker: str, company: Company) -> FloatArray:
    """Return the shares in issue by session, NaN before the first count, shape (S,).

    Counts are in shares of the last session, whatever was split since.
    """
    days, split = prices.sessions.dates, prices.split[:, prices.column(ticker)]
    later = later_splits(split)
    whole = later[0] * (split[0] or 1.0)  # of all splits in the panel
    counts = np.full(later.size, np.nan)
    for entry in company.shares:
        since = int(np.searchsorted(days, np.datetime64(entry.date, "D"), side="right"))
        total = entry.total * (later[since - 1] if since else whole)
        counts[days >= np.datetime64(entry.date, "D")] = total
    return counts


def abnormal_volume(
    turnover: FloatArray,
    job: Job,
    prices: PricePanel,
    cars: tuple[Window, ...],
    estimation: Window,
    min_obs: int,
) -> Iterator[OtherOutcome]:
    """Yield the mean abnormal log turnover of every window.

    Turnover is compared with its own mean over the estimation window, with the full
    prediction-error covariance. Turnover is autocorrelated, so that over several sessions
    the t statistic is too large; read it beside the placebo of the return.

    References
    ----------
    Ajinkya and Jain (1989), *Journal of Accounting and Economics* 11(4), for the log.
    """
    model = MeanModel()
    design = model.design(Market(prices.close, prices.column, prices.sessions))
    nan = float("nan")
    try:
        fit = fit_event(
            turnover, model, design, job.day_zero, window=job.window, estimation=estimation,
            min_obs=min_obs, skip=None,
        )  # fmt: skip
    except NotEstimable as reason:
        for _ in cars:
            yield OtherOutcome("volume", nan, nan, "t", note=str(reason))
        return
    for window in cars:
        car = cumulate(fit, window, "log")
        note = "" if np.isfinite(car.car) else "a session without volume"
        yield OtherOutcome(
            "volume", car.car / window.length, car.t, "t", car.dof, nan, car.p_value, note
        )


def mean_volume(values: FloatArray, sample: Sample) -> Outcome:
    """Return the t test that events move volume on average.

    Parameters
    ----------
    values : ndarray, shape (N,)
        Mean abnormal log turnover of each event over a window, NaN where it has none.
    sample
        The same events, for where their windows lie: on windows that overlap the test refuses
        as the others that take events as independent do.

    Notes
    -----
    Judged by its spread across events, so that the autocorrelation of turnover inside a
    window does no harm.

    References
    ----------
    Campbell and Wasley (1996), *Review of Quantitative Finance and Accounting* 6(4).
    """
    known = np.isfinite(values)
    return VOLUME_TEST.run(replace(sample.only(known), car=values[known]))


VOLUME_TEST = Test(
    VOLUME,
    VOLUME_NULL,
    "t",
    lambda sample: (float(cross_sectional_t(sample.car)), float(sample.n - 1), math.nan),
    needs_estimation=False,
)
