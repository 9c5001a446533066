"""Money in whole cents, exact from the price to the fee.

A number stands for the decimal it is written as: a price of 0.00012 is that and no binary
neighbour of it, however many decimals it has. Products of prices, shares and rates are ratios
of whole numbers; nothing is rounded before the cent, and share counts that a consolidation
leaves (100 / 7) are kept as fractions.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray

Number = float | Fraction

YEAR = 365
_DOUBT = 2.0**-49  # relative; what a product of three floats can be wrong by, and more
_DECIMALS = 4  # of a modelled price
_DIGITS = 8  # of one below 1
_CUT_OFF = 6  # decimals from which a ratio was cut off rather than written out
_MOST_OLD = 100  # old shares in a ratio that is taken for one cut off
_LOTS = 1e-9  # of a lot: what binary fractions of a lot are off by


@lru_cache(maxsize=2**17)
def _written(number: float) -> tuple[int, int]:
    return Decimal(repr(float(number))).as_integer_ratio()


def ratio(number: Number) -> tuple[int, int]:
    """Return a number as it is written, numerator and denominator."""
    if type(number) is Fraction:  # isinstance asks an abstract base, ten times as slowly
        return number.numerator, number.denominator
    return _written(number)


def exact(number: Number) -> Fraction:
    """Return a number as it is written, as a fraction."""
    return number if type(number) is Fraction else Fraction(*_written(number))


def split_ratio(split: float) -> Fraction:
    """Return the new shares of an old one: 0.333333 is a third, as an issuer announces it."""
    written = exact(split)
    decimals = -int(Decimal(repr(float(split))).as_tuple().exponent)
    near = written.limit_denominator(_MOST_OLD)
    cut_off = decimals >= _CUT_OFF and abs(near - written) <= Fraction(1, 10**decimals)
    return near if cut_off else written


def half_up(numerator: int, denominator: int) -> int:
    """Return the quotient rounded to the nearest whole number, halves away from zero."""
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    numerator, denominator = abs(numerator), abs(denominator)
    return sign * ((2 * numerator + denominator) // (2 * denominator))


def round_up(numerator: int, denominator: int) -> int:
    """Return the quotient of two non-negative numbers rounded up."""
    return -(-numerator // denominator)


def product(*numbers: Number) -> tuple[int, int]:
    """Return the exact product of numbers as they are written, numerator and denominator."""
    above = below = 1
    for number in numbers:
        numerator, denominator = ratio(number)
        above *= numerator
        below *= denominator
    return above, below


def value_cents(price: Number, shares: Number) -> int:
    """Return price times shares in cents, halves up."""
    above, below = product(price, shares)
    return half_up(100 * above, below)


def values_cents(prices: FloatArray, shares: float) -> IntArray:
    """Return what shares are worth at several prices, cents, halves up.

    Parameters
    ----------
    prices : ndarray, shape (S,)
        0 or more.
    shares
        Positive.

    Raises
    ------
    OverflowError
        A value is beyond 64 bits of cents.
    """
    near = prices * (100.0 * shares) + 0.5
    cents = np.floor(near)
    # where the float product cannot tell on which side of a half it lies
    doubtful = ~(np.abs(near - np.rint(near)) > np.maximum(near, 1.0) * _DOUBT)
    if not doubtful.any():
        return cents.astype(np.int64)
    whole = [int(cent) for cent in cents.tolist()]
    for row in np.flatnonzero(doubtful).tolist():
        whole[row] = value_cents(float(prices[row]), shares)
    return np.array(whole, dtype=np.int64)


def to_cents(amount: Number) -> int:
    """Return an amount of money in cents, halves up."""
    return value_cents(amount, 1.0)


def from_cents(cents: int) -> float:
    """Return cents as an amount of money."""
    return cents / 100


def moved(price: Number, fraction: float) -> float:
    """Return a price moved by a fraction, exactly: 0.00012 less a tenth is 0.000108."""
    (units, parts), (more, whole) = ratio(price), ratio(fraction)
    return units * (whole + more) / (parts * whole)


def modelled(price: float) -> float:
    """Return a price that a model made up to four decimals, or below 1 to eight digits."""
    if not 0.0 < price < 1.0:
        return round(price, _DECIMALS) if math.isfinite(price) else price
    return round(price, _DIGITS - 1 - math.floor(math.log10(price)))


def lots_within(shares: Number, lot: float) -> float:
    """Return the whole lots in a number of shares, as shares."""
    count = math.floor(float(shares / lot) + _LOTS)
    return float(exact(lot) * count)
