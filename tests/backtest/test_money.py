from __future__ import annotations

import pytest

from aftershock.backtest.money import half_up, round_up, to_cents, value_cents


@pytest.mark.parametrize(
    ("numerator", "denominator", "result"),
    [
        (5, 2, 3),
        (4, 3, 1),
        (-5, 2, -3),
        (-4, 3, -1),
        (5, -2, -3),
        (0, 7, 0),
        (1, 2, 1),
        (49, 100, 0),
    ],
)
def test_halves_go_away_from_zero(numerator, denominator, result):
    assert half_up(numerator, denominator) == result


def test_rounding_up():
    assert [round_up(n, 100) for n in (0, 1, 100, 101)] == [0, 1, 1, 2]


def test_values_are_exact_where_floats_are_not():
    assert value_cents(0.285, 1000) == 285_00
    assert value_cents(1.005, 1) == 101  # 1.005 * 100 is 100.49999999999999
    assert to_cents(1.005) == 101
    assert value_cents(24_199.46, 41.234) == 99784053  # 997,840.53
