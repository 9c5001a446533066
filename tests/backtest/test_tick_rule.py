"""The tick rule of Hong Kong on bars made by hand: where a short sale fills, where it does not."""

from __future__ import annotations

import pytest
from floor import buy, hkex, leave, market, orders, play, sell

BEYOND = "beyond the auction's limit: filled at the close"


def short_on_7(price, **bar):
    """Order a short after row 6, at whose close the stock stands at ``price``."""
    bar.setdefault("low", min(bar["open"], bar.get("close", bar["open"])))
    return orders(play(market(price, AAA={7: bar}), (6, sell(10)), exchange=hkex()))[0]


def test_an_open_at_or_above_the_close_before_fills_at_the_open():
    assert short_on_7(100.0, open=100.0, close=90.0)[2:6] == ("filled", 10, 7, 100.0)
    assert short_on_7(100.0, open=103.5, close=90.0)[2:6] == ("filled", 10, 7, 103.5)


def test_a_lower_open_is_sold_one_spread_above_it_if_the_high_is_beyond():
    # 99.00 is in the band 50 to 100: one spread is 0.05, the limit 99.05
    side, kind, status, filled, row, price, reason = short_on_7(
        100.0, open=99.0, high=99.06, close=98.0
    )
    assert (side, kind, status, filled, row, price) == ("sell", "limit", "filled", 10, 7, 99.05)
    assert reason == "tick rule: sold one spread above a lower open"


@pytest.mark.parametrize("high", [99.0, 99.05])
def test_it_expires_where_the_high_only_reaches_the_limit(high):
    *_, status, filled, row, price, reason = short_on_7(100.0, open=99.0, high=high, close=98.0)
    assert (status, filled, row, price) == ("expired", 0, None, None)
    assert reason == "tick rule: nothing traded above 99.05"


# from the table of minimum spreads; the fixture's days lie after 2025-08-04
@pytest.mark.parametrize(
    ("opened", "limit"),
    [
        (0.20, 0.201), (0.30, 0.305), (5.0, 5.01), (12.0, 12.01), (25.0, 25.02), (60.0, 60.05),
        (150.0, 150.1), (300.0, 300.2), (700.0, 700.5), (1500.0, 1501.0), (3000.0, 3002.0),
        (6000.0, 6005.0),
    ],
)  # fmt: skip
def test_the_spread_goes_by_the_price(opened, limit):
    fill = short_on_7(opened * 1.05, open=opened, high=limit * 1.01)
    assert fill[1:6] == ("limit", "filled", 10, 7, pytest.approx(limit, abs=1e-9))


@pytest.mark.parametrize(
    ("day", "price", "spread"),
    [
        ("2025-08-01", 15.0, 0.02), ("2025-08-04", 15.0, 0.01), ("2025-08-01", 30.0, 0.05),
        ("2025-08-04", 30.0, 0.02), ("2025-08-01", 60.0, 0.05), ("2025-08-04", 60.0, 0.05),
        ("2025-08-04", 10.0, 0.01), ("2025-08-04", 9.99, 0.01), ("2025-08-04", 20.0, 0.02),
        ("2025-08-04", 100.0, 0.1), ("2025-08-04", 200.0, 0.2), ("2025-08-04", 500.0, 0.5),
        ("2025-08-04", 1000.0, 1.0), ("2025-08-04", 2000.0, 2.0), ("2025-08-04", 5000.0, 5.0),
    ],
)  # fmt: skip
def test_spreads_by_price_and_date(day, price, spread):
    import datetime as dt

    assert hkex().spread(price, dt.date.fromisoformat(day)) == spread


@pytest.mark.parametrize(("opened", "sign"), [(114.9, "+14.9"), (85.1, "-14.9"), (140.0, "+40.0")])
def test_beyond_the_auctions_limit_it_fills_at_the_close(opened, sign):
    fill = short_on_7(100.0, open=opened, close=120.0, high=150.0, low=80.0)
    assert fill[1:6] == ("market", "filled", 10, 7, 120.0)
    assert fill[6] == f"opened {sign}% from the previous close, {BEYOND}"


def test_just_inside_the_auctions_limit_it_fills_at_the_open():
    assert short_on_7(100.0, open=114.8, close=120.0)[4:6] == (7, 114.8)


def test_the_limit_of_the_auction_binds_buyers_and_covers_too():
    gap = {7: {"open": 120.0, "close": 118.0}, 9: {"open": 90.0, "close": 92.0}}
    bought, sold = orders(play(market(AAA=gap), (6, buy(10)), (8, leave), exchange=hkex()))
    assert bought[4:6] == (7, 118.0)
    assert sold[4:6] == (9, 92.0)


