"""One short through a weekend, every cent by hand."""

from __future__ import annotations

import datetime as dt

import pytest

import aftershock as ash
from aftershock.backtest.exchanges import Instrument
from aftershock.backtest.ledger import Ledger

STOCK = Instrument("X", 100)
CLOSES = {
    "2026-07-02": 101.0, "2026-07-03": 100.0, "2026-07-06": 102.0, "2026-07-07": 99.5,
    "2026-07-08": 98.0, "2026-07-09": 97.0, "2026-07-10": 96.0, "2026-07-13": 95.0,
    "2026-07-14": 94.0,
}  # fmt: skip


def day(text):
    return dt.date.fromisoformat(text)


def test_a_short_of_a_thousand_shares_by_hand():
    exchange = ash.HKEX(brokerage=0.0003, brokerage_min=3.0, borrow=0.18)
    ledger = Ledger(1_000_000_00, exchange)
    trade = None
    for text, close in CLOSES.items():
        session = day(text)
        ledger.begin(session)
        if text == "2026-07-02":
            charges = exchange.charges(STOCK, "sell", 1000, 101.3, session)
            # 101,300.00: brokerage 30.39, stamp duty 101.30 -> 102, SFC 2.7351 -> 2.74,
            # AFRC 0.15195 -> 0.15, trading fee 5.72345 -> 5.72, settlement 4.2546 -> 4.25
            assert [c.cents for c in charges] == [3039, 10200, 274, 15, 572, 425]
            trade = ledger.enter("e", "X", -1, (session, 1000, 101.3), charges, day("2026-07-06"))
        if text == "2026-07-10":
            charges = exchange.charges(STOCK, "buy", 1000, 95.7, session)
            # 95,700.00: 28.71, 95.70 -> 96, 2.5839 -> 2.58, 0.14355 -> 0.14, 5.40705 -> 5.41,
            # 4.0194 -> 4.02
            assert [c.cents for c in charges] == [2871, 9600, 258, 14, 541, 402]
            ledger.leave(trade, (session, 1000, 95.7), charges, day("2026-07-14"))
        ledger.close(session, {"X": close})
    balances = {str(balance.session): balance for balance in ledger.balances}
    # sale settles 07-06, cover 07-14: the days 07-06 to 07-13, each on the last close before
    # it: 100 + 102 + 99.5 + 98 + 97 + 96 + 96 + 96 = 784.5 (07-11 and 07-12 are a weekend)
    assert balances["2026-07-03"].accrued == 0
    assert balances["2026-07-06"].accrued == 49_32  # 100,000 x 0.18 / 365 = 49.315
    assert balances["2026-07-10"].accrued == 244_85  # 496.5: 496,500 x 0.18 / 365 = 244.849
    assert balances["2026-07-13"].accrued == 386_88  # 784,500 x 0.18 / 365 = 386.8767
    assert balances["2026-07-14"].accrued == 0
    assert [(str(c.session), c.cents) for c in ledger.costs if c.item == "borrow"] == [
        ("2026-07-14", 386_88)
    ]
    # 5,600.00 gross less 145.25 and 136.86 in charges and 386.88 borrow
    assert trade.gross(94.0) == 5_600_00
    assert trade.fees == 145_25 + 136_86
    assert ledger.cash == 1_000_000_00 + 5_600_00 - 145_25 - 136_86 - 386_88
    assert balances["2026-07-14"].equity == ledger.cash


def test_break_even_borrow_makes_the_trade_net_zero():
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=0.18)
    ledger = Ledger(1_000_000_00, exchange)
    ledger.begin(day("2026-07-02"))
    trade = ledger.enter("e", "X", -1, (day("2026-07-02"), 1000, 100.0), [], day("2026-07-06"))
    ledger.close(day("2026-07-02"), {"X": 100.0})
    ledger.begin(day("2026-07-06"))
    ledger.leave(trade, (day("2026-07-06"), 1000, 99.0), [], day("2026-07-08"))
    ledger.close(day("2026-07-06"), {"X": 99.0})
    ledger.begin(day("2026-07-08"))
    # 07-06 on 100, 07-07 on 99: 199,000 x rate / 365 = 1,000
    assert trade.break_even_borrow(99.0) == pytest.approx(1000 * 365 / 199_000)


def test_a_partial_cover_returns_stock_first_in_first_out():
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=0.365)
    ledger = Ledger(1_000_000_00, exchange)
    ledger.begin(day("2026-07-06"))
    trade = ledger.enter("e", "X", -1, (day("2026-07-06"), 300, 100.0), [], day("2026-07-08"))
    ledger.close(day("2026-07-06"), {"X": 100.0})
    ledger.begin(day("2026-07-07"))
    ledger.leave(trade, (day("2026-07-07"), 100, 100.0), [], day("2026-07-09"))
    ledger.close(day("2026-07-07"), {"X": 100.0})
    assert (trade.shares, trade.is_open) == (200, True)
    for text in ("2026-07-08", "2026-07-09", "2026-07-10"):
        ledger.begin(day(text))
        ledger.close(day(text), {"X": 100.0})
    # a day at 36.5 % on 100 is 0.10 a share: 300 shares on 07-08, 200 on 07-09 and 07-10
    assert trade.borrow() == 30_00 + 20_00 + 20_00
    # 100 shares went back on 07-09 and paid their one day
    assert trade.booked == 10_00
    assert ledger.balances[-1].accrued == 60_00


def test_a_halted_stock_is_charged_on_its_last_close():
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=0.365)
    ledger = Ledger(1_000_000_00, exchange)
    ledger.begin(day("2026-07-06"))
    ledger.enter("e", "X", -1, (day("2026-07-06"), 100, 100.0), [], day("2026-07-08"))
    ledger.close(day("2026-07-06"), {"X": 110.0})
    for text in ("2026-07-07", "2026-07-08", "2026-07-09"):
        ledger.begin(day(text))
        ledger.close(day(text), {})  # no bar
    assert ledger.balances[-1].short == 11_000_00
    assert ledger.balances[-1].accrued == 22_00  # two days on 110


def test_a_long_pays_no_borrow():
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=0.5)
    ledger = Ledger(1_000_000_00, exchange)
    ledger.begin(day("2026-07-06"))
    trade = ledger.enter("e", "X", 1, (day("2026-07-06"), 100, 100.0), [], day("2026-07-08"))
    ledger.close(day("2026-07-06"), {"X": 100.0})
    ledger.begin(day("2026-07-13"))
    ledger.leave(trade, (day("2026-07-13"), 100, 120.0), [], day("2026-07-15"))
    assert ledger.close(day("2026-07-13"), {"X": 120.0}).equity == 1_002_000_00
    assert trade.borrow() == 0
