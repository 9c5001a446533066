"""Placebos of a study's events: which sessions are compared, and what decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.study.engine import Job
from aftershock.study.halts import trade_to_trade
from aftershock.study.inference.ring import null_residuals, scaled_ring
from aftershock.study.models import Design
from aftershock.study.models.estimate import ALPHA
from aftershock.study.placebo import (
    DECIDES,
    KEPT,
    LEFT_OUT,
    UNSCALED,
    Comparison,
    gap,
    larger,
    place,
    reference,
    unlike,
)
from aftershock.study.windows import Window

N = 120


def make_job(*, holes=(), at=80, seed=31, wild=()):
    rng = np.random.default_rng(seed)
    market = 0.01 * rng.standard_normal(N)
    y = 0.9 * market + 0.02 * rng.standard_normal(N)
    y[list(wild)] += 0.3
    y[list(holes)] = np.nan
    design = Design((ALPHA, "beta"), np.zeros(N), np.column_stack([np.ones(N), market]))
    return Job(y, design, at, Window(-5, 5))


def test_the_reference_is_every_session_with_a_return_in_order():
    job = make_job(holes=(3, 40))
    where = reference(job, (80, 82), (), None)
    assert where.rows.tolist() == [row for row in range(N) if row not in (3, 40)]
    assert (where.start, where.length) == (78, 3)


def test_other_windows_go_and_the_events_own_stays_whole():
    where = reference(make_job(), (80, 82), [(20, 22), (81, 85), (-4, 1), (118, 130)], None)
    gone = {0, 1, 20, 21, 22, 83, 84, 85, 118, 119}
    assert set(where.rows.tolist()) == set(range(N)) - gone
    assert where.rows[where.start : where.start + 3].tolist() == [80, 81, 82]


def test_the_deciding_ring_is_the_pure_function_on_those_sessions():
    job, others = make_job(), [(20, 22), (60, 62)]
    placebo = place(job, (80, 82), others)
    kept = scaled_ring(null_residuals(job.y, job.design.regressors), 80, 3)
    rows = [row for row in range(N) if not (20 <= row <= 22 or 60 <= row <= 62)]
    left = scaled_ring(null_residuals(job.y[rows], job.design.regressors[rows]), 74, 3)
    by_name = {name: comparison.p_value for name, comparison in placebo.comparisons.items()}
    assert by_name[KEPT] == float(kept.p_value)
    assert by_name[LEFT_OUT] == float(left.p_value)
    assert by_name[DECIDES] == max(by_name[KEPT], by_name[LEFT_OUT])


def test_days_that_were_picked_because_they_moved_cannot_make_the_event_stand_out():
    moved = [10, 25, 40, 55, 100]
    job = make_job(wild=[*moved, 80])
    placebo = place(job, (80, 80), [(row, row) for row in moved])
    p = {name: comparison.p_value for name, comparison in placebo.comparisons.items()}
    assert p[LEFT_OUT] == 1 / (N - 5)  # alone, it is the largest of all
    assert p[KEPT] > p[LEFT_OUT]
    assert placebo.p_value == p[KEPT]


def test_kept_alone_decides_where_the_other_is_refused():
    ring = scaled_ring(null_residuals(make_job().y, make_job().design.regressors), 80, 3)
    kept, refused = Comparison(ring), Comparison(None, "12 reference sessions")
    decided = larger(kept, refused)
    assert decided.ring is ring
    assert decided.note == "other events kept; left out: 12 reference sessions"
    assert larger(refused, kept).ring is None


def test_the_unscaled_ring_is_refused_in_the_first_quarter():
    early, late = (place(make_job(at=at), (at, at), []) for at in (29, 30))
    assert early.comparisons[UNSCALED].note.startswith("the event lies in the first quarter")
    assert late.comparisons[UNSCALED].ring is not None
    assert early.ring is not None


def test_a_gap_a_bridged_halt_or_an_end_of_prices_is_the_reason():
    assert gap(make_job(holes=(81,)), (80, 82)) == "a session of the window has no return"
    assert gap(make_job(), (118, 120)) == "the prices do not reach over the window"
    assert gap(make_job(), (119, -1)) == "the prices do not reach over the window"
    close = 100 * np.exp(np.cumsum(0.02 * np.random.default_rng(33).standard_normal(N)))
    close[[81, 82]] = np.nan
    y, design = trade_to_trade(close, make_job().design, "simple")
    bridged = Job(y, design, 80, Window(-5, 5))
    assert gap(bridged, (80, 84)) == "a bridged halt inside the window"
    assert gap(bridged, (90, 94)) == ""
    outside = reference(bridged, (90, 94), (), None)
    assert set(range(1, N)) - set(outside.rows.tolist()) == {81, 82}


def test_a_reference_of_other_times_is_told():
    job = make_job()
    y = job.y.copy()
    y[:30] *= 6.0
    where = reference(Job(y, job.design, 80, job.window), (80, 80), (), None)
    assert unlike(where, np.arange(30, 80)).startswith("compares with wilder times")
    assert unlike(where, np.arange(30)).startswith("compares with calmer times")
    assert unlike(reference(job, (80, 80), (), None), np.arange(20, 70)) == ""


@pytest.fixture(scope="module")
def world():
    """One stock with three events apart, one whose hour is unknown, and a range."""
    rng = np.random.default_rng(4)
    days = ash.PricePanel.from_frames(
        {"M": pd.Series(1.0, index=pd.bdate_range("2024-01-02", "2024-12-31"))}, calendar="XNYS"
    ).sessions.dates
    market = 0.01 * rng.standard_normal(len(days))
    stock = market + 0.02 * rng.standard_normal(len(days))
    index = pd.DatetimeIndex(days)
    panel = ash.PricePanel.from_frames(
        {
            "A": pd.Series(100 * np.exp(np.cumsum(stock)), index=index),
            "M": pd.Series(100 * np.exp(np.cumsum(market)), index=index),
        },
        calendar="XNYS",
    )
    rows = [
        ("a", "2024-05-01", "pre_open"),
        ("b", "2024-07-01", "pre_open"),
        ("hour", "2024-09-03", "unknown"),
        ("range", "2024-10-07..2024-10-09", "unknown"),
    ]
    book = ash.EventBook.from_frame(
        pd.DataFrame(
            [
                {"id": name, "ticker": "A", "kind": "announcement", "when": when, "timing": timing}
                for name, when, timing in rows
            ]
        ),
        calendar="XNYS",
    )
    return book, panel


def study(**options):
    values = {
        "title": "world",
        "events": ash.select(),
        "model": ash.MarketModel(benchmark="M"),
        "returns": "simple",
        "estimation": (-60, -11),
        "window": (-5, 5),
        "cars": [(0, 0), (-1, 1)],
    }
    return ash.Study(**{**values, **options})


def test_single_csv_has_what_is_needed_to_read_a_p(world):
    single = study().fit(*world).single
    assert list(single.columns) == [
        "event", "start", "end", "test", "statistic", "dof", "p_value", "n", "floor",
        "one_day_floor", "breakdown", "null", "note",
    ]  # fmt: skip
    ring = single[(single["event"] == "a") & (single["test"] == "ring")].set_index("end")
    assert ring.loc[0, "floor"] == ring.loc[0, "one_day_floor"] == 1 / ring.loc[0, "n"]
    assert ring.loc[1, "one_day_floor"] == 3 / ring.loc[1, "n"]
    assert ring.loc[0, "note"].endswith("p as of 2024-12-31")
    windows = single[single["event"] == "range"].set_index("test")
    assert windows.loc["ring kept", "n"].tolist() == [251, 251]
    assert windows.loc["ring kept", "one_day_floor"].tolist() == [3 / 251, 5 / 251]


def test_both_candidates_of_another_event_go(world):
    single = study(cars=[(0, 0)]).fit(*world).single
    one_day = (single["test"] == "ring left out") & (single["end"] == 0)
    left = single[one_day].set_index("event")["n"]
    # of 251 returns: a and b one session each, the unknown hour two, the range three
    assert left.to_dict() == {"a": 251 - 6, "b": 251 - 6, "hour": 251 - 5, "range": 251 - 4}


def test_the_window_over_both_candidates_has_a_ring_too(world):
    single = study().fit(*world).single
    own = single[(single["event"] == "hour") & (single["test"] == "ring")]
    assert (0, 1) in set(zip(own["start"], own["end"], strict=True))


def test_a_reference_confined_to_the_estimation_window_has_t_plus_l_sessions(world):
    single = study(reference="estimation").fit(*world).single
    kept = single[(single["test"] == "ring kept") & (single["event"] == "b")].set_index("end")
    assert kept.loc[0, "n"] == 51
    assert kept.loc[1, "n"] == 53
    with pytest.raises(ash.errors.StudyError, match='write "history" or "estimation"'):
        study(reference="all")


def test_a_model_that_is_not_linear_says_why_there_is_no_ring(world):
    robust = study(model=ash.models.RobustModel(benchmark="M")).fit(*world)
    ring = robust.single[robust.single["test"] == "ring"]
    assert ring["p_value"].isna().all()
    assert set(ring["note"]) == {"no ring: the model is not one linear regression"}


def test_bins_of_the_ring_hold_all_other_windows(world):
    result = study(cars=[(0, 0)]).fit(*world)
    ring = result.single[result.single["test"] == "ring"].set_index(["event", "end"])["n"]
    counts = result.placebo.groupby(["event", "end"])["count"].sum()
    assert (counts.sort_index() == ring.sort_index() - 1).all()


def test_the_joint_placebo_says_how_its_p_came_about(world):
    tests = study(cars=[(0, 0)]).fit(*world).tests
    joint = tests[tests["test"] == "placebo, jointly"].iloc[0]
    assert joint["n"] == 3
    assert "9,999 assignments (drawn), floor 0.0001, 3 clusters" in joint["note"]
    assert joint["p_value"] >= 1e-4
