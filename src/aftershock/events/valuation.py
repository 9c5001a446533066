"""How long growth takes to bring a multiple down."""

from __future__ import annotations

import math

from aftershock.errors import EventError


def years_to_digest(multiple: float, target: float, growth: float) -> float:
    """Return the years until a price-to-sales multiple has fallen to ``target``.

    At a constant market value sales grow by ``growth`` a year, so the multiple shrinks by
    ``1 + growth``: ``ln(multiple / target) / ln(1 + growth)``.

    Parameters
    ----------
    multiple, target
        Today's multiple and the one to reach, positive, ``target <= multiple``.
    growth
        Growth of sales a year, decimal (1.0 is 100 %), positive.

    Raises
    ------
    EventError
        A value outside these ranges.

    Examples
    --------
    >>> round(years_to_digest(450, 30, 1.0), 2)
    3.91
    """
    if not (multiple > 0 and 0 < target <= multiple):
        raise EventError(f"the multiple must fall: from {multiple:g} to {target:g} it does not")
    if not growth > 0:
        raise EventError(f"sales must grow, growth is {growth:g} a year")
    return math.log(multiple / target) / math.log1p(growth)


def price_to_sales(market_value: float, sales: float, *, rate: float = 1.0) -> float:
    """Return market value over sales.

    Parameters
    ----------
    market_value, sales
        Both positive; in different currencies they need ``rate``.
    rate
        Units of the sales' currency for one unit of the market value's. Left at 1 the
        multiple mixes currencies, as some published ones do.
    """
    if not (market_value > 0 and sales > 0 and rate > 0):
        raise EventError("market value, sales and exchange rate must be positive")
    return market_value * rate / sales
