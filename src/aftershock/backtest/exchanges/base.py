"""What every exchange model answers: lots, charges per order, and the price of borrowing."""

from __future__ import annotations

import datetime as dt
import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from aftershock.backtest.money import half_up, modelled, product
from aftershock.errors import BacktestError

if TYPE_CHECKING:
    from aftershock.backtest.market import Quote
    from aftershock.backtest.orders import Side
    from aftershock.backtest.slippage import Slippage
    from aftershock.events.companies import Company

Dated = tuple[tuple[dt.date, float], ...]
Rates = float | Dated

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
        The listing and its board lot, the first one where lots are dated.
    is_index
        True for a notional leg in an index, which cannot itself be bought.
    shortable_from, shortable_note
        First day a short sale is admissible, and how that is known; None where nothing is.
    lots
        Board lots by date, ``((date, lot), ...)``; empty where it never changed.
    """

    ticker: str
    lot: float
    is_index: bool = False
    shortable_from: dt.date | None = None
    shortable_note: str = ""
    lots: Dated = ()

    def lot_on(self, day: dt.date) -> float:
        """Return the board lot of a day."""
        return ([self.lot] + [lot for since, lot in self.lots if since <= day])[-1]


class Chance(NamedTuple):
    """Where an order of one session can fill.

    Attributes
    ----------
    price
        NaN where it cannot.
    when
        At the open, at a limit during the session, or at the close.
    note
        Why it cannot fill, or not at the open.
    """

    price: float
    when: Literal["open", "limit", "close"] = "open"
    note: str = ""


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
    borrow_rates
        Borrow fee a year by ticker, ``((date, rate), ...)``, in place of ``borrow``.
    interest
        Interest a year on cash that is the account's own, written like ``borrow``; overdrawn
        cash pays it.
    rebate
        Interest a year on the proceeds of short sales, written like ``borrow``.
    borrowable
        Shares that can be borrowed by ticker, ``((date, shares), ...)``: none before the
        first date, and what is short beyond it is recalled. Without limit where left out.
    equity_to_open, equity_to_hold
        Fractions of the short value that equity must reach when a position is opened, long
        value being covered in full, and at each close; below it every short is covered.
    participation
        Fraction of a session's volume that the orders in a ticker can take; None has no limit.
    slippage
        How much worse than the market's price an order fills; None not at all.
    """

    name: ClassVar[str]
    settlement: ClassVar[int] = 2

    costs: bool = True
    borrow: Rates = 0.0
    borrow_rates: Mapping[str, Dated] = field(default_factory=dict)
    interest: Rates = 0.0
    rebate: Rates = 0.0
    borrowable: Mapping[str, Dated] = field(default_factory=dict)
    equity_to_open: float = 0.5
    equity_to_hold: float = 0.3
    participation: float | None = None
    slippage: Slippage | None = None

    def __post_init__(self) -> None:
        _check_rates("borrow", self.borrow)
        _check_rates("interest", self.interest, least=-1.0)
        _check_rates("rebate", self.rebate, least=-1.0)
        _check_by_ticker("borrow_rates", self.borrow_rates, MOST)
        _check_by_ticker("borrowable", self.borrowable, math.inf)
        for name in ("equity_to_open", "equity_to_hold"):
            if not 0.0 <= getattr(self, name) <= MOST:
                raise BacktestError(
                    f"{name} is {getattr(self, name)}; a fraction of short value, 0.5 is 50 %"
                )
        if self.equity_to_hold > self.equity_to_open:
            raise BacktestError(
                f"equity_to_hold is {self.equity_to_hold} and equity_to_open"
                f" {self.equity_to_open}: a position would be called as soon as it is opened"
            )
        if self.participation is not None and not 0.0 < self.participation <= 1.0:
            raise BacktestError(
                f"participation is {self.participation}; a fraction of volume, 0.1 is 10 %"
            )
        if not (self.slippage is None or hasattr(self.slippage, "worse")):
            raise BacktestError(
                f"slippage is {self.slippage!r}; a model, ash.exchanges.HalfSpread(spreads=0.5)"
            )

    @abstractmethod
    def instrument(self, ticker: str, company: Company | None) -> Instrument:
        """Return what is known of a ticker; raises BacktestError where it cannot be traded."""

    @abstractmethod
    def charges(
        self, instrument: Instrument, side: Side, shares: float, price: float, day: dt.date
    ) -> list[Charge]:
        """Return what one filled order costs, item by item."""

    def chance(self, quote: Quote, day: dt.date, *, short_sale: bool) -> Chance:
        """Return where an order for the open of a session that is not halted can fill."""
        del day, short_sale
        return Chance(quote.open)

    def spread(self, price: float, day: dt.date) -> float:
        """Return the minimum spread at a price, money per share; 0 without a table."""
        del price, day
        return 0.0

    def slipped(self, side: Side, shares: float, price: float, quote: Quote, day: dt.date) -> float:
        """Return the price of a fill after slippage; NaN where the model cannot say."""
        if self.slippage is None:
            return price
        worse = self.slippage.worse(shares, price, self.spread(price, day), quote)
        return modelled(price * (1.0 + worse if side == "buy" else 1.0 - worse))

    def most(self, quote: Quote) -> float:
        """Return how many shares a session takes, without limit where its volume is unknown."""
        if self.participation is None or math.isnan(quote.volume):
            return math.inf
        return self.participation * quote.volume

    def available(self, ticker: str, day: dt.date) -> float:
        """Return how many shares can be borrowed on a day, in the shares of the file's date."""
        return self.available_since(ticker, day)[1]

    def available_since(self, ticker: str, day: dt.date) -> tuple[dt.date, float]:
        """Return how many shares can be borrowed on a day, and the date that says so."""
        if ticker not in self.borrowable:
            return day, math.inf
        lent = [entry for entry in self.borrowable[ticker] if entry[0] <= day]
        return lent[-1] if lent else (day, 0.0)

    def borrow_rate(self, day: dt.date, ticker: str = "") -> float:
        """Return the borrow fee a year that applies to a ticker on a day, decimal."""
        if ticker in self.borrow_rates:
            return _on(f"borrow rate of {ticker}", self.borrow_rates[ticker], day)
        return _on("borrow rate", self.borrow, day)

    @property
    def pays_interest(self) -> bool:
        """True where cash or short proceeds earn or cost anything."""
        return self.interest != 0.0 or self.rebate != 0.0

    def interest_rates(self, day: dt.date) -> tuple[float, float]:
        """Return the interest a year on own cash and on short proceeds on a day, decimals."""
        return _on("interest", self.interest, day), _on("rebate", self.rebate, day)

    def conventions(self) -> dict[str, str]:
        """Return what the model assumes, in words."""
        share = self.participation
        return {
            "exchange": self.name,
            "costs": "charged" if self.costs else "none",
            "borrow fee": f"{self._borrow_words()}; on the last close before each"
            " calendar day from the sale's settlement to the cover's, over 365",
            "cash": self._cash_words(),
            "borrow": "; ".join(
                f"{name}: {_dated_words(entries, '{:,.0f} shares')}"
                for name, entries in self.borrowable.items()
            )
            or "always to be had, never recalled: a scenario",
            "equity to open": f"{self.equity_to_open:.0%} of short value, long value in full",
            "equity to hold": f"{self.equity_to_hold:.0%} of short value at each close; below it"
            " every short is covered at the next price that can be had",
            "volume": "no limit"
            if share is None
            else f"at most {share:.0%} of a session's volume"
            " a ticker; the rest of an entry expires, the rest of an exit waits",
            "slippage": "none" if self.slippage is None else self.slippage.words(),
            "settlement": f"T+{self.settlement}",
        }

    def _borrow_words(self) -> str:
        apart = [
            f"{name}: {_dated_words(rates, '{:.2%} a year')}"
            for name, rates in self.borrow_rates.items()
        ]
        return "; ".join([*apart, f"{_fee_words(self.borrow)}, a scenario"])

    def _cash_words(self) -> str:
        if not self.pays_interest:
            return "earns nothing, the proceeds of short sales included"
        return (
            f"own cash earns {_fee_words(self.interest)}, the proceeds of short sales"
            f" {_fee_words(self.rebate)}; each calendar day on the balances of the last close"
            " before it, over 365"
        )


