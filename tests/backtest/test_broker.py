"""What the broker lets happen: volume, borrow, margin, ruin, legs; every number by hand."""

from __future__ import annotations

import math

import pytest
from floor import FREE, buy, day, events, leave, market, orders, play, sell

import aftershock as ash
from aftershock.errors import BacktestError

PLAIN = ash.exchanges.PlainExchange


def plain(**options):
    return PLAIN(**{"bps": 0.0, "borrow": 0.0, **options})


# volume


def thin(**volumes):
    """AAA trades 1,000,000 shares a session but where said: ``_7=500``."""
    return market(AAA={int(row[1:]): {"volume": float(v)} for row, v in volumes.items()})


def test_an_entry_takes_its_share_of_volume_and_the_rest_expires():
    result = play(thin(_7=500), (6, sell(200)), (8, leave), exchange=plain(participation=0.1))
    assert f"{day(6)} x: 50 of 200 shares could be had" in result.summary()
    entry, leaving = orders(result)
    assert entry[2:] == ("partial", 50, 7, 100.0, "50 of 200 shares could be had")
    assert leaving[2:6] == ("filled", 50, 9, 100.0)
    assert result.trades["shares"].tolist() == [50]
    assert result.equity["short"].iloc[7] == 5_000.0
    assert result.equity["short"].iloc[8] == 5_000.0


def test_an_exit_takes_its_share_and_the_rest_waits():
    result = play(
        thin(_9=500, _10=700), (6, sell(200)), (8, leave), exchange=plain(participation=0.1)
    )
    rows = [row[2:] for row in orders(result)]
    rest = f"the rest of an order of {day(8)}"
    again = f"the rest of an order of {day(9)}"
    assert rows == [
        ("filled", 200, 7, 100.0, ""),
        ("partial", 50, 9, 100.0, "50 of 200 shares could be had"),
        ("partial", 70, 10, 100.0, f"{rest}; 70 of 150 shares could be had"),
        ("filled", 80, 11, 100.0, again),
    ]
    assert result.positions["shares"].tolist() == [-200, -200, -150, -80]


def test_a_share_of_volume_is_taken_in_whole_lots():
    result = play(thin(_7=1_990), (6, sell(3)), exchange=plain(participation=0.1), lot=100)
    assert orders(result)[0][2:4] == ("partial", 100)


def test_a_session_that_does_not_take_a_lot_takes_nothing():
    exchange = plain(participation=0.1)
    result = play(thin(_7=900, _9=990), (6, sell(3)), exchange=exchange, lot=100)
    assert orders(result)[0][2:] == (
        "expired", 0, None, None, "no volume: the session takes 90 more shares, a lot is 100",
    )  # fmt: skip
    result = play(thin(_9=990), (6, sell(3)), (8, leave), exchange=exchange, lot=100)
    waited = f"waited since {day(9)}: the volume does not take a lot"
    assert orders(result)[1][2:] == ("filled", 300, 10, 100.0, waited)


def test_orders_of_one_session_share_its_volume():
    book = events(("x", "AAA"), ("y", "AAA"))
    result = play(
        thin(_7=1_000), (6, "x", sell(80)), (6, "y", sell(80)), (6, "y", sell(5)),
        exchange=plain(participation=0.1), book=book,
    )  # fmt: skip
    assert [row[2:4] for row in orders(result)] == [("filled", 80), ("partial", 20), ("expired", 0)]


def test_an_exit_comes_before_the_entries_of_its_session():
    """The cover takes the first 80 of the 100 shares there are, the entry the 20 left."""
    book = events(("x", "AAA"), ("y", "AAA"))
    result = play(
        thin(_9=1_000), (6, "y", sell(80)), (8, "x", sell(80)), (8, "y", leave),
        exchange=plain(participation=0.1), book=book,
    )  # fmt: skip
    assert [row[2:5] for row in orders(result)] == [
        ("filled", 80, 7), ("partial", 20, 9), ("filled", 80, 9),
    ]  # fmt: skip


