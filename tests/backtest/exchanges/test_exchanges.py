from __future__ import annotations

import datetime as dt

import pytest

import aftershock as ash
from aftershock.backtest.exchanges import Instrument
from aftershock.errors import BacktestError
from aftershock.events.companies import Company

STOCK = Instrument("0100.HK", 20)
INDEX = Instrument("^HSI", 0.001, is_index=True)


def total(exchange, day, shares=1000, price=100.0, instrument=STOCK):
    return sum(
        c.cents
        for c in exchange.charges(instrument, "sell", shares, price, dt.date.fromisoformat(day))
    )


@pytest.fixture
def bare():
    return ash.HKEX(brokerage=0.0, brokerage_min=0.0)


@pytest.mark.parametrize(
    ("day", "cents"),
    [
        ("2026-07-08", 112_70),  # published check of HK$100,000
        ("2021-08-02", 140_20),  # published check
        ("2024-01-02", 110_50),  # 11.05 bp from 2023-11-17 to 2025-06-29
        ("2025-06-29", 110_50),
        ("2025-06-30", 112_70),
        ("2023-11-16", 140_50),  # 0.13 % era with the AFRC levy and the trading fee of 2023
        ("2021-07-30", 110_20),  # 10.97 bp and HK$0.50
    ],
)
def test_charges_of_a_hundred_thousand_by_date(bare, day, cents):
    assert total(bare, day) == cents


def test_a_round_trip_costs_22_and_a_half_basis_points(bare):
    assert 2 * total(bare, "2026-07-08") / 100 / 100_000 == pytest.approx(0.002254)


def test_stamp_duty_is_rounded_up_to_the_dollar(bare):
    charges = {c.item: c.cents for c in bare.charges(STOCK, "buy", 20, 250.6, dt.date(2026, 7, 16))}
    # HK$5,012: 5.012 becomes 6; 0.135, 0.0075, 0.283 and 0.2105 to the nearest cent
    assert charges == {
        "stamp duty": 600, "SFC levy": 14, "AFRC levy": 1, "trading fee": 28, "settlement fee": 21,
    }  # fmt: skip


def test_the_old_settlement_fee_had_bounds(bare):
    def settlement(shares):
        charges = bare.charges(STOCK, "buy", shares, 100.0, dt.date(2024, 1, 2))
        return next(c.cents for c in charges if c.item == "settlement fee")

    assert settlement(100) == 2_00  # 0.002 % of 10,000 would be 0.20
    assert settlement(100_000) == 100_00  # of 10m it would be 200


def test_half_a_cent_is_rounded_up(bare):
    # 0.0027 % of HK$5,000 is 13.5 cents
    charges = {c.item: c.cents for c in bare.charges(STOCK, "buy", 50, 100.0, dt.date(2026, 7, 8))}
    assert charges["SFC levy"] == 14


def test_brokerage_has_a_minimum():
    exchange = ash.HKEX(brokerage=0.0003, brokerage_min=3.0)
    charges = {
        c.item: c.cents for c in exchange.charges(STOCK, "buy", 20, 100.0, dt.date(2026, 7, 8))
    }
    assert charges["brokerage"] == 3_00  # 3 bp of 2,000 would be 0.60
    charges = {
        c.item: c.cents for c in exchange.charges(STOCK, "buy", 2000, 100.0, dt.date(2026, 7, 8))
    }
    assert charges["brokerage"] == 60_00


def test_an_index_leg_pays_no_stamp_duty(bare):
    assert total(bare, "2026-07-08", 4, 25_000.0, INDEX) == 12_70  # 1.27 bp of HK$100,000
    assert "stamp duty" not in {
        c.item for c in bare.charges(INDEX, "buy", 4, 25_000.0, dt.date(2026, 7, 8))
    }


def test_costs_can_be_switched_off():
    assert ash.HKEX(costs=False).charges(STOCK, "buy", 20, 250.6, dt.date(2026, 7, 16)) == []


def test_days_before_the_record_are_refused(bare):
    with pytest.raises(
        BacktestError, match="charges of 2010-01-04 are not recorded; the first are of 2014-11-01"
    ):
        total(bare, "2010-01-04")


def test_lots_come_from_the_issuer():
    company = Company(
        ticker="0100.HK", name="M", lot=20, shortable_from={"date": "2026-06-08", "inferred": "x"}
    )
    instrument = ash.HKEX().instrument("0100.HK", company)
    assert (instrument.lot, instrument.shortable_from) == (20, dt.date(2026, 6, 8))
    with pytest.raises(
        BacktestError, match=r"no board lot is known for 0700\.HK; add it to companies\.yaml"
    ):
        ash.HKEX().instrument("0700.HK", None)
    assert ash.HKEX().instrument("^HSI", None).is_index


def test_the_plain_exchange_counts_in_basis_points():
    exchange = ash.exchanges.PlainExchange(bps=7.5, borrow=0.02, lot=10)
    assert total(exchange, "2012-08-16") == 75_00
    assert exchange.instrument("FB", None).lot == 10
    assert exchange.borrow_rate(dt.date(2012, 8, 16)) == 0.02


def test_borrow_rates_apply_from_their_date():
    exchange = ash.HKEX(borrow=((dt.date(2026, 1, 1), 0.03), (dt.date(2026, 7, 1), 0.60)))
    assert exchange.borrow_rate(dt.date(2026, 6, 30)) == 0.03
    assert exchange.borrow_rate(dt.date(2026, 7, 1)) == 0.60
    with pytest.raises(BacktestError, match="no borrow rate on 2025-12-31"):
        exchange.borrow_rate(dt.date(2025, 12, 31))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"borrow": 18.0}, "borrow is 18.0; write a yearly rate as decimal"),
        ({"borrow": -0.1}, "borrow is -0.1"),
        ({"equity_to_open": 50.0}, "equity_to_open is 50.0"),
        ({"brokerage": -1.0}, "brokerage is -1.0"),
    ],
)
def test_percentages_for_decimals_are_refused(options, message):
    with pytest.raises(BacktestError, match=message):
        ash.HKEX(**options)