def _on(name: str, rates: Rates, day: dt.date) -> float:
    """Return the rate that applies on a day; raises BacktestError before the first date."""
    if isinstance(rates, float | int):
        return float(rates)
    row = bisect_right(rates, day, key=lambda entry: entry[0])
    if not row:
        raise BacktestError(
            f"no {name} on {day}; the first is from {rates[0][0]}, add an earlier one"
        )
    return rates[row - 1][1]


def _fee_words(rates: Rates) -> str:
    if isinstance(rates, float | int):
        return f"{rates:.2%} a year"
    return _dated_words(rates, "{:.2%} a year")


def _dated_words(entries: Dated, style: str) -> str:
    return ", ".join(f"{style.format(value)} from {since}" for since, value in entries)


def _check_rates(name: str, given: Rates, least: float = 0.0) -> None:
    if isinstance(given, tuple | list):
        _check_dated(given, name)
        rates = [rate for _, rate in given]
    else:
        rates = [given if isinstance(given, float | int) else math.nan]
    if any(not least <= rate <= MOST for rate in rates):
        raise BacktestError(
            f"{name} is {given!r}; write a yearly rate as decimal, 0.18 is 18 %, or pairs of a"
            " date and a rate"
        )


_BY_TICKER = {
    "borrowable": 'borrowable={"0100.HK": ((date(2026, 6, 8), 1_000_000), ...)}, in shares',
    "borrow_rates": 'borrow_rates={"0100.HK": ((date(2026, 6, 8), 0.18), ...)}, 0.18 is 18 %',
}


