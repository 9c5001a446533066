"""Page p by hand, and how often it errs."""

from __future__ import annotations

import numpy as np
import pytest

from aftershock.study.inference.page import chance_of_one, moved, page_floor, page_p, shifts_of


def test_steps_down_by_hand():
    z = np.array(
        [
            [4.0, 1.0, 0.5, 3.0],  # strongest: only itself reaches 4
            [-3.0, 2.0, 3.5, 1.0],  # next: of the largest of it and the weaker, two reach 3
            [1.0, 0.2, 0.1, 0.3],  # weakest: only itself
        ]
    )
    assert page_p(z).tolist() == [0.25, 0.5, 0.5]  # never below that of a stronger one


def test_an_estimate_without_a_statistic_has_no_page_p_and_raises_nobodys():
    z = np.array([[4.0, 1.0, 0.5, 3.0], [np.nan, 9.0, 9.0, 9.0]])
    assert page_p(z)[0] == 0.25
    assert np.isnan(page_p(z)[1])


def test_series_of_one_length_move_together_and_all_shifts_are_looked_at():
    shifts = shifts_of([5, 5], seed=1)
    assert [move.tolist() for move in shifts] == [[0, 1, 2, 3, 4]] * 2


def test_series_of_several_lengths_are_drawn_with_the_identity_first():
    first, second = shifts_of([100, 157], seed=1)
    assert first.size == second.size == 10_000
    assert first[0] == second[0] == 0
    assert second.max() <= 156
    # one u moves both: the places agree to within a session of the shorter series
    assert np.abs(first / 100 - second / 157).max() < 0.011


def test_a_mean_is_the_mean_of_its_members_under_the_same_shift():
    a, b = np.array([3.0, 1.0, -1.0]), np.array([1.0, -1.0, 0.0])
    z = moved([[a], [a, b]], seed=0)
    mean = (a + b) / 2
    np.testing.assert_allclose(z[1], mean / np.sqrt((mean**2).mean()))


def test_the_floor_counts_the_days_of_windows_no_longer_than_its_own():
    windows = [(10, 10), (20, 20), (20, 20), (30, 35)]
    assert page_floor(windows, 1, 100) == 0.02
    assert page_floor(windows, 6, 100) == pytest.approx(0.08)


def test_one_small_p_somewhere_is_the_rule_without_any_effect():
    z = np.random.default_rng(5).normal(size=(60, 400))
    assert chance_of_one(z) > 0.9


def test_page_p_errs_in_at_most_five_percent_of_worlds_without_effects():
    rng = np.random.default_rng(6)
    worlds, estimates, n = 400, 30, 150
    errs = 0
    for _ in range(worlds):
        u = rng.standard_t(4, size=n)
        rings = [[np.roll(u, -int(start))] for start in rng.choice(n, estimates, replace=False)]
        errs += page_p(moved(rings, seed=0)).min() <= 0.05
    assert errs / worlds <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / worlds)