def test_a_stop_that_the_volume_does_not_take_goes_on_at_the_next_open():
    prices = market(
        AAA={9: {"open": 100.0, "high": 125.0, "close": 121.0, "volume": 500.0},
             10: {"open": 123.0}}
    )  # fmt: skip
    result = play(prices, (6, sell(200, stop=0.2)), exchange=plain(participation=0.1))
    assert [row[1:6] for row in orders(result)] == [
        ("market", "filled", 200, 7, 100.0),
        ("stop", "partial", 50, 9, 120.0),
        ("market", "filled", 150, 10, 123.0),
    ]
    # 50 x -20 and 150 x -23
    assert result.trades["gross"].tolist() == [-4_450.0]


# halts


@pytest.mark.parametrize("halt", [None, {"volume": 0.0}], ids=["no bar", "no volume"])
def test_nothing_fills_on_a_halted_day(halt):
    result = play(market(AAA={7: halt}), (6, sell(10)))
    assert orders(result)[0][2:] == ("rejected", 0, None, None, f"halted or no price on {day(7)}")
    assert (result.equity["equity"] == 1_000_000).all()
    changes = {9: halt, 10: halt, 11: {"open": 101.0}}
    result = play(market(AAA=changes), (6, sell(10)), (8, leave))
    waited = f"waited since {day(9)}: halted or no price"
    assert orders(result)[1][2:] == ("filled", 10, 11, 101.0, waited)
    assert not result.equity["cash"].isna().any()


def test_a_stop_does_not_fill_on_a_halted_day():
    stale = {"open": 130.0, "high": 140.0, "close": 130.0, "volume": 0.0}
    result = play(market(AAA={9: stale, 10: {"open": 128.0}}), (6, sell(10, stop=0.2)))
    assert orders(result)[1][2:6] == ("filled", 10, 10, 128.0)


# short sales that are not to be had


def test_not_shortable_before_the_day():
    said = {"shortable": day(8)}
    early, late = orders(play(market(), (6, sell(10)), (7, sell(10)), **said))
    assert early[2:] == ("rejected", 0, None, None, f"not shortable before {day(8)}")
    assert late[2:5] == ("filled", 10, 8)
    assert orders(play(market(), (6, buy(10)), **said))[0][2] == "filled"


def test_what_is_known_of_short_sales_is_said():
    assert play(market(), (6, sell(10)), shortable=day(3)).conventions["AAA shortable from"] == str(
        day(3)
    )
    assumed = play(market(), (6, sell(10))).conventions["AAA shortable from"]
    assert assumed == "any day, assumed: nothing is known about it"
    assert "AAA shortable from" not in play(market(), (6, buy(10))).conventions


def borrowable(*entries):
    return plain(borrowable={"AAA": tuple((day(row), shares) for row, shares in entries)})


def test_no_borrow_before_there_is_any():
    first, second = orders(
        play(market(), (6, sell(10)), (7, sell(10)), exchange=borrowable((8, 500)))
    )
    said = f"no borrow: no lot of AAA can be borrowed on {day(7)}"
    assert first[2:] == ("expired", 0, None, None, said)
    assert second[2:5] == ("filled", 10, 8)


def test_only_what_can_be_borrowed_is_sold():
    exchange = borrowable((0, 30))
    result = play(market(), (6, sell(100)), (8, sell(100)), (8, buy(1, ticker="BBB")),
                  exchange=exchange)  # fmt: skip
    assert [row[2:4] for row in orders(result)] == [("partial", 30), ("expired", 0), ("filled", 1)]
    assert orders(result)[1][6].startswith("no borrow")


def test_a_recall_forces_covers_oldest_first():
    book = events(("x", "AAA"), ("y", "AAA"), ("z", "AAA"))
    result = play(
        market(AAA={10: {"open": 110.0}}),
        (4, "y", sell(40)), (5, "x", sell(30)), (6, "z", sell(50)),
        exchange=borrowable((0, 1_000), (10, 60)), book=book,
    )  # fmt: skip
    forced = [row for row in orders(result) if row[0] == "buy"]
    said = f"recalled by the lender on {day(10)}"
    assert forced == [
        ("buy", "market", "filled", 40, 10, 110.0, said),
        ("buy", "market", "filled", 20, 10, 110.0, said),
    ]
    left = result.positions[result.positions["session"].dt.date == day(10)]
    assert left.set_index("event")["shares"].to_dict() == {"x": -10, "z": -50}


