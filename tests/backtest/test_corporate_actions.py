"""Dividends and splits on positions, stops, orders, loans and closes, by hand."""

from __future__ import annotations

import pytest
from floor import FREE, buy, day, events, leave, market, orders, play, sell

import aftershock as ash

PLAIN = ash.exchanges.PlainExchange


def paying(amount, row=9, **changes):
    return market(dividends={"AAA": {row: amount}}, **changes)


def test_a_short_makes_the_dividend_good():
    """1.25 a share on 200 shares, on the ex-date, though the price falls by as much."""
    prices = paying(1.25, AAA={9: {"open": 98.75}})
    result = play(prices, (6, sell(200)), (12, leave))
    cash = result.equity["cash"]
    assert cash.iloc[9] - cash.iloc[8] == -250.0
    assert result.equity["equity"].nunique() == 1
    (trade,) = result.trades.itertuples()
    assert (trade.gross, trade.fees, trade.net) == (250.0, 250.0, 0.0)
    (cost,) = result.costs.itertuples()
    assert (cost.item, cost.amount, cost.session.date()) == ("dividend", 250.0, day(9))


def test_a_long_is_paid_the_dividend():
    result = play(paying(1.25), (6, buy(200)), (12, leave))
    (trade,) = result.trades.itertuples()
    assert (trade.gross, trade.fees, trade.net) == (250.0, 0.0, 250.0)
    assert result.equity["equity"].iloc[-1] == 1_000_250.0


@pytest.mark.parametrize(("entry", "exit_"), [(8, 12), (4, 8)])
def test_who_sells_or_covers_on_the_ex_date(entry, exit_):
    """Sold at the open of the ex-date nothing is owed; covered at that open it is."""
    result = play(paying(1.25), (entry, sell(200)), (exit_, leave))
    assert result.trades["fees"].tolist() == [0.0 if entry == 8 else 250.0]


def test_a_dividend_lowers_the_fee_at_which_a_short_breaks_even():
    plan = ((6, sell(200)), (12, leave))
    fall = {10: {"open": 95.0}}
    without = play(market(AAA=fall), *plan).trades["break_even_borrow"].iloc[0]
    with_it = play(paying(1.25, AAA=fall), *plan).trades["break_even_borrow"].iloc[0]
    # 1,000 less 250
    assert with_it == pytest.approx(0.75 * without, rel=1e-12)


def split(ratio, row=9, **changes):
    return market(AAA={row: {"open": 100.0 / ratio}, **changes}, splits={"AAA": {row: ratio}})


@pytest.mark.parametrize("ratio", [2.0, 10.0, 0.5])
def test_a_split_leaves_the_account_as_it_was(ratio):
    result = play(split(ratio), (6, sell(200)), (12, leave), exchange=PLAIN(bps=0.0, borrow=0.365))
    (trade,) = result.trades.itertuples()
    assert trade.gross == 0.0
    assert (trade.shares, trade.entry_price, trade.exit_price) == (
        200 * ratio, 100 / ratio, 100 / ratio,
    )  # fmt: skip
    # settles on row 9, 2026-01-15, back on row 15, 2026-01-23: eight days of 20,000 at 0.1 %
    assert (day(9), day(15)) == (ash_day("2026-01-15"), ash_day("2026-01-23"))
    assert trade.borrow == 160.0
    assert result.equity["short"].iloc[7:13].tolist() == [20_000.0] * 6


def ash_day(text):
    import datetime as dt

    return dt.date.fromisoformat(text)


def test_positions_are_in_the_shares_of_their_day():
    result = play(split(2.0), (6, sell(200)), (12, leave))
    assert result.positions["shares"].tolist() == [-200, -200, -400, -400, -400, -400]


def test_a_split_after_the_exit_is_not_the_trades():
    result = play(split(2.0), (4, sell(200)), (7, leave))
    assert result.positions["shares"].tolist() == [-200, -200, -200]
    result = play(split(2.0), (6, sell(200)), (8, leave))  # covered on the ex-date
    assert result.positions["shares"].tolist() == [-200, -200]


def test_a_standing_stop_is_restated():
    """A stop at 120 before a two-for-one is one at 60 after it."""
    calm = play(split(2.0), (6, sell(200, stop=0.2)))
    assert [row[2] for row in orders(calm)] == ["filled", "pending"]
    prices = market(
        AAA={9: {"open": 50.0}, 11: {"open": 50.0, "high": 61.0}}, splits={"AAA": {9: 2.0}}
    )
    stopped = orders(play(prices, (6, sell(200, stop=0.2))))[1]
    assert stopped[1:6] == ("stop", "filled", 400, 11, 60.0)


def test_an_order_for_the_ex_date_is_restated():
    result = play(split(2.0), (8, sell(200)))
    assert orders(result)[0][2:6] == ("filled", 400, 9, 50.0)
    result = play(split(2.0), (6, sell(200)), (8, leave))
    assert orders(result)[1][2:6] == ("filled", 400, 9, 50.0)


def test_what_is_held_is_marked_in_new_shares_at_the_open():
    """Short 10,000 for 1,000,000 and a long of 500,000 need all the equity, split or not."""
    plan = (6, sell(10_000)), (8, buy(5_000, ticker="BBB"))
    assert [row[2] for row in orders(play(split(2.0), *plan))] == ["filled", "filled"]