def _check_by_ticker(name: str, given: Any, most: float) -> None:
    hint = _BY_TICKER[name]
    if not isinstance(given, Mapping):
        raise BacktestError(f"{name} is {given!r}; write {hint}")
    for ticker, entries in given.items():
        _check_dated(entries, f"{name} of {ticker}")
        if any(not 0.0 <= value <= most for _, value in entries):
            raise BacktestError(f"{name} of {ticker} is {entries!r}; write {hint}")


def _check_dated(entries: Any, name: str) -> None:
    if not (
        isinstance(entries, tuple | list) and entries and all(_is_dated(entry) for entry in entries)
    ):
        raise BacktestError(
            f"{name} is {entries!r}; write dated values, ((date(2026, 1, 1), 0.18), ...)"
        )
    days = [since for since, _ in entries]
    if days != sorted(set(days)):
        raise BacktestError(f"the dates of {name} must ascend")


def _is_dated(entry: object) -> bool:
    return (
        isinstance(entry, tuple | list)
        and len(entry) == 2  # noqa: PLR2004 - a pair
        and isinstance(entry[0], dt.date)
        and not isinstance(entry[0], dt.datetime)
        and isinstance(entry[1], float | int)
    )


def proportional(rate: float, price: float, shares: float) -> int:
    """Return rate x price x shares in cents, half up, exactly."""
    above, below = product(price, shares, rate)
    return half_up(100 * above, below)


def listed(ticker: str, company: Company | None, lots: Dated, lot: float = 1.0) -> Instrument:
    """Return a stock with its dated board lots, or one lot where none is known."""
    since = company.shortable_from if company is not None else None
    return Instrument(
        ticker,
        lots[0][1] if lots else lot,
        False,
        since.date if since else None,
        since.inferred if since else "",
        lots,
    )
