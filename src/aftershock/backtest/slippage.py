"""What trading itself does to the price of a fill: models an exchange can be given.

A fill is worse by a fraction of its price. Nothing is clipped to the bar's range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aftershock.errors import BacktestError

if TYPE_CHECKING:
    from aftershock.backtest.market import Quote


class Slippage(Protocol):
    """What a slippage model answers."""

    def worse(self, shares: float, price: float, spread: float, quote: Quote) -> float:
        """Return by which fraction of ``price`` a fill of ``shares`` is worse; NaN if unknown.

        Parameters
        ----------
        shares, price
            The fill.
        spread
            Minimum spread at that price, money per share; 0 where the exchange has none.
        quote
            The session it fills in.
        """
        ...

    def words(self) -> str:
        """Return the model in words, for the conventions."""
        ...


@dataclass(frozen=True, slots=True)
class HalfSpread:
    """Pays part of the spread.

    Attributes
    ----------
    spreads
        In minimum spreads of the exchange: 0.5 pays half of one.
    bps
        Basis points besides, for exchanges without a table of spreads.
    """

    spreads: float = 0.5
    bps: float = 0.0

    def __post_init__(self) -> None:
        _check(self.spreads, "spreads")
        _check(self.bps, "bps")

    def worse(self, shares: float, price: float, spread: float, quote: Quote) -> float:
        """Return the fraction of ``price``; the size of the order does not count."""
        del shares, quote
        return self.spreads * spread / price + self.bps / 10_000

    def words(self) -> str:
        """Return the model in words."""
        return f"{self.spreads:g} minimum spreads and {self.bps:g} basis points a fill"


@dataclass(frozen=True, slots=True)
class SquareRoot:
    """Impact by the square root of the share of the day's volume.

    ``coefficient x daily volatility x sqrt(shares / volume)``.

    References
    ----------
    Almgren, Thum, Hauptmann and Li (2005), "Direct estimation of equity market impact",
    *Risk* 18(7); Grinold and Kahn (1999), *Active Portfolio Management*, chapter 16.
    """

    coefficient: float = 1.0

    def __post_init__(self) -> None:
        _check(self.coefficient, "coefficient")

    def worse(self, shares: float, price: float, spread: float, quote: Quote) -> float:
        """Return the fraction of ``price``; NaN without a volume or five returns before.

        A notional leg in an index, whose volume is infinite, has no impact.
        """
        del price, spread
        if not quote.volume > 0:
            return math.nan
        share = shares / quote.volume
        return self.coefficient * quote.volatility * math.sqrt(share) if share else 0.0

    def words(self) -> str:
        """Return the model in words."""
        return f"{self.coefficient:g} x daily volatility x square root of the share of volume"


def _check(value: float, name: str) -> None:
    if not (math.isfinite(value) and value >= 0.0):
        raise BacktestError(f"{name} of a slippage model is {value}; 0 or more")
