"""The figures of one curve, each by one function, wherever they are written or shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.metrics import (
    SESSIONS_A_YEAR,
    blocks,
    changes,
    known_span,
    marked,
    performance,
)

if TYPE_CHECKING:
    import pandas as pd

    from aftershock.arrays import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve of a comparison: its levels, what it holds and trades.

    Attributes
    ----------
    levels : ndarray, shape (S,)
        Equity at each close, money; NaN where there is none.
    gross : ndarray, shape (S,)
        Value of what it holds at each close, long and short, money.
    traded
        Value of all it bought and sold, money.
    held : ndarray, shape (S,)
        True on the sessions on which it held something for a part of the session.
    """

    levels: FloatArray
    gross: FloatArray
    traded: float
    held: BoolArray

    @property
    def moves(self) -> FloatArray:
        """Session returns, shape (S,): NaN beside a gap, and after a level of 0 or less."""
        return changes(self.levels)

    @property
    def total_return(self) -> float:
        """Over the whole curve, decimal."""
        return performance(self.levels).total_return


def strategy_curve(equity: pd.DataFrame, trades: pd.DataFrame, orders: pd.DataFrame) -> Curve:
    """Return the strategy's own curve.

    Parameters
    ----------
    equity, trades, orders
        The tables of a result.
    """
    gross = (equity["long"] + equity["short"]).to_numpy("float64")
    levels = equity["equity"].to_numpy("float64")
    return Curve(levels, gross, traded_value(orders), in_market(equity["session"], trades))


def bought_curve(levels: FloatArray) -> Curve:
    """Return the curve of a benchmark bought once and held, shape (S,)."""
    return Curve(levels, levels, 0.0, np.isfinite(marked(levels)))


def figures(curve: Curve, riskless: FloatArray) -> dict[str, float]:
    """Return all figures of a curve by name; NaN where one is not defined.

    Parameters
    ----------
    curve
        The curve.
    riskless : ndarray, shape (S,)
        What one unit of cash grows to over the same closes.

    Notes
    -----
    A curve that reaches 0 has no exposure and no turnover either: both are fractions of what
    is left. Years are sessions of the calendar from its first level to its last, over 252.
    """
    span = known_span(curve.levels)
    levels = marked(curve.levels)[span]
    alive = bool(levels.size) and bool((levels > 0).all())
    nan = float("nan")
    exposure = marked(curve.gross)[span] / levels if alive else np.full(1, nan)
    years = max(levels.size - 1, 1) / SESSIONS_A_YEAR
    return {
        **asdict(performance(curve.levels, riskless)),
        "mean_gross_exposure": float(exposure.mean()),
        "max_gross_exposure": float(exposure.max()),
        "turnover_a_year": curve.traded / float(levels.mean()) / years if alive else nan,
        "time_in_market": float(curve.held[span].mean()) if levels.size else nan,
        "blocks_in_market": blocks(curve.held),
    }


def traded_value(orders: pd.DataFrame) -> float:
    """Return the value of every fill, money: entries, exits and parts of them alike."""
    filled = orders[orders["filled"] > 0]
    return float((filled["filled"] * filled["fill_price"]).sum())


def in_market(sessions: pd.Series[pd.Timestamp], trades: pd.DataFrame) -> BoolArray:
    """Return the sessions on which any trade was held for part of the session, shape (S,)."""
    if not len(trades):
        return np.zeros(len(sessions), dtype=bool)
    return np.asarray(holdings(sessions, trades).any(axis=1))


def holdings(sessions: pd.Series[pd.Timestamp], trades: pd.DataFrame) -> BoolArray:
    """Return the sessions on which each trade was held for part of the session, shape (S, K)."""
    days = sessions.to_numpy()[:, None]
    last = trades["exit_session"].fillna(sessions.iloc[-1]).to_numpy()
    return np.asarray((days >= trades["entry_session"].to_numpy()) & (days <= last))
