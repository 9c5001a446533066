"""Strategy, benchmarks and the hedged strategy side by side."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.backtest.figures import Curve, bought_curve, figures, holdings, strategy_curve
from aftershock.backtest.hedge import index_leg
from aftershock.backtest.market import comparable
from aftershock.backtest.metrics import changes, drawdowns, known_span, marked
from aftershock.backtest.same_side import held_curve, sides
from aftershock.backtest.versus import (
    MIN_BLOCKS,
    NO_INFERENCE,
    Regression,
    Relative,
    itself,
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
RATES = ("alpha a year", "total_return", "annual_return", "max_drawdown", "held: beyond")
UNSIGNED = ("annual_volatility", "exposure", "time_in_market", "tracking error")
SAME_SIDE = "same_side"
BEYOND = "beyond the same side of the benchmark, over the sessions held"


def versus_table(
    equity: pd.DataFrame,
    trades: pd.DataFrame,
    orders: pd.DataFrame,
    riskless: FloatArray | None = None,
    interest: float = 0.0,
) -> pd.DataFrame:
    """Return strategy, benchmark, the benchmark's same side and the hedged strategy.

    Parameters
    ----------
    equity
        As ``equity_table`` returns it; every further column is a further benchmark, with a
        column here and figures of the strategy against it below those against the first.
    trades, orders
        Of the run.
    riskless : ndarray, shape (S,)
        What one unit of cash grows to; taken off every return before ratios, alpha and beta.
    interest
        What the run received on cash and short proceeds, money. The index is held against it
        with idle cash, so that it is left out of the figures of the sessions held.

    Returns
    -------
    DataFrame
        First the sessions held, with the same money: the strategy, the benchmark bought
        instead, the benchmark on the strategy's side, and what the strategy made beyond the
        latter. Then the figures of each curve over the whole run, what it held and traded;
        then alpha, beta, tracking error and captures over the full sample and in the market.
    """
    others = [name for name in equity.columns if name not in EQUITY]
    side = sides(equity["session"], trades)
    strategy = strategy_curve(equity, trades, orders)
    index = _levels(equity["benchmark"])
    columns = {
        "strategy": strategy,
        "benchmark": bought_curve(index),
        SAME_SIDE: held_curve(index, side, float(strategy.levels[0])),
        "hedged": _hedged(equity, strategy),
        **{name: bought_curve(_levels(equity[name])) for name in others},
    }
    each = holdings(equity["session"], trades)
    cash = np.ones(len(equity)) if riskless is None else riskless
    rows = [*_held_rows(columns, side, interest), *_own_rows(columns, cash)]
    for name in ("benchmark", *others):
        rows += _against_rows(columns, name, each, cash)
    table = pd.DataFrame(rows).reindex(columns=["metric", *_order(others), "note"])
    return make_table(table.itertuples(index=False), list(table.columns))


def _order(others: list[str]) -> list[str]:
    return ["strategy", "benchmark", SAME_SIDE, "hedged", *others]


def _hedged(equity: pd.DataFrame, own: Curve) -> Curve:
    leg = index_leg(equity["short"].to_numpy("float64"), _levels(equity["benchmark"]))
    traded = own.traded + float(np.abs(leg.traded).sum())
    return Curve(_levels(equity["hedged"]), own.gross + leg.held, traded, own.held)


def _levels(column: pd.Series[float]) -> FloatArray:
    return np.asarray(column.to_numpy("float64"))


def _held_rows(
    columns: dict[str, Curve], side: FloatArray, interest: float
) -> list[dict[str, Any]]:
    """Return what each made over the sessions held, every benchmark bought for them alone."""
    held = np.isfinite(side)
    bought = np.where(held, 1.0, np.nan)
    cash = float(columns["strategy"].levels[0])
    made = {
        name: curve
        if name in ("strategy", SAME_SIDE, "hedged")
        else held_curve(curve.levels, bought, cash)
        for name, curve in columns.items()
    }
    total = {name: curve.total_return for name, curve in made.items()}
    for name in ("strategy", "hedged"):
        total[name] -= interest / cash
    beyond = {name: total[name] - total[SAME_SIDE] for name in ("strategy", "hedged")}
    sessions = dict.fromkeys(columns, int(held.sum()))
    return [
        {"metric": "held: sessions", **sessions, "note": ""},
        {"metric": "held: total_return", **total, "note": ""},
        {"metric": "held: beyond", **beyond, "note": BEYOND},
    ]


def _own_rows(columns: dict[str, Curve], cash: FloatArray) -> list[dict[str, Any]]:
    """Return what each curve came to by itself, and what it held and traded."""
    each = {name: figures(column, cash) for name, column in columns.items()}
    few = each["strategy"]["blocks_in_market"] < MIN_BLOCKS
    notes = {"blocks_in_market": f"below {MIN_BLOCKS}: {NO_INFERENCE}" if few else ""}
    return [
        {
            "metric": metric,
            **{name: values[metric] for name, values in each.items()},
            "note": notes.get(metric, ""),
        }
        for metric in each["strategy"]
    ]


def _against_rows(
    columns: dict[str, Curve], other: str, each: BoolArray, cash: FloatArray
) -> Iterator[dict[str, Any]]:
    """Yield the figures of the strategy, and of it hedged, against one benchmark and its own."""
    held = np.asarray(each.any(axis=1))
    longest = int(each.sum(axis=0).max(initial=0))
    benchmark, saved = columns[other].moves, changes(cash)
    whose = "" if other == "benchmark" else f"against {other}, "
    for sample, only in (("full sample", False), ("in market", True)):
        days = held if only else np.ones_like(held)
        values: dict[str, dict[str, float]] = {}
        notes: dict[str, str] = {}
        for name in ("strategy", "hedged"):
            moves = columns[name].moves
            fit = regress(
                moves - saved, benchmark - saved, held, longest=longest, only_in_market=only
            )
            values[name] = _figures_of(fit, relative(moves, benchmark, days))
            notes = notes or _notes(fit)
        values[other] = _figures_of(
            itself(benchmark, held, days), relative(benchmark, benchmark, days)
        )
        for metric in values["strategy"]:
            row = {name: figure[metric] for name, figure in values.items()}
            yield {"metric": f"{whose}{sample}: {metric}", **row, "note": notes.get(metric, "")}


def _figures_of(fit: Regression, beside: Relative) -> dict[str, float]:
    return _regression_figures(fit) | _relative_figures(beside)


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
    levels = comparable(prices, ticker)[at]
    cash = float(equity["benchmark"].dropna().iloc[0])
    return bought(levels, cash) if np.isfinite(levels).any() else None


def riskless(panel: PricePanel, sessions: pd.Series[pd.Timestamp]) -> FloatArray | None:
    """Return what one unit of cash grows to over a run's sessions; None where it earns nothing."""
    if panel.risk_free is None:
        return None
    at = np.searchsorted(panel.sessions.dates, sessions.to_numpy().astype("datetime64[D]"))
    return np.asarray(np.multiply.accumulate(1.0 + panel.risk_free[at]))


def drawdown_table(equity: pd.DataFrame) -> pd.DataFrame:
    """Return the deepest falls of strategy, benchmarks and the hedged strategy.

    Rank by rank side by side, the dates of peak, trough and recovery with each; an account
    that was ruined has none. A gap in a benchmark keeps its place in the calendar.
    """
    others = [name for name in equity.columns if name not in EQUITY]
    rows = []
    for order, name in enumerate(["strategy", "benchmark", "hedged", *others]):
        levels = _levels(equity["equity" if name == "strategy" else name])
        span = known_span(levels)
        days = equity["session"].iloc[span].tolist()
        curve = marked(levels)[span]
        falls = drawdowns(curve) if (curve > 0).all() else []
        rows += [
            (rank, order, name, days[fall.peak], days[fall.trough],
             None if fall.recovery is None else days[fall.recovery], fall.depth, fall.sessions)
            for rank, fall in enumerate(falls, start=1)
        ]  # fmt: skip
    rows.sort(key=lambda row: row[:2])
    return make_table([(row[0], *row[2:]) for row in rows], DRAWDOWNS)
