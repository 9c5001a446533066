"""One figure, one function: what stands in two places of a run is one number."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from doubled import by_name, figures_of, unequal

import aftershock as ash
from aftershock.backtest.metrics import performance
from aftershock.backtest.result import BacktestResult
from aftershock.backtest.rule import Rule
from aftershock.backtest.same_side import held_curve, sides

SESSIONS = 90


class Random(ash.EventStrategy):
    """Rules of all kinds: short and long, stops, some that stay open at the end."""

    class Params(ash.EventStrategy.Params):
        side: str = "short"
        entry: int = -3
        exit: int = 4
        weight: float = 0.3
        stop: float | None = None

        def rule(self, event):
            return Rule(
                side=self.side, entry=self.entry, exit=self.exit, weight=self.weight, stop=self.stop
            )

    events = ash.select()


def world(rng, make_bars):
    """Return a panel of two tickers, some halts and volumes that fill orders in parts; events."""
    days = ash.PricePanel.from_frames(
        {"^IDX": make_bars(pd.bdate_range("2026-01-05", periods=140), np.ones(140))},
        calendar="XHKG",
    ).sessions.dates[:SESSIONS]
    frames = {}
    for ticker in ("AAA", "BBB", "^IDX"):
        close = 100.0 * np.cumprod(1.0 + 0.04 * rng.standard_t(4, SESSIONS).clip(-8, 8))
        opens = close * (1.0 + 0.01 * rng.standard_normal(SESSIONS))
        frames[ticker] = make_bars(days, close.round(3), opens.round(3))
        frames[ticker]["Volume"] = rng.choice([2_000.0, 50_000.0, 1e7], SESSIONS)
    frames["AAA"].loc[frames["AAA"].index[rng.integers(30, 80, 3)], "Volume"] = 0.0
    gaps = rng.choice([0, 3])  # of the benchmark
    kept = np.sort(rng.choice(np.arange(1, SESSIONS - 1), SESSIONS - 2 - gaps, replace=False))
    frames["^IDX"] = frames["^IDX"].iloc[[0, *kept, SESSIONS - 1]]
    table = [
        {
            "id": f"{ticker}-{row}",
            "kind": "announcement",
            "ticker": ticker,
            "timing": "pre_open",
            "when": str(days[row]),
            "known_at": "2025-12-01",
        }
        for ticker in ("AAA", "BBB")
        for row in rng.choice(np.arange(8, 88), 2, replace=False)
    ]
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    if rng.random() < 0.5:
        panel = replace(panel, risk_free=np.full(len(panel.sessions), 0.0002))
    return panel, ash.EventBook.from_frame(pd.DataFrame(table), calendar="XHKG")


@pytest.mark.parametrize("seed", range(12))
def test_every_name_in_two_files_has_one_value(seed, make_bars, tmp_path):
    """Over random runs: halts, partial fills, stops, risk-free rates, gaps, open trades, ruin."""
    rng = np.random.default_rng([12, seed])
    panel, events = world(rng, make_bars)
    params = {
        "side": ["short", "long"][seed % 2],
        "entry": int(rng.integers(-4, 1)),
        "exit": int(rng.integers(2, 12)),
        "weight": float(rng.choice([0.1, 0.5, 1.5])),
        "stop": [None, 0.1][int(rng.integers(2))],
    }
    exchange = ash.exchanges.PlainExchange(
        bps=5.0,
        borrow=0.2,
        participation=[None, 0.1][seed % 3 == 0],
        equity_to_open=0.1,
        equity_to_hold=0.0,
    )
    backtest = ash.Backtest(Random, params=params, exchange=exchange, cash=1_000_000)
    swept = backtest.sweep(
        events, panel, benchmark="^IDX", grid={"exit": (params["exit"],)}, jobs=1
    )
    swept.reported.save(tmp_path)
    figures = list(figures_of(tmp_path, swept.table.iloc[0]))
    assert sum(len(each) > 1 for each in by_name(figures).values()) > 15
    assert list(unequal(figures)) == []
    again = BacktestResult.read(tmp_path, swept.reported.record)
    pd.testing.assert_frame_equal(again.versus, swept.reported.versus, check_dtype=False)


def test_a_trade_that_is_half_covered_counts_what_was_traded(make_bars):
    """Volumes cover 200 of 1,000 shares a session from the exit on: each fill is turnover."""
    days = ash.PricePanel.from_frames(
        {"^IDX": make_bars(pd.bdate_range("2026-01-05", periods=20), np.ones(20))},
        calendar="XHKG",
    ).sessions.dates[:12]
    bars = make_bars(days, np.full(12, 100.0))
    bars["Volume"] = [1e6] * 9 + [2_000.0] * 3
    panel = ash.PricePanel.from_frames(
        {"AAA": bars, "^IDX": make_bars(days, np.full(12, 1_000.0))}, calendar="XHKG"
    )
    table = {
        "id": "x",
        "kind": "announcement",
        "ticker": "AAA",
        "timing": "pre_open",
        "when": str(days[5]),
        "known_at": "2025-12-01",
    }
    events = ash.EventBook.from_frame(pd.DataFrame([table]), calendar="XHKG")
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0, participation=0.1)
    result = ash.Backtest(
        Random, params={"entry": 0, "exit": 4, "weight": 0.1}, exchange=exchange, cash=1_000_000
    ).run(events, panel, benchmark="^IDX")
    assert result.trades["open"].tolist() == [True]
    turnover = (100_000 + 3 * 20_000) / 1_000_000 / (11 / 252)
    assert result.metrics["turnover_a_year"] == pytest.approx(turnover)
    table = result.versus.set_index("metric")
    assert table.loc["turnover_a_year", "strategy"] == pytest.approx(turnover)


def frame(*rows):
    return pd.DataFrame(
        rows, columns=["side", "entry_session", "exit_session", "shares", "entry_price"]
    ).astype({"entry_session": "datetime64[s]", "exit_session": "datetime64[s]"})


def test_the_side_held_by_hand():
    """Short 100 from the 2nd to the open of the 5th; long 300 on the 4th alone; then nothing."""
    days = pd.Series(pd.date_range("2026-01-01", periods=6))
    trades = frame(
        ("short", "2026-01-02", "2026-01-05", 10, 10.0),
        ("long", "2026-01-04", "2026-01-04", 30, 10.0),
    )
    np.testing.assert_equal(
        sides(days, trades), [np.nan, -1.0, -1.0, (300 - 100) / 400, np.nan, np.nan]
    )


def test_the_same_money_in_the_index_by_hand():
    """100 110 121 110 ... : bought over the first two moves, sold short over the third."""
    index = np.array([100.0, 110.0, 121.0, 110.0, 55.0])
    bought = held_curve(index, np.array([np.nan, 1.0, 1.0, np.nan, np.nan]), 1_000.0)
    assert bought.levels.tolist() == pytest.approx([1_000.0, 1_100.0, 1_210.0, 1_210.0, 1_210.0])
    both = held_curve(index, np.array([np.nan, 1.0, 1.0, -1.0, np.nan]), 1_000.0)
    assert both.levels.tolist() == pytest.approx([1_000.0, 1_100.0, 1_210.0, 1_320.0, 1_320.0])
    short = held_curve(index, np.array([np.nan, -1.0, -1.0, np.nan, np.nan]), 1_000.0)
    assert short.total_return == pytest.approx(-0.21)  # what the bought one made, the other way


def test_a_year_is_sessions_of_the_calendar():
    """A gap keeps its place: 5 sessions from 100 to 121, whatever closes are known between."""
    whole = performance(np.array([100.0, 105.0, 110.0, 110.0, 115.0, 121.0]))
    gap = performance(np.array([100.0, np.nan, 110.0, np.nan, 115.0, 121.0]))
    later = performance(np.array([np.nan, 100.0, 105.0, 110.0, 110.0, 115.0, 121.0, np.nan]))
    assert whole.annual_return == gap.annual_return == pytest.approx(1.21 ** (252 / 5) - 1.0)
    np.testing.assert_equal(asdict(later), asdict(whole))
    held = np.array([0.0, 0.1, 0.0, 5 / 110, 6 / 115])  # marked at the close before
    assert gap.annual_volatility == pytest.approx(held.std(ddof=1) * np.sqrt(252))


def test_one_return_has_no_ratio():
    """One fall of 16.6 % used to be a Sortino ratio of -15.87."""
    one = performance(np.array([100.0, 83.4]))
    assert np.isnan([one.sharpe, one.sortino, one.calmar, one.annual_volatility]).all()
    assert one.total_return == pytest.approx(-0.166)
    assert one.annual_return == pytest.approx(0.834**252 - 1.0)
    assert np.isnan(performance(np.array([100.0])).annual_return)
    assert np.isnan(performance(np.full(3, np.nan)).total_return)


def test_returns_that_are_one_number_do_not_vary():
    """What dividing levels leaves behind is no deviation: a ratio of 1e15 is none."""
    steady = performance(100.0 * 1.001 ** np.arange(50))
    assert np.isnan([steady.sharpe, steady.sortino, steady.calmar]).all()
    assert steady.annual_volatility == 0.0
