"""What every exchange model answers: lots, charges per order, and the price of borrowing."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from aftershock.backtest.money import CENT, RATE_UNIT, half_up, price_units, rate_units, share_units
from aftershock.errors import BacktestError

if TYPE_CHECKING:
    from aftershock.backtest.orders import Side
    from aftershock.events.companies import Company

Rates = float | tuple[tuple[dt.date, float], ...]

MOST = 10.0  # a rate or a fraction above 1,000 % is a percentage, not a decimal
INDEX_LOT = 0.001  # a notional leg in an index has no lot


@dataclass(frozen=True, slots=True)
class Charge:
    """One item of what one order costs, in cents."""

    item: str
    cents: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """What can be traded.

    Attributes
    ----------
    ticker, lot
        The listing and its board lot.
    is_index
        True for a notional leg in an index, which cannot itself be bought.
    shortable_from, shortable_note
        First day a short sale is admissible, and how that is known; None where nothing is.
    """

    ticker: str
    lot: float
    is_index: bool = False
    shortable_from: dt.date | None = None
    shortable_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(ABC):
    """Base of the exchange models.

    Attributes
    ----------
    costs
        False switches every charge off; the borrow fee is ``borrow``'s.
    borrow
        Borrow fee a year, decimal: one rate, or ``((date, rate), ...)`` with the rate that
        applies from each date on. It is a scenario wherever no rate is published.
    equity_to_open
        Fraction of the short value that equity must reach when a position is opened; long
        value must be covered in full.
    """

    name: ClassVar[str]
    settlement: ClassVar[int] = 2

    costs: bool = True
    borrow: Rates = 0.0
    equity_to_open: float = 0.5

    def __post_init__(self) -> None:
        _check_rates(self.borrow)
        if not 0.0 <= self.equity_to_open <= MOST:
            raise BacktestError(
                f"equity_to_open is {self.equity_to_open}; a fraction of short value, 0.5 is 50 %"
            )

    @abstractmethod
    def instrument(self, ticker: str, company: Company | None) -> Instrument:
        """Return what is known of a ticker; raises BacktestError where it cannot be traded."""

    @abstractmethod
    def charges(
        self, instrument: Instrument, side: Side, shares: float, price: float, day: dt.date
    ) -> list[Charge]:
        """Return what one filled order costs, item by item."""

    def borrow_rate(self, day: dt.date) -> float:
        """Return the borrow fee a year that applies on a day, decimal."""
        if isinstance(self.borrow, float | int):
            return float(self.borrow)
        known = [rate for since, rate in self.borrow if since <= day]
        if not known:
            raise BacktestError(f"no borrow rate on {day}; the first is from {self.borrow[0][0]}")
        return known[-1]

    def conventions(self) -> dict[str, str]:
        """Return what the model assumes, in words."""
        fee = (
            self.borrow if not isinstance(self.borrow, float | int) else f"{self.borrow:.2%} a year"
        )
        return {
            "exchange": self.name,
            "costs": "charged" if self.costs else "none",
            "borrow fee": f"{fee}, a scenario; on the last close before each calendar day from"
            " the sale's settlement to the cover's, over 365",
            "equity to open": f"{self.equity_to_open:.0%} of short value, long value in full",
            "settlement": f"T+{self.settlement}",
        }


def _check_rates(borrow: Rates) -> None:
    dated = not isinstance(borrow, float | int)
    entries = list(borrow) if isinstance(borrow, tuple | list) else []
    if dated and not (entries and all(_is_dated(entry) for entry in entries)):
        raise BacktestError(
            f"borrow is {borrow!r}; write a yearly rate, 0.18 for 18 %, or dated ones,"
            " ((date(2026, 1, 1), 0.18), ...)"
        )
    rates = [rate for _, rate in entries] if dated else [float(borrow)]  # type: ignore[arg-type]
    if any(not 0.0 <= rate <= MOST for rate in rates):
        raise BacktestError(f"borrow is {borrow}; a yearly rate as decimal, 0.18 is 18 %")
    days = [since for since, _ in entries]
    if days != sorted(set(days)):
        raise BacktestError("the dates of the borrow rates must ascend")


def _is_dated(entry: object) -> bool:
    return (
        isinstance(entry, tuple | list)
        and len(entry) == 2  # noqa: PLR2004 - a pair
        and isinstance(entry[0], dt.date)
        and isinstance(entry[1], float | int)
    )


def proportional(rate: float, price: float, shares: float) -> int:
    """Return rate x price x shares in cents, half up, exactly."""
    value = price_units(price) * share_units(shares) * rate_units(rate)
    return half_up(value, CENT * RATE_UNIT)
