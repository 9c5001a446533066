"""Dates of a placebo, and its p-value, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from aftershock.backtest.placebo import free_sessions, judge_placebo, placebo_dates

NAN = np.nan


def test_admissible_sessions_by_hand():
    """Closes on rows 5 to 29, an event on row 15, entry 2 before and exit 1 after: 4 long.

    Free of rows 11 to 19; a close 3 rows before and one 1 row after: rows 8 to 28.
    """
    bars = np.zeros(40, dtype=bool)
    bars[5:30] = True
    free = free_sessions(bars, [(15, 15)], (-2, 1))
    assert np.flatnonzero(free).tolist() == [8, 9, 10, *range(20, 29)]
    assert not free_sessions(np.zeros(40, dtype=bool), [], (-2, 1)).any()


def test_few_assignments_are_all_taken_each_once():
    free = np.zeros((100, 1), dtype=bool)
    free[[3, 50, 97]] = True
    dates = placebo_dates(np.array([20]), free, (-5, 5), seed=0)
    assert dates.positions.ravel().tolist() == [3, 50, 97]
    assert dates.enumerated
    assert dates.floor == 0.25
    assert dates.words == "all 3 assignments of admissible dates"


def test_overlapping_events_move_by_the_same_number_of_sessions():
    """Days 20 and 21 move together, 60 by itself: 2 shifts times 3."""
    free = np.zeros((100, 3), dtype=bool)
    free[[40, 80, 90], 0] = True  # shifts 20, 60, 70
    free[[41, 80, 91], 1] = True  # shifts 20, 59, 70
    free[[10, 30, 50], 2] = True
    dates = placebo_dates(np.array([20, 21, 60]), free, (-5, 5), seed=0)
    assert dates.clusters == ((0, 1), (2,))
    assert sorted(map(tuple, dates.positions.tolist())) == [
        (40, 41, 10), (40, 41, 30), (40, 41, 50), (90, 91, 10), (90, 91, 30), (90, 91, 50),
    ]  # fmt: skip
    assert dates.floor == pytest.approx(1 / 7)
    assert "1 group of overlapping events moved jointly" in dates.words


def test_many_assignments_are_drawn_evenly_and_by_seed():
    free = np.ones((300, 3), dtype=bool)
    day_zero = np.array([50, 150, 250])
    dates = placebo_dates(day_zero, free, (-5, 5), seed=3)
    assert dates.positions.shape == (9_999, 3)
    assert not dates.enumerated
    assert dates.assignments == 300.0**3
    assert dates.floor == 1e-4
    counts = np.stack([np.bincount(dates.positions[:, i], minlength=300) for i in range(3)])
    assert counts.mean(axis=1) == pytest.approx(9_999 / 300)
    assert (np.abs(counts - 9_999 / 300) < 6 * np.sqrt(9_999 / 300)).all()
    again = placebo_dates(day_zero, free, (-5, 5), seed=3)
    np.testing.assert_array_equal(again.positions, dates.positions)
    other = placebo_dates(day_zero, free, (-5, 5), seed=4)
    assert (other.positions != dates.positions).any()
    assert placebo_dates(day_zero, free, (-5, 5), seed=3, draws=500).floor == 1 / 501


def test_the_reach_decides_what_overlaps():
    free = np.ones((100, 2), dtype=bool)
    assert placebo_dates(np.array([40, 46]), free, (-3, 3), seed=0).clusters == ((0, 1),)
    assert placebo_dates(np.array([40, 47]), free, (-3, 3), seed=0).clusters == ((0,), (1,))


def test_an_event_that_cannot_move_leaves_no_placebo():
    free = np.ones((100, 2), dtype=bool)
    free[:, 1] = False
    dates = placebo_dates(np.array([20, 80]), free, (-5, 5), seed=0)
    assert dates.positions.shape == (0, 2)
    judged = judge_placebo(5.0, np.empty(0), dates)
    assert np.isnan([judged.p_value, judged.floor]).all()
    assert judged.note == "an event has no admissible session to move to"


def test_the_p_value_counts_the_strategy_itself():
    """4 of 9 earn at least 3: 5/10. One that could not be traded does not count."""
    free = np.zeros((100, 1), dtype=bool)
    free[30:39] = True
    dates = placebo_dates(np.array([70]), free, (-5, 5), seed=0)
    draws = np.array([-5.0, 3, 2, 9, 4, 0, 3, 1, -1])
    judged = judge_placebo(3.0, draws, dates)
    assert (judged.p_value, judged.floor, judged.n) == (0.5, 0.1, 1)
    assert judge_placebo(100.0, draws, dates).p_value == 0.1
    assert judge_placebo(-100.0, draws, dates).p_value == 1.0
    draws[3] = NAN
    judged = judge_placebo(3.0, draws, dates)
    assert (judged.p_value, judged.floor) == (pytest.approx(4 / 9), pytest.approx(1 / 9))
    assert judged.note.endswith("1 of them could not be traded")
    assert judged.check.statistic == 3.0


def test_a_placebo_of_nothing_rejects_as_often_as_it_says():
    """A walk without events, profit the return over the holding: 5 % in 400, within 3 errors."""
    rng = np.random.default_rng(17)
    rejected = []
    for _ in range(400):
        walk = np.cumsum(rng.standard_normal(200))
        day_zero = np.array([60, 140])
        bars = np.ones(200, dtype=bool)
        own = [(60, 60), (140, 140)]
        free = np.column_stack([free_sessions(bars, own, (-2, 2))] * 2)
        dates = placebo_dates(day_zero, free, (-2, 2), seed=1, draws=199)

        def earned(rows, walk=walk):
            return (walk[rows + 2] - walk[rows - 3]).sum(axis=-1)

        judged = judge_placebo(float(earned(day_zero)), earned(dates.positions), dates)
        rejected.append(judged.p_value <= 0.05)
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.033)
