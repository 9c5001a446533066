"""Choosing on the events so far, trading the next: what the rule would have earned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.luck.bootstrap import bootstrap_mean
from aftershock.backtest.luck.check import Check, refusal, refused

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray
    from aftershock.backtest.luck.bootstrap import Bootstrap

NAME = "walk-forward"
TRAIN = 5  # events behind the first choice


@dataclass(frozen=True, slots=True)
class WalkForward:
    """What was earned with the cell that had been best so far.

    Attributes
    ----------
    events : ndarray, shape (K,)
        Events that were traded, by number.
    cells : ndarray, shape (K,)
        The cell each was traded with.
    net : ndarray, shape (K,)
        What each earned with it, money.
    mean
        What the resampling of them says; it refuses below ten events traded.
    best
        Mean of the same events in the cell that was best over all events, in hindsight.
    n
        Events there are.
    note
        Why nothing was traded; empty where something was.
    """

    events: IntArray
    cells: IntArray
    net: FloatArray
    mean: Bootstrap
    best: float
    n: int
    note: str = ""

    @property
    def check(self) -> Check:
        """The row of the table of checks."""
        if self.note:
            return refused(NAME, self.n, self.note)
        said = (
            f"mean net of {self.net.size} events, each with the cell best before it; the best"
            f" cell in hindsight made {self.best:,.0f}"
        )
        if self.mean.note:
            said += f"; p-value: {self.mean.note}"
        mean = float(self.net.mean())
        return Check(NAME, mean, self.mean.p_value, self.mean.floor, self.n, said)


def walk_forward(
    net: FloatArray,
    *,
    seed: int,
    starts: IntArray | None = None,
    ends: IntArray | None = None,
    train: int = TRAIN,
) -> WalkForward:
    """Trade every event with the cell that was best over the events before it.

    Parameters
    ----------
    net : ndarray, shape (E, C)
        Net profit of each event in each cell, money, events in order of time; NaN where a
        cell did not trade the event, which earned nothing.
    seed
        Of the resampling.
    starts, ends : ndarray, shape (E,)
        First session any cell trades an event at, and last: an event counts as earlier only
        where it had ended before the other starts. In order of the rows where left out.
    train
        Events that must have ended before the first choice is made.

    Notes
    -----
    Of cells that are equally good so far the first is chosen. Fewer than ten events, or one
    cell, are refused.
    """
    count, cells = net.shape
    empty: IntArray = np.empty(0, dtype=np.int64)
    note = refusal(count) or ("one cell: nothing to choose" if cells < 2 else "")  # noqa: PLR2004
    if note:
        none = np.empty(0)
        return WalkForward(empty, empty, none, bootstrap_mean(none, seed=seed), np.nan, count, note)
    earned = np.nan_to_num(net)
    order = np.arange(count)
    first, last = (order if given is None else given for given in (starts, ends))
    earlier = last[None, :] < first[:, None]
    traded = np.flatnonzero(earlier.sum(axis=1) >= train)
    chosen = np.array([earned[earlier[i]].mean(axis=0).argmax() for i in traded], dtype=np.int64)
    out = earned[traded, chosen]
    hindsight = earned[traded, int(earned.mean(axis=0).argmax())]
    if not traded.size:
        note = f"no event starts after {train} others have ended"
    best = float(hindsight.mean()) if traded.size else np.nan
    return WalkForward(traded, chosen, out, bootstrap_mean(out, seed=seed), best, count, note)
