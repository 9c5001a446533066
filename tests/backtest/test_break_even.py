"""Run again at the borrow fee or slippage that breaks even: nothing is left, nothing is lost."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from floor import buy, events, leave, market, play, sell

import aftershock as ash
from aftershock.backtest.break_even import RATES

BASE = ash.HKEX(borrow=0.18, participation=None, tick_rule=False)
FALLING = market(
    AAA={row: {"open": 100.0 - row, "close": 99.5 - row} for row in range(30)},
    BBB={row: {"open": 100.0 - row / 4, "close": 99.9 - row / 4} for row in range(30)},
)
PLAN = ((4, "x", sell(300)), (12, "x", leave), (5, "y", sell(800)), (20, "y", leave))
BOOK = (("x", "AAA"), ("y", "BBB"))


def trade(exchange, *plan, prices=FALLING):
    return play(prices, *(plan or PLAN), exchange=exchange, book=events(*BOOK))


def at(**options):
    return dataclasses.replace(BASE, **options)


def test_the_borrow_fee_that_leaves_nothing_by_hand():
    """Sold at 100, covered at 95, 100 shares: 500 to pay 22 days of 10,000 and of 9,500 with.

    Entry on row 4 settles on row 6, the exit on row 20 on row 22. The price falls to 95 on the
    open of row 14. Days on loan from 2026-01-12 on: 10 days until 01-22 at 100, the rest at 95.
    """
    prices = market(AAA={14: {"open": 95.0}})
    free = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0)
    result = play(prices, (3, sell(100)), (19, leave), exchange=free)
    from floor import DAYS

    days = np.arange(DAYS[6], DAYS[22])
    falls = DAYS[14]
    on_loan = sum(10_000 if one <= falls else 9_500 for one in days)
    assert result.metrics["break_even_borrow"] == pytest.approx(500 * 365 / on_loan, rel=1e-12)


def test_run_again_at_the_break_even_fee_a_trade_nets_zero():
    """To the cent: the fee is counted in 10^-8 a year, which moves 80,000 by far less."""
    result = trade(BASE)
    assert (result.trades["net"] > 0).all()
    for row in result.trades.itertuples():
        again = trade(at(borrow=row.break_even_borrow)).trades.set_index("event")
        assert again.loc[row.event, "net"] == pytest.approx(0.0, abs=0.0051)


def test_run_again_at_the_break_even_fee_the_strategy_nets_zero():
    """Each of two fills is rounded to the cent."""
    again = trade(at(borrow=trade(BASE).metrics["break_even_borrow"]))
    assert again.trades["net"].sum() == pytest.approx(0.0, abs=0.011)


@pytest.mark.parametrize("event", ["x", "y", None])
def test_run_again_at_the_break_even_slippage_nothing_is_left(event):
    """Charges unchanged, the promise says, so without them; borrow is on closes and stays. To
    the price's 0.0001 on 300 or 800 shares, twice."""
    free = at(costs=False)
    result = trade(free)
    rows = result.trades.set_index("event")
    slip = result.metrics["break_even_slippage"] if event is None else rows.loc[
        event, "break_even_slippage"]  # fmt: skip
    again = trade(at(costs=False, slippage=ash.exchanges.HalfSpread(0.0, slip * 1e4)))
    net = again.trades.set_index("event")["net"]
    assert (net.sum() if event is None else net[event]) == pytest.approx(0.0, abs=0.25)


def test_break_even_slippage_by_hand():
    """500 of profit over 10,000 sold and 9,500 bought."""
    free = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0)
    prices = market(AAA={14: {"open": 95.0}})
    result = play(prices, (3, sell(100)), (19, leave), exchange=free)
    assert result.metrics["break_even_slippage"] == pytest.approx(500 / 19_500, rel=1e-12)
    still = play(prices, (3, sell(100)), exchange=free)
    for found in (still.metrics["break_even_slippage"], still.trades["break_even_slippage"][0]):
        assert found == pytest.approx(500 / 19_500, rel=1e-12)


def test_the_grid_of_borrow_fees_is_what_runs_at_them_net():
    grid = trade(BASE).borrow_grid.set_index("rate")
    assert (min(RATES[1:]), max(RATES)) == (0.03, 0.60)
    for rate in RATES:
        again = trade(at(borrow=rate))
        assert grid.loc[rate, "net"] == again.trades["net"].sum().round(2)
        change = again.equity["equity"].iloc[-1] / again.equity["equity"].iloc[0] - 1
        assert grid.loc[rate, "total_return"] == pytest.approx(change, abs=1e-12)


def test_a_run_without_a_loan_has_no_fee_to_break_even_at():
    result = play(market(), (4, buy(10)), (9, leave), exchange=at(costs=False))
    assert result.metrics["break_even_borrow"] is None
    assert np.isnan(result.trades["break_even_borrow"].iloc[0])
    assert len(result.borrow_grid) == 0
    idle = play(market(), exchange=BASE)
    assert (idle.metrics["break_even_borrow"], idle.metrics["break_even_slippage"]) == (None, None)


def test_an_intraday_loan_costs_nothing():
    """Covered at the stop on the day of the sale: both settle on one day."""
    prices = market(AAA={5: {"open": 100.0, "high": 130.0}})
    result = play(prices, (4, sell(100, stop=0.2)), exchange=at(borrow=0.6))
    assert result.trades["borrow"].tolist() == [0.0]


def test_dated_fees_change_on_their_day():
    """36.5 % is 0.1 % a day: 10 a day on 10,000; then 73 %, 20 a day, from the sixth day on."""
    from floor import DAYS

    start = DAYS[6].astype("O")
    later = (DAYS[6] + np.timedelta64(5, "D")).astype("O")
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=((start, 0.365), (later, 0.73)))
    result = play(market(), (3, sell(100)), (19, leave), exchange=exchange)
    days = int((DAYS[22] - DAYS[6]).astype(int))
    assert result.trades["borrow"].tolist() == [5 * 10.0 + (days - 5) * 20.0]
