"""Backtests on small panels: when orders fill, what is refused, what the books say."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from pydantic import Field

import aftershock as ash
from aftershock.backtest.result import BacktestResult
from aftershock.backtest.strategy import EventStrategy
from aftershock.errors import BacktestError, WorkspaceError
from aftershock.events.companies import Company

FREE = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0)


class Swing(EventStrategy):
    """Short or buy at one offset, leave at another."""

    class Params(EventStrategy.Params):
        entry: int = Field(-3, description="entry")
        exit: int = Field(3, description="exit")
        weight: float | None = 0.1
        lots: int | None = None
        stop: float | None = None
        long: bool = False

    p: Params
    events = ash.select()

    def on_offset(self, event, offset):
        if offset == self.p.entry:
            enter = self.enter_long if self.p.long else self.enter_short
            weight = None if self.p.lots else self.p.weight
            enter(event, weight=weight, lots=self.p.lots, stop=self.p.stop)
        elif offset == self.p.exit:
            self.leave(event)


def events_of(*rows, **defaults):
    base = {
        "kind": "announcement",
        "ticker": "AAA",
        "timing": "pre_open",
        "known_at": "2020-01-01",
        **defaults,
    }
    return ash.EventBook.from_frame(
        pd.DataFrame([{**base, **row} for row in rows]), calendar="XHKG"
    )


def run(events, panel, strategy=Swing, exchange=FREE, cash=1_000_000, **params):
    return ash.Backtest(strategy, params=params, exchange=exchange, cash=cash).run(
        events, panel, benchmark="^IDX"
    )


@pytest.fixture
def panel(make_panel):
    return make_panel(sessions=100, seed=2)


def day(panel, position):
    return str(panel.sessions.date(position))


def test_entry_and_exit_fill_at_the_open_of_their_session(panel):
    result = run(events_of({"id": "x", "when": day(panel, 50)}), panel)
    (trade,) = result.trades.itertuples()
    assert (str(trade.entry_session.date()), str(trade.exit_session.date())) == (
        day(panel, 47),
        day(panel, 53),
    )
    assert trade.entry_price == panel.open[47, 0]
    assert trade.exit_price == panel.open[53, 0]
    shares = np.floor(100_000 / panel.close[46, 0])  # sized on the close before
    assert trade.shares == shares
    assert trade.net == pytest.approx(
        round(shares * (panel.open[47, 0] - panel.open[53, 0]), 2), abs=0.011
    )


def test_equity_is_cash_and_positions_at_every_close(panel):
    result = run(
        events_of({"id": "x", "when": day(panel, 50)}),
        panel,
        exchange=ash.exchanges.PlainExchange(borrow=0.2),
    )
    table = result.equity
    np.testing.assert_allclose(
        table["equity"],
        table["cash"] + table["long"] - table["short"] - table["accrued"],
        atol=1e-6,
    )
    change = table["equity"].iloc[-1] - table["equity"].iloc[0]
    assert change == pytest.approx(result.trades["net"].sum(), abs=1e-6)
    assert (result.costs["amount"] >= 0).all()
    held = result.positions.set_index("session")["shares"]
    assert len(held) == 6
    assert (held < 0).all()


def test_news_is_acted_on_after_the_close_that_knows_it(panel):
    events = events_of(
        {"id": "x", "when": f"{day(panel, 50)} 10:00 +08:00", "known_at": None, "timing": "unknown"}
    )
    calls = []

    class Watch(EventStrategy):
        events = ash.select()

        def on_offset(self, event, offset):
            calls.append((str(self.session), offset))

    run(events, panel, Watch)
    assert calls[0] == (day(panel, 50), 1)


def test_a_day_with_unknown_hour_is_acted_on_a_session_later(panel):
    calls = []

    class Watch(EventStrategy):
        events = ash.select()

        def on_offset(self, event, offset):
            calls.append((str(self.session), offset))

    run(
        events_of({"id": "x", "when": day(panel, 50), "timing": "unknown", "known_at": None}),
        panel,
        Watch,
    )
    assert calls[0] == (day(panel, 51), 2)


def test_a_known_expiry_is_offered_from_the_first_session(panel):
    calls = []

    class Watch(EventStrategy):
        events = ash.select()

        def on_offset(self, event, offset):
            calls.append(offset)

    run(events_of({"id": "x", "when": day(panel, 50)}), panel, Watch)
    assert calls == list(range(1 - 50, 100 - 50 + 1))


def test_whole_lots_only(panel):
    exchange = ash.exchanges.PlainExchange(bps=0.0, lot=500)
    (trade,) = run(
        events_of({"id": "x", "when": day(panel, 50)}), panel, exchange=exchange
    ).trades.itertuples()
    assert trade.shares % 500 == 0
    small = run(
        events_of({"id": "x", "when": day(panel, 50)}), panel, exchange=exchange, cash=100_000
    )
    (order,) = small.orders.itertuples()
    assert order.status == "rejected"
    assert "is below one lot of 500" in order.reason
    assert small.events["status"].tolist() == ["refused"]


def test_an_impossible_short_is_refused(panel):
    events = events_of({"id": "x", "when": day(panel, 50)})
    result = run(events, panel, weight=3.0)  # 300 % of equity needs 150 %
    (order,) = result.orders.itertuples()
    assert order.status == "rejected"
    assert "equity 1,000,000 is below the 1,4" in order.reason or "is below the 1,5" in order.reason
    assert (result.equity["equity"] == 1_000_000).all()
    assert len(run(events, panel, weight=1.8).trades) == 1
    assert run(events, panel, weight=1.2, long=True).orders["status"].tolist() == ["rejected"]


def test_the_equity_check_counts_what_is_already_short(panel):
    events = events_of({"id": "a", "when": day(panel, 50)}, {"id": "b", "when": day(panel, 51)})
    result = run(events, panel, weight=1.2)
    assert result.orders.query("side == 'sell'")["status"].tolist() == ["filled", "rejected"]


def test_a_stop_fills_at_its_level_or_at_the_open_beyond_it(panel, make_bars):
    dates = panel.sessions.dates[:20]
    flat = np.full(20, 100.0)

    def outcome(highs=None, opens=None, closes=flat):
        frames = {
            "AAA": make_bars(dates, closes, opens=flat if opens is None else opens, highs=highs),
            "^IDX": make_bars(dates, flat),
        }
        prices = ash.PricePanel.from_frames(frames, calendar="XHKG")
        return run(events_of({"id": "x", "when": str(dates[10])}), prices, stop=0.2)

    highs = flat.copy()
    highs[9] = 125.0
    (trade,) = outcome(highs=highs).trades.itertuples()
    assert (trade.exit_price, str(trade.exit_session.date())) == (120.0, str(dates[9]))
    opens, gap_high = flat.copy(), flat.copy()
    opens[9] = gap_high[9] = 130.0
    (trade,) = outcome(highs=gap_high, opens=opens).trades.itertuples()
    assert trade.exit_price == 130.0
    assert trade.mae == pytest.approx(-0.3)
    highs = flat.copy()
    highs[7] = 121.0  # on the day of the entry itself, after the open
    result = outcome(highs=highs)
    (trade,) = result.trades.itertuples()
    assert (str(trade.entry_session.date()), str(trade.exit_session.date())) == (
        str(dates[7]),
        str(dates[7]),
    )
    assert trade.exit_price == 120.0
    assert result.orders["kind"].tolist() == ["market", "stop"]


def test_a_stop_of_a_closed_position_is_withdrawn(panel):
    result = run(events_of({"id": "x", "when": day(panel, 50)}), panel, stop=5.0)
    stop = result.orders.query("kind == 'stop'").iloc[0]
    assert (stop["status"], stop["reason"]) == ("cancelled", "the position was closed")


def holed(panel, make_bars, ticker, *positions, volume=None):
    frames = {}
    for name in panel.tickers:
        column = panel.column(name)
        fields = (panel.open, panel.high, panel.low, panel.close)
        opened, high, low, close = (field[:, column] for field in fields)
        frames[name] = make_bars(panel.sessions.dates, close, opened, high, low)
    if volume is None:
        frames[ticker] = frames[ticker].drop(pd.DatetimeIndex([day(panel, p) for p in positions]))
    else:
        frames[ticker].loc[[day(panel, p) for p in positions], "Volume"] = volume
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


@pytest.mark.parametrize("volume", [None, 0])
def test_nothing_fills_on_a_halted_session(panel, make_bars, volume):
    events = events_of({"id": "x", "when": day(panel, 50)})
    entry = run(events, holed(panel, make_bars, "AAA", 47, volume=volume))
    assert entry.orders["reason"].tolist() == [f"halted or no price on {day(panel, 47)}"]
    leave = run(events, holed(panel, make_bars, "AAA", 53, 54, volume=volume))
    (trade,) = leave.trades.itertuples()
    assert str(trade.exit_session.date()) == day(panel, 55)  # the next session with trading
    assert np.isfinite(leave.equity["equity"]).all()


def test_a_stock_that_lists_later_holds_nothing_back(panel, make_bars):
    late = holed(panel, make_bars, "AAA", *range(60))
    result = run(events_of({"id": "x", "when": day(panel, 80)}), late)
    assert len(result.trades) == 1
    assert len(result.equity) == 40  # from the listing on
    whole = ash.Backtest(Swing, exchange=FREE, cash=1_000_000, start=late.sessions.first)
    early = whole.run(events_of({"id": "x", "when": day(panel, 60)}), late, benchmark="^IDX")
    assert len(early.equity) == 100
    assert early.orders["reason"].tolist() == [f"no price of AAA on {day(panel, 56)}"]


def test_a_short_before_it_is_admissible_is_refused(panel):
    events = events_of({"id": "x", "when": day(panel, 50)})
    since = panel.sessions.date(48)
    known = ash.EventBook(
        events.events,
        {"AAA": Company(ticker="AAA", name="A", shortable_from={"date": since})},
        "XHKG",
    )
    result = run(known, panel)
    assert result.orders["reason"].tolist() == [f"not shortable before {since}"]
    assert len(run(known, panel, entry=-2).trades) == 1
    assert len(run(known, panel, long=True).trades) == 1


def test_an_open_trade_is_marked_not_lost(panel):
    result = run(events_of({"id": "x", "when": day(panel, 97)}), panel, exit=20)
    (trade,) = result.trades.itertuples()
    assert trade.open
    assert pd.isna(trade.exit_session)
    assert trade.gross == pytest.approx(
        trade.shares * (trade.entry_price - panel.close[-1, 0]), abs=0.01
    )
    assert any("still open at the end" in warning for warning in result.warnings)
    assert result.metrics["open_trades"] == 1


def test_accrued_borrow_is_shown_where_the_data_end_first(panel):
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=0.2)
    result = run(events_of({"id": "x", "when": day(panel, 97)}), panel, exchange=exchange, exit=20)
    assert result.costs["item"].tolist() == ["borrow accrued"]
    assert result.equity["accrued"].iloc[-1] == result.costs["amount"].sum() > 0


def test_an_event_beyond_the_data_is_excluded_with_the_reason(panel):
    result = run(events_of({"id": "x", "when": "2026-10-05"}), panel)
    assert result.events["status"].tolist() == ["excluded"]
    assert (
        f"is after the last session of the run, {panel.sessions.last}"
        in result.events["reason"].iloc[0]
    )
    assert result.metrics["trades"] == 0
    assert result.metrics["sharpe"] is None
    assert result.metrics["hit_rate"] is None


def test_events_without_day_zero_or_prices_are_excluded(panel):
    events = events_of(
        {"id": "m", "when": "2026-03"},
        {"id": "r", "when": "2026-03-02..2026-03-04"},
        {"id": "t", "when": day(panel, 50), "ticker": "ZZZ"},
    )
    reasons = run(events, panel).events.set_index("id")["reason"]
    assert reasons.to_dict() == {
        "m": "a month has no day 0",
        "r": "a range of days has no day 0",
        "t": "no prices for ZZZ",
    }


def test_closes_alone_are_not_enough(panel):
    frames = {
        name: pd.DataFrame({"Close": panel.close[:, i]}, index=panel.sessions.dates)
        for i, name in enumerate(panel.tickers)
    }
    closes = ash.PricePanel.from_frames(frames, calendar="XHKG")
    with pytest.raises(
        BacktestError,
        match="AAA has closes without opens; a backtest needs Open, High, Low and Close",
    ):
        run(events_of({"id": "x", "when": day(panel, 50)}), closes)


def test_prices_without_the_benchmark_are_refused(panel):
    with pytest.raises(
        BacktestError, match=r"the prices lack the benchmark \^HSI; they hold AAA, \^IDX"
    ):
        ash.Backtest(Swing).run(
            events_of({"id": "x", "when": day(panel, 50)}), panel, benchmark="^HSI"
        )


def test_the_run_ends_with_the_benchmark(panel, make_bars):
    cut = holed(panel, make_bars, "^IDX", *range(90, 100))
    result = run(events_of({"id": "x", "when": day(panel, 50)}), cut)
    assert len(result.equity) == 90
    assert any("the last session of ^IDX" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"entyr": -5}, "Swing has no parameter 'entyr': did you mean 'entry'"),
        ({"entry": "soon"}, "Swing: entry: Input should be a valid integer"),
    ],
)
def test_mistyped_parameters_are_refused(params, message):
    with pytest.raises(BacktestError, match=message):
        ash.Backtest(Swing, params=params)


def test_strategy_files_load_by_path(root, tmp_path):
    assert ash.Backtest(root / "strategies" / "unlock_short.py").name == "unlock_short"
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import nothing_of_that_name\n", "utf-8")
    with pytest.raises(WorkspaceError, match=r"wrong\.py:1 does not import: ModuleNotFoundError"):
        ash.Backtest(wrong)
    wrong.write_text("x = (\n", "utf-8")
    with pytest.raises(WorkspaceError, match=r"wrong\.py:1 does not import: '\(' was never closed"):
        ash.Backtest(wrong)
    wrong.write_text("x = 1\n", "utf-8")
    with pytest.raises(BacktestError, match="must define one EventStrategy, it defines none"):
        ash.Backtest(wrong)
    with pytest.raises(WorkspaceError, match="does not exist"):
        ash.Backtest(tmp_path / "missing.py")


def test_two_legs_hedge_each_other(root, make_panel):
    panel = make_panel(sessions=140, seed=4)
    events = events_of({"id": "x", "when": day(panel, 100), "shares": 5}, kind="lockup_expiry")
    pair = ash.Backtest(
        root / "strategies" / "unlock_pair.py", params={"neutral": "cash"}, exchange=FREE, cash=1e7
    )
    result = pair.run(events, panel, benchmark="^IDX")
    assert result.trades["side"].tolist() == ["short", "long"]
    values = result.trades["shares"] * result.trades["entry_price"]
    assert values.iloc[0] == pytest.approx(values.iloc[1], rel=0.02)
    assert result.trades["ticker"].tolist() == ["AAA", "^IDX"]


def test_the_hedge_waits_for_the_short(root, make_panel, make_bars):
    panel = make_panel(sessions=140, seed=4)
    events = events_of({"id": "x", "when": day(panel, 100), "shares": 5}, kind="lockup_expiry")
    halted = holed(panel, make_bars, "AAA", 90)
    pair = ash.Backtest(
        root / "strategies" / "unlock_pair.py", params={"neutral": "cash"}, exchange=FREE, cash=1e7
    )
    result = pair.run(events, halted, benchmark="^IDX")
    assert result.orders["status"].tolist() == ["rejected", "rejected"]
    assert "the other leg was refused" in result.orders["reason"].iloc[1]


def test_cutting_the_data_leaves_every_earlier_decision_unchanged(make_panel):
    panel = make_panel(sessions=220, tickers=("AAA", "BBB", "^IDX"), seed=9)
    rows = [
        {
            "id": f"e{i}",
            "when": str(panel.sessions.date(15 + 14 * i)),
            "ticker": ("AAA", "BBB")[i % 2],
        }
        for i in range(14)
    ]
    events = events_of(*rows)
    full = run(events, panel, stop=0.05, weight=0.3).orders
    assert len(full) >= 20
    decided = ["session", "event", "ticker", "side", "shares", "kind"]
    for cut in range(10, 219, 7):
        last = panel.sessions.date(cut)
        part = run(events, panel.between(None, last), stop=0.05, weight=0.3).orders
        stamp = pd.Timestamp(last)
        pd.testing.assert_frame_equal(
            part[decided].reset_index(drop=True),
            full[full["session"] <= stamp][decided].reset_index(drop=True),
        )
        done = full[full["fill_session"] <= stamp]
        pd.testing.assert_frame_equal(
            part[part["status"] == "filled"].reset_index(drop=True), done.reset_index(drop=True)
        )


def test_a_result_is_saved_and_read_back(panel, tmp_path):
    result = run(events_of({"id": "x", "when": day(panel, 50)}), panel, stop=0.5)
    names = {path.name for path in result.save(tmp_path)}
    assert {
        "equity.csv",
        "trades.csv",
        "orders.csv",
        "costs.csv",
        "metrics.json",
        "versus.csv",
    } <= names
    again = BacktestResult.read(tmp_path, result.record)
    for name in ("equity", "trades", "orders"):
        pd.testing.assert_frame_equal(
            getattr(again, name), getattr(result, name), check_dtype=False
        )
    assert again.summary() == result.summary()
    columns = {
        path.name: path.read_text().splitlines()[0].split(",") for path in tmp_path.glob("*.csv")
    }
    assert columns["equity.csv"] == [
        "session",
        "equity",
        "cash",
        "long",
        "short",
        "accrued",
        "benchmark",
        "hedged",
    ]
    assert columns["trades.csv"] == [
        "trade",
        "event",
        "ticker",
        "side",
        "entry_session",
        "entry_price",
        "exit_session",
        "exit_price",
        "shares",
        "gross",
        "fees",
        "borrow",
        "net",
        "mae",
        "mfe",
        "break_even_borrow",
        "break_even_slippage",
        "open",
    ]
    assert columns["orders.csv"] == [
        "session",
        "event",
        "ticker",
        "side",
        "shares",
        "kind",
        "status",
        "filled",
        "fill_session",
        "fill_price",
        "reason",
    ]
    assert columns["costs.csv"] == ["trade", "event", "ticker", "session", "item", "amount"]
    assert columns["versus.csv"] == [
        "metric",
        "strategy",
        "benchmark",
        "same_side",
        "hedged",
        "note",
    ]


def test_returns_and_plot_come_from_the_equity(panel):
    result = run(events_of({"id": "x", "when": day(panel, 50)}), panel)
    assert len(result.returns) == 99
    labels = {line.get_label() for line in result.plot().get_lines()}
    assert {"^IDX", "Swing"} <= labels


def test_the_unlocks_of_july_fill_where_the_market_traded(root, book, hk_ai):
    """Real prices: one lot each, entry -10, exit 5, no costs."""
    backtest = ash.Backtest(
        root / "strategies" / "unlock_short.py",
        params={"entry": -10, "exit": 5, "lots": 1, "stop": None},
        exchange=ash.HKEX(costs=False, borrow=0.0, tick_rule=False),
    )
    result = backtest.run(book, hk_ai, benchmark="^HSI")
    trades = result.trades.set_index("ticker")
    expected = {
        "2513.HK": ("2026-06-23", 2420.0, "2026-07-15", 1700.0, 100, 72_000.0),
        "0100.HK": ("2026-06-24", 504.5, "2026-07-16", 250.6, 20, 5_078.0),
    }
    for ticker, (entry, sold, leave, covered, shares, net) in expected.items():
        row = trades.loc[ticker]
        assert (str(row["entry_session"].date()), row["entry_price"]) == (entry, sold)
        assert (str(row["exit_session"].date()), row["exit_price"]) == (leave, covered)
        assert (row["shares"], row["net"]) == (shares, net)
    assert result.metrics["last_session"] == "2026-08-31"
    later = result.events.set_index("id").loc["minimax-lockup-2026-10"]
    assert "after the last session of the run, 2026-08-31" in later["reason"]


def test_dates_can_bound_the_run(panel):
    backtest = ash.Backtest(
        Swing, exchange=FREE, start=dt.date(2026, 2, 2), end=dt.date(2026, 4, 30)
    )
    result = backtest.run(events_of({"id": "x", "when": day(panel, 50)}), panel, benchmark="^IDX")
    assert result.metrics["first_session"] == "2026-02-02"
    assert result.metrics["last_session"] == "2026-04-30"


def test_a_trade_that_a_study_would_leave_out_says_so(root, book):
    """On the sample October has no published close: its profit is the simulation's own."""
    prices = ash.load_prices(["2513.HK", "0100.HK", "^HSI"], source="sample")
    backtest = ash.Backtest(root / "strategies" / "unlock_short.py", exchange=ash.HKEX())
    result = backtest.run(book, prices, benchmark="^HSI")
    reasons = result.events.set_index("id")["reason"]
    said = (
        "no published price of 0100.HK on 2026-10-08: a study leaves the event out, and its fills"
        " here are simulated"
    )
    assert set(result.trades["event"]) >= {"minimax-lockup-2026-10", "zhipu-lockup-2026-07"}
    assert reasons["minimax-lockup-2026-10"] == said
    assert reasons["zhipu-lockup-2026-07"] == reasons["minimax-lockup-2026-07"] == ""
    assert f"minimax-lockup-2026-10: {said}" in result.warnings
    assert said in result.summary()
