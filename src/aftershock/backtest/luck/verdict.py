"""Every check of one backtest: what was asked, what was answered, what could not be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.luck.bootstrap import bootstrap_mean
from aftershock.backtest.luck.check import NOT_RUN, Check, refused
from aftershock.backtest.luck.deflated import deflate
from aftershock.backtest.luck.overfitting import overfitting
from aftershock.backtest.luck.walk_forward import walk_forward

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray

IN_GRID = "run for the whole grid: each cell has its p-value"
NO_TRIALS = "one set of parameters was run: nothing was chosen"


@dataclass(frozen=True, slots=True)
class Trials:
    """What a sweep tried.

    Attributes
    ----------
    returns : ndarray, shape (S, N)
        Session returns of every cell, decimals, flat sessions included; all finite.
    net : ndarray, shape (E, N)
        Net profit of every event in every cell, money, events in order of time; NaN where a
        cell did not trade it.
    starts, ends : ndarray, shape (E,)
        First session any cell trades each event at, and last.
    corrected
        Whether the whole grid was run on placebo dates, and every cell has its p-value.
    """

    returns: FloatArray
    net: FloatArray
    starts: IntArray | None = None
    ends: IntArray | None = None
    corrected: bool = False

    @property
    def sharpes(self) -> FloatArray:
        """Sharpe ratio a session of every cell, shape (N,); 0 where it never traded."""
        mean, sigma = self.returns.mean(axis=0), self.returns.std(axis=0, ddof=1)
        return np.asarray(np.where(sigma > 0.0, mean / np.where(sigma > 0.0, sigma, 1.0), 0.0))


def judge(
    net: FloatArray,
    returns: FloatArray,
    *,
    seed: int,
    placebo: Check | None = None,
    trials: Trials | None = None,
) -> tuple[Check, ...]:
    """Return the answer of every check.

    Parameters
    ----------
    net : ndarray, shape (E,)
        Net profit of each event traded, all its trades together, money.
    returns : ndarray, shape (S,)
        Session returns, decimals.
    seed
        Of the resampling.
    placebo
        Its row, where one was run.
    trials
        What was tried before these parameters were chosen, where anything was.
    """
    n = net.size
    elsewhere = IN_GRID if trials is not None and trials.corrected else NOT_RUN
    return (
        placebo or Check("placebo", np.nan, np.nan, np.nan, n, elsewhere),
        bootstrap_mean(net, seed=seed).check,
        deflate(returns, np.zeros(1) if trials is None else trials.sharpes, events=n).check,
        refused("overfitting", n, NO_TRIALS)
        if trials is None
        else overfitting(trials.returns, events=n).check,
        refused("walk-forward", n, NO_TRIALS)
        if trials is None
        else walk_forward(trials.net, seed=seed, starts=trials.starts, ends=trials.ends).check,
    )
