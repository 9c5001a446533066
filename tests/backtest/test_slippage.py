"""What trading does to the price of a fill, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from floor import buy, day, hkex, leave, market, orders, play, sell

import aftershock as ash
from aftershock.backtest.market import quotes
from aftershock.errors import BacktestError

HalfSpread, SquareRoot = ash.exchanges.HalfSpread, ash.exchanges.SquareRoot


def plain(model, **options):
    return ash.exchanges.PlainExchange(bps=0.0, borrow=0.0, slippage=model, **options)


def test_half_a_spread_against_every_fill():
    """At 100 the minimum spread is 0.1: sold at 99.95, bought at 100.05."""
    prices = market()
    short = play(prices, (6, sell(200)), (8, leave), exchange=hkex(slippage=HalfSpread()))
    assert [row[5] for row in orders(short)] == [99.95, 100.05]
    assert short.trades["net"].tolist() == [-20.0]
    long = play(prices, (6, buy(200)), (8, leave), exchange=hkex(slippage=HalfSpread(spreads=1.0)))
    assert [row[5] for row in orders(long)] == [100.1, 99.9]


def test_the_spread_goes_by_the_price():
    assert [
        row[5]
        for row in orders(
            play(
                market(price=30.0), (6, sell(200)), (8, leave), exchange=hkex(slippage=HalfSpread())
            )
        )
    ] == [29.99, 30.01]


def test_basis_points_where_there_is_no_table():
    result = play(market(), (6, sell(200)), (8, leave), exchange=plain(HalfSpread(bps=25.0)))
    assert [row[5] for row in orders(result)] == [99.75, 100.25]


def test_a_limit_order_gets_its_limit():
    prices = market(AAA={7: {"open": 99.0, "high": 99.5}})
    result = play(prices, (6, sell(200)), exchange=hkex(slippage=HalfSpread(spreads=4.0)))
    assert orders(result)[0][5] == 99.05


def test_a_stop_slips_beyond_its_level():
    prices = market(AAA={9: {"open": 100.0, "high": 125.0}})
    exchange = plain(HalfSpread(bps=100.0))
    result = play(prices, (6, sell(200, stop=0.2)), exchange=exchange)
    # sold at 99, stop at 118.8, bought 1 % above it; beyond the day's range it would be too
    assert [row[5] for row in orders(result)] == [99.0, 119.988]


def test_a_fill_is_not_clipped_to_the_range_of_the_bar():
    result = play(market(), (6, sell(200)), exchange=plain(HalfSpread(bps=500.0)))
    assert orders(result)[0][5] == 95.0  # the low was 100


def moving():
    """Closes 100, 110, 100, 110 ...: log returns of +-ln 1.1."""
    return market(AAA={row: {"close": 110.0 if row % 2 else 100.0} for row in range(30)})


def test_the_square_root_of_the_share_of_volume():
    """Six returns +-ln 1.1 that cancel before row 7: their deviation is ln 1.1 x sqrt(6 / 5).

    2,500 of 1,000,000 shares: the square root is 0.05; the open of row 7 is the close before.
    """
    sigma = math.log(1.1) * math.sqrt(6 / 5)
    prices = moving()
    assert quotes(prices, "AAA", is_index=False)[7].volatility == pytest.approx(sigma, rel=1e-12)
    fill = orders(play(prices, (6, sell(2_500)), exchange=plain(SquareRoot(0.8))))[0]
    assert fill[5] == round(100.0 * (1 - 0.8 * sigma * 0.05), 4)


def test_volatility_is_of_the_sessions_before():
    """The session of the fill, and all beyond twenty, change nothing."""
    calm = quotes(market(AAA={25: {"close": 100.0}}), "AAA", is_index=False)[25]
    wild = quotes(market(AAA={25: {"close": 150.0}}), "AAA", is_index=False)
    assert calm.volatility == wild[25].volatility == 0.0
    assert wild[26].volatility == pytest.approx(math.log(1.5) / math.sqrt(20), rel=1e-12)
    early = quotes(market(AAA={2: {"close": 150.0}}), "AAA", is_index=False)
    assert early[22].volatility > 0.0
    assert early[23].volatility == 0.0


def test_four_returns_are_too_few():
    found = quotes(moving(), "AAA", is_index=False)
    assert [math.isnan(quote.volatility) for quote in found[:7]] == [True] * 6 + [False]
    entry = orders(play(moving(), (4, sell(10)), exchange=plain(SquareRoot())))[0]
    assert entry[2] == "rejected"
    assert entry[6] == "the volume or volatility to size the impact is not known"


def test_an_exit_of_unknown_impact_waits_and_says_so():
    prices = market(AAA={9: {"volume": np.nan}})
    result = play(prices, (6, sell(10)), (8, leave), exchange=plain(SquareRoot()))
    waited = f"waited since {day(9)}: the impact is not known"
    assert orders(result)[1][2:] == ("filled", 10, 10, 100.0, waited)


def test_a_leg_in_an_index_has_no_impact():
    def hedge(strategy, event):
        strategy.enter_long(event, ticker="^IDX", lots=50_000)

    result = play(market(), (3, hedge), exchange=plain(SquareRoot(), participation=0.1))
    assert orders(result)[0][2:6] == ("filled", 50.0, 4, 1_000.0)


def test_models_say_what_they_are():
    said = hkex(slippage=HalfSpread(0.5, bps=2.0)).conventions()["slippage"]
    assert said == "0.5 minimum spreads and 2 basis points a fill"
    assert "square root" in hkex(slippage=SquareRoot()).conventions()["slippage"]
    assert hkex().conventions()["slippage"] == "none"


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_what_cannot_be_is_refused(value):
    for make in (
        lambda: HalfSpread(value),
        lambda: HalfSpread(bps=value),
        lambda: SquareRoot(value),
    ):
        with pytest.raises(BacktestError, match="0 or more"):
            make()
