"""A thousand-cell sweep and ten thousand placebos, beside what others take for the grid.

    python benchmarks/backtests.py

Two unlocks of two stocks over 250 sessions, 1,000 cells of entry x exit x stop. Ours charges
Hong Kong's costs, borrow, lots and tick rule; the others run the same dates and stops with a
flat commission. vectorbt and backtesting.py are left out where they are not installed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import sys
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from itertools import product

import backtrader as bt
import numpy as np
import pandas as pd
import statsmodels.api  # noqa: F401 - its import is not what is measured

import aftershock as ash
from aftershock.backtest.placebo import rule_reach, run_placebo
from aftershock.backtest.rule import Rule
from aftershock.backtest.strategy import EventStrategy
from aftershock.backtest.trials import Plan, run_all
from aftershock.events.companies import Company
from aftershock.sessions import Sessions

ENTRIES, EXITS, STOPS = range(-20, 0), range(25), (0.1, 0.2)
DRAWS = 10_000
MOST_SWEEP, MOST_PLACEBO, LEAST_RATIO = 1.0, 5.0, 50.0
UNLOCKS = {"AAA": 120, "BBB": 190}


class Unlock(EventStrategy):
    """Short over an unlock."""

    class Params(EventStrategy.Params):
        entry: int = -10
        exit: int = 5
        stop: float | None = 0.2

        def rule(self, event):
            return Rule(entry=self.entry, exit=self.exit, stop=self.stop, weight=0.1)

    events = ash.select(kind="announcement")


def make_frames():
    rng = np.random.default_rng(3)
    days = pd.DatetimeIndex(_sessions())
    frames = {}
    for ticker in (*UNLOCKS, "^IDX"):
        sigma = 0.01 if ticker == "^IDX" else 0.04
        close = 100 * np.exp(np.cumsum(rng.normal(0, sigma, days.size)))
        opened = close * np.exp(rng.normal(0, sigma / 3, days.size))
        frames[ticker] = pd.DataFrame(
            {
                "Open": opened, "High": np.maximum(opened, close) * 1.01,
                "Low": np.minimum(opened, close) * 0.99, "Close": close, "Volume": 5e6,
            }, index=days,
        ).round(2)  # fmt: skip
    return frames


def _sessions():
    return Sessions.exchange("XHKG", dt.date(2025, 1, 2), dt.date(2026, 1, 30)).dates[:250]


def timed(work):
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def ours(frames):
    prices = ash.PricePanel.from_frames(frames, calendar="XHKG")
    days = frames["^IDX"].index
    rows = [
        {
            "id": ticker, "ticker": ticker, "kind": "announcement", "timing": "pre_open",
            "when": str(days[row].date()), "known_at": str(days[0].date()),
        }
        for ticker, row in UNLOCKS.items()
    ]  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    lots = {ticker: Company(ticker=ticker, name=ticker, lot=100) for ticker in UNLOCKS}
    book = ash.EventBook(list(book), companies=lots, calendar="XHKG")
    backtest = ash.Backtest(Unlock, exchange=ash.HKEX())
    grid = {"entry": tuple(ENTRIES), "exit": tuple(EXITS), "stop": STOPS}
    stage = backtest.stage(book, prices, benchmark="^IDX")
    plans = [
        Plan({"entry": entry, "exit": leave, "stop": stop})
        for entry, leave, stop in product(*grid.values())
    ]
    cells, _ = timed(lambda: run_all(backtest, stage, plans))
    swept, sweep = timed(lambda: backtest.sweep(book, prices, benchmark="^IDX", grid=grid))
    result = backtest.run(book, prices, benchmark="^IDX", placebos=0)
    traded = list(dict.fromkeys(result.trades["event"]))
    reach = rule_reach(Unlock, [backtest.params], stage.agenda.entries)
    drawn, placebo = timed(lambda: run_placebo(backtest, stage, traded, reach, seed=1, draws=DRAWS))
    assert sweep.trials == len(ENTRIES) * len(EXITS) * len(STOPS)
    assert placebo.draws.size == DRAWS
    return cells, swept, drawn


class Plain(bt.Strategy):
    params = (("entry", -10), ("exit", 5), ("stop", 0.2))

    def __init__(self):
        self.stops = {}

    def next(self):
        for data, zero in zip(self.datas[1:], UNLOCKS.values(), strict=True):
            offset = len(self) - zero
            if offset == self.p.entry:
                self.sell(data=data, size=int(0.1 * self.broker.getvalue() / data.close[0]))
                level = data.close[0] * (1 + self.p.stop)
                self.stops[data] = self.buy(data=data, size=1, exectype=bt.Order.Stop, price=level)
            elif offset == self.p.exit and self.getposition(data).size:
                self.cancel(self.stops[data])
                self.close(data=data)


def optstrategy(frames):
    cerebro = bt.Cerebro(stdstats=False, maxcpus=2, optreturn=True)
    for ticker in ("^IDX", *UNLOCKS):
        cerebro.adddata(bt.feeds.PandasData(dataname=frames[ticker]), name=ticker)
    cerebro.broker.setcash(1e7)
    cerebro.broker.setcommission(0.001)
    cerebro.optstrategy(Plain, entry=ENTRIES, exit=EXITS, stop=STOPS)
    return timed(cerebro.run)[0]


def vectorbt(frames):
    import vectorbt as vbt

    close = pd.concat({ticker: frames[ticker]["Close"] for ticker in UNLOCKS}, axis=1)
    cells = list(product(ENTRIES, EXITS, STOPS))
    entries = np.zeros((len(close), len(cells) * 2), dtype=bool)
    exits = np.zeros_like(entries)
    for column, (entry, leave, _) in enumerate(cells):
        for number, zero in enumerate(UNLOCKS.values()):
            entries[zero + entry, 2 * column + number] = True
            exits[zero + leave, 2 * column + number] = True
    tiled = pd.DataFrame(np.tile(close.to_numpy(), len(cells)), index=close.index)
    stops = np.repeat([stop for *_, stop in cells], 2)

    def work():
        return vbt.Portfolio.from_signals(
            tiled, short_entries=entries, short_exits=exits, sl_stop=stops, fees=0.001, freq="D"
        ).total_return()

    cold = timed(work)[0]
    return cold, timed(work)[0]


def backtesting(frames):
    from backtesting import Backtest, Strategy

    class Short(Strategy):
        entry, leave, stop, zero = -10, 5, 0.2, 0

        def init(self):
            pass

        def next(self):
            offset = len(self.data) - self.zero
            if offset == self.entry:
                self.sell(size=0.1, sl=self.data.Close[-1] * (1 + self.stop))
            elif offset == self.leave:
                self.position.close()

    def work():
        for ticker, zero in UNLOCKS.items():
            test = Backtest(frames[ticker], Short, cash=1e7, commission=0.001)
            for entry, leave, stop in product(ENTRIES, EXITS, STOPS):
                test.run(entry=entry, leave=leave, stop=stop, zero=zero)

    return timed(work)[0]


def main() -> int:
    warnings.simplefilter("ignore")
    frames = make_frames()
    grid, swept, drawn = ours(frames)
    cells = len(ENTRIES) * len(EXITS) * len(STOPS)
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}, pandas {pd.__version__}")
    own = f"aftershock {ash.__version__}:"
    print(
        f"{own} {cells:,} cells {grid:.2f} s; the whole sweep, three of them through backtrader and"
        f" judged, {swept:.2f} s (at most {MOST_SWEEP:g})"
    )
    print(f"{own} {DRAWS:,} placebos {drawn:.2f} s (at most {MOST_PLACEBO:g})")
    other = optstrategy(frames)
    ratio = other / grid
    print(f"backtrader {bt.__version__} optstrategy: {other:.1f} s, {ratio:.0f} times as long"
          f" (at least {LEAST_RATIO:g})")  # fmt: skip
    for name, way in (("vectorbt", vectorbt), ("backtesting", backtesting)):
        try:
            found = version(name)
        except PackageNotFoundError:
            print(f"{name}: not installed, skipped")
            continue
        with contextlib.redirect_stderr(io.StringIO()):
            taken = way(frames)
        if isinstance(taken, tuple):
            print(f"{name} {found}: {taken[0]:.1f} s cold, {taken[1]:.2f} s warm"
                  f" ({taken[1] / grid:.1f} times as long)")  # fmt: skip
        else:
            print(f"{name} {found}: {taken:.1f} s, {taken / grid:.0f} times as long")
    return int(swept > MOST_SWEEP or drawn > MOST_PLACEBO or ratio < LEAST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
