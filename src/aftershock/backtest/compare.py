"""Strategy, benchmarks and the hedged strategy side by side."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.backtest.hedge import index_leg
from aftershock.backtest.metrics import SESSIONS_A_YEAR, blocks, drawdowns, performance
from aftershock.backtest.versus import (
    MIN_BLOCKS,
    NO_INFERENCE,
    Regression,
    Relative,
    regress,
    relative,
)
from aftershock.formats import counted
from aftershock.tables import make_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.arrays import BoolArray, FloatArray
    from aftershock.prices.panel import PricePanel

BALANCE = ["equity", "cash", "long", "short", "accrued"]
EQUITY = ["session", *BALANCE, "benchmark", "hedged"]
DRAWDOWNS = [
    "rank", "series", "peak_session", "trough_session", "recovery_session", "depth", "sessions",
]  # fmt: skip

# metrics that are read as percent, with a sign and without; named by how they end
RATES = ("alpha a year", "total_return", "annual_return", "max_drawdown")
UNSIGNED = ("annual_volatility", "exposure", "time_in_market", "tracking error")


@dataclass(frozen=True, slots=True)
class _Column:
    """One curve of the comparison: its levels, what it holds and trades at each close."""

    levels: FloatArray
    gross: FloatArray
    traded: float


def versus_table(
    equity: pd.DataFrame, trades: pd.DataFrame, riskless: FloatArray | None = None
) -> pd.DataFrame:
    """Return strategy, benchmark and the hedged strategy side by side.

    Parameters
    ----------
    equity
        As ``equity_table`` returns it; every further column is a further benchmark, with a
        column here and figures of the strategy against it below those against the first.
    trades
        The run's trades.
    riskless : ndarray, shape (S,)
        What one unit of cash grows to; taken off every return before ratios, alpha and beta.

    Returns
    -------
    DataFrame
        Figures of each curve, what it held and traded, then alpha, beta, tracking error and
        captures over the full sample and in the market.
    """
    others = [name for name in equity.columns if name not in EQUITY]
    columns = {"strategy": _strategy_column(equity, trades), "hedged": _hedged(equity, trades)}
    columns |= {name: _held_column(equity[name]) for name in ("benchmark", *others)}
    each = holdings(equity["session"], trades)
    cash = np.ones(len(equity)) if riskless is None else riskless
    rows = [*_own_rows(columns, cash), *_market_rows(each, ["benchmark", *others])]
    for name in ("benchmark", *others):
        rows += _against_rows(columns, name, each, cash)
    table = pd.DataFrame(rows).reindex(columns=["metric", *_order(others), "note"])
    return make_table(table.itertuples(index=False), list(table.columns))


def _order(others: list[str]) -> list[str]:
    return ["strategy", "benchmark", "hedged", *others]


def _strategy_column(equity: pd.DataFrame, trades: pd.DataFrame) -> _Column:
    gross = (equity["long"] + equity["short"]).to_numpy("float64")
    prices = trades["entry_price"] + trades["exit_price"].fillna(0.0)
    return _Column(_levels(equity["equity"]), gross, float((trades["shares"] * prices).sum()))


def _hedged(equity: pd.DataFrame, trades: pd.DataFrame) -> _Column:
    own = _strategy_column(equity, trades)
    leg = index_leg(equity["short"].to_numpy("float64"), _levels(equity["benchmark"]))
    traded = own.traded + float(np.abs(leg.traded).sum())
    return _Column(_levels(equity["hedged"]), own.gross + leg.held, traded)


def _held_column(levels: pd.Series[float]) -> _Column:
    held = _levels(levels)
    return _Column(held, held, 0.0)


def _levels(column: pd.Series[float]) -> FloatArray:
    return np.asarray(column.to_numpy("float64"))


def _own_rows(columns: dict[str, _Column], cash: FloatArray) -> list[dict[str, Any]]:
    """Return what each curve came to by itself, and what it held and traded."""
    figures = {name: _figures(column, cash) for name, column in columns.items()}
    metrics = list(figures["strategy"])
    return [
        {"metric": metric, **{name: own[metric] for name, own in figures.items()}, "note": ""}
        for metric in metrics
    ]


def _figures(column: _Column, cash: FloatArray) -> dict[str, float]:
    known = np.isfinite(column.levels)
    levels = column.levels[known]
    nan = np.full(levels.size, np.nan)
    exposure = column.gross[known] / levels if (levels > 0).all() else nan
    years = max(levels.size - 1, 1) / SESSIONS_A_YEAR
    return {
        **asdict(performance(levels, cash[known])),
        "mean_gross_exposure": float(exposure.mean()),
        "max_gross_exposure": float(exposure.max()),
        "turnover_a_year": column.traded / float(levels.mean()) / years,
    }


def _market_rows(each: BoolArray, benchmarks: list[str]) -> list[dict[str, Any]]:
    """Return how long and how often the strategy was in the market."""
    held = np.asarray(each.any(axis=1))
    stretches = blocks(held)
    few = f"below {MIN_BLOCKS}: {NO_INFERENCE}" if stretches < MIN_BLOCKS else ""
    share = float(held.mean())
    always = dict.fromkeys(benchmarks, 1.0)
    return [
        {"metric": "time_in_market", "strategy": share, "hedged": share, **always, "note": ""},
        {"metric": "blocks_in_market", "strategy": stretches, "hedged": stretches, **always,
         "note": few},
    ]  # fmt: skip


def _against_rows(
    columns: dict[str, _Column], other: str, each: BoolArray, cash: FloatArray
) -> Iterator[dict[str, Any]]:
    """Yield the figures of the strategy, and of it hedged, against one benchmark."""
    held = np.asarray(each.any(axis=1))
    longest = int(each.sum(axis=0).max(initial=0))
    benchmark, saved = changes(columns[other].levels), changes(cash)
    whose = "" if other == "benchmark" else f"against {other}, "
    for sample, only in (("full sample", False), ("in market", True)):
        found = {}
        notes: dict[str, str] = {}
        for name in ("strategy", "hedged"):
            own = changes(columns[name].levels)
            fit = regress(
                own - saved, benchmark - saved, held, longest=longest, only_in_market=only
            )
            beside = relative(own, benchmark, held if only else np.ones_like(held))
            found[name] = _regression_figures(fit) | _relative_figures(beside)
            notes = notes or _notes(fit)
        for metric in found["strategy"]:
            values = {name: figures[metric] for name, figures in found.items()}
            note = notes.get(metric, "")
            yield {"metric": f"{whose}{sample}: {metric}", **values, "note": note}


def _regression_figures(fit: Regression) -> dict[str, float]:
    return {
        "sessions": fit.n, "alpha a year": fit.alpha, "alpha t": fit.alpha_t,
        "alpha p": fit.alpha_p, "beta": fit.beta, "beta t": fit.beta_t,
    }  # fmt: skip


def _relative_figures(beside: Relative) -> dict[str, float]:
    return {name.replace("_", " "): value for name, value in asdict(beside).items()}


def _notes(fit: Regression) -> dict[str, str]:
    lags = fit.note or f"Newey-West, {counted(fit.lags, 'lag')}"
    stretches = counted(fit.blocks, "stretch", "stretches")
    return {
        "sessions": f"{stretches} in the market", "alpha a year": fit.note,
        "alpha t": lags, "alpha p": fit.note, "beta t": lags,
    }  # fmt: skip


def holdings(sessions: pd.Series[pd.Timestamp], trades: pd.DataFrame) -> BoolArray:
    """Return the sessions on which each trade was held for part of the session, shape (S, K)."""
    days = sessions.to_numpy()[:, None]
    last = trades["exit_session"].fillna(sessions.iloc[-1]).to_numpy()
    return np.asarray((days >= trades["entry_session"].to_numpy()) & (days <= last))


def bought(levels: FloatArray, cash: float) -> FloatArray:
    """Return what ``cash`` put into a benchmark at its first close is worth, to the cent."""
    known = levels[np.isfinite(levels)]
    return np.round(cash * levels / known[0], 2) if known.size else levels


def beside(prices: PricePanel, ticker: str, equity: pd.DataFrame) -> FloatArray | None:
    """Return a further benchmark on a run's sessions and capital; None without a close."""
    if ticker not in prices.tickers:
        return None
    days = equity["session"].to_numpy().astype("datetime64[D]")
    at = np.searchsorted(prices.sessions.dates, days)
    levels = prices.adjusted_close()[at, prices.column(ticker)]
    cash = float(equity["benchmark"].dropna().iloc[0])
    return bought(levels, cash) if np.isfinite(levels).any() else None


