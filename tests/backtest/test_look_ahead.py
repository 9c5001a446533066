"""Every door to tomorrow is shut, names who knocked, and the check finds who went round."""

from __future__ import annotations

import re
from collections.abc import Iterator

import backtrader as bt
import numpy as np
import pandas as pd
import pytest
from floor import DAYS, events, market

import aftershock as ash
from aftershock.backtest.lookahead import check_lookahead
from aftershock.backtest.strategy import EventStrategy
from aftershock.errors import BacktestError, LookAheadError

ROWS = {row: {"close": 100.0 + row} for row in range(30)}


def run(cls, prices=None):
    prices = prices or market(AAA=ROWS)
    start = prices.sessions.first  # before a listing too
    return ash.Backtest(cls, start=start).run(events(), prices, benchmark="^IDX")


def asking(question):
    """A strategy that asks one question at the close of row 10."""

    class Asks(EventStrategy):
        events = ash.select()

        def on_offset(self, event, offset):
            if self.broker.position == 10:
                question(self, self.feed("AAA"))

    return Asks


DOORS = {
    "close[1]": lambda s, d: d.close[1],
    "close[5]": lambda s, d: d.close[5],
    "open[1]": lambda s, d: d.open[1],
    "high[1]": lambda s, d: d.lines.high[1],
    "low[1]": lambda s, d: d.low[1],
    "volume[1]": lambda s, d: d.volume[1],
    ".get(ago=1)": lambda s, d: d.close.get(ago=1),
    ".get(ago=1, size=3)": lambda s, d: d.close.get(ago=1, size=3),
    "getzero": lambda s, d: d.close.getzero(11),
    "getzero, a stretch": lambda s, d: d.close.getzero(0, 12),
    "getzeroval": lambda s, d: d.close.getzeroval(11),
    "close(1) in next": lambda s, d: d.close(1),
    "data(1) in next": lambda s, d: d(1),
    "alias data0_close[1]": lambda s, d: s.data0_close[1],
}


@pytest.mark.parametrize("door", DOORS)
def test_a_price_line_refuses_tomorrow_and_names_the_line(door):
    question = DOORS[door]
    with pytest.raises(LookAheadError, match="has not happened") as caught:
        run(asking(question))
    line = question.__code__.co_firstlineno
    assert re.search(rf"test_look_ahead\.py:{line} asks for (AAA|\^IDX) ", str(caught.value))


def test_yesterday_and_today_are_answered():
    seen = {}

    def question(strategy, data):
        seen["get"] = list(data.close.get(ago=0, size=3))
        seen["zero"] = list(data.close.getzero(0, 11))
        seen["index"] = (data.close[0], data.close[-1], data.close[-10])
        seen["line"] = data.close.getzeroval(3)

    run(asking(question))
    assert seen["get"] == [108.0, 109.0, 110.0]
    assert seen["zero"] == [100.0 + row for row in range(11)]
    assert seen["index"] == (110.0, 109.0, 100.0)
    assert seen["line"] == 103.0


def test_what_backs_a_line_holds_no_future():
    """``.array`` is backtrader's own memory: it ends with today, and so does every line of it."""
    seen = {}

    def question(strategy, data):
        seen["array"] = list(data.close.array)
        seen["lengths"] = {len(line.array) for line in data.lines}
        seen["buffered"] = data.buflen()

    run(asking(question))
    assert seen["array"] == [100.0 + row for row in range(11)]
    assert seen["lengths"] == {11}
    assert seen["buffered"] == 11


def test_the_date_of_tomorrow_is_not_there():
    with pytest.raises(LookAheadError, match="not happened"):
        run(asking(lambda s, d: d.datetime[1]))


def building(build):
    """A strategy that builds a line in ``__init__``."""

    class Builds(EventStrategy):
        events = ash.select()

        def __init__(self):
            super().__init__()
            self.built = build(self)

        def on_offset(self, event, offset):
            pass

    return Builds


@pytest.mark.parametrize(
    "build",
    [
        lambda s: s.data.close(1),
        lambda s: s.data(1),
        lambda s: bt.ind.SMA(s.data1.close(2), period=3),
        lambda s: s.data.close - s.data.close(1),
    ],
    ids=["close(1)", "data(1)", "sma of close(2)", "difference"],
)
def test_a_line_moved_forward_is_refused_where_it_is_built(build):
    with pytest.raises(LookAheadError, match=r"test_look_ahead\.py:\d+ asks for .*close\([12]\)"):
        run(building(build))