def test_a_recall_waits_out_a_halt_and_a_second_one_adds_to_it():
    """60 of 100 recalled while halted, 10 more the day after: 70 are covered, not 130."""
    result = play(
        market(AAA={10: None, 11: None, 12: {"open": 104.0}}), (6, sell(100)),
        exchange=borrowable((0, 1_000), (10, 40), (11, 30)),
    )  # fmt: skip
    covers = [row for row in orders(result) if row[0] == "buy"]
    assert [row[2:6] for row in covers] == [("filled", 60, 12, 104.0), ("filled", 10, 12, 104.0)]
    assert covers[0][6] == (
        f"recalled by the lender on {day(10)}; waited since {day(10)}: halted or no price"
    )
    assert result.positions["shares"].iloc[-1] == -30


def test_what_is_recalled_is_not_sold_again_the_same_day():
    result = play(market(), (6, sell(100)), (9, sell(50)), exchange=borrowable((0, 100), (10, 40)))
    assert [row[2] for row in orders(result)] == ["filled", "expired", "filled"]
    assert result.positions["shares"].iloc[-1] == -40


# equity


def test_equity_to_open_at_its_edge():
    """50 % of short value: 2,000,000 needs all of 1,000,000, a share more is refused."""
    assert orders(play(market(), (6, sell(20_000))))[0][2] == "filled"
    refused = orders(play(market(), (6, sell(20_001))))[0]
    assert refused[2] == "rejected"
    assert refused[6] == (
        "equity 1,000,000 is below the 1,000,050 that short 2,000,100 and long 0 need"
    )
    assert orders(play(market(), (6, buy(10_000))))[0][2] == "filled"
    assert orders(play(market(), (6, buy(10_001))))[0][2] == "rejected"


def test_equity_to_open_counts_what_is_held_and_the_charges():
    plan = ((5, sell(10_000)), (6, buy(5_000, ticker="BBB")))
    assert [row[2] for row in orders(play(market(), *plan))] == ["filled", "filled"]
    one_more = (plan[0], (6, buy(5_001, ticker="BBB")))
    assert [row[2] for row in orders(play(market(), *one_more))] == ["filled", "rejected"]
    dear = plain(bps=1.0)
    assert orders(play(market(), (6, sell(20_000)), exchange=dear))[0][2] == "rejected"
    assert [row[2] for row in orders(play(market(), *plan, exchange=dear))] == [
        "filled", "rejected",
    ]  # fmt: skip


def test_equity_to_open_is_asked_at_the_price_of_the_fill():
    """Decided at 100, filled at 110: 19,000 shares are 2,090,000 then, of which half is needed."""
    refused = orders(play(market(AAA={7: {"open": 110.0}}), (6, sell(19_000))))[0]
    assert (refused[2], "short 2,090,000" in refused[6]) == ("rejected", True)


def test_the_fraction_is_a_parameter():
    exchange = plain(equity_to_open=1.0)
    assert orders(play(market(), (6, sell(10_000)), exchange=exchange))[0][2] == "filled"
    assert orders(play(market(), (6, sell(10_001)), exchange=exchange))[0][2] == "rejected"


def test_a_margin_call_below_thirty_percent_covers_at_the_next_open():
    """Short 20,000 from 100. At P equity is 3,000,000 - 20,000 P, and 30 % of the short 6,000 P:
    they meet at 115.3846."""
    calm = play(market(AAA={9: {"close": 115.38}}), (6, sell(20_000)))
    assert len(calm.orders) == 1
    result = play(market(AAA={9: {"close": 115.39}, 10: {"open": 118.0}}), (6, sell(20_000)))
    _, cover = orders(result)
    assert cover[:6] == ("buy", "market", "filled", 20_000, 10, 118.0)
    assert cover[6] == (
        f"margin call: equity 692,200 at the close of {day(9)} is below 30% of short 2,307,800"
    )
    assert result.equity["equity"].iloc[-1] == 1_000_000 - 20_000 * 18


