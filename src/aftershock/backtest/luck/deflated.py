"""The Sharpe ratio of the best of many trials, less what the best of many owes to luck."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.luck.check import Check, refusal, refused

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray

NAME = "deflated sharpe"
_LEAST = 3  # sessions; fewer have no kurtosis worth the name


@dataclass(frozen=True, slots=True)
class Deflated:
    """A Sharpe ratio beside the one that luck alone would have found.

    Attributes
    ----------
    sharpe, expected
        Of the chosen trial, and the expected highest of so many trials without skill; both
        per session.
    probability
        That the true Sharpe ratio is above ``expected``; NaN where it was refused.
    trials, sessions, n
        Trials, sessions and events.
    note
        Why there is no answer; empty where there is one.
    """

    sharpe: float
    expected: float
    probability: float
    trials: int
    sessions: int
    n: int
    note: str = ""

    @property
    def check(self) -> Check:
        """The row of the table of checks."""
        if self.note:
            return refused(NAME, self.n, self.note)
        said = "probability that the Sharpe ratio is above 0; one trial"
        if self.trials > 1:
            said = (
                f"probability that the Sharpe ratio beats the {self.expected:.4f} a session"
                f" expected of the best of {self.trials:,} trials, counted as independent"
            )
        return Check(NAME, self.probability, 1.0 - self.probability, math.nan, self.n, said)


def deflate(returns: FloatArray, sharpes: FloatArray, *, events: int) -> Deflated:
    """Return the deflated Sharpe ratio of a chosen trial.

    Parameters
    ----------
    returns : ndarray, shape (S,)
        Session returns of the chosen trial, decimals, flat sessions included.
    sharpes : ndarray, shape (N,)
        Sharpe ratio a session of every trial, the chosen one among them; one alone where
        nothing was tried, for which the expected highest is 0.
    events
        Events traded; below ten there is no answer.
    """
    size, trials = returns.size, sharpes.size
    note = refusal(events)
    if not note and (size < _LEAST or np.ptp(returns) == 0.0):
        note = "too few sessions, or returns that do not vary"
    if note:
        return Deflated(math.nan, math.nan, math.nan, trials, size, events, note)
    deviation = returns - returns.mean()
    sigma = float(np.sqrt((deviation**2).mean()))
    skew = float((deviation**3).mean()) / sigma**3
    kurtosis = float((deviation**4).mean()) / sigma**4
    sharpe = float(returns.mean() / returns.std(ddof=1))
    variance = float(sharpes.var(ddof=1)) if trials > 1 else 0.0
    expected = expected_maximum(trials, variance)
    found = probabilistic_sharpe(sharpe, expected, size, skew, kurtosis)
    return Deflated(sharpe, expected, found, trials, size, events)


def expected_maximum(trials: int, variance: float) -> float:
    r"""Return the expected highest Sharpe ratio of trials without skill.

    Parameters
    ----------
    trials
        Number of independent trials; 0 for one of them.
    variance
        Variance of their Sharpe ratios.

    Returns
    -------
    float
        :math:`\sqrt{V}\,[(1-\gamma)\,\Phi^{-1}(1-1/N) + \gamma\,\Phi^{-1}(1-1/(Ne))]`, with
        :math:`\gamma` Euler's constant; an approximation for large N.

    References
    ----------
    Bailey and Lopez de Prado (2014), *Journal of Portfolio Management* 40(5), equation 1.
    """
    if trials <= 1:
        return 0.0
    from scipy.stats import norm

    high = float(norm.ppf(1.0 - 1.0 / trials))
    higher = float(norm.ppf(1.0 - 1.0 / (trials * math.e)))
    return math.sqrt(variance) * ((1.0 - np.euler_gamma) * high + np.euler_gamma * higher)


def probabilistic_sharpe(
    sharpe: float, beaten: float, n: int, skew: float, kurtosis: float
) -> float:
    """Return the probability that the true Sharpe ratio is above another.

    Parameters
    ----------
    sharpe, beaten
        Observed, and to be beaten; both a session, not annualised.
    n
        Sessions.
    skew, kurtosis
        Of the session returns; the kurtosis of a normal distribution is 3.

    References
    ----------
    Bailey and Lopez de Prado (2012), *Journal of Risk* 15(2); (2014), equation 2.
    """
    from scipy.stats import norm

    variance = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if not variance > 0.0:
        return math.nan
    return float(norm.cdf((sharpe - beaten) * math.sqrt(n - 1.0) / math.sqrt(variance)))
