"""Placebos against a loop that does the same one session at a time."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.events.admissible import admissible
from aftershock.study.engine import Job
from aftershock.study.fit import cumulate, fit_event
from aftershock.study.halts import trade_to_trade
from aftershock.study.models import Design, NotEstimable
from aftershock.study.models.estimate import ALPHA
from aftershock.study.placebo import Placebo, everywhere, jointly, overlapping, place
from aftershock.study.windows import Window

N = 90
ESTIMATION = Window(-40, -6)


def make_job(*, holes=(), at=60):
    rng = np.random.default_rng(31)
    market = 0.01 * rng.standard_normal(N)
    y = 0.9 * market + 0.02 * rng.standard_normal(N)
    y[list(holes)] = np.nan
    design = Design((ALPHA, "beta"), np.zeros(N), np.column_stack([np.ones(N), market]))
    return Job(y, design, at, Window(-5, 5))


def one_at_a_time(job, window, fewest):
    model = ash.MarketModel(benchmark="M")
    out = np.full(N, np.nan)
    for day in range(N):
        if not (day + window.start >= 0 and day + window.end < N):
            continue
        try:
            fit = fit_event(
                job.y, model, job.design, day, window=window, estimation=ESTIMATION,
                min_obs=fewest, skip=None,
            )  # fmt: skip
        except NotEstimable:
            continue
        out[day] = cumulate(fit, window, "simple").t
    return out


@pytest.mark.parametrize("holes", [(), (30, 31, 61)])
def test_everywhere_is_the_fit_of_every_session(holes):
    job = make_job(holes=holes)
    windows = [Window(0, 0), Window(-1, 1), Window(0, 5)]
    found = everywhere(job, windows, ESTIMATION, 33)
    for window in windows:
        np.testing.assert_allclose(found[window], one_at_a_time(job, window, 33), rtol=1e-8)
        assert np.isfinite(found[window]).sum() > 30


def test_bridged_halts_have_the_variance_of_their_sessions():
    rng = np.random.default_rng(33)
    close = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal(N)))
    close[[30, 31, 62, 63, 64]] = np.nan
    own = make_job()
    y, design = trade_to_trade(close, own.design, "simple")
    job = Job(y, design, 60, Window(-5, 5))
    for window in (Window(0, 0), Window(0, 5)):
        found = everywhere(job, [window], ESTIMATION, 30)[window]
        expected = one_at_a_time(job, window, 30)
        inside = design.span == 0  # nothing happens inside a halt
        np.testing.assert_allclose(found[~inside], expected[~inside], rtol=1e-8)


def test_the_length_of_an_all_embracing_estimation_window_does_not_matter():
    job = make_job()
    short, long = (
        everywhere(job, [Window(0, 0)], Window(start, -6), 30)[Window(0, 0)]
        for start in (-N, -1_000_000)
    )
    np.testing.assert_array_equal(short, long)


def test_admissible_sessions_keep_a_windows_length_away():
    free = admissible(12, [(3, 3), (8, 9), (-4, -4)], 2)
    assert np.flatnonzero(~free).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert np.flatnonzero(~admissible(6, [(-2, -2)], 1)).tolist() == []


def test_the_p_value_counts_admissible_sessions_only():
    job, window = make_job(), Window(0, 0)
    placed = place(job, [window], ESTIMATION, 35, [(60, 60), (70, 71)])[window]
    t = one_at_a_time(job, window, 35)
    near = {59, 60, 61, 69, 70, 71, 72}
    others = np.array([t[d] for d in range(N) if d not in near and np.isfinite(t[d])])
    assert np.isfinite(placed.quiet).sum() == others.size == 43
    assert placed.statistic == pytest.approx(t[60])
    beyond = (np.abs(others) >= abs(t[60])).sum()
    assert placed.p_value == pytest.approx((1 + beyond) / (others.size + 1))
    rest = np.array([t[d] for d in range(N) if d != 60 and np.isfinite(t[d])])
    assert placed.p_all == pytest.approx((1 + (np.abs(rest) >= abs(t[60])).sum()) / (rest.size + 1))


def placebo(statistic, values):
    values = np.asarray(values, dtype=float)
    return Placebo(statistic, values, values)


def test_events_apart_are_enumerated_over_all_pairs():
    first, second = [0.1, -0.4, np.nan, 2.0], [np.nan, 1.0, -3.0, 0.2]
    own = [placebo(1.5, first), placebo(-0.5, second)]
    joint = jointly(own, np.array([0, 3]), [[0], [1]], seed=0)
    pairs = [(a + b) / 2 for a, b in itertools.product([0.1, -0.4, 2.0], [1.0, -3.0, 0.2])]
    beyond = sum(abs(pair) >= 0.5 for pair in pairs)
    assert joint.statistic == pytest.approx(0.5)
    assert (joint.m, joint.enumerated) == (9, True)
    assert joint.p_value == pytest.approx((1 + beyond) / 10)


def test_events_with_overlapping_windows_shift_together():
    first = [9.0, 1.0, 2.0, np.nan, 3.0]
    second = [np.nan, 10.0, 20.0, 30.0, np.nan]
    own = [placebo(14.0, first), placebo(10.0, second)]
    joint = jointly(own, np.array([2, 3]), [[0, 1]], seed=0)
    # day d of the first goes with day d + 1 of the second: (9, 10), (1, 20), (2, 30)
    assert joint.m == 3
    assert joint.statistic == 12.0
    assert joint.p_value == pytest.approx((1 + 1) / 4)  # means 9.5, 10.5, 16


def test_too_many_assignments_are_drawn_with_the_seed():
    rng = np.random.default_rng(1)
    own = [placebo(0.5, rng.standard_normal(300)) for _ in range(3)]
    rows, clusters = np.array([10, 100, 200]), [[0], [1], [2]]
    first, again = (jointly(own, rows, clusters, seed=4) for _ in range(2))
    assert (first.m, first.enumerated) == (9_999, False)
    assert first == again
    # the mean of three standard normals has a standard deviation of 0.577
    assert first.p_value == pytest.approx(0.386, abs=0.03)


def test_nowhere_to_go_has_no_p_value():
    own = [placebo(1.0, [np.nan, np.nan])]
    joint = jointly(own, np.array([0]), [[0]], seed=0)
    assert joint.m == 0
    assert np.isnan(joint.p_value)


def test_overlap_chains():
    assert overlapping(np.array([30, 10, 12, 14, 50]), Window(0, 2)) == [[1, 2, 3], [0], [4]]
    assert overlapping(np.array([10, 13]), Window(0, 2)) == [[0], [1]]


def test_a_study_prints_m_and_the_floor(make_panel):
    panel = make_panel(sessions=150, tickers=("AAA", "BBB", "^IDX"), seed=5)
    rows = [
        {"id": name, "ticker": ticker, "kind": "announcement", "timing": "pre_open",
         "when": str(panel.sessions.date(at))}
        for name, ticker, at in (("x", "AAA", 100), ("y", "BBB", 101))
    ]  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"),
        returns="simple", estimation=(-60, -11), window=(-5, 5), cars=[(0, 0)],
    )  # fmt: skip
    result = study.fit(book, panel)
    own = result.single.query("event == 'x'").set_index("test")
    # returns start on row 1, so the first full estimation window ends 11 before row 61;
    # 89 sessions from 61 to 149, less x itself, less the session on either side of it
    assert own.loc["placebo, all dates", "m"] == 88
    assert own.loc["placebo", "m"] == 86
    assert own.loc["placebo", "floor"] == pytest.approx(1 / 87)
    assert own.loc["SQ rank", "floor"] == pytest.approx(1 / 51)
    joint = result.tests.query("test == 'placebo, jointly'")
    assert joint["note"].str.contains(r"floor \d\.\d+, 1 cluster").all()  # event windows overlap


def test_the_rank_of_a_day_on_which_the_market_jumped():
    """A market ten sigmas out makes the prediction uncertain, and SQ knows it."""
    rng = np.random.default_rng(34)
    market = 0.01 * rng.standard_normal(N)
    market[60] = 0.1
    y = market + 0.02 * rng.standard_normal(N)
    y[60] = 0.14
    frame = pd.DataFrame({"AAA": y, "^IDX": market}, index=pd.bdate_range("2024-01-01", periods=N))
    book = ash.EventBook.from_frame(
        pd.DataFrame(
            [{"id": "x", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
              "when": str(frame.index[60].date())}]
        )
    )  # fmt: skip
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"), returns="simple",
        estimation=(-40, -6), window=(-5, 5),
    )  # fmt: skip
    own = study.fit(book, ash.ReturnPanel.from_frame(frame, kind="simple")).single
    rows = np.arange(20, 55)
    x = np.column_stack([np.ones(rows.size), market[rows]])
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ y[rows]
    e = np.abs(y[rows] - x @ b) / np.sqrt(1 - np.einsum("ij,jk,ik->i", x, inverse, x))
    day = np.array([1.0, market[60]])
    h = day @ inverse @ day
    ar = abs(y[60] - day @ b)
    p = (1 + (e >= ar / np.sqrt(1 + h)).sum()) / 36
    assert own.set_index("test").loc["SQ rank", "p_value"] == pytest.approx(p)
    assert (e >= ar).sum() < (e >= ar / np.sqrt(1 + h)).sum()  # or the test would be blind to h


def test_more_assignments_than_a_float_holds_are_drawn():
    """Two hundred separate events with a thousand dates each: 10^600 assignments."""
    values = np.random.default_rng(5).standard_normal(1001)
    values[0] = np.nan
    placebo = Placebo(0.0, values, values)
    joint = jointly([placebo] * 200, np.zeros(200, dtype=np.int64), [[i] for i in range(200)], 1)
    assert not joint.enumerated
    assert joint.p_value == 1.0