def test_a_margin_call_covers_every_short_and_no_long():
    book = events(("x", "AAA"), ("y", "BBB"))
    prices = market(AAA={9: {"close": 130.0}})
    result = play(prices, (5, "y", buy(3_000)), (6, "x", sell(14_000)), book=book)
    # 1,000,000 - 14,000 x 30 = 580,000 = 31.9 % of 1,820,000 holds; with one at 131 it does not
    assert [row[0] for row in orders(result)] == ["buy", "sell"]
    prices = market(AAA={9: {"close": 133.0}})
    result = play(prices, (5, "y", buy(3_000)), (6, "x", sell(14_000)), book=book)
    assert [row[0] for row in orders(result)] == ["buy", "sell", "buy"]
    assert result.positions.groupby("event")["session"].max().dt.date.to_dict()["y"] == day(29)


def test_a_forced_cover_waits_out_a_halt():
    prices = market(AAA={9: {"close": 120.0}, 10: None, 11: None, 12: {"open": 125.0}})
    result = play(prices, (6, sell(20_000)))
    cover = orders(result)[-1]
    assert len(result.orders) == 2
    (warned,) = (said for said in result.warnings if "margin call" in said)
    assert warned.startswith("AAA for x: margin call: equity 600,000")
    assert cover[2:6] == ("filled", 20_000, 12, 125.0)
    assert f"waited since {day(10)}: halted or no price" in cover[6]


def test_a_cover_that_never_comes_keeps_its_reason():
    prices = market(AAA={27: {"close": 120.0}, 28: None, 29: None})
    cover = orders(play(prices, (6, sell(20_000))))[-1]
    assert cover[2:4] == ("pending", 0)
    assert cover[6].startswith("margin call: ")
    assert cover[6].endswith(f"; waited since {day(28)}: halted or no price")


def test_the_fraction_to_hold_is_a_parameter():
    prices = market(AAA={9: {"close": 120.0}})
    result = play(prices, (6, sell(20_000)), exchange=plain(equity_to_hold=0.2))
    assert len(result.orders) == 1  # 600,000 is 25 %


# ruin


def test_a_gap_beyond_all_equity_is_ruin_and_is_shown():
    """Short 20,000 from 100; an open at 162.7 leaves 1,000,000 - 20,000 x 62.7 = -254,000."""
    prices = market(AAA={10: {"open": 162.7, "close": 162.7}, 12: {"open": 50.0}})
    result = play(prices, (6, sell(20_000)), (10, leave), (11, buy(1)))
    assert result.equity["equity"].iloc[-1] == -254_000.0
    assert len(result.equity) == 11  # the run stops with that close
    assert result.metrics["ruined"] == str(day(10))
    assert result.metrics["end_equity"] == -254_000.0
    assert result.trades["net"].tolist() == [-1_254_000.0]
    assert result.metrics["sharpe"] is None
    assert any(said.startswith(f"RUINED on {day(10)}") for said in result.warnings)
    assert "RUINED" in result.summary()
    assert len(result.orders) == 1  # nothing was decided after it


def test_no_equity_at_all_is_ruin():
    result = play(market(AAA={10: {"close": 150.0}}), (6, sell(20_000)))
    assert result.metrics["ruined"] == str(day(10))
    assert result.equity["equity"].iloc[-1] == 0.0


def test_a_forced_cover_into_a_gap_can_ruin():
    prices = market(AAA={9: {"close": 120.0}, 10: {"open": 155.0, "close": 110.0}})
    result = play(prices, (6, sell(20_000)))
    assert orders(result)[1][5] == 155.0
    assert result.equity["equity"].iloc[-1] == -100_000.0
    assert result.metrics["ruined"] == str(day(10))


# legs


def both(short, long, **hedge):
    def act(strategy, event):
        first = strategy.enter_short(event, lots=short)
        strategy.enter_long(event, lots=long, after=first, **{"ticker": "BBB", **hedge})

    return act


@pytest.mark.parametrize("gone", ["AAA", "BBB"])
def test_both_legs_or_none(gone):
    result = play(market(**{gone: {7: None}}), (6, both(10, 10)))
    halted = f"halted or no price on {day(7)}"
    said = {
        "AAA": [halted, "the other leg was refused"],
        "BBB": ["the other leg was refused", halted],
    }
    assert [row[6] for row in orders(result)] == said[gone]
    assert len(result.trades) == 0


