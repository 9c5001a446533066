"""Places on the ring, prices that go on past their end, assignments: worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.backtest.assignments import Span, assign, rank
from aftershock.backtest.ring import Ring, extended, refusal, starts, weekdays_after
from aftershock.backtest.rule import Rule

NAN = np.nan


def test_the_ring_starts_after_the_first_close_that_all_have():
    closes = np.full((40, 2), 100.0)
    closes[:5, 0] = closes[:8, 1] = closes[30:, 0] = NAN
    closes[12, 0] = NAN  # a halt is no end
    ring = Ring.of(closes)
    assert (ring.first, ring.last, ring.size) == (8, 29, 21)
    assert (ring.place(9), ring.place(8), ring.place(30)) == (0, -1, 21)


def test_starts_by_hand():
    """Rows 1 to 20, a holding of 4 from row 5, another event's from row 14 to 17.

    A holding from row 11 to 17 would share one of its sessions; one from row 18 ends on row 1.
    """
    ring, own = Ring(0, 20), [(5, 8, "A")]
    rows = ring.rows(starts(ring, own, [(14, 17, "A")]))
    assert rows.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 19, 20]
    assert starts(ring, own, [(14, 17, "B")]).size == 20
    assert starts(ring, own, []).size == 20


def test_a_start_near_the_end_goes_on_at_the_beginning():
    """Another event holds rows 1 and 2: a holding of 4 from row 18 would end on row 1."""
    ring = Ring(0, 20)
    rows = ring.rows(starts(ring, [(9, 12, "A")], [(1, 2, "A")]))
    assert rows.tolist() == list(range(3, 18))


def test_the_own_place_stays_among_others_that_were_not_traded():
    ring = Ring(0, 20)
    rows = ring.rows(starts(ring, [(9, 12, "A")], [(11, 14, "A")]))
    assert 9 in rows.tolist()
    assert not {8, 10, 11, 14} & set(rows.tolist())


def test_two_tickers_of_a_cluster_each_keep_clear_of_their_own_events():
    """B starts 2 rows after A; B's other event holds row 15, so A may start up to row 11."""
    ring = Ring(0, 20)
    rows = ring.rows(starts(ring, [(5, 6, "A"), (7, 8, "B")], [(15, 15, "B")]))
    assert sorted(set(range(1, 21)) - set(rows.tolist())) == [12, 13]


@pytest.fixture
def panel(make_bars):
    days = pd.bdate_range("2026-01-05", periods=8)
    sessions = ash.PricePanel.from_frames(
        {"^IDX": make_bars(days, np.arange(1_000.0, 1_008.0))}, calendar="XHKG"
    ).sessions.dates
    close = np.array([10.0, 11, 12, 11, 13, 14, 15, 20])
    bars = make_bars(sessions, close, close - 0.5)
    return ash.PricePanel.from_frames(
        {"AAA": bars, "^IDX": make_bars(sessions, np.arange(1_000.0, 1_008.0))}, calendar="XHKG"
    )


def test_prices_go_on_by_the_ratios_of_the_first_sessions(panel):
    """From 20 to 20 x 1.1, 20 x 1.2: the close joins, and so does every bar's own shape."""
    longer = extended(panel, Ring(0, 7), 3)
    column = panel.column("AAA")
    assert longer.close[-3:, column].tolist() == pytest.approx([22.0, 24.0, 22.0])
    assert longer.open[-3:, column].tolist() == pytest.approx([21.0, 23.0, 21.0])
    assert longer.close[:8].tolist() == panel.close.tolist()
    money = longer.volume[-3:, column] * longer.close[-3:, column]
    before = panel.volume[1:4, column] * panel.close[1:4, column]
    np.testing.assert_allclose(money, before)
    later = longer.sessions.dates[-3:]
    assert np.is_busday(later).all()
    assert (later > panel.sessions.dates[-1]).all()


def test_prices_go_on_around_the_ring_more_than_once(panel):
    longer = extended(panel, Ring(0, 7), 14)
    assert longer.close[-1, 0] == pytest.approx(20.0 * 2.0 * 2.0)


def test_weekdays_close_when_the_last_session_does(panel):
    longer = weekdays_after(panel.sessions, 2)
    hours = longer.closes - longer.dates.astype("datetime64[us]")
    assert hours[-1] == hours[-3]
    assert len(longer) == len(panel.sessions) + 2