def test_loans_and_recalls_count_new_shares():
    exchange = PLAIN(bps=0.0, borrow=0.0, borrowable={"AAA": ((day(0), 200), (day(9), 300))})
    result = play(split(2.0), (6, sell(200)), exchange=exchange)
    assert [row[2:4] for row in orders(result)] == [("filled", 200), ("filled", 100)]


def test_a_split_on_a_day_without_trading_is_not_lost():
    prices = market(AAA={10: {"open": 50.0}})
    frame = {9: {"open": 100.0, "volume": 0.0}, 10: {"open": 50.0}}
    prices = market(AAA=frame, splits={"AAA": {9: 2.0}})
    result = play(prices, (6, sell(200)), (11, leave))
    assert result.trades["shares"].tolist() == [400]


def test_closes_are_in_todays_shares():
    seen = {}

    def look(strategy, event):
        seen["closes"] = strategy.closes("AAA", 4)

    play(split(2.0, row=9), (10, look))
    assert seen["closes"] == [50.0, 50.0, 50.0, 50.0]


IN_LIEU = "cash in lieu of a fraction of a share after a split"


@pytest.mark.parametrize(("act", "side", "back"), [(sell, -1, "buy"), (buy, 1, "sell")])
def test_a_fraction_after_a_reverse_split_is_settled_in_cash(act, side, back):
    """100 shares one for eight are 12 and a half; the half goes at that session's open, 840."""
    prices = market(AAA={9: {"open": 840.0, "close": 800.0}}, splits={"AAA": {9: 1 / 8}})
    result = play(prices, (6, act(100)), (12, leave), exchange=PLAIN(bps=10.0, borrow=0.0))
    _, in_lieu, left = orders(result)
    assert in_lieu == (back, "market", "filled", 0.5, 9, 840.0, IN_LIEU)
    assert left[:6] == (back, "market", "filled", 12.0, 13, 800.0)
    assert result.positions["shares"].tolist() == [side * n for n in (100, 100, 12, 12, 12, 12)]
    (trade,) = result.trades.itertuples()
    assert trade.gross == side * (0.5 * 840 + 12 * 800 - 10_000)
    assert trade.fees == 10.0 + 9.6  # of the sale and the cover alone
    cash = result.equity["cash"]
    assert cash.iloc[9] - cash.iloc[8] == side * 420.0
    assert not trade.open


def test_a_position_of_less_than_a_share_ends_with_the_split():
    """20 shares one for forty are half a share; its stop ends with it.

    It settles like any cover, two sessions later: four days of 2,000 at 0.1 %.
    """
    prices = market(AAA={9: {"open": 4_000.0}, 15: {"open": 9_000.0}}, splits={"AAA": {9: 1 / 40}})
    result = play(prices, (6, sell(20, stop=0.5)), (12, leave), exchange=PLAIN(bps=0, borrow=0.365))
    assert [row[1:5] for row in orders(result)] == [
        ("market", "filled", 20, 7), ("stop", "cancelled", 0, None), ("market", "filled", 0.5, 9),
    ]  # fmt: skip
    (trade,) = result.trades.itertuples()
    assert (trade.gross, trade.open, trade.exit_session.date()) == (0.0, False, day(9))
    assert (day(9), day(11)) == (ash_day("2026-01-15"), ash_day("2026-01-19"))
    assert trade.borrow == 8.0
    assert result.equity["equity"].iloc[-1] == 1_000_000 - 8.0


def test_a_fraction_in_a_halt_is_settled_at_the_last_close():
    prices = market(AAA={9: {"open": 800.0, "volume": 0.0}, 10: {"open": 900.0}},
                    splits={"AAA": {9: 1 / 8}})  # fmt: skip
    assert orders(play(prices, (6, sell(100))))[1][3:6] == (0.5, 9, 800.0)


def test_the_loan_of_a_fraction_ends_when_it_settles():
    """36.5 % a year is 0.1 % a day: of 10,000 from row 9 on, of 9,600 from row 13 on."""
    prices = market(AAA={11: {"open": 800.0}}, splits={"AAA": {11: 1 / 8}})
    result = play(prices, (6, sell(100)), (14, leave), exchange=PLAIN(bps=0, borrow=0.365))
    assert [day(row) for row in (9, 13, 17)] == [
        ash_day("2026-01-15"), ash_day("2026-01-21"), ash_day("2026-01-27"),
    ]  # fmt: skip
    assert result.trades["borrow"].iloc[0] == 6 * 10.0 + 6 * 9.6


def test_an_entry_for_the_day_of_a_reverse_split_is_cut_to_whole_lots():
    """Ten lots of 10 one for four are 25 shares, of which two lots are ordered."""
    prices = market(AAA={9: {"open": 400.0}}, splits={"AAA": {9: 1 / 4}})
    assert orders(play(prices, (8, sell(10)), lot=10))[0][2:6] == ("filled", 20, 9, 400.0)
    (refused,) = orders(play(prices, (8, sell(2)), lot=10))
    assert (refused[2], refused[6]) == (
        "rejected", "5 shares after the split are below one lot of 10",
    )  # fmt: skip


def test_backtraders_own_position_is_restated():
    seen = []

    def look(strategy, event):
        seen.append(strategy.getposition(strategy.feed("AAA")).size)

    play(split(2.0), (6, sell(200)), (8, look), (9, look))
    assert seen == [-200, -400]


def test_what_was_assumed_is_said():
    said = play(market(), (6, sell(1)), exchange=FREE, book=events()).conventions
    assert "a dividend is paid to longs and made good by shorts" in said["splits and dividends"]