def test_both_legs_fill_in_the_same_proportion():
    result = play(thin(_7=500), (6, both(200, 400)), exchange=plain(participation=0.1))
    assert [row[2:4] for row in orders(result)] == [("partial", 50), ("partial", 100)]


def test_equity_is_asked_for_both_legs_together():
    assert [row[2] for row in orders(play(market(), (6, both(10_000, 5_000))))] == ["filled"] * 2
    assert [row[2] for row in orders(play(market(), (6, both(10_000, 5_001))))] == ["rejected"] * 2


def test_a_leg_that_only_the_close_fills_takes_the_other_with_it():
    prices = market(
        AAA={7: {"open": 120.0, "close": 118.0}}, BBB={7: {"open": 100.0, "close": 101.0}}
    )
    exchange = ash.HKEX(costs=False, borrow=0.0)
    short, long = orders(play(prices, (6, both(10, 10)), exchange=exchange))
    assert short[4:6] == (7, 118.0)
    assert long[4:] == (7, 101.0, "filled at the close with the other leg")


def test_two_legs_in_one_ticker_are_refused():
    result = play(market(), (6, both(10, 10, ticker="AAA")))
    assert [row[2] for row in orders(result)] == ["rejected", "rejected"]
    assert orders(result)[0][6] == "two legs of one entry are in AAA"
    assert len(result.trades) == 0


def test_the_opposite_of_what_is_held_is_refused():
    book = events(("x", "AAA"), ("y", "AAA"))
    result = play(market(), (5, "x", sell(10)), (6, "y", buy(10)), book=book)
    assert orders(result)[1][6] == "the opposite position of -10 shares is open in AAA"


# capital


def test_the_capital_rule_is_said():
    assert "entries in order of day 0" in play(market(), (6, sell(1))).conventions["capital"]
    assert play(market(), (6, sell(1))).conventions["cash"].startswith("earns nothing")


def test_below_a_lot_is_refused_with_the_reason():
    result = play(market(), (6, sell(weight=0.009)), lot=100)
    assert orders(result)[0][6] == "9,000 is below one lot of 100 at 100"


@pytest.mark.parametrize("cash", [0, -1.0, math.inf, math.nan])
def test_cash_must_be_money(cash):
    with pytest.raises(BacktestError, match="it must be positive"):
        play(market(), (6, sell(1)), cash=cash)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"borrowable": 5}, "borrowable is 5; write borrowable="),
        ({"borrowable": {"AAA": 5}}, "borrowable of AAA is 5; write dated values"),
        ({"borrowable": {"AAA": ((day(3), -1.0),)}}, "in shares"),
        ({"borrowable": {"AAA": ((day(3), math.nan),)}}, "in shares"),
        ({"borrowable": {"AAA": ((day(3), 1.0), (day(2), 1.0))}}, "must ascend"),
        ({"borrow": ((day(3), 18.0),)}, "0.18 is 18 %"),
        ({"equity_to_hold": 0.6}, "called as soon as it is opened"),
        ({"equity_to_open": 50}, "0.5 is 50 %"),
        ({"participation": 10}, "0.1 is 10 %"),
        ({"slippage": 0.5}, "a model, ash.exchanges.HalfSpread"),
    ],
)
def test_options_that_cannot_be_are_refused(options, said):
    with pytest.raises(BacktestError, match=said):
        PLAIN(**options)


def test_dated_scenarios_are_said_in_words():
    exchange = plain(
        borrow=((day(0), 0.05), (day(9), 0.4)), borrowable={"AAA": ((day(0), 5e5), (day(9), 0))}
    )
    said = exchange.conventions()
    assert said["borrow fee"].startswith(
        "5.00% a year from 2026-01-02, 40.00% a year from 2026-01-15"
    )
    assert said["borrow"] == "AAA: 500,000 shares from 2026-01-02, 0 shares from 2026-01-15"


def test_free_means_free():
    result = play(market(), (6, sell(100)), (12, leave), exchange=FREE)
    assert result.trades["net"].tolist() == [0.0]
    assert len(result.costs) == 0
