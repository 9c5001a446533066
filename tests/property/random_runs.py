"""Random runs of rules, and everything that must hold of each of them.

``python tests/property/random_runs.py --runs 50000 --jobs 8`` makes them and prints what failed,
with the seed that makes it again; the suite makes some of them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

import numpy as np
import pandas as pd
from doubled import figures_of, unequal
from worlds import differences, explains, make_backtest, make_book, make_prices, run_arrays

import aftershock as ash

TABLES = ("equity", "orders", "trades", "costs", "positions", "events", "versus")
CENT = 0.005


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run showed.

    Attributes
    ----------
    seed
        Makes it again.
    faults
        What did not hold, a sentence each.
    handed
        Why arrays left it to backtrader; empty where they ran it.
    trades, actions
        Round trips, and splits and dividends of the stocks.
    """

    seed: int
    faults: tuple[str, ...]
    handed: str
    trades: int
    actions: int


def make_run(seed):
    """Return a backtest, events and prices."""
    rng = np.random.default_rng([12, seed])
    violence = (0.02, 0.08)[rng.integers(2)]
    prices = make_prices(seed, (0.0, 0.15)[rng.integers(2)], violence, int(rng.integers(4)))
    if rng.random() < 0.3:
        prices = replace(prices, risk_free=np.full(len(prices.sessions), 0.0002))
    events = [_event(rng) for _ in range(rng.integers(1, 7))]
    return make_backtest(events, _exchange(rng)), make_book(events), prices


def _event(rng):
    side = str(rng.choice(["short", "short", "long"]))
    entry, stay = int(rng.integers(-12, 7)), int(rng.integers(1, 15))
    stop = (None, 0.02, 0.1, 0.4)[rng.integers(4)]
    by_weight = rng.random() < 0.6
    weight = (0.03, 0.4, 1.1)[rng.integers(3)] if by_weight else None
    lots = None if by_weight else int(rng.integers(1, 41))
    ticker = ("AAA", "BBB")[rng.integers(2)]
    rule = (side, entry, stay, stop, weight, lots)
    return ticker, int(rng.integers(1, 59)), int(rng.integers(2)), rule


def _exchange(rng):
    if rng.random() < 0.5:
        slippage = (None, ash.exchanges.HalfSpread(bps=2.0), ash.exchanges.SquareRoot(0.5))
        return ash.HKEX(
            costs=bool(rng.integers(2)),
            tick_rule=bool(rng.integers(2)),
            borrow=(0.0, 0.18, 0.6)[rng.integers(3)],
            participation=(None, 0.1)[rng.integers(2)],
            equity_to_hold=(0.0, 0.3)[rng.integers(2)],
            slippage=slippage[rng.integers(3)],
        )
    dated = {"AAA": ((dt.date(2025, 1, 1), 0.9123456789),)}
    return ash.exchanges.PlainExchange(
        bps=(0.0, 7.3)[rng.integers(2)],
        lot=(1, 500)[rng.integers(2)],
        borrow_rates=({}, dated)[rng.integers(2)],
        borrow=((dt.date(2025, 1, 1), 0.05), (dt.date(2025, 7, 1), 0.4)),
        interest=(0.0, 0.0, 0.031)[rng.integers(3)],
    )


def outcome_of(seed):
    """Make one run, and return what did not hold of it."""
    backtest, events, prices = make_run(seed)
    result = backtest.run(events, prices, benchmark="^IDX", placebos=0)
    swept = backtest.sweep(events, prices, benchmark="^IDX", grid={"scale": (1.0,)}, jobs=1)
    stage = backtest.stage(events, prices, benchmark="^IDX")
    arrays = run_arrays(backtest, stage)
    faults = [*_books(result, backtest.cash), *_again(result, swept.reported)]
    with tempfile.TemporaryDirectory() as folder:
        swept.reported.save(folder)
        faults += unequal(figures_of(Path(folder), swept.table.iloc[0]))
    if not arrays.handed_over:
        faults += differences(arrays, result, stage)
    elif not explains(arrays.handed_over, result, stage):
        faults.append(f"nothing shows why arrays left it: {arrays.handed_over}")
    stocks = [prices.column(name) for name in ("AAA", "BBB")]
    acts = (prices.dividend[:, stocks] > 0).sum() + (prices.split[:, stocks] > 0).sum()
    return Outcome(seed, tuple(faults), arrays.handed_over, len(result.trades), int(acts))


def _books(result, cash):
    """Yield where equity is not its parts, profits not the sum of trades, costs not theirs."""
    names = ["equity", "cash", "long", "short", "accrued"]
    cents = (100 * result.equity[names]).round().astype("int64")
    stated = cents["cash"] + cents["long"] - cents["short"] - cents["accrued"]
    if (cents["equity"] != stated).any():
        yield "equity is not cash and long less short and accrued"
    trades, costs = result.trades, result.costs
    earned = round(100 * trades["net"].sum()) + round(100 * result.metrics["interest"])
    if cents["equity"].iloc[-1] - round(100 * cash) != earned:
        yield "the profit is not that of the trades and the interest"
    paid = costs.groupby("trade")["amount"].sum().reindex(trades["trade"], fill_value=0.0)
    if (np.abs(paid.to_numpy() - (trades["fees"] + trades["borrow"])) > CENT).any():
        yield "the costs of a trade are not its fees and borrow"
    net = trades["gross"] - trades["fees"] - trades["borrow"]
    if (np.abs(net - trades["net"]) > CENT).any():
        yield "the net of a trade is not its gross less its costs"


def _again(one, two):
    """Yield the tables that a second run makes otherwise."""
    for name in TABLES:
        try:
            pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
        except AssertionError as cause:
            yield f"{name} of a second run: {cause}"


def main(arguments=None, write=sys.stdout.write):
    """Make the runs; return 1 where one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args(arguments)
    seeds = range(asked.first, asked.first + asked.runs)
    handed, bad, trades, acts = Counter(), 0, 0, 0
    with ProcessPoolExecutor(asked.jobs) as pool:
        for outcome in pool.map(outcome_of, seeds, chunksize=20):
            handed[outcome.handed or "ran over arrays"] += 1
            trades, acts = trades + outcome.trades, acts + outcome.actions
            bad += bool(outcome.faults)
            for fault in outcome.faults:
                write(f"seed {outcome.seed}: {fault}\n")
    write(f"{asked.runs:,} runs, {trades:,} trades, {acts:,} splits and dividends, {bad} failed\n")
    for reason, count in handed.most_common():
        write(f"{count:8,}  {reason}\n")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
