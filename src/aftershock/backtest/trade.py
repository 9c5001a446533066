"""A trade: its fills, the stock it borrowed, and what it came to, in whole cents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aftershock.backtest.money import (
    CENT,
    RATE_UNIT,
    SHARE_UNIT,
    YEAR,
    half_up,
    price_units,
    rate_units,
    share_units,
    value_cents,
)

if TYPE_CHECKING:
    import datetime as dt


@dataclass(slots=True)
class Loan:
    """Borrowed stock behind one opening fill, or the part of it that is still out.

    Attributes
    ----------
    shares
        Shares on loan.
    start, end
        Settlement of the sale, included, and of the cover, excluded; None while open.
    base, charge
        Sum over calendar days of shares x price, and of shares x price x rate, exact.
    """

    shares: float
    start: dt.date
    end: dt.date | None = None
    base: int = 0
    charge: int = 0
    booked: bool = False

    def is_out(self, day: dt.date) -> bool:
        """Return True where the stock is on loan on a calendar day."""
        return day >= self.start and (self.end is None or day < self.end)

    def accrue(self, price: float, rate: float) -> None:
        """Add one calendar day."""
        value = share_units(self.shares) * price_units(price)
        self.base += value
        self.charge += value * rate_units(rate)


@dataclass(slots=True)
class Fill:
    """One execution."""

    session: dt.date
    shares: float
    price: float
    cents: int
    fees: int


@dataclass(slots=True)
class Trade:
    """A round trip of one event in one ticker, from flat to flat.

    Attributes
    ----------
    side
        -1 for a short, 1 for a long.
    entries, exits
        Fills that opened and closed it.
    loans
        One list per opening fill, split where a cover took part of it.
    booked
        Borrow fees paid so far, cents.
    income, owed
        Dividends received while long and made good to the lender while short, cents.
    worst, best
        Largest move against and for the position from its entry price, as a fraction.
    """

    number: int
    event: str
    ticker: str
    side: int
    entries: list[Fill] = field(default_factory=list)
    exits: list[Fill] = field(default_factory=list)
    loans: list[list[Loan]] = field(default_factory=list)
    booked: int = 0
    income: int = 0
    owed: int = 0
    worst: float = 0.0
    best: float = 0.0

    @property
    def shares(self) -> float:
        """Shares still held, positive for both sides."""
        left = share_units(_shares(self.entries) - _shares(self.exits))
        return left / SHARE_UNIT  # splits leave rounding behind

    @property
    def is_open(self) -> bool:
        """True while shares are held."""
        return share_units(self.shares) > 0

    @property
    def entry_price(self) -> float:
        """Average price of the opening fills."""
        return _average(self.entries)

    @property
    def exit_price(self) -> float:
        """Average price of the closing fills; NaN before the first."""
        return _average(self.exits)

    @property
    def fees(self) -> int:
        """Charges of every fill and dividends made good to the lender, cents."""
        return self.owed + sum(fill.fees for fill in (*self.entries, *self.exits))

    def accrued(self) -> int:
        """Return borrow fees accrued and not yet booked, cents."""
        return self.borrow() - self.booked

    def borrow(self) -> int:
        """Return all borrow fees, cents: rounded once per opening fill."""
        return sum(rounded_fee(sum(loan.charge for loan in loans)) for loans in self.loans)

    def gross(self, last_price: float) -> int:
        """Return profit before charges and borrow, cents; open shares at ``last_price``."""
        paid = sum(fill.cents for fill in self.entries)
        received = sum(fill.cents for fill in self.exits)
        moved = self.side * (received - paid + value_cents(last_price, self.shares))
        return moved + self.income

    def break_even_borrow(self, last_price: float) -> float:
        """Return the borrow fee a year at which the trade nets zero; NaN without a loan."""
        base = self.base()
        if not base:
            return float("nan")
        return (self.gross(last_price) - self.fees) * CENT * YEAR / base

    def break_even_slippage(self, last_price: float) -> float:
        """Return the fraction of price a fill at which the trade nets zero, charges unchanged."""
        turned = sum(fill.cents for fill in (*self.entries, *self.exits))
        net = self.gross(last_price) - self.fees - self.borrow()
        return net / (turned + value_cents(last_price, self.shares))

    def borrow_at(self, rate: float) -> int:
        """Return the borrow fees at one constant rate a year, cents, on the same loans."""
        units = rate_units(rate)
        return sum(rounded_fee(sum(loan.base for loan in loans) * units) for loans in self.loans)

    def base(self) -> int:
        """Return the sum over calendar days of shares x price on loan, exact."""
        return sum(loan.base for loans in self.loans for loan in loans)

    def reach(self, price: float) -> None:
        """Take note of a price the position has seen."""
        move = self.side * (price / self.entry_price - 1.0)
        self.worst, self.best = min(self.worst, move), max(self.best, move)


def _shares(fills: list[Fill]) -> float:
    return sum(fill.shares for fill in fills)


def _average(fills: list[Fill]) -> float:
    if len(fills) == 1:
        return fills[0].price
    shares = _shares(fills)
    return sum(fill.shares * fill.price for fill in fills) / shares if shares else float("nan")


def rounded_fee(charge: int) -> int:
    """Return an exact charge in cents, halves up."""
    return half_up(charge, CENT * RATE_UNIT * YEAR)


def return_shares(loans: list[Loan], loan: Loan, shares: float, settles: dt.date) -> float:
    """Give back up to ``shares`` of one loan; return what is left to give back."""
    if share_units(loan.shares) > share_units(shares):
        part = share_units(shares)
        whole = share_units(loan.shares)
        taken = Loan(
            shares, loan.start, settles, loan.base * part // whole, loan.charge * part // whole
        )
        loan.base -= taken.base
        loan.charge -= taken.charge
        loan.shares -= shares
        loans.append(taken)
        return 0.0
    loan.end = settles
    return shares - loan.shares
