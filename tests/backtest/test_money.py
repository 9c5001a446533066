from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftershock.backtest.money import (
    exact,
    half_up,
    lots_within,
    modelled,
    moved,
    product,
    round_up,
    split_ratio,
    to_cents,
    value_cents,
    values_cents,
)


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


def test_a_number_is_the_decimal_it_is_written_as():
    assert exact(0.1) == Fraction(1, 10)
    assert exact(0.00012) == Fraction(12, 100_000)
    assert exact(np.float64(1e-7)) == Fraction(1, 10**7)
    assert exact(Fraction(1, 3)) == Fraction(1, 3)
    assert Fraction(*product(0.1, 0.2, Fraction(1, 3))) == Fraction(2, 300)


@pytest.mark.parametrize(
    ("split", "ratio"),
    [
        (2.0, (2, 1)), (0.333333, (1, 3)), (1 / 7, (1, 7)), (0.142857, (1, 7)), (1.5, (3, 2)),
        (0.04, (1, 25)), (1.03, (103, 100)), (10.0, (10, 1)), (0.0025, (1, 400)),
        (1.2345678, (12345678, 10**7)), (0.123, (123, 1_000)), (0.66666667, (2, 3)),
    ],
)  # fmt: skip
def test_a_split_is_the_ratio_that_was_announced(split, ratio):
    assert split_ratio(split) == Fraction(*ratio)


def test_prices_are_moved_exactly():
    assert moved(0.00012, 0.1) == 0.000132
    assert moved(101.3, -0.2) == 81.04
    assert moved(Fraction(100, 3), 0.5) == 50.0


def test_prices_that_a_model_makes_up_are_kept_to_what_they_need():
    assert [modelled(price) for price in (101.23456, 1.00004999, 0.000123456789, 0.5)] == [
        101.2346, 1.0, 0.00012345679, 0.5,
    ]  # fmt: skip
    assert np.isnan(modelled(float("nan")))


def test_whole_lots():
    assert [lots_within(shares, 100) for shares in (99.9, 100, 299.999999999999)] == [0, 100, 300]
    assert lots_within(12.3456, 0.001) == 12.345
    assert lots_within(Fraction(200, 7), 1.0) == 28.0


@given(
    st.lists(
        st.decimals(0, 10**6, places=7, allow_nan=False) | st.decimals(0, 10**4, places=3),
        min_size=1, max_size=20,
    ),
    st.integers(1, 10**9) | st.decimals("0.001", 10**4, places=3),
)  # fmt: skip
def test_many_values_are_each_the_decimal_product_half_up(prices, shares):
    """Against the decimal module of the standard library, halves included."""
    expected = [
        int((price * Decimal(shares) * 100).quantize(Decimal(1), ROUND_HALF_UP)) for price in prices
    ]
    given_ = np.array([float(price) for price in prices])
    assert values_cents(given_, float(shares)).tolist() == expected
    assert [value_cents(float(price), float(shares)) for price in prices] == expected


def test_halves_that_floats_cannot_tell():
    # 1.005, 2.675 and 1.115 lie below their halves as binary numbers
    assert values_cents(np.array([1.005, 2.675, 1.115, 0.0]), 1.0).tolist() == [101, 268, 112, 0]


def test_values_beyond_64_bits_are_an_overflow():
    with pytest.raises(OverflowError):
        values_cents(np.array([1e15]), 1e9)