def test_all_assignments_are_taken_where_they_are_few():
    """Profits 3, 1 and 2, 0, 5: sums 5 3 8 3 1 6; at least 5 are three of six."""
    tables = [np.array([[3.0], [1.0]]), np.array([[2.0], [0.0], [5.0]])]
    found = rank(tables, [0, 0], draws=6, seed=0)
    assert found.enumerated
    assert sorted(found.best.tolist()) == [1.0, 3.0, 3.0, 5.0, 6.0, 8.0]
    assert found.p_values.tolist() == [3 / 6]
    assert found.floor == pytest.approx(1 / 6)


def test_else_so_many_are_drawn_and_the_own_is_counted_in():
    tables = [np.array([[3.0], [1.0]]), np.array([[2.0], [0.0], [5.0]])]
    found = rank(tables, [0, 2], draws=5, seed=3)
    assert not found.enumerated
    assert found.best.size == 5
    assert found.assignments == 6
    assert found.p_values[0] == pytest.approx((1 + (found.best >= 8.0).sum()) / 6)
    assert found.floor == pytest.approx(1 / 6)
    again = rank(tables, [0, 2], draws=5, seed=3)
    assert again.best.tolist() == found.best.tolist()


def test_the_best_cell_of_an_assignment_is_what_every_cell_is_ranked_among():
    """Cells make (4, 1), (0, 6), (2, 2): the best are 4, 6, 2; own is the first row."""
    found = rank([np.array([[4.0, 1.0], [0.0, 6.0], [2.0, 2.0]])], [0], draws=9, seed=0)
    assert found.best.tolist() == [4.0, 6.0, 2.0]
    assert found.p_values.tolist() == pytest.approx([2 / 3, 1.0])


def test_clusters_never_share_a_session():
    """Two holdings of 2 on a ring of 6: of 36 assignments each start of one leaves 3 of the other."""
    ring = Ring(0, 6)
    spans = [[Span("ring", ring.rows(np.arange(6)), 2, 6)] for _ in range(2)]
    places, enumerated = assign([6, 6], [0, 3], draws=36, seed=0, spans=spans)
    assert enumerated
    assert len(places) == 18
    apart = (places[:, 1] - places[:, 0]) % 6
    assert set(apart.tolist()) == {2, 3, 4}
    drawn, enumerated = assign([6, 6], [0, 3], draws=30, seed=0, spans=spans)
    assert not enumerated
    assert len(drawn) == 30
    assert set(((drawn[:, 1] - drawn[:, 0]) % 6).tolist()) == {2, 3, 4}


def test_draws_of_crowded_clusters_come_from_everywhere_alike():
    """Each of the 18 assignments above is drawn one time in 18, within five deviations."""
    ring = Ring(0, 6)
    spans = [[Span("ring", ring.rows(np.arange(6)), 2, 6)] for _ in range(2)]
    tables = [np.zeros((6, 1)), np.zeros((6, 1))]
    counts = np.zeros(36)
    for seed in range(300):
        drawn, _ = assign([6, 6], [0, 3], draws=30, seed=seed, spans=spans)
        counts += np.bincount(drawn[:, 0] * 6 + drawn[:, 1], minlength=36)
    assert len(tables) == 2
    shares = counts[counts > 0] / counts.sum()
    assert shares.size == 18
    assert np.abs(shares - 1 / 18).max() < 5 * np.sqrt(1 / 18 / 9_000)


def test_too_few_starts_are_refused_with_the_number_needed():
    assert refusal(20, 6) == ""
    assert refusal(19, 1) == "refused: 19 starts for a holding of 1 sessions, at least 20 needed"
    assert refusal(59, 20).endswith("at least 60 needed")


class Fade(ash.EventStrategy):
    class Params(ash.EventStrategy.Params):
        entry: int = 0
        exit: int = 5
        day_by_day: bool = False

        def rule(self, event):
            return Rule(side="short", entry=self.entry, exit=self.exit, weight=0.1)

    events = ash.select()


class FadeByDay(ash.EventStrategy):
    class Params(ash.EventStrategy.Params):
        pass

    events = ash.select()

    def on_offset(self, event, offset):
        if offset == 0:
            self.enter_short(event, weight=0.1)
        elif offset == 5:
            self.leave(event)


def one_event(panel, *rows):
    table = [
        {
            "id": f"x{row}",
            "kind": "announcement",
            "ticker": "AAA",
            "timing": "pre_open",
            "when": str(panel.sessions.date(row)),
            "known_at": "2025-12-01",
        }
        for row in rows
    ]
    return ash.EventBook.from_frame(pd.DataFrame(table), calendar="XHKG")


@pytest.fixture
def wide(make_panel):
    return make_panel(sessions=60, seed=5)


