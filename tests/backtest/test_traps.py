"""What backtrader does on its own when nobody watches, and that it does not happen here.

Look-ahead has a file of its own; so have the broker's refusals.
"""

from __future__ import annotations

import sys

import backtrader as bt
import numpy as np
import pandas as pd
import pytest
from floor import DAYS, FREE, Script, buy, day, events, leave, market, orders, play, sell

import aftershock as ash
from aftershock.backtest.strategy import EventStrategy
from aftershock.errors import BacktestError, PriceError


def test_next_waits_for_no_listing():
    """Backtrader's ``next`` starts when every feed has a bar; here on the first session."""
    seen = []
    late = market(BBB=dict.fromkeys(range(25)))

    class Watch(EventStrategy):
        events = ash.select()

        def on_offset(self, event, offset):
            seen.append((self.session, len(self.data), len(self.feed("BBB"))))

    ash.Backtest(Watch).run(events(), late, benchmark="^IDX")
    assert [row[0] for row in seen] == [day(row) for row in range(30)]
    assert all(clock == feed == row + 1 for row, (_, clock, feed) in enumerate(seen))


def test_events_are_offered_while_an_indicator_is_short_of_bars():
    class Early(EventStrategy):
        events = ash.select()

        def __init__(self):
            super().__init__()
            bt.ind.SMA(self.data1, period=25)

        def on_offset(self, event, offset):
            if offset == -15:
                self.enter_short(event, lots=10)

    result = ash.Backtest(Early, exchange=FREE).run(events(), market(), benchmark="^IDX")
    assert orders(result)[0][2:5] == ("filled", 10, 5)


def test_an_indicator_of_a_late_listing_starts_with_it():
    seen = {}

    class Mean(EventStrategy):
        events = ash.select()

        def __init__(self):
            super().__init__()
            self.mean = bt.ind.SMA(self.getdatabyname("AAA"), period=3)

        def on_offset(self, event, offset):
            seen[self.broker.position] = self.mean[0] if len(self) >= 3 else None

    prices = market(AAA={**dict.fromkeys(range(8)), 8: {"close": 103.0}, 9: {"close": 106.0}})
    start = prices.sessions.first
    ash.Backtest(Mean, start=start).run(events(), prices, benchmark="^IDX")
    assert np.isnan(seen[7])
    assert np.isnan(seen[9])
    assert seen[10] == pytest.approx((103.0 + 106.0 + 106.0) / 3)


def test_shorts_are_not_unlimited():
    """Backtrader sells ten thousand times the equity."""
    result = play(market(), (6, sell(weight=10_000.0)))
    assert orders(result)[0][2] == "rejected"


def test_equity_is_right_beyond_twice_the_entry():
    """``shortcash=False`` is wrong there: short 1,000 from 100 at 250 has lost 150,000."""
    result = play(market(AAA={9: {"close": 250.0}}), (6, sell(1_000)))
    assert result.equity["equity"].iloc[9] == 850_000.0


def test_borrow_is_on_the_close_before_not_on_the_entry():
    """Entered at 100, the stock stands at 150 from the first day on loan: 15 a day, not 10."""
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=0.365)
    result = play(market(AAA={8: {"close": 150.0}}), (6, sell(100)), (8, leave), exchange=exchange)
    # on loan from row 9 to row 11, 2026-01-15 to 2026-01-19
    assert str(DAYS[9]) == "2026-01-15"
    assert str(DAYS[11]) == "2026-01-19"
    assert result.trades["borrow"].tolist() == [4 * 15.0]


def test_todays_close_does_not_enter_todays_fee():
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=0.365)
    result = play(market(AAA={9: {"close": 190.0}}), (6, sell(100)), exchange=exchange)
    assert result.equity["accrued"].iloc[8:11].tolist() == [0.0, 10.0, 29.0]


