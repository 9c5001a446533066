"""The feed against backtrader's own: the same bars, the same orders, time as a ratio.

    python benchmarks/feed.py

Three tickers over 250 sessions, a strategy that looks at every close and trades; the two run
in turns, and the ratio is that of the medians.
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time

import backtrader as bt
import numpy as np
import pandas as pd

from aftershock.backtest.feed import SessionFeed

TURNS = 25
MOST = 0.85


class Mover(bt.Strategy):
    def __init__(self):
        self.value = []

    def next(self):
        for number, data in enumerate(self.datas):
            if len(self) > 1 and len(self) % 20 == number:
                (self.buy if data.close[0] > data.close[-1] else self.sell)(data=data, size=10)
        self.value.append(self.broker.getvalue())


def frames():
    rng = np.random.default_rng(1)
    days = pd.bdate_range("2025-01-01", periods=250)
    for _ in range(3):
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, days.size)))
        opened = close * np.exp(rng.normal(0, 0.01, days.size))
        yield pd.DataFrame(
            {
                "open": opened, "high": np.maximum(opened, close), "low": np.minimum(opened, close),
                "close": close, "volume": 1e6,
            }, index=days,
        )  # fmt: skip


def run(feeds):
    cerebro = bt.Cerebro(stdstats=False, preload=False, runonce=False)
    for number, feed in enumerate(feeds):
        cerebro.adddata(feed, name=str(number))
    cerebro.addstrategy(Mover)
    return cerebro.run()[0].value


def ours(data):
    feeds = []
    for number, frame in enumerate(data):
        numbers = [bt.date2num(day.to_pydatetime()) for day in frame.index]
        columns = (frame[name].tolist() for name in ("open", "high", "low", "close", "volume"))
        feeds.append(SessionFeed(str(number), zip(numbers, *columns, strict=True)))
    return run(feeds)


def theirs(data):
    return run([bt.feeds.PandasData(dataname=frame) for frame in data])


def main() -> int:
    data = list(frames())
    assert ours(data) == theirs(data), "the two feeds give different results"
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(TURNS):
        for name, way in (("ours", ours), ("theirs", theirs)):
            started = time.perf_counter()
            way(data)
            times[name].append(time.perf_counter() - started)
    own, other = (statistics.median(times[name]) for name in ("ours", "theirs"))
    print(f"backtrader {bt.__version__}, {dt.date.today()}")
    print(f"SessionFeed {own * 1e3:.1f} ms, PandasData {other * 1e3:.1f} ms a run")
    print(f"ratio {own / other:.2f} (at most {MOST})")
    return int(own / other > MOST)


if __name__ == "__main__":
    sys.exit(main())