def riskless(panel: PricePanel, sessions: pd.Series[pd.Timestamp]) -> FloatArray | None:
    """Return what one unit of cash grows to over a run's sessions; None where it earns nothing."""
    if panel.risk_free is None:
        return None
    at = np.searchsorted(panel.sessions.dates, sessions.to_numpy().astype("datetime64[D]"))
    return np.asarray(np.multiply.accumulate(1.0 + panel.risk_free[at]))


def changes(levels: FloatArray) -> FloatArray:
    """Return session returns, shape (S,): the first NaN, and all after a level of 0 or less."""
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = levels[1:] / levels[:-1] - 1.0
    alive = ~np.logical_or.accumulate(levels[:-1] <= 0.0)
    return np.concatenate([[np.nan], np.where(alive, moves, np.nan)])


def drawdown_table(equity: pd.DataFrame) -> pd.DataFrame:
    """Return the deepest falls of strategy, benchmarks and the hedged strategy.

    Rank by rank side by side, the dates of peak, trough and recovery with each; an account
    that was ruined has none.
    """
    others = [name for name in equity.columns if name not in EQUITY]
    rows = []
    for order, name in enumerate(_order(others)):
        known = equity["equity" if name == "strategy" else name].dropna()
        days = equity.loc[known.index, "session"].tolist()
        levels = known.to_numpy("float64")
        found = drawdowns(levels) if (levels > 0).all() else []
        rows += [
            (rank, order, name, days[fall.peak], days[fall.trough],
             None if fall.recovery is None else days[fall.recovery], fall.depth, fall.sessions)
            for rank, fall in enumerate(found, start=1)
        ]  # fmt: skip
    rows.sort(key=lambda row: row[:2])
    return make_table([(row[0], *row[2:]) for row in rows], DRAWDOWNS)