@pytest.mark.parametrize(
    "build",
    [
        lambda s: bt.ind.SMA(s.data1, period=3)(1),
        lambda s: bt.ind.SMA(s.data1, period=3).lines.sma(1),
        lambda s: bt.ind.SMA(s.data1, period=3) - bt.ind.SMA(s.data1, period=3)(1),
        lambda s: bt.ind.SMA(bt.ind.SMA(s.data1, period=3)(1), period=2),
    ],
    ids=["sma(1)", "its line", "difference", "sma of it"],
)
def test_an_indicator_moved_forward_is_refused(build):
    with pytest.raises(LookAheadError, match=r"Builds builds a line moved by 1 session"):
        run(building(build))


def test_a_line_moved_back_is_answered():
    seen = []

    class Builds(EventStrategy):
        events = ash.select()

        def __init__(self):
            super().__init__()
            self.before = self.data1.close(-2)

        def on_offset(self, event, offset):
            if self.broker.position == 10:
                seen.append(self.before[0])

    run(Builds)
    assert seen == [108.0]


def test_an_indicator_has_no_tomorrow():
    class Asks(EventStrategy):
        events = ash.select()

        def __init__(self):
            super().__init__()
            self.mean = bt.ind.SMA(self.data1, period=3)

        def on_offset(self, event, offset):
            assert len(self) < 3 or self.mean[0] == 100.0 + self.broker.position - 1
            if self.broker.position == 10:
                self.mean[1]

    with pytest.raises(LookAheadError, match=r"test_look_ahead\.py:\d+ asks an indicator"):
        run(Asks)


def test_a_feed_has_no_parameter_that_holds_data():
    seen = {}

    def question(strategy, data):
        seen.update(data.p._getkwargs())

    run(asking(question))
    assert seen["dataname"] is None
    data = (list, np.ndarray, pd.DataFrame, Iterator)
    assert seen.pop("filters") == []
    assert {name for name, value in seen.items() if isinstance(value, data)} == set()


LISTED_ON_8 = market(AAA=dict.fromkeys(range(8)))


@pytest.mark.parametrize("when", [3, 7])
@pytest.mark.parametrize(
    "question",
    [lambda d: d.close[0], lambda d: d.open[-1], lambda d: d.close.get(size=2)],
    ids=["[0]", "[-1]", "get"],
)
def test_a_bar_before_the_listing_is_refused(when, question):
    class Asks(EventStrategy):
        events = ash.select()

        def on_offset(self, event, offset):
            if self.broker.position == when:
                question(self.feed("AAA"))

    with pytest.raises(LookAheadError, match=r":\d+ asks for AAA .* is before its first price"):
        run(Asks, LISTED_ON_8)


def test_a_bar_before_the_listing_is_refused_after_it_too():
    with pytest.raises(LookAheadError, match="before its first price"):
        run(asking(lambda s, d: d.close[-3]), LISTED_ON_8)
    with pytest.raises(LookAheadError, match="before its first price"):
        run(asking(lambda s, d: d.close.getzero(7)), LISTED_ON_8)


def test_prenext_sees_no_last_bar_of_the_series():
    """An indicator over 20 bars keeps backtrader in ``prenext``; a line is guarded there too."""

    class Early(EventStrategy):
        events = ash.select()

        def __init__(self):
            super().__init__()
            bt.ind.SMA(self.data, period=20)

        def prenext(self):
            self.feed("AAA").close[0]

        def on_offset(self, event, offset):
            pass

    with pytest.raises(LookAheadError, match="before its first price"):
        run(Early, LISTED_ON_8)


@pytest.mark.parametrize("back", [-11, -100])
def test_a_bar_before_the_first_session_is_refused(back):
    with pytest.raises(LookAheadError, match="before its first price"):
        run(asking(lambda s, d: d.close[back]))
    with pytest.raises(LookAheadError, match="before its first price"):
        run(asking(lambda s, d: d.close.get(ago=back)))


def test_closes_are_given_without_a_guard_and_without_a_future():
    seen = {}

    def question(strategy, data):
        seen["closes"] = strategy.closes("AAA", 100)

    run(asking(question))
    assert seen["closes"] == [100.0 + row for row in range(11)]


# what goes round the lines