@pytest.mark.parametrize("rows", [(20,), (1,), (54,), (20, 40)])
def test_a_rule_and_its_twin_that_decides_by_day_have_one_placebo(wide, rows):
    """Arrays and backtrader, on every start of the ring."""
    exchange = ash.exchanges.PlainExchange(bps=5.0, borrow=0.1)
    kwargs = {"benchmark": "^IDX", "placebos": 59 if len(rows) == 1 else 40, "seed": 4}
    answers = [
        ash.Backtest(strategy, exchange=exchange).run(one_event(wide, *rows), wide, **kwargs)
        for strategy in (Fade, FadeByDay)
    ]
    rule, by_day = answers
    assert len(rule.placebo) == (59 if len(rows) == 1 else 40)
    assert rule.placebo["net"].tolist() == pytest.approx(by_day.placebo["net"].tolist(), abs=0.001)
    pd.testing.assert_frame_equal(rule.luck[:1], by_day.luck[:1])
    if rows[-1] < 54:  # a cover of the last session settles beyond the data, and on the ring
        assert rule.luck.iloc[0]["statistic"] == pytest.approx(rule.trades["net"].sum(), rel=1e-3)


def test_the_default_runs_a_rule_and_nothing_else(wide):
    events = one_event(wide, 20)
    rule = ash.Backtest(Fade).run(events, wide, benchmark="^IDX")
    assert len(rule.placebo) == 59
    by_day = ash.Backtest(FadeByDay).run(events, wide, benchmark="^IDX")
    assert by_day.luck.iloc[0]["note"] == "not run"
    assert "placebo not run; run(..., placebos=99) runs it" in by_day.summary()
    assert ash.Backtest(Fade).run(events, wide, benchmark="^IDX", placebos=0).placebo.empty
    with pytest.raises(ash.errors.BacktestError, match="placebos is -1"):
        ash.Backtest(Fade).run(events, wide, benchmark="^IDX", placebos=-1)


def test_a_holding_beyond_the_data_is_refused(wide):
    last = ash.Backtest(Fade, params={"exit": 5}).run(one_event(wide, 57), wide, benchmark="^IDX")
    assert last.luck.iloc[0]["note"] == "refused: a trade is still open at the end"


def test_a_holding_too_long_for_its_ring_is_refused(wide):
    long = ash.Backtest(Fade, params={"exit": 25}).run(one_event(wide, 20), wide, benchmark="^IDX")
    note = "refused: 59 starts for a holding of 26 sessions, at least 78 needed"
    assert long.luck.iloc[0]["note"] == note


def test_what_cannot_be_run_elsewhere_refuses_the_placebo_and_not_the_run(wide):
    """A borrow rate is on record from the sale on, and on no day before."""
    since = wide.sessions.date(30)
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=((since, 0.18),))
    result = ash.Backtest(Fade, exchange=exchange).run(one_event(wide, 40), wide, benchmark="^IDX")
    assert len(result.trades) == 1
    assert result.luck.iloc[0]["note"].startswith("refused: no borrow rate on 2026-")


def test_a_sweep_of_a_strategy_that_decides_by_day_has_its_placebo(wide):
    class Sized(FadeByDay):
        class Params(ash.EventStrategy.Params):
            weight: float = 0.1

        def on_offset(self, event, offset):
            if offset == 0:
                self.enter_short(event, weight=self.p.weight)
            elif offset == 5:
                self.leave(event)

    sweep = ash.Backtest(Sized).sweep(
        one_event(wide, 20),
        wide,
        benchmark="^IDX",
        grid={"weight": (0.1, 0.2)},
        placebos=59,
        jobs=1,
    )
    assert sweep.table["p_value"].notna().all()
    assert "all 59 assignments on the ring" in sweep.placebo


def test_calibration_simulates_what_the_engine_makes(make_bars):
    """The array profit of ``tests/calibration/trading.py`` is what the rule engine makes."""
    import trading

    rng = np.random.default_rng(9)
    opens, closes = trading.prices("t(4)", 1, 1, 61, rng)
    days = pd.bdate_range("2026-01-05", periods=75)
    dates = ash.PricePanel.from_frames(
        {"^IDX": make_bars(days, np.full(75, 1_000.0))}, calendar="XHKG"
    ).sessions.dates[:61]
    frames = {
        "AAA": make_bars(dates, closes[0, 0], opens[0, 0]),
        "^IDX": make_bars(dates, np.full(61, 1_000.0)),
    }
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    exchange = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0)
    result = ash.Backtest(Fade, exchange=exchange, cash=trading.CASH).run(
        one_event(panel, 20), panel, benchmark="^IDX"
    )
    expected = trading.ring_profits(opens, closes, 0, 5)[0, 0]
    np.testing.assert_allclose(result.placebo["net"], expected, atol=2.0)  # prices to 0.0001
