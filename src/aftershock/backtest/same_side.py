"""The index over the sessions held: bought instead, and on the strategy's side.

An index has a close and often no open. So a trade that is opened at one open and closed at
another is held against as many closes as it saw: from the close before its entry to the last
close at which it stood. One that is opened and closed within a session has that session.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.figures import Curve
from aftershock.backtest.metrics import marked

if TYPE_CHECKING:
    import pandas as pd

    from aftershock.arrays import BoolArray, FloatArray


def sides(sessions: pd.Series[pd.Timestamp], trades: pd.DataFrame) -> FloatArray:
    """Return the side a strategy held over each session, shape (S,): NaN where it held nothing.

    -1 where all was short, 1 where all was long, between them where both were: what was long
    less what was short, by the money that opened it, over both together.
    """
    held = closes_held(sessions, trades)
    money = (trades["shares"] * trades["entry_price"]).to_numpy("float64")
    signs = np.where(trades["side"].to_numpy() == "short", -1.0, 1.0)
    gross = held @ money
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(gross > 0.0, (held @ (signs * money)) / gross, np.nan))


def closes_held(sessions: pd.Series[pd.Timestamp], trades: pd.DataFrame) -> BoolArray:
    """Return the sessions whose closes each trade saw, its first session always, shape (S, K)."""
    days = sessions.to_numpy()[:, None]
    entry = trades["entry_session"].to_numpy()
    exits = trades["exit_session"].to_numpy()
    stays = np.isnat(exits) | (days < exits)
    return np.asarray((days >= entry) & (stays | (days == entry)))


def held_curve(index: FloatArray, side: FloatArray, cash: float) -> Curve:
    """Return the same money in an index over the sessions held, and in cash in between.

    Parameters
    ----------
    index : ndarray, shape (S,)
        Its levels; a gap stands at the level before it.
    side : ndarray, shape (S,)
        1 to buy it, -1 to sell it short, between them for a part; NaN to hold nothing.
    cash
        At the first close; all of it is put into every stretch of one side, as a trade is: in
        shares that stay the same until the side changes.
    """
    levels = marked(index)
    worth: FloatArray = np.full(levels.size, cash)
    gross: FloatArray = np.zeros(levels.size)
    traded = 0.0
    for start, end in _stretches(side):
        stake, before = worth[max(start - 1, 0)], levels[max(start - 1, 0)]
        if not np.isfinite(before):  # the index has no close yet
            continue
        units = side[start] * stake / before
        worth[start:end] = stake + units * (levels[start:end] - before)
        worth[end:] = worth[end - 1]
        gross[start:end] = abs(units) * levels[start:end]
        traded += abs(units) * float(before + levels[end - 1])
    return Curve(worth, gross, traded, np.isfinite(side))


def _stretches(side: FloatArray) -> list[tuple[int, int]]:
    """Return first row and the row after the last of every stretch of one side."""
    held = np.isfinite(side)
    turns = np.flatnonzero(np.diff(np.where(held, side, 2.0), prepend=2.0, append=2.0) != 0.0)
    return [(int(a), int(b)) for a, b in pairwise(turns) if held[a]]
