"""A trade: its fills, the stock it borrowed, and what it came to, in whole cents."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from aftershock.backtest.money import YEAR, exact, half_up, value_cents

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from aftershock.backtest.money import Number

_NEAR = 1e-9  # relative; a float share count is the exact one that it is nearest to


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

    shares: Fraction
    start: dt.date
    end: dt.date | None = None
    base: Fraction = Fraction()
    charge: Fraction = Fraction()
    booked: bool = False

    def is_out(self, day: dt.date) -> bool:
        """Return True where the stock is on loan on a calendar day."""
        return day >= self.start and (self.end is None or day < self.end)

    def accrue(self, price: Number, rate: float) -> None:
        """Add one calendar day."""
        value = self.shares * exact(price)
        self.base += value
        self.charge += value * exact(rate)

    def split(self, ratio: Fraction) -> None:
        """Restate it in new shares; what has accrued is money and stays."""
        self.shares *= ratio


@dataclass(slots=True)
class Fill:
    """One execution; shares and price are restated by every split while the trade is open."""

    session: dt.date
    shares: Fraction
    price: Number
    cents: int
    fees: int

    def split(self, ratio: Fraction) -> None:
        """Restate it in new shares."""
        self.shares, self.price = self.shares * ratio, exact(self.price) / ratio


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
    def shares(self) -> Fraction:
        """Shares still held, positive for both sides."""
        return _shares(self.entries) - _shares(self.exits)

    @property
    def is_open(self) -> bool:
        """True while shares are held."""
        return self.shares > 0

    def shares_of(self, shares: Number) -> Fraction:
        """Return the part of what is held that an order means, all of it where it is as much."""
        held = self.shares
        return held if shares >= float(held) * (1.0 - _NEAR) else exact(shares)

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
        return sum(rounded_fee(_total(loan.charge for loan in loans)) for loans in self.loans)

    def split(self, ratio: Fraction) -> None:
        """Restate what is held and every loan that may still be out in new shares.

        Stock whose cover has been bought and has not settled is owed in new shares too. The
        fills of a trade that has ended stay in the shares of its last day.
        """
        if self.is_open:
            for fill in (*self.entries, *self.exits):
                fill.split(ratio)
        for loan in (loan for loans in self.loans for loan in loans):
            loan.split(ratio)

    def proceeds(self) -> int:
        """Return what the shares still held cost or were sold for, cents."""
        paid = sum(fill.cents for fill in self.entries)
        share = self.shares / _shares(self.entries)
        return half_up(paid * share.numerator, share.denominator)

    def gross(self, last_price: Number) -> int:
        """Return profit before charges and borrow, cents; open shares at ``last_price``."""
        paid = sum(fill.cents for fill in self.entries)
        received = sum(fill.cents for fill in self.exits)
        moved = self.side * (received - paid + value_cents(last_price, self.shares))
        return moved + self.income

    def break_even_borrow(self, last_price: Number) -> float:
        """Return the borrow fee a year at which the trade nets zero; NaN without a loan."""
        base = self.base()
        if not base:
            return float("nan")
        return float((self.gross(last_price) - self.fees) * YEAR / (100 * base))

    def break_even_slippage(self, last_price: Number) -> float:
        """Return the fraction of price a fill at which the trade nets zero, charges unchanged."""
        turned = sum(fill.cents for fill in (*self.entries, *self.exits))
        net = self.gross(last_price) - self.fees - self.borrow()
        return net / (turned + value_cents(last_price, self.shares))

    def borrow_at(self, rate: float) -> int:
        """Return the borrow fees at one constant rate a year, cents, on the same loans."""
        return sum(
            rounded_fee(_total(loan.base for loan in loans) * exact(rate)) for loans in self.loans
        )

    def base(self) -> Fraction:
        """Return the sum over calendar days of shares x price on loan, exact."""
        return _total(loan.base for loans in self.loans for loan in loans)

    def reach(self, price: float) -> None:
        """Take note of a price the position has seen."""
        move = self.side * (price / self.entry_price - 1.0)
        self.worst, self.best = min(self.worst, move), max(self.best, move)


def _total(amounts: Iterable[Fraction]) -> Fraction:
    return sum(amounts, Fraction())


def _shares(fills: list[Fill]) -> Fraction:
    return _total(fill.shares for fill in fills)


def _average(fills: list[Fill]) -> float:
    """Return the average price; NaN without a fill."""
    if not fills:
        return math.nan
    paid = _total(fill.shares * exact(fill.price) for fill in fills)
    return float(paid / _shares(fills))


def rounded_fee(charge: Fraction) -> int:
    """Return an exact charge, money x rate summed over days, in cents, halves up."""
    return half_up(100 * charge.numerator, charge.denominator * YEAR)


def return_shares(loans: list[Loan], loan: Loan, shares: Fraction, settles: dt.date) -> Fraction:
    """Give back up to ``shares`` of one loan; return what is left to give back."""
    if loan.shares > shares:
        part = shares / loan.shares
        taken = Loan(shares, loan.start, settles, loan.base * part, loan.charge * part)
        loan.base -= taken.base
        loan.charge -= taken.charge
        loan.shares -= shares
        loans.append(taken)
        return Fraction()
    loan.end = settles
    return shares - loan.shares
