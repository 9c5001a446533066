"""The books against hand calculation: life cycles, decimals, interest, pairs, gaps, stale marks."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pandas as pd
import pytest
from floor import DAYS, FREE, buy, day, events, hkex, leave, market, orders, play, sell

import aftershock as ash
from aftershock.backtest.rule import check_size
from aftershock.errors import BacktestError
from aftershock.events.companies import Company

PLAIN = ash.exchanges.PlainExchange
DAILY = PLAIN(bps=0.0, borrow=0.365)  # a tenth of a percent of the last close a calendar day

# sold at the open of row 7 (2026-01-13), settles on row 9 (01-15); covered at the open of row 13
# (01-21), settles on row 15 (01-23): on loan from 01-15 to 01-22, eight calendar days
SHORT = ((6, sell(200)), (12, leave))
LIFE = {
    "before the sale": 6, "the day of the sale": 7, "before it settles": 8, "as it settles": 9,
    "held": 11, "the day of the cover": 13, "before the cover settles": 14,
    "as the cover settles": 15, "after": 16,
}  # fmt: skip


@pytest.mark.parametrize("row", LIFE.values(), ids=LIFE.keys())
@pytest.mark.parametrize("ratio", [2.0, 5.0, 0.5, 0.2])
def test_a_split_on_any_day_changes_no_money(row, ratio):
    """20,000 short for eight days at 0.1 % a day are 160, in whatever shares.

    A sale ordered before the split is one of its new shares; ordered after it, of 200 at the
    new price.
    """
    prices = market(AAA={row: {"open": 100.0 / ratio}}, splits={"AAA": {row: ratio}})
    result = play(prices, *SHORT, exchange=DAILY)
    (trade,) = result.trades.itertuples()
    after = row < 7
    value = 20_000 / ratio if after else 20_000
    shares = 200 if row < 7 or row > 13 else 200 * ratio
    assert (trade.gross, trade.shares) == (0.0, shares)
    assert trade.borrow == pytest.approx(8 * value / 1_000)
    assert result.equity["equity"].iloc[-1] == 1_000_000 - 8 * value / 1_000
    grid = result.borrow_grid.set_index("rate")["net"]
    # the same loans at 30 % a year: 8 x 20,000 x 0.3 / 365
    assert grid[0.30] == pytest.approx(-round(8 * value * 0.3 / 365, 2))


def test_what_is_owed_until_the_cover_settles_is_owed_in_new_shares():
    """Covered on row 13, two for one on row 14, and the price falls to 40 at that close.

    The loan of 400 new shares is still out on 01-22, at the close of 40 before: 16, not 8.
    """
    prices = market(AAA={14: {"open": 50.0, "close": 40.0}}, splits={"AAA": {14: 2.0}})
    later = play(prices, *SHORT, exchange=PLAIN(bps=0.0, borrow=0.365)).trades["borrow"].iloc[0]
    assert day(14) == dt.date(2026, 1, 22)
    # 01-15..01-22 are on the closes of 01-14..01-21, none of them after the split
    assert later == 8 * 20.0

    # with four sessions to settlement 01-23..25 are out too, on the close of 40 from row 14:
    class Slow(PLAIN):
        settlement = 4

    slow = play(prices, *SHORT, exchange=Slow(bps=0.0, borrow=0.365)).trades["borrow"].iloc[0]
    # sale settles on row 11 (01-19), cover on row 17 (01-27): 01-19..01-22 on 100 (01-22's fee is
    # on the close of 01-21), 01-23..01-25 on 400 shares at 40, 01-26 on the close of 01-23 at 40
    assert (day(11), day(17)) == (dt.date(2026, 1, 19), dt.date(2026, 1, 27))
    assert slow == 4 * 20.0 + 4 * 16.0


@pytest.mark.parametrize("row", LIFE.values(), ids=LIFE.keys())
@pytest.mark.parametrize("act", [sell, buy])
def test_a_dividend_on_any_day_goes_by_the_day_of_the_trade(row, act):
    """1.25 on 200 shares, where they were held into the ex-date: rows 8 to 13.

    Shares bought for a cover before the ex-date come with it, and what the lender is owed until
    they settle is what they are paid: nothing is left over.
    """
    prices = market(dividends={"AAA": {row: 1.25}})
    result = play(prices, (6, act(200)), (12, leave))
    due = 250.0 if 8 <= row <= 13 else 0.0
    assert result.equity["equity"].iloc[-1] == 1_000_000 + (due if act is buy else -due)


def test_a_stop_of_a_fraction_stands_for_the_shares_that_are_left():
    """100 shares one for eight: a stop at 130 stands at 1,040 for twelve shares."""
    prices = market(
        AAA={9: {"open": 800.0}, 11: {"open": 800.0, "high": 1_050.0}}, splits={"AAA": {9: 0.125}}
    )
    rows = orders(play(prices, (6, sell(100, stop=0.3))))
    assert rows[1][:6] == ("buy", "stop", "filled", 12.0, 11, 1_040.0)


def test_an_issuers_third_is_a_third():
    """Yahoo writes one for three as 0.333333: 300 shares are 100, and no fraction is left."""
    prices = market(AAA={9: {"open": 300.0}}, splits={"AAA": {9: 0.333333}})
    result = play(prices, (6, sell(300)), (12, leave))
    assert [row[3] for row in orders(result)] == [300, 100]
    assert result.trades["gross"].tolist() == [0.0]


def test_a_fraction_in_lieu_is_exact():
    """100 shares one for seven are 14 and two sevenths, at 700: 200.00, not 199.99 or 200.20."""
    prices = market(AAA={9: {"open": 700.0}}, splits={"AAA": {9: 1 / 7}})
    cash = play(prices, (6, sell(100)), (12, leave)).equity["cash"]
    assert cash.iloc[9] - cash.iloc[8] == -200.0


def test_a_fund_leg_keeps_its_fraction_through_a_split():
    """An index leg of a third of a share and more is closed to the last part."""
    prices = market(X={9: {"open": 3_000.0}})
    result = play(prices, (6, lambda s, e: s.enter_long(e, "^IDX", weight=0.1)), (12, leave))
    assert not result.trades["open"].any()


@pytest.mark.parametrize("engine", ["array", "broker"])
def test_prices_finer_than_a_ten_thousandth(engine):
    """1,000,000 shares sold at 0.00012 and bought at 0.00013 lose 10, not nothing."""
    from aftershock.backtest.rule import Rule
    from aftershock.backtest.rule_account import Leg
    from aftershock.backtest.rule_engine import RuleEngine

    prices = market(0.00012, AAA={12: {"open": 0.00013}})
    if engine == "broker":
        result = play(prices, (6, sell(1_000_000)), (12, leave))
        assert result.trades["gross"].tolist() == [-10.0]
        assert result.equity["short"].iloc[[7, 12]].tolist() == [120.0, 130.0]
        return
    backtest = ash.Backtest(Hold, params={}, exchange=FREE, cash=1_000_000)
    stage = backtest.stage(events(), prices, benchmark="^IDX")
    rule = Rule(entry=-13, exit=-7, lots=1_000_000)
    run = RuleEngine(stage.panel, stage.agenda, FREE, stage.instrument, 1_000_000).run(
        [Leg("x", "AAA", 20, -1, rule)]
    )
    assert [trade.gross for trade in run.trades] == [-10_00]
    assert run.equity[[7, 12]].tolist() == [1_000_000_00, 999_990_00]


class Hold(ash.EventStrategy):
    """Never trades."""

    events = ash.select()

    def on_offset(self, event, offset):
        pass


def test_a_dividend_of_many_decimals():
    """RMB 0.1 paid as HK$0.1087654 a share: 100,000 shares are 10,876.54."""
    cash = play(market(dividends={"AAA": {9: 0.1087654}}), (6, buy(5_000)), (12, leave)).equity
    # on 5,000 shares 543.827, half up
    assert round(cash["cash"].iloc[9] - cash["cash"].iloc[8], 2) == 543.83


def test_a_stop_below_a_ten_thousandth():
    """A tenth above 0.00012 is 0.000132."""
    prices = market(0.00012, AAA={9: {"open": 0.00012, "high": 0.0002}})
    assert orders(play(prices, (6, sell(1_000, stop=0.1))))[1][5] == 0.000132


@pytest.mark.parametrize("cash", [1e-9, 1e308, float("nan"), -1.0, 0.0])
def test_extreme_cash_is_one_sentence(cash):
    with pytest.raises(
        BacktestError, match=r"^cash is .*; it must be positive, from 0\.01 to 1,000"
    ):
        ash.Backtest(Hold, cash=cash)


@pytest.mark.parametrize("cash", [0.01, 1e15])
def test_cash_at_the_ends_runs(cash):
    result = play(market(), (6, sell(weight=1.0)), (12, leave), cash=cash)
    assert result.equity["equity"].iloc[-1] == cash


@pytest.mark.parametrize("weight", [1e308, 0.0, float("nan"), -1.0])
def test_extreme_weights_are_one_sentence(weight):
    with pytest.raises(BacktestError, match="weight is .*; a positive fraction of equity"):
        check_size(weight, None)


@pytest.mark.parametrize("lots", [0, 10**12, True, 1.5])
def test_extreme_lots_are_one_sentence(lots):
    with pytest.raises(BacktestError, match="lots is .*; a whole number of board lots, from 1"):
        check_size(None, lots)


# interest


def test_cash_earns_its_rate_by_the_calendar_day():
    """36.5 % on 1,000,000 is 1,000 a day; from row 0 (01-02) to row 3 (01-07), five days."""
    result = play(market(sessions=4), exchange=PLAIN(interest=0.365))
    assert (day(0), day(3)) == (dt.date(2026, 1, 2), dt.date(2026, 1, 7))
    # three days on 1,000,000, one on 1,003,000, one on 1,004,003
    assert result.equity["cash"].tolist() == [1e6, 1_003_000.0, 1_004_003.0, 1_005_007.0]
    assert result.metrics["interest"] == 5_007.0
    assert "own cash earns 36.50% a year" in result.conventions["cash"]


def test_short_proceeds_earn_the_rebate():
    """20,000 of proceeds at 7.3 % are 4 a day while the shares are short, closes of rows 7 to 12."""
    result = play(market(), *SHORT, exchange=PLAIN(bps=0.0, rebate=0.073))
    days = (day(13) - day(7)).days
    assert result.metrics["interest"] == 4.0 * days
    assert result.trades["net"].tolist() == [0.0]
    assert result.equity["equity"].iloc[-1] == 1_000_000 + 4.0 * days


def test_rates_of_interest_are_dated():
    dated = ((dt.date(2026, 1, 1), 0.0), (dt.date(2026, 1, 7), 0.365))
    result = play(market(sessions=4), exchange=PLAIN(interest=dated))
    assert result.metrics["interest"] == 1_000.0
    with pytest.raises(
        BacktestError, match=r"no interest on 2026-01-03; the first is from 2026-02"
    ):
        play(market(sessions=4), exchange=PLAIN(interest=((dt.date(2026, 2, 1), 0.1),)))


def test_without_rates_cash_earns_nothing():
    result = play(market(), *SHORT)
    assert result.metrics["interest"] == 0.0
    assert result.conventions["cash"].startswith("earns nothing")


# borrow by ticker, and lots by date


def test_borrow_terms_from_a_file(tmp_path):
    file = tmp_path / "borrow.csv"
    file.write_text(
        "ticker,date,rate,shares\nAAA,2026-01-02,0.365,150\nAAA,2026-01-19,0.73,\nBBB,2026-01-02,,0\n",
        "utf-8",
    )
    exchange = PLAIN(bps=0.0, borrow=0.0, **ash.exchanges.read_borrow(file))
    result = play(market(), *SHORT, (6, sell(100, ticker="BBB")), exchange=exchange)
    rows = orders(result)
    # 150 of 200 can be borrowed: four days at 15, four at 30 (01-15..18, 01-19..22)
    assert rows[0][2:4] == ("partial", 150)
    assert rows[1][6] == "no borrow: no lot of BBB can be borrowed on 2026-01-13"
    assert result.trades["borrow"].tolist() == [4 * 15.0 + 4 * 30.0]


def test_what_can_be_borrowed_is_restated_by_a_split():
    """200 shares could be borrowed before a two for one; 400 after it are no recall."""
    exchange = PLAIN(bps=0.0, borrow=0.0, borrowable={"AAA": ((day(0), 200),)})
    prices = market(AAA={9: {"open": 50.0}}, splits={"AAA": {9: 2.0}})
    assert len(orders(play(prices, (6, sell(200)), exchange=exchange))) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ticker,date,rate\nAAA,08.06.2026,0.3\n", r"borrow.csv:2: date is '08.06.2026'; write it"),
        ("ticker,date,rate\nAAA,2026-06-08,3 %\n", r"borrow.csv:2: rate is '3 %'; a decimal a year"),
        ("ticker,date,rate\n,2026-06-08,0.3\n", r"borrow.csv:2 has no ticker; the columns are"),
        ("name,date\nAAA,2026-06-08\n", r"borrow.csv:2 has no ticker"),
        ("ticker,date,rate\nA,2026-06-08,1\nA,2026-06-08,2\n", r"has A on 2026-06-08 twice"),
        ("ticker,date,rate,shares\n", r"borrow.csv says nothing: write the columns ticker, date"),
    ],
)  # fmt: skip
def test_a_borrow_file_that_cannot_be_is_one_sentence(tmp_path, text, message):
    (tmp_path / "borrow.csv").write_text(text, "utf-8")
    with pytest.raises(BacktestError, match=message):
        ash.exchanges.read_borrow(tmp_path / "borrow.csv")


def test_lots_by_date():
    """A lot of 500 until row 9 and of 100 from then on: 10 % is 1,000 shares, 99.5 % of it 900."""
    lot = [{"date": day(0), "shares": 700}, {"date": day(10), "shares": 100}]
    companies = {"AAA": Company(ticker="AAA", name="A", lot=lot)}
    book = ash.EventBook(list(events()), companies=companies, calendar="XHKG")
    from floor import Script

    def sold(row):
        plan = {"plan": [(row, "x", sell(weight=0.1))]}
        backtest = ash.Backtest(Script, params=plan, exchange=FREE, cash=1_000_000)
        return backtest.run(book, market(), benchmark="^IDX").orders["shares"].tolist()

    assert [sold(8), sold(9), sold(12)] == [[700], [1000], [1000]]
    with pytest.raises(ValueError, match="whose dates ascend"):
        Company(ticker="A", name="A", lot=list(reversed(lot)))
    with pytest.raises(ValueError, match="whole number of shares above 0"):
        Company(ticker="A", name="A", lot=0)


# pairs


def pair(linked):
    def act(strategy, event):
        first = strategy.enter_short(event, "AAA", lots=100)
        strategy.enter_long(event, "BBB", lots=100, after=first, linked=linked)

    return act


HALTED = {"BBB": {13: {"open": 100.0, "volume": 0.0}, 14: {"open": 100.0, "volume": 0.0}}}


def test_a_leg_left_alone_is_warned_of():
    result = play(market(**HALTED), (6, pair(False)), (12, leave))
    assert [row[4] for row in orders(result)] == [7, 7, 13, 15]
    (said,) = [text for text in result.warnings if "other leg" in text]
    assert said == (
        "x: AAA was closed on 2026-01-21 and its other leg BBB could not be (waited since"
        " 2026-01-21: halted or no price); linked=True closes both together"
    )


def test_linked_legs_are_closed_together():
    result = play(market(**HALTED), (6, pair(True)), (12, leave))
    rows = orders(result)
    assert [row[4] for row in rows] == [7, 7, 15, 15]
    assert rows[2][6] == "waited since 2026-01-21: its leg BBB cannot be closed"
    assert not [text for text in result.warnings if "other leg" in text]


def test_a_linked_leg_follows_one_that_is_recalled():
    exchange = PLAIN(bps=0.0, borrow=0.0, borrowable={"AAA": ((day(0), 100), (day(9), 0))})
    rows = orders(play(market(), (6, pair(True)), exchange=exchange))
    assert [row[4] for row in rows] == [7, 7, 9, 9]
    assert rows[3][6] == "closed with its leg AAA"
    some = {"AAA": ((day(0), 100), (day(9), 40))}
    exchange = PLAIN(bps=0.0, borrow=0.0, borrowable=some)
    rows = orders(play(market(), (6, pair(True)), exchange=exchange))
    assert [row[2:5] for row in rows[2:]] == [("filled", 60, 9)]  # a part is no whole leg


def test_a_linked_leg_follows_a_stop_at_the_next_open():
    def act(strategy, event):
        first = strategy.enter_short(event, "AAA", lots=100, stop=0.1)
        strategy.enter_long(event, "BBB", lots=100, after=first, linked=True)

    rows = orders(play(market(AAA={9: {"open": 100.0, "high": 111.0}}), (6, act)))
    assert [(row[1], row[4], row[6]) for row in rows[2:]] == [
        ("stop", 9, ""), ("market", 10, "closed with its leg AAA"),
    ]  # fmt: skip


def test_leaving_one_linked_leg_leaves_both():
    rows = orders(play(market(), (6, pair(True)), (12, lambda s, e: s.leave(e, "AAA"))))
    assert [row[4] for row in rows] == [7, 7, 13, 13]


# one rule for gaps at the open, stale marks, missing opens


@pytest.mark.parametrize("stop", [None, 0.1])
def test_an_open_too_far_away_fills_exits_and_stops_at_the_close(stop):
    """Opens 30 % up, closes 10 % up: out at 110 by the plan and by a stop at 110 alike."""
    prices = market(AAA={13: {"open": 130.0, "close": 110.0}})
    plan = [(6, sell(100, stop=stop))] + ([(12, leave)] if stop is None else [])
    row = orders(play(prices, *plan, exchange=hkex(tick_rule=True)))[1]
    assert row[2:6] == ("filled", 100, 13, 110.0)
    assert row[6].startswith("opened +30.0% from the previous close, beyond the auction's limit")
    both = play(prices, (6, sell(100, stop=0.1)), (12, leave), exchange=hkex(tick_rule=True))
    assert both.trades["exit_price"].tolist() == [110.0]


def test_prices_that_end_while_short_say_the_age_of_the_mark():
    gone = dict.fromkeys(range(12, 30))
    result = play(market(AAA=gone), (6, sell(200)), (14, leave))
    assert day(11) == dt.date(2026, 1, 19)
    assert (
        "x in AAA is still open at the end, marked at its close of 2026-01-19, 18 sessions old"
        in result.warnings
    )


def test_a_stretch_without_closes_is_told():
    result = play(market(AAA=dict.fromkeys(range(9, 12))), (6, sell(200)), (14, leave))
    assert (
        "AAA was held over sessions without a close, marked at one up to 3 sessions old"
        in result.warnings
    )


def test_a_missing_open_is_a_halt_for_that_order_alone():
    nan = float("nan")
    prices = market(AAA={7: {"open": nan, "close": 100.0, "high": 101.0, "low": 99.0}})
    first, second = orders(play(prices, (6, sell(100)), (8, sell(100))))
    assert first[2:] == ("rejected", 0.0, None, None, "no open on 2026-01-13")
    assert second[2] == "filled"
    prices = market(AAA={13: {"open": nan, "close": 100.0, "high": 101.0, "low": 99.0}})
    assert orders(play(prices, *SHORT))[1][4:] == (14, 100.0, "waited since 2026-01-21: no open")


def test_closes_alone_are_still_refused():
    frames = {
        "AAA": pd.DataFrame({"Close": [100.0] * 30}, index=pd.DatetimeIndex(DAYS)),
        "^IDX": pd.DataFrame({"Close": [100.0] * 30}, index=pd.DatetimeIndex(DAYS)),
    }
    prices = ash.PricePanel.from_frames(frames, calendar="XHKG")
    with pytest.raises(BacktestError, match="AAA has closes without opens; a backtest needs Open"):
        play(prices)


def test_share_counts_are_fractions_where_they_are():
    from aftershock.backtest.ledger import Ledger

    ledger = Ledger(1_000_000_00, FREE)
    ledger.begin(day(0))
    trade = ledger.enter("e", "^X", 1, (day(0), 100.0, 9.0), [], day(2))
    ledger.close(day(0), {"^X": 9.0})
    ledger.split("^X", Fraction(1, 3))
    assert trade.shares == Fraction(100, 3)
    assert ledger.balance(day(0), ledger.closes).long == 900_00  # 33 1/3 at 27
    ledger.leave(trade, (day(0), 100 / 3, 27.0), [], day(2))
    assert not trade.is_open
    assert ledger.cash == 1_000_000_00


def test_the_benchmark_and_its_leg_split_and_pay_too():
    """A fund at 100 that splits ten for one, pays 0.2 of 10 and falls by it: nobody lost.

    Bought and reinvested it stands where it stood, and so does the leg beside a short.
    """
    # row 10 splits, row 11 pays and falls by as much as it pays
    frames = {
        "fund": pd.DataFrame(
            {"Open": [100.0] * 10 + [10.0] + [9.8] * 19}, index=pd.DatetimeIndex(DAYS)
        ),
        "AAA": pd.DataFrame({"Open": [100.0] * 30}, index=pd.DatetimeIndex(DAYS)),
    }
    for frame in frames.values():
        for name in ("High", "Low", "Close"):
            frame[name] = frame["Open"]
        frame["Volume"] = 1e6
    frames["fund"]["Stock Splits"] = [0.0] * 10 + [10.0] + [0.0] * 19
    frames["fund"]["Dividends"] = [0.0] * 11 + [0.2] + [0.0] * 18
    prices = ash.PricePanel.from_frames(
        {"2800.HK": frames["fund"], "AAA": frames["AAA"]}, calendar="XHKG"
    )
    from floor import Script, with_companies

    plan = {"plan": [(6, "x", sell(200)), (20, "x", leave)]}
    backtest = ash.Backtest(Script, params=plan, exchange=FREE, cash=1_000_000)
    result = backtest.run(with_companies(events()), prices, benchmark="2800.HK")
    level = result.equity["benchmark"]
    assert level.iloc[9] == level.iloc[10]
    # 9.8 in 10 / 9.8 shares
    assert level.iloc[29] == pytest.approx(1_000_000.0, abs=0.01)
    assert result.equity["hedged"].iloc[29] == pytest.approx(1_000_000.0, abs=0.01)
