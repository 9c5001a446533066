"""What came of a strategy is what happened, and what silently never came is told."""

from __future__ import annotations

import datetime as dt

import backtrader as bt
import pytest
from floor import day, events, market, orders, play, with_companies

import aftershock as ash
from aftershock.errors import BacktestError

FREE = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0)


def run(cls, prices=None):
    book = with_companies(events())
    return ash.Backtest(cls, exchange=FREE).run(book, prices or market(), benchmark="^IDX")


class Quiet(ash.EventStrategy):
    """Does nothing."""

    events = ash.select()

    def on_offset(self, event, offset):
        pass


def test_the_offset_is_the_one_it_was_offered_with():
    assert run(Quiet).events["reason"].tolist() == [
        "the strategy made no order; it was offered the event from offset -19 on"
    ]


def test_a_next_of_its_own_is_told():
    class Own(Quiet):
        def next(self):
            pass

    assert run(Own).events["reason"].item() == (
        "the strategy was never offered the event: it has a next() of its own that does not call"
        " super().next(), which offers them"
    )


def test_an_init_without_super_is_told():
    class Own(Quiet):
        def __init__(self):
            self.mean = 0

    with pytest.raises(BacktestError, match=r"Own has an __init__ that does not call super\(\)"):
        run(Own)


def test_a_timer_that_never_fires_is_told():
    class Timed(Quiet):
        def __init__(self):
            super().__init__()
            self.add_timer(dt.time(9, 30))

    (told,) = [text for text in run(Timed).warnings if "timer" in text]
    assert told == (
        "Timed set a timer at 09:30 that never fired: a session is one bar without hours; decide"
        " in on_offset, which is called after every close for the next open"
    )


def test_a_timer_that_fires_is_none_to_tell_of():
    class Timed(Quiet):
        def __init__(self):
            super().__init__()
            self.add_timer(bt.timer.SESSION_START, monthdays=[20], monthcarry=True)

        def notify_timer(self, timer, when, *args, **options):
            pass

    assert not [text for text in run(Timed).warnings if "timer" in text]


class Mean(Quiet):
    """Keeps an exponential mean of AAA."""

    def __init__(self):
        super().__init__()
        self.mean = bt.ind.EMA(self.feed("AAA").close, period=3)
        self.difference = self.mean - bt.ind.SMA(self.feed("AAA").close, period=3)


def test_an_indicator_that_a_gap_silences_is_told():
    (told,) = [text for text in run(Mean, market(AAA={9: None})).warnings if "no value" in text]
    assert told == (
        "Mean: EMA of AAA has no value from 2026-01-15 to the end: AAA has no"
        " bar on that session, and what carries its past along never forgets it; compute it in"
        " on_offset from self.closes(ticker, n), leaving out what is NaN"
    )
    assert not [text for text in run(Mean).warnings if "no value" in text]


def test_leaving_in_the_call_that_enters_is_told():
    def act(strategy, event):
        strategy.enter_short(event, lots=100)
        strategy.leave(event)

    result = play(market(), (6, act))
    assert result.trades["open"].tolist() == [True]
    assert (
        "Script calls leave for x after the close of 2026-01-12, in which it also enters: nothing"
        " is held yet, so nothing is left; call leave from the next close on"
    ) in result.warnings


@pytest.mark.parametrize("how", ["close", "buy", "target"])
def test_backtraders_own_orders_close_what_events_opened(how):
    def act(strategy, event):
        feed = strategy.feed("AAA")
        if how == "close":
            strategy.close(feed)
        elif how == "buy":
            strategy.buy(feed, 100)
        else:
            strategy.order_target_size(feed, 0)

    def enter(strategy, event):
        strategy.enter_short(event, lots=100)

    result = play(market(), (6, enter), (12, act))
    assert [(row[0], row[2], row[4]) for row in orders(result)] == [
        ("sell", "filled", 7), ("buy", "filled", 13),
    ]  # fmt: skip
    assert result.trades["event"].tolist() == ["x"]
    assert not result.trades["open"].any()