def test_only_short_sales_wait_for_an_uptick():
    lower = {7: {"open": 99.0}, 9: {"open": 98.0}}
    bought, sold = orders(play(market(AAA=lower), (6, buy(10)), (8, leave), exchange=hkex()))
    assert (bought[1], bought[4:6]) == ("market", (7, 99.0))
    assert (sold[1], sold[4:6]) == ("market", (9, 98.0))


def test_without_the_rule_every_open_fills():
    result = play(market(AAA={7: {"open": 80.0}}), (6, sell(10)), exchange=hkex(tick_rule=False))
    assert orders(result)[0][4:6] == (7, 80.0)
    assert "without the tick rule" in result.conventions["short sales"]


def test_the_close_before_is_the_last_there_was():
    """Halted on row 6: the auction of row 7 refers to the close of row 5."""
    prices = market(AAA={5: {"close": 104.0}, 6: None, 7: {"open": 103.0, "high": 103.1}})
    status = orders(play(prices, (6, sell(10)), exchange=hkex()))[0]
    assert status[2] == "expired"
    prices = market(AAA={5: {"close": 104.0}, 6: None, 7: {"open": 104.0}})
    assert orders(play(prices, (6, sell(10)), exchange=hkex()))[0][4:6] == (7, 104.0)


def test_a_split_does_not_look_like_a_fall():
    """Two for one on row 7: 50 is where it stood, no gap of 50 % and no lower open."""
    prices = market(AAA={7: {"open": 50.0, "close": 49.0}}, splits={"AAA": {7: 2.0}})
    fill = orders(play(prices, (6, sell(10)), exchange=hkex()))[0]
    assert fill[1:] == ("market", "filled", 20, 7, 50.0, "")


def test_a_stop_is_not_bound_by_the_rule_of_short_sales():
    """A cover at a stop buys; after a limit sale at 99.05 a stop of 10 % stands at 108.955."""
    prices = market(AAA={7: {"open": 99.0, "high": 110.0, "close": 100.0}})
    sold, covered = orders(play(prices, (6, sell(10, stop=0.1)), exchange=hkex()))
    assert sold[1:6] == ("limit", "filled", 10, 7, 99.05)
    assert covered[:6] == ("buy", "stop", "filled", 10, 7, 108.955)


def test_a_position_left_at_the_close_has_seen_the_session():
    prices = market(AAA={9: {"open": 120.0, "high": 160.0, "low": 90.0, "close": 118.0}})
    result = play(prices, (6, sell(10)), (8, leave), exchange=hkex())
    assert orders(result)[1][4:6] == (9, 118.0)
    assert result.trades["mae"].tolist() == pytest.approx([-0.6])
    assert result.trades["mfe"].tolist() == pytest.approx([0.1])


def test_a_position_of_the_close_has_not_seen_the_session():
    """Filled at the close of row 7, it is neither stopped by that day's high nor marked by it."""
    prices = market(AAA={7: {"open": 120.0, "high": 160.0, "close": 118.0}})
    result = play(prices, (6, sell(10, stop=0.1)), exchange=hkex())
    assert [row[2] for row in orders(result)] == ["filled", "pending"]
    assert result.trades["mae"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("amount", "opened", "expected"),
    [
        (2.0, 98.0, ("market", "filled", 98.0)),  # no lower than 100 less 2
        (2.0, 97.9, ("limit", "filled", 97.95)),  # one spread above, though 2.1 below the close
        (20.0, 80.0, ("market", "filled", 80.0)),  # a fifth below the close, and no gap at all
        (0.0, 80.0, ("market", "filled", 85.0)),  # the same without a dividend: at the close
    ],
)
def test_the_close_before_an_ex_date_is_lowered_by_the_dividend(amount, opened, expected):
    bar = {"open": opened, "high": 99.0, "low": 70.0, "close": 85.0}
    prices = market(AAA={7: bar}, dividends={"AAA": {7: amount}})
    fill = orders(play(prices, (6, sell(10)), exchange=hkex()))[0]
    assert (fill[1], fill[2], fill[5]) == expected


def test_a_dividend_in_a_halt_lowers_the_last_close_before_it():
    prices = market(AAA={7: None, 8: {"open": 98.0, "close": 97.0}}, dividends={"AAA": {8: 2.0}})
    fill = orders(play(prices, (7, sell(10)), exchange=hkex()))[0]
    assert fill[1:6] == ("market", "filled", 10, 8, 98.0)


def test_a_split_comes_before_a_dividend_of_the_same_day():
    """100 two for one is 50, less 1 a new share is 49."""
    for opened, kind in ((49.0, "market"), (48.95, "limit")):
        bar = {"open": opened, "high": 49.5, "low": 48.0, "close": 49.0}
        prices = market(AAA={7: bar}, dividends={"AAA": {7: 1.0}}, splits={"AAA": {7: 2.0}})
        assert orders(play(prices, (6, sell(10)), exchange=hkex()))[0][1] == kind
