"""Money in whole cents, exact from the price to the fee.

Prices are counted in ten-thousandths and shares in thousandths (a notional index leg trades
in fractions), so a value is a whole number of 10^-7 units of the currency and every rate a
whole number of 10^-8. Nothing is rounded before the cent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import IntArray

PRICE_UNIT = 10_000
SHARE_UNIT = 1_000
RATE_UNIT = 100_000_000
CENT = PRICE_UNIT * SHARE_UNIT // 100
YEAR = 365
_INT64 = 2**62


def price_units(price: float) -> int:
    """Return a price in ten-thousandths."""
    return round(price * PRICE_UNIT)


def share_units(shares: float) -> int:
    """Return shares in thousandths."""
    return round(shares * SHARE_UNIT)


def rate_units(rate: float) -> int:
    """Return a rate in 10^-8."""
    return round(rate * RATE_UNIT)


def half_up(numerator: int, denominator: int) -> int:
    """Return the quotient rounded to the nearest whole number, halves away from zero."""
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    numerator, denominator = abs(numerator), abs(denominator)
    return sign * ((2 * numerator + denominator) // (2 * denominator))


def round_up(numerator: int, denominator: int) -> int:
    """Return the quotient of two non-negative numbers rounded up."""
    return -(-numerator // denominator)


def value_cents(price: float, shares: float) -> int:
    """Return price times shares in cents, halves up."""
    return half_up(price_units(price) * share_units(shares), CENT)


def values_cents(units: IntArray, shares: float) -> IntArray:
    """Return what shares are worth at several prices, cents, halves up.

    Parameters
    ----------
    units : ndarray, shape (S,)
        Prices in ten-thousandths, 0 or more.
    shares
        Positive.
    """
    count = share_units(shares)
    if units.size and 2 * int(units.max()) * count > _INT64:
        return np.array([half_up(int(unit) * count, CENT) for unit in units], dtype=np.int64)
    return (2 * units * count + CENT) // (2 * CENT)


def to_cents(amount: float) -> int:
    """Return an amount of money in cents."""
    return half_up(round(amount * PRICE_UNIT), PRICE_UNIT // 100)


def from_cents(cents: int) -> float:
    """Return cents as an amount of money."""
    return cents / 100