def test_backtraders_own_orders_close_the_oldest_first_and_say_what_is_beyond():
    book = events(("x", "AAA"), ("y", "AAA"))

    def enter(strategy, event):
        strategy.enter_short(event, lots=100)

    def act(strategy, event):
        strategy.buy(strategy.feed("AAA"), 250)

    plan = ((6, "x", enter), (7, "y", enter), (12, "x", act))
    result = play(market(), *plan, book=book)
    assert [row[3:5] for row in orders(result)[2:]] == [(100, 13), (100, 13)]
    assert (
        "Script calls self.buy for 50 shares of AAA beyond what is held; they are not ordered:"
        " close first, then open with self.enter_long(event, ...)"
    ) in result.warnings


def test_a_position_opened_backtraders_way_is_told():
    def act(strategy, event):
        strategy.sell(strategy.feed("AAA"), 100)

    result = play(market(), (6, act))
    assert result.trades["event"].tolist() == [""]
    assert (
        "Script opens AAA with self.sell, so the trade belongs to no event and stands in no"
        " event's figures; use self.enter_short(event, ...)"
    ) in result.warnings


def test_an_event_that_is_never_known_says_so():
    import pandas as pd

    late = ash.EventBook.from_frame(
        pd.DataFrame(
            [{"id": "x", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
              "when": str(day(20)), "known_at": "2026-06-01"}]
        ),
        calendar="XHKG",
    )  # fmt: skip
    book = with_companies(late)
    result = ash.Backtest(Quiet, exchange=FREE).run(book, market(), benchmark="^IDX")
    assert result.events["reason"].tolist() == [
        f"it was not known by the close of {day(29)}, where the run ends"
    ]


def test_an_event_before_the_first_bar_is_one_row():
    import pandas as pd

    early = ash.EventBook.from_frame(
        pd.DataFrame(
            [{"id": "x", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
              "when": "2025-11-03"}]
        ),
        calendar="XHKG",
    )  # fmt: skip
    result = ash.Backtest(Quiet, exchange=FREE).run(
        with_companies(early), market(), benchmark="^IDX"
    )
    assert result.events["reason"].tolist() == [
        "day 0, 2025-11-03, is before the first session of the run, 2026-01-02"
    ]


def test_an_event_long_before_the_first_bar_or_listing():
    import pandas as pd

    rows = [
        {"id": "old", "ticker": "AAA", "kind": "announcement", "timing": "pre_open", "when": "2004-11-03"},
        {"id": "unlisted", "ticker": "BBB", "kind": "announcement", "timing": "pre_open", "when": str(day(3))},
    ]  # fmt: skip
    book = with_companies(ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG"))

    class Enter(Quiet):
        def on_offset(self, event, offset):
            if self.first_look(event):
                self.enter_short(event, weight=0.1)

    prices = market(BBB=dict.fromkeys(range(10)))
    result = ash.Backtest(Enter, exchange=FREE).run(book, prices, benchmark="^IDX")
    assert result.orders["reason"].tolist()[1] == f"no price of BBB on {day(3)}"


def test_a_benchmark_alone_runs():
    """A fund without a lot as the only ticker: nothing can be traded, and that is no crash."""
    prices = ash.PricePanel.from_frames({"2800.HK": frame_of(market())}, calendar="XHKG")
    result = ash.Backtest(Quiet, exchange=ash.HKEX()).run(events(), prices, benchmark="2800.HK")
    assert result.events["reason"].tolist() == ["no prices for AAA"]
    assert result.equity["equity"].nunique() == 1


def frame_of(panel):
    import pandas as pd

    column = panel.column("AAA")
    names = ("open", "high", "low", "close", "volume")
    return pd.DataFrame(
        {name.title(): getattr(panel, name)[:, column] for name in names},
        index=pd.DatetimeIndex(panel.sessions.dates, name="Date"),
    )
