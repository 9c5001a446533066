"""A plain exchange: basis points a side, one borrow rate, any lot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from aftershock.backtest.exchanges.base import (
    INDEX_LOT,
    Charge,
    Exchange,
    Instrument,
    listed,
    proportional,
)
from aftershock.errors import BacktestError

if TYPE_CHECKING:
    import datetime as dt

    from aftershock.backtest.orders import Side
    from aftershock.events.companies import Company


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainExchange(Exchange):
    """Costs in basis points, for any market.

    Attributes
    ----------
    bps
        Basis points of value a side.
    lot
        Board lot of every stock without one of its own in ``companies.yaml``.
    """

    name: ClassVar[str] = "plain"

    bps: float = 5.0
    lot: int = 1

    def __post_init__(self) -> None:
        Exchange.__post_init__(self)
        if self.bps < 0 or self.lot < 1:
            raise BacktestError(
                f"bps is {self.bps} and lot {self.lot}; neither can be lower than 0 and 1"
            )

    def instrument(self, ticker: str, company: Company | None) -> Instrument:
        """Return the ticker with the company's lot, or the exchange's own."""
        if ticker.startswith("^"):
            return Instrument(ticker, INDEX_LOT, is_index=True)
        known = company is not None and company.lot
        return listed(ticker, company, company.lots() if company and known else (), self.lot)

    def charges(
        self, instrument: Instrument, side: Side, shares: float, price: float, day: dt.date
    ) -> list[Charge]:
        """Return the commission."""
        del instrument, side, day
        if not self.costs:
            return []
        cents = proportional(self.bps / 10_000, price, shares)
        return [Charge("commission", cents)] if cents else []

    def conventions(self) -> dict[str, str]:
        """Return what the model assumes, in words."""
        said = Exchange.conventions(self)
        return {**said, "costs": f"{self.bps:g} basis points a side" if self.costs else "none"}
