"""How often the best trial of one half of the time is among the worse ones in the other."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.luck.check import Check, refusal, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.arrays import FloatArray

BLOCKS = 16
_AT_ONCE = 500  # splits, so that a thousand trials stay in a few megabytes
NAME = "overfitting"


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What combinatorially symmetric cross-validation found.

    Attributes
    ----------
    probability
        That the trial chosen on one half ranks below the median on the other; NaN where it
        was refused.
    loss
        Share of the splits in which the chosen trial lost money on the other half.
    logits : ndarray, shape (K,)
        Logit of the relative rank on the other half, one per split.
    trials, n
        Trials and events.
    note
        Why there is no answer; empty where there is one.
    """

    probability: float
    loss: float
    logits: FloatArray
    trials: int
    n: int
    note: str = ""

    @property
    def check(self) -> Check:
        """The row of the table of checks; a probability is no p-value, so it has none."""
        if self.note:
            return refused(NAME, self.n, self.note)
        said = (
            f"probability that the best of {self.trials} trials in one half of the time is below"
            f" the median in the other; {self.logits.size:,} splits, a loss in {self.loss:.0%}"
        )
        return Check(NAME, self.probability, math.nan, math.nan, self.n, said)


def overfitting(returns: FloatArray, *, events: int, blocks: int = BLOCKS) -> Overfitting:
    """Return the probability of backtest overfitting of a set of trials.

    Parameters
    ----------
    returns : ndarray, shape (S, N)
        Session returns of every trial, decimals, flat sessions included.
    events
        Events traded; below ten there is no answer.
    blocks
        Even number of stretches of time the sessions are cut into.

    Notes
    -----
    Every half of the blocks is used once to choose the trial with the highest Sharpe ratio,
    the first of equal ones, and the other half to rank it. Sessions that do not fill a block
    are left out at the start. A trial that is flat over a half has a Sharpe ratio of 0 there.
    Ties share their mean rank, and a rank on the median itself counts half, so that trials
    without skill give one half for odd numbers of them too. A holding that reaches over the
    edge of a block is in both halves.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu (2017), *Journal of Computational Finance* 20(4).
    """
    size, trials = returns.shape
    note = refusal(events) or _unfit(size, trials, blocks)
    if note:
        return Overfitting(math.nan, math.nan, np.empty(0), trials, events, note)
    parts = returns[size % blocks :].reshape(blocks, -1, trials)
    found = [pair for chosen in _halves(blocks) for pair in _judge(parts, chosen)]
    ranks = np.concatenate([ranks for ranks, _ in found])
    means = np.concatenate([means for _, means in found])
    logits = np.log(ranks / (1.0 - ranks))
    level = np.isclose(logits, 0.0)
    below = float(((logits < 0.0) & ~level).mean() + 0.5 * level.mean())
    return Overfitting(below, float((means < 0.0).mean()), logits, trials, events)


def _unfit(size: int, trials: int, blocks: int) -> str:
    if blocks < 2 or blocks % 2:  # noqa: PLR2004 - two halves
        return f"{blocks} blocks cannot be halved"
    if trials < 2:  # noqa: PLR2004 - a choice
        return "one trial: nothing was chosen"
    if size < 2 * blocks:
        return f"{size} sessions are too few for {blocks} blocks"
    return ""


def _halves(blocks: int) -> Iterator[FloatArray]:
    """Yield the halves with the first block as rows of 0 and 1, some hundred at a time."""
    choices = itertools.combinations(range(1, blocks), blocks // 2 - 1)
    while some := list(itertools.islice(choices, _AT_ONCE)):
        rows = np.zeros((len(some), blocks))
        rows[:, 0] = 1.0
        for row, others in zip(rows, some, strict=True):
            row[list(others)] = 1.0
        yield rows


def _judge(parts: FloatArray, half: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield what ``_rank`` finds for some halves and for their complements."""
    total, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    count = parts.shape[1] * half.shape[1] // 2
    sums = half @ total, (1.0 - half) @ total
    sharpes = [
        _sharpe(mine, rows @ squares, count)
        for mine, rows in zip(sums, (half, 1.0 - half), strict=True)
    ]
    yield _rank(sharpes[0], sharpes[1], sums[1] / count)
    yield _rank(sharpes[1], sharpes[0], sums[0] / count)


def _rank(
    inside: FloatArray, outside: FloatArray, means: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return relative rank and mean return, on the other half, of the best of each half."""
    rows, best = np.arange(len(inside)), inside.argmax(axis=1)
    own = outside[rows, best][:, None]
    worse, level = (np.count_nonzero(same, axis=1) for same in (outside < own, outside == own))
    rank = worse + (level + 1.0) / 2.0
    return rank / (inside.shape[1] + 1.0), means[rows, best]


def _sharpe(total: FloatArray, squares: FloatArray, count: int) -> FloatArray:
    mean = total / count
    variance = squares / count - mean**2
    flat = variance <= 1e-12 * squares / count  # what rounding leaves of no variation
    sharpe = mean / np.sqrt(np.where(flat, 1.0, variance))
    return np.asarray(np.where(flat, 0.0, sharpe))