def test_a_partial_cover_does_not_pay_for_the_rest():
    """Half is recalled on row 9 and settles on row 11: its fee is paid, the rest accrues on."""
    exchange = ash.exchanges.PlainExchange(
        bps=0.0, borrow=0.365, borrowable={"AAA": ((day(0), 200), (day(9), 100))}
    )
    result = play(market(), (6, sell(200)), exchange=exchange)
    paid = result.costs[result.costs["item"] == "borrow"]
    assert paid["amount"].tolist() == [4 * 10.0]  # of 100 shares, row 9 to row 11
    assert paid["session"].dt.date.tolist() == [day(11)]
    last = result.costs[result.costs["item"] == "borrow accrued"]
    days = int((DAYS[29] - DAYS[9]).astype(int)) + 1
    assert last["amount"].tolist() == [days * 10.0]


@pytest.mark.parametrize(
    "index",
    [[*DAYS[:5], DAYS[4]], [DAYS[0], DAYS[2], DAYS[1]]],
    ids=["twice", "unsorted"],
)
def test_dates_are_unique_and_ascend(index):
    frame = pd.DataFrame(
        {"Open": 1.0, "High": 1.0, "Low": 1.0, "Close": np.arange(1.0, len(index) + 1)},
        index=pd.DatetimeIndex(index),
    )
    if len(index) > 3:
        with pytest.raises(PriceError, match="twice"):
            ash.PricePanel.from_frames({"AAA": frame}, calendar="XHKG")
    else:
        panel = ash.PricePanel.from_frames({"AAA": frame}, calendar="XHKG")
        assert panel.close[:, 0].tolist() == [1.0, 3.0, 2.0]


def test_hong_kong_midnight_is_the_same_day():
    index = pd.DatetimeIndex(DAYS[:3]).tz_localize("Asia/Hong_Kong")
    frame = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), 1.0), index=index)
    panel = ash.PricePanel.from_frames({"AAA": frame}, calendar="XHKG")
    assert panel.sessions.first == day(0)
    assert np.isfinite(panel.close).all()


def test_open_trades_are_in_the_totals():
    result = play(market(AAA={9: {"close": 90.0}}), (6, sell(100)))
    assert result.trades["net"].sum() == 1_000.0
    assert result.metrics["trades"] == result.metrics["open_trades"] == 1
    assert result.trades["open"].tolist() == [True]


def test_a_run_without_a_trade_has_totals():
    result = play(market())
    assert result.metrics["trades"] == 0
    assert result.metrics["end_equity"] == 1_000_000.0
    assert "no trade was made" in result.summary()


def test_sizes_are_whole_lots_of_the_weight():
    """10 % of 1,000,000 at 33 is 3,030 shares: 7 lots of 400."""
    result = play(market(price=33.0), (6, sell(weight=0.1)), lot=400)
    assert orders(result)[0][3] == 2_800


def raw(name, **options):
    """One of backtrader's own ways to order."""

    def act(strategy, event):
        getattr(strategy, name)(data=strategy.feed("AAA"), **options)

    return act


def test_backtraders_own_orders_must_be_whole_lots():
    """``order_target_percent`` of 33 % asks for 3,300 shares, no whole lots of 400; of 36 % it
    is 3,600, and from there 24 % is 1,200 fewer."""
    result = play(market(), (6, raw("order_target_percent", target=0.33)), lot=400)
    assert orders(result)[0][2:4] == ("rejected", 0)
    assert orders(result)[0][6] == "3300 shares are no whole lots of 400"
    more, less = (raw("order_target_percent", target=part) for part in (0.36, 0.24))
    filled = orders(play(market(), (6, more), (9, less), lot=400))
    assert [row[:4:3] for row in filled] == [("buy", 3_600), ("sell", 1_200)]
    assert orders(play(market(), (6, raw("sell", size=800)), lot=400))[0][2:4] == ("filled", 800)


