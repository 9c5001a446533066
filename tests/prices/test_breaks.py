from __future__ import annotations

import numpy as np
import pytest

from aftershock.prices.breaks import breaks_of


def prices(seed=0, size=200, sigma=0.03):
    return np.cumsum(sigma * np.random.default_rng(seed).standard_normal(size))


def test_a_walk_has_no_break():
    assert breaks_of(prices(sigma=0.15)) == []
    assert breaks_of(np.array([])) == breaks_of(np.array([1.0])) == []


@pytest.mark.parametrize("factor", [1 / 100, 100, 1 / 1000, 1000, 1e6, 37, 1 / 6])
def test_a_bar_and_back_is_one_row(factor):
    levels = prices()
    levels[120] += np.log(factor)
    ((first, last, told),) = breaks_of(levels)
    assert (first, last) == (120, 120)
    assert told == pytest.approx(factor, rel=0.15)


@pytest.mark.parametrize("start", [20, 150])
@pytest.mark.parametrize("factor", [0.01, 100.0, 0.001, 1000.0])
def test_the_fewer_rows_are_in_the_other_unit(start, factor):
    levels = prices()
    levels[start:] += np.log(factor)
    ((first, last, told),) = breaks_of(levels)
    expected = (0, start - 1, 1 / factor) if start < 100 else (start, 199, factor)
    assert (first, last) == expected[:2]
    assert told == pytest.approx(expected[2], rel=0.15)


def test_units_that_alternate_are_told_apart():
    levels = prices()
    levels[50:60] -= np.log(100)
    levels[100:130] -= np.log(100)
    assert [(first, last) for first, last, _ in breaks_of(levels)] == [(50, 59), (100, 129)]


@pytest.mark.parametrize("factor", [0.5, 0.1, 10.0, 0.04, 25.0])
def test_a_move_that_stays_and_is_no_unit_is_none(factor):
    levels = prices()
    levels[120:] += np.log(factor)
    assert breaks_of(levels) == []


def test_a_listed_action_explains_its_step():
    levels = prices()
    levels[120:] += np.log(100)
    listed = np.zeros(200, dtype=bool)
    listed[120] = True
    assert breaks_of(levels, listed) == []


def test_the_first_and_the_last_row_count():
    levels = prices()
    levels[0] += np.log(100)
    levels[-1] += np.log(100)
    assert [(first, last) for first, last, _ in breaks_of(levels)] == [(0, 0), (199, 199)]
