"""A wilder day: the multiple on the 5 % line, and the window's own t."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from aftershock.study.inference.breakdown import breakdown_multiple, own_window_t


def test_a_car_on_the_five_percent_line_breaks_down_at_once():
    s, length, h, dof = 0.03, 3, 0.2, 48
    car = stats.t.ppf(0.975, dof) * s * np.sqrt(length + h)
    assert float(breakdown_multiple(np.array(car), s, length, h, dof)) == pytest.approx(1.0)
    # a window of twice the spread, h small beside it
    wild = stats.t.ppf(0.975, dof) * s * np.sqrt(4 * length + h)
    assert float(breakdown_multiple(np.array(wild), s, length, h, dof)) == pytest.approx(4.0)


def test_the_own_window_t_by_hand():
    ar = np.array([0.01, 0.02, -0.005, 0.015, 0.01])  # the oracle's example: t 2.288, p .084
    t, dof = own_window_t(ar, np.array(0.01), np.array(0.4))
    assert float(t) == pytest.approx(0.05 / np.sqrt(5 * ar.var(ddof=1) + 0.0001 * 0.4))
    assert dof == 4
    assert 2 * stats.t.sf(float(t), dof) == pytest.approx(0.0840, abs=5e-5)


def test_without_estimation_error_it_is_students_t():
    ar = np.random.default_rng(4).normal(size=(3, 11))
    t, _ = own_window_t(ar, np.zeros(3), np.zeros(3))
    np.testing.assert_allclose(t, stats.ttest_1samp(ar, 0.0, axis=1).statistic)


def test_its_size_holds_where_the_variance_doubles_inside_the_window():
    rng = np.random.default_rng(9)
    ar = rng.normal(size=(20_000, 11)) * np.r_[2.0, np.ones(10)]
    t, dof = own_window_t(ar, np.zeros(20_000), np.zeros(20_000))
    assert (2 * stats.t.sf(np.abs(t), dof) < 0.05).mean() < 0.056
