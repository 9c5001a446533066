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


@pytest.mark.parametrize("costs", [True, False])
def test_the_page_says_that_two_trades_prove_nothing(root, book, hk_ai, costs):
    """The two unlocks overlap and move jointly: 108 shifts, and none earned as much."""
    exchange = EXCHANGE if costs else dataclasses.replace(EXCHANGE, costs=False, borrow=0.0)
    backtest, result = run(root, book, hk_ai, exchange)
    placebo = backtest.placebo(book, hk_ai, benchmark="^HSI", result=result, seed=1)
    assert placebo.note.startswith("all 108 assignments of admissible dates, 1 group")
    assert placebo.floor == pytest.approx(1 / 109)
    said = result.judged(seed=1, placebo=placebo).summary()
    assert "n = 2: no inference; placebo p = 0.009 (floor 0.009)" in said
    assert "Against ^HSI, a price index, without dividends; it cannot itself be bought" in said
    notes = result.versus.set_index("metric")["note"]
    assert notes["full sample: alpha t"] == "no inference: see placebo"
