"""unlock_short on the real closes of both July unlocks, every figure by hand."""

from __future__ import annotations

import dataclasses

import pytest

import aftershock as ash

EXCHANGE = ash.HKEX(borrow=0.18)


def run(root, book, hk_ai, exchange=EXCHANGE, **params):
    backtest = ash.Backtest(
        root / "strategies" / "unlock_short.py", params=params, exchange=exchange
    )
    return backtest, backtest.run(book, hk_ai, benchmark="^HSI")


def test_with_costs_by_hand(root, book, hk_ai):
    """One lot each, entry -10, exit 5, the tick rule on, 18 % a year, benchmark ^HSI."""
    _, result = run(root, book, hk_ai, lots=1)
    trades = result.trades.set_index("ticker")
    zhipu, minimax = trades.loc["2513.HK"], trades.loc["0100.HK"]
    # opened at 2,420 above the close before, 2,410; MiniMax at 504.5 below its own, so a limit
    # one spread, 0.5, higher
    assert (zhipu.entry_price, zhipu.exit_price) == (2420.0, 1700.0)
    assert (minimax.entry_price, minimax.exit_price) == (505.0, 250.6)
    # 242,000: brokerage 72.60, stamp 242, levies 6.53 + 0.36, fees 13.67 + 10.16; 170,000:
    # 51.00 + 170 + 4.59 + 0.26 + 9.61 + 7.14
    assert zhipu.fees == round(345.32 + 242.60, 2)
    # 10,100: 3.03 + 11 + 0.27 + 0.02 + 0.57 + 0.42; 5,012: 3.00 + 6 + 0.14 + 0.01 + 0.28 + 0.21
    assert minimax.fees == round(15.31 + 9.64, 2)
    # on loan 06-25 to 07-16, each day on the close before: 2174 2350 3x2046 1961 2x2104 1754
    # 3x1793 1530 1610 1825 2032 3x1640 1645 1600 1707 add up to 40,833
    assert zhipu.borrow == round(100 * 40_833 * 0.18 / 365, 2) == 2013.68
    assert zhipu.net == round(72_000 - 587.92 - 2013.68, 2)
    assert zhipu.break_even_borrow == pytest.approx((72_000 - 587.92) * 365 / 4_083_300, rel=1e-9)
    costs = result.costs.groupby("trade")["amount"].sum()
    assert costs[1] == pytest.approx(587.92 + 2013.68, abs=0.001)


def test_without_costs_the_difference_is_the_costs(root, book, hk_ai):
    _, dear = run(root, book, hk_ai, lots=1)
    _, free = run(root, book, hk_ai, dataclasses.replace(EXCHANGE, costs=False, borrow=0.0), lots=1)
    assert len(free.costs) == 0
    assert free.trades["net"].tolist() == [72_000.0, 5_088.0]
    paid = dear.costs.groupby("trade")["amount"].sum().tolist()
    assert (free.trades["net"] - dear.trades["net"]).tolist() == pytest.approx(paid, abs=0.001)


@pytest.mark.parametrize(("costs", "rank"), [(True, 6), (False, 6)])
def test_the_page_says_that_two_trades_prove_nothing(root, book, hk_ai, costs, rank):
    """The two unlocks overlap and are one cluster of 17 sessions on the ring of both tickers.

    They are listed together from 2026-01-09 to 2026-08-31, 157 closes, so 156 starts; at three
    of them the tick rule lets an order expire.
    """
    exchange = EXCHANGE if costs else dataclasses.replace(EXCHANGE, costs=False, borrow=0.0)
    _, result = run(root, book, hk_ai, exchange)
    placebo = result.luck.iloc[0]
    assert placebo["p_value"] == pytest.approx(rank / 153)
    assert placebo["floor"] == pytest.approx(1 / 153)
    assert placebo["one_day_floor"] == pytest.approx(17 / 156)
    assert placebo["statistic"] == pytest.approx(result.trades["net"].sum(), abs=0.01)
    said = result.summary()
    assert "n = 2: no inference; placebo p = 0.039 (floor 0.007, of one day 0.109)" in said
    assert "2 trades in 1 cluster; all 153 assignments on the ring" in said
    assert "Against ^HSI, a price index, without dividends; it cannot itself be bought" in said
    notes = result.versus.set_index("metric")["note"]
    assert notes["full sample: alpha t"] == "no inference: see placebo"


def test_the_comparison_is_over_the_sessions_held(root, book, hk_ai):
    """From the index file's first bar the index made 10.4 %; with the stocks it lost 2.2 %.

    Held are the closes of 23 June to 15 July: the index made 3.8 % from the close of the 22nd.
    """
    _, result = run(root, book, hk_ai)
    table = result.versus.set_index("metric")
    index = hk_ai.to_frame("close")["^HSI"].dropna()
    assert round(index.iloc[-1] / index.iloc[0] - 1.0, 3) == 0.104
    assert round(table.loc["total_return", "benchmark"], 3) == -0.022
    held = index["2026-07-15"] / index["2026-06-22"] - 1.0
    assert round(held, 3) == 0.038
    assert table.index[:3].tolist() == ["held: sessions", "held: total_return", "held: beyond"]
    assert table.loc["held: sessions", "strategy"] == len(index["2026-06-23":"2026-07-15"])
    assert table.loc["held: total_return", "benchmark"] == pytest.approx(held)
    assert table.loc["held: total_return", "same_side"] == pytest.approx(-held)
    assert table.loc["held: beyond", "strategy"] == pytest.approx(
        result.metrics["total_return"] + held
    )
    assert result.conventions["sessions"] == (
        "2026-01-08, the first close of 2513.HK, to 2026-08-31"
    )
