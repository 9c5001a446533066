"""The strategy against the benchmark: alpha, beta, tracking error, captures.

Newey-West is right here, where returns of a position held for several sessions are regressed
on the market's; it is wrong for a day that has a dummy of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.metrics import SESSIONS_A_YEAR, blocks

if TYPE_CHECKING:
    from aftershock.arrays import BoolArray, FloatArray

MIN_BLOCKS = 10
MIN_SESSIONS = 3
NO_INFERENCE = "no inference: see placebo"


@dataclass(frozen=True, slots=True)
class Regression:
    """Strategy returns regressed on benchmark returns.

    Attributes
    ----------
    alpha
        A year (252 sessions), decimal.
    beta
        Slope.
    alpha_t, alpha_p, beta_t
        Newey-West t statistics and the two-sided p of alpha, Student's t with n - 2; NaN
        where there is no inference.
    lags
        Newey-West lags used.
    n, blocks
        Sessions, and unbroken stretches in the market among them.
    note
        Why there is no inference, or no regression.
    """

    alpha: float
    beta: float
    alpha_t: float
    alpha_p: float
    beta_t: float
    lags: int
    n: int
    blocks: int
    note: str = ""


def regress(
    strategy: FloatArray,
    benchmark: FloatArray,
    in_market: BoolArray,
    *,
    longest: int,
    only_in_market: bool,
) -> Regression:
    """Regress strategy on benchmark returns.

    Parameters
    ----------
    strategy, benchmark : ndarray, shape (S,)
        Session returns, decimals; a session where either is missing is left out.
    in_market : ndarray, shape (S,)
        True where the strategy earned its return with a position.
    longest
        Sessions of the longest single holding.
    only_in_market
        Use the sessions in the market only.

    Notes
    -----
    Lags are ``max(floor(4 (T/100)^(2/9)), longest holding - 1)`` with the small-sample
    correction. With few stretches in the market the t statistic is bounded whatever the
    profit, so below ten of them none is given.

    References
    ----------
    Newey and West (1987), *Econometrica* 55(3); (1994), *Review of Economic Studies* 61(4).
    """
    keep = np.isfinite(strategy) & np.isfinite(benchmark)
    if only_in_market:
        keep &= in_market
    y, x = strategy[keep], benchmark[keep]
    stretches = blocks(in_market)
    nan = float("nan")
    if y.size < MIN_SESSIONS or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        note = "never in the market" if not in_market.any() else "too few sessions"
        return Regression(nan, nan, nan, nan, nan, 0, y.size, stretches, note)
    lags = newey_west_lags(y.size, longest)
    from statsmodels.regression.linear_model import OLS

    fit = OLS(y, np.column_stack([np.ones_like(x), x])).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True
    )
    alpha, beta = float(fit.params[0]) * SESSIONS_A_YEAR, float(fit.params[1])
    if stretches < MIN_BLOCKS:
        return Regression(alpha, beta, nan, nan, nan, lags, y.size, stretches, NO_INFERENCE)
    return Regression(
        alpha, beta, float(fit.tvalues[0]), float(fit.pvalues[0]), float(fit.tvalues[1]),
        lags, y.size, stretches,
    )  # fmt: skip


def itself(benchmark: FloatArray, in_market: BoolArray, sample: BoolArray) -> Regression:
    """Return what a benchmark is against itself on some sessions: alpha 0 and beta 1, no test.

    Parameters
    ----------
    benchmark : ndarray, shape (S,)
        Its session returns, decimals; a session without one is left out.
    in_market, sample : ndarray, shape (S,)
        Where the strategy held a position, and the sessions to use.
    """
    nan, n = math.nan, int((sample & np.isfinite(benchmark)).sum())
    alpha, beta = (0.0, 1.0) if n >= MIN_SESSIONS else (nan, nan)
    return Regression(alpha, beta, nan, nan, nan, 0, n, blocks(in_market))


@dataclass(frozen=True, slots=True)
class Relative:
    """How closely a strategy follows a benchmark, and on which days.

    Attributes
    ----------
    tracking_error
        Standard deviation a year of the returns beyond the benchmark's, decimal.
    information_ratio
        Mean of those returns a year over the tracking error.
    up_capture, down_capture
        Geometric mean return a session over that of the benchmark, on the sessions on which
        the benchmark rose, and fell: 0.5 is half of the move, below 0 the opposite one.
    """

    tracking_error: float
    information_ratio: float
    up_capture: float
    down_capture: float


def relative(strategy: FloatArray, benchmark: FloatArray, sample: BoolArray) -> Relative:
    """Return the figures of a strategy beside a benchmark.

    Parameters
    ----------
    strategy, benchmark : ndarray, shape (S,)
        Session returns, decimals; a session where either is missing is left out.
    sample : ndarray, shape (S,)
        True on the sessions to use.

    Notes
    -----
    Flat sessions count. NaN where there are fewer than two sessions, where returns beyond
    the benchmark's do not vary, and for a capture without a session of its kind. Captures
    are not annualised: over the few sessions of an event, compounding to a year would turn
    any ratio into one of powers.
    """
    keep = sample & np.isfinite(strategy) & np.isfinite(benchmark)
    own, other = strategy[keep], benchmark[keep]
    beyond = own - other
    spread = float(beyond.std(ddof=1)) if beyond.size > 1 else math.nan
    ratio = float(beyond.mean()) / spread if spread > 0.0 else math.nan
    scale = math.sqrt(SESSIONS_A_YEAR)
    return Relative(
        tracking_error=spread * scale,
        information_ratio=ratio * scale,
        up_capture=_capture(own, other, other > 0.0),
        down_capture=_capture(own, other, other < 0.0),
    )


def _capture(own: FloatArray, other: FloatArray, days: BoolArray) -> float:
    if not days.any() or (own[days] <= -1.0).any():
        return math.nan
    return _typical(own[days]) / _typical(other[days])


def _typical(returns: FloatArray) -> float:
    """Return the geometric mean of some returns."""
    return float(np.expm1(np.log1p(returns).mean()))


def newey_west_lags(n: int, longest: int) -> int:
    """Return the lags for ``n`` sessions and a longest holding of ``longest``; below ``n``."""
    rule: int = math.floor(4.0 * (n / 100.0) ** (2.0 / 9.0))
    return max(0, min(max(rule, longest - 1), n - 2))