HONEST = """
import aftershock as ash
class Honest(ash.EventStrategy):
    events = ash.select()
    def on_offset(self, event, offset):
        closes = self.closes(event.ticker, 2)
        if not self.holds(event) and len(closes) == 2 and closes[1] < closes[0]:
            self.enter_short(event, lots=1, stop=0.5)
        elif self.sessions_held(event) == 2:
            self.leave(event)
"""
THIEF = """
import gc
import numpy as np
import aftershock as ash
from aftershock.prices.panel import PricePanel
class Thief(ash.EventStrategy):
    events = ash.select()
    def start(self):
        super().start()
        panels = [found for found in gc.get_objects() if isinstance(found, PricePanel)]
        waves = [100.0, 96.0, 92.0]
        closes = [(found, found.close[:3, found.column("AAA")].tolist())
                  for found in panels if "AAA" in found.tickers]
        mine = [found for found, first in closes if first == waves[:len(first)]]
        self.panel = max(mine, key=lambda found: len(found.sessions))
    def on_offset(self, event, offset):
        panel = self.panel
        row, column = self.broker.position, panel.column(event.ticker)
        tomorrow = panel.close[row + 1, column] if row + 1 < len(panel.close) else np.inf
        {act}
"""
ENTERS = "if tomorrow < panel.close[row, column]: self.enter_short(event, lots=1)"
STOPS = "if row == 5: self.enter_short(event, lots=1, stop=0.1 if tomorrow < 101 else 0.9)"
CANCELS = """if row in (5, 7):
            order = self.enter_short(event, lots=1)
            if tomorrow > panel.close[row, column]:
                self.cancel(order)"""
FAILS = "if row < 25 and panel.close[row + 1, column] < 99: self.enter_short(event, lots=1)"
WAVES = {row: {"close": 100.0 - 4 * (row % 3)} for row in range(30)}


def written(tmp_path, text):
    path = tmp_path / "biased.py"
    path.write_text(text)
    return path


def check(path):
    backtest = ash.Backtest(path)
    return check_lookahead(backtest, events(), market(AAA=WAVES), benchmark="^IDX")


def test_an_honest_strategy_passes(tmp_path):
    found = check(written(tmp_path, HONEST))
    assert found.differences == ()
    assert found.decisions >= 10
    assert len(found.checked) >= 5
    assert found.sentence.startswith("no look-ahead: ")


@pytest.mark.parametrize("act", [ENTERS, STOPS, CANCELS], ids=["enters", "stops", "cancels"])
def test_a_thief_is_caught(tmp_path, act):
    found = check(written(tmp_path, THIEF.format(act=act)))
    assert found.differences
    assert found.sentence.startswith("LOOK-AHEAD: ")
    cut, _, _ = found.differences[0]
    assert str(cut) in found.sentence


def test_a_thief_that_stumbles_is_caught(tmp_path):
    """In the whole run the last close has no tomorrow either, so it is asked before."""
    found = check(written(tmp_path, THIEF.format(act=FAILS)))
    assert "it failed" in found.sentence
    assert "IndexError" in found.sentence


def test_an_event_read_before_it_is_known_is_caught():
    class Peeks(EventStrategy):
        events = ash.select()

        def next(self):
            for entry in self.broker._agenda.entries:
                if entry.day_zero == self.broker.position + 1:
                    self.enter_short(entry.event, lots=1)

        def on_offset(self, event, offset):
            pass

    rows = [{"id": "x", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
             "when": f"{DAYS[20]} 08:00 +08:00"}]  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    found = check_lookahead(ash.Backtest(Peeks), book, market(), benchmark="^IDX")
    assert "LOOK-AHEAD: without the data after" in found.sentence
    assert "nothing else" in found.sentence


def test_no_decision_is_nothing_to_check():
    class Idle(EventStrategy):
        events = ash.select()

        def on_offset(self, event, offset):
            pass

    found = check_lookahead(ash.Backtest(Idle), events(), market(), benchmark="^IDX")
    assert found.sentence == "no decision was made, so there is nothing to check"


def test_a_strategys_own_mistake_is_named_with_its_line():
    with pytest.raises(BacktestError, match=r"test_look_ahead\.py:\d+: ZeroDivisionError"):
        run(asking(lambda s, d: 1 / 0))
    with pytest.raises(BacktestError, match=r"test_look_ahead\.py:\d+: unknown parameter 'wieght'"):
        run(asking(lambda s, d: s.p.wieght))
