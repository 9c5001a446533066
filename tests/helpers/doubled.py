"""Every figure that stands in more than one file of a run, and whether it is one number."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest


def figures_of(folder, sweep):
    """Return every value of every name in a run's files, as (name, file, value).

    The interest on cash belongs to the account and to no trade: what is said of trades, and of
    the sessions held beside an index, is without it.
    """
    metrics = json.loads((folder / "metrics.json").read_text())
    versus = pd.read_csv(folder / "versus.csv").set_index("metric")["strategy"]
    influence = pd.read_csv(folder / "influence.csv").iloc[0]
    trades = pd.read_csv(folder / "trades.csv")
    costs = pd.read_csv(folder / "costs.csv")
    equity = pd.read_csv(folder / "equity.csv")
    falls = pd.read_csv(folder / "drawdowns.csv")
    deepest = falls[(falls["series"] == "strategy") & (falls["rank"] == 1)]["depth"]
    is_borrow = costs["item"].astype(str).str.startswith("borrow")
    interest = metrics["interest"]
    share = interest / equity["equity"].iloc[0]
    found = [(name, "metrics", value) for name, value in metrics.items()]
    found += [(name, "versus", versus[name]) for name in metrics if name in versus.index]
    found += [(name, "sweep", sweep[name]) for name in ("trades", "total_return", "sharpe")]
    found += [
        ("total_return", "versus, held", float(versus["held: total_return"]) + share),
        ("total_return", "influence", influence["total_return"] + share),
        ("total_return", "equity", equity["equity"].iloc[-1] / equity["equity"].iloc[0] - 1.0),
        ("net", "sweep", sweep["net"]),
        ("net", "influence", influence["net"]),
        ("net", "trades", trades["net"].sum()),
        ("net", "equity", equity["equity"].iloc[-1] - equity["equity"].iloc[0] - interest),
        ("fees", "trades", trades["fees"].sum()),
        ("fees", "costs", costs.loc[~is_borrow, "amount"].sum()),
        ("borrow", "trades", trades["borrow"].sum()),
        ("borrow", "costs", costs.loc[is_borrow, "amount"].sum()),
        ("trades", "trades", len(trades)),
        ("open_trades", "trades", trades["open"].sum()),
        ("sessions", "equity", len(equity)),
    ]
    if len(deepest):
        found.append(("max_drawdown", "drawdowns", deepest.iloc[0]))
    return found


def by_name(figures):
    """Return the numbers of each name, as (file, value)."""
    values = {}
    for name, file, value in figures:
        if not isinstance(value, str):
            number = np.nan if value is None else float(value)
            values.setdefault(name, []).append((file, number))
    return values


def unequal(figures):
    """Yield the names whose numbers differ by more than the cents they are written in."""
    for name, each in by_name(figures).items():
        first = pytest.approx(each[0][1], rel=1e-9, abs=0.006, nan_ok=True)
        yield from (
            f"{name}: {each[0]} against {(file, value)}"
            for file, value in each[1:]
            if value != first
        )