@pytest.mark.parametrize(
    "options",
    [
        {"exectype": bt.Order.Limit, "price": 90.0},
        {"exectype": bt.Order.Close},
        {"valid": 3},
        {"exectype": bt.Order.StopTrail, "trailpercent": 0.1},
    ],
)
def test_an_order_that_cannot_be_is_no_market_order(options):
    with pytest.raises(BacktestError, match=r"Script orders with \w+; every order is for"):
        play(market(), (6, raw("buy", size=100, **options)))


def test_a_stop_covers_once_what_was_entered_with_it():
    """50 shares added without a stop stay when the stop of the first 100 is met, twice."""
    spikes = {row: {"open": 110.0, "high": 125.0, "low": 100.0, "close": 110.0} for row in (9, 10)}
    result = play(market(AAA=spikes), (5, sell(100, stop=0.2)), (6, sell(50)))
    assert [(row[1], row[2], row[3], row[4]) for row in orders(result)] == [
        ("market", "filled", 100, 6), ("stop", "filled", 100, 9), ("market", "filled", 50, 7),
    ]  # fmt: skip
    assert result.positions["shares"].iloc[-1] == -50


def test_an_event_on_a_day_without_trading_is_not_missed():
    """A timer on a Sunday never fires; a lock-up that ends on one is Monday's."""
    table = pd.DataFrame(
        [{"id": "x", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
          "when": "2026-01-18", "known_at": "2025-01-01"}]
    )  # fmt: skip
    book = ash.EventBook.from_frame(table, calendar="XHKG")
    offsets = {}

    class Watch(EventStrategy):
        events = ash.select()

        def on_offset(self, event, offset):
            offsets[offset] = str(self.session)

    ash.Backtest(Watch).run(book, market(), benchmark="^IDX")
    assert offsets[0] == "2026-01-16"  # the close before Monday the 19th


def test_a_gap_through_a_stop_fills_at_the_open():
    prices = market(AAA={9: {"open": 135.0, "high": 140.0, "close": 130.0}})
    assert orders(play(prices, (6, sell(10, stop=0.2))))[1][5] == 135.0
    prices = market(AAA={9: {"open": 70.0, "close": 75.0}})
    assert orders(play(prices, (6, buy(10, stop=0.2))))[1][5] == 70.0


def test_a_stop_and_an_exit_of_one_session():
    """The exit is for the open, before any stop; at the close it comes after."""
    wild = {9: {"open": 100.0, "high": 130.0}}
    result = play(market(AAA=wild), (6, sell(10, stop=0.2)), (8, leave))
    assert [(row[1], row[2], row[5]) for row in orders(result)] == [
        ("market", "filled", 100.0), ("stop", "cancelled", None), ("market", "filled", 100.0),
    ]  # fmt: skip
    late = {9: {"open": 116.0, "high": 130.0, "close": 118.0}}
    result = play(
        market(AAA=late), (6, sell(10, stop=0.2)), (8, leave),
        exchange=ash.HKEX(costs=False, borrow=0.0),
    )  # fmt: skip
    assert [(row[1], row[2], row[5]) for row in orders(result)] == [
        ("market", "filled", 100.0), ("stop", "filled", 120.0), ("market", "rejected", None),
    ]  # fmt: skip


def test_no_library_of_figures_drops_flat_days():
    """The strategy waits 20 sessions; its Sharpe ratio is over all 30."""
    result = play(market(AAA={24: {"close": 90.0}, 25: {"close": 95.0}}), (21, sell(1_000)))
    curve = result.equity["equity"].to_numpy()
    change = curve[1:] / curve[:-1] - 1
    assert len(change) == 29
    expected = change.mean() / change.std(ddof=1) * np.sqrt(252)
    assert result.metrics["sharpe"] == pytest.approx(expected, rel=1e-12)


def test_the_plan_runner_is_a_strategy_like_any_other():
    assert issubclass(Script, EventStrategy)
    assert "quantstats" not in sys.modules
