"""The books of a backtest, in whole cents: cash, trades, loans of stock, charges.

The ledger knows nothing of strategies or of tomorrow. It is told of fills and of closes, in
the order in which they happen, and every number of a result is read from it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from aftershock.backtest.money import YEAR, exact, half_up, value_cents
from aftershock.backtest.trade import Fill, Loan, Trade, return_shares, rounded_fee

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aftershock.backtest.exchanges.base import Charge, Exchange
    from aftershock.backtest.money import Number

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cost:
    """One item of cost: what, for which trade, when, how much."""

    trade: int
    event: str
    ticker: str
    session: dt.date
    item: str
    cents: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the account stood after one close, in cents; ``short`` is positive."""

    session: dt.date
    cash: int
    long: int
    short: int
    accrued: int

    @property
    def equity(self) -> int:
        """Cash and long less short and accrued borrow."""
        return self.cash + self.long - self.short - self.accrued


class Ledger:
    """Cash, trades and loans of one backtest.

    Parameters
    ----------
    cash
        Starting cash, cents.
    exchange
        Asked for the rates of each day: of stock on loan, of cash and of short proceeds.

    Attributes
    ----------
    closes
        Last price of each ticker, in today's shares: what positions are marked at.
    marked
        The session of that price.
    interest
        Interest received so far less what was paid on overdrawn cash, cents.
    """

    def __init__(self, cash: int, exchange: Exchange) -> None:
        self.cash = cash
        self.exchange = exchange
        self.trades: list[Trade] = []
        self.costs: list[Cost] = []
        self.balances: list[Balance] = []
        self.closes: dict[str, Number] = {}
        self.marked: dict[str, dt.date] = {}
        self.interest = 0
        self._earned = Fraction()  # cents, before rounding
        self._last_session: dt.date | None = None

    def open_trades(self) -> Iterator[Trade]:
        """Yield trades that hold shares."""
        return (trade for trade in self.trades if trade.is_open)

    def find(self, event: str, ticker: str) -> Trade | None:
        """Return the open trade of an event in a ticker."""
        for trade in self.open_trades():
            if trade.event == event and trade.ticker == ticker:
                return trade
        return None

    def held_in(self, ticker: str) -> list[Trade]:
        """Return the open trades in a ticker, oldest first."""
        return [trade for trade in self.open_trades() if trade.ticker == ticker]

    def position(self, ticker: str) -> float:
        """Return shares held over all trades, negative when short."""
        return float(sum(trade.side * trade.shares for trade in self.held_in(ticker)))

    def begin(self, session: dt.date) -> None:
        """Start a session: accrue the calendar days since the last one, pay what settles.

        The fee and the interest of a day are on the last close strictly before it, which for
        every day up to and including ``session`` is the last session's.
        """
        if self._last_session is not None:
            days = (session - self._last_session).days
            self._accrue_all([self._last_session + n * _DAY for n in range(1, days + 1)])
        self._pay(session)
        self._last_session = session

    def split(self, ticker: str, ratio: Fraction) -> None:
        """Restate what is held and owed in new shares, ``ratio`` of them for an old one."""
        for trade in self.trades:
            if trade.ticker == ticker:
                trade.split(ratio)
        if ticker in self.closes:
            self.closes[ticker] = exact(self.closes[ticker]) / ratio

    def dividend(self, session: dt.date, ticker: str, amount: float) -> None:
        """Pay a dividend per share on what is held: to longs, and by shorts to the lender.

        Who bought or sold before the ex-date did so with the dividend, settled or not: a short
        covered before it owes the lender what the shares bought for the cover are paid.
        """
        for trade in self.held_in(ticker):
            cents = value_cents(amount, trade.shares)
            self.cash += trade.side * cents
            if trade.side > 0:
                trade.income += cents
            elif cents:
                trade.owed += cents
                self._cost(trade, session, "dividend", cents)

    def proceeds(self) -> int:
        """Return what the shares that are short were sold for, cents."""
        return sum(trade.proceeds() for trade in self.open_trades() if trade.side < 0)

    def _accrue_all(self, days: list[dt.date]) -> None:
        for day in days:
            for trade in self.trades:
                self._accrue(trade, day)
        if self.exchange.pays_interest:
            self._earn(days)

    def _accrue(self, trade: Trade, day: dt.date) -> None:
        for loan in (loan for loans in trade.loans for loan in loans):
            if loan.is_out(day):
                rate = self.exchange.borrow_rate(day, trade.ticker)
                loan.accrue(self.closes[trade.ticker], rate)

    def _earn(self, days: list[dt.date]) -> None:
        """Add the interest of calendar days on the balances of the last close."""
        proceeds = self.proceeds()
        for day in days:
            own, rebate = (exact(rate) for rate in self.exchange.interest_rates(day))
            self._earned += ((self.cash - proceeds) * own + proceeds * rebate) / YEAR
        due = half_up(self._earned.numerator, self._earned.denominator) - self.interest
        self.interest += due
        self.cash += due

    def _pay(self, session: dt.date) -> None:
        """Pay the fee of every loan whose cover has settled."""
        for trade in self.trades:
            for loans in trade.loans:
                due = [loan for loan in loans if loan.end is not None and loan.end <= session]
                if not any(not loan.booked for loan in due):
                    continue
                before = _booked(loans)
                for loan in due:
                    loan.booked = True
                fee = _booked(loans) - before
                trade.booked += fee
                self.cash -= fee
                if fee:
                    self._cost(trade, session, "borrow", fee)

    def enter(
        self,
        event: str,
        ticker: str,
        side: int,
        fill: tuple[dt.date, Number, float],
        charges: list[Charge],
        settles: dt.date,
    ) -> Trade:
        """Book an opening fill, in the event's open trade if there is one.

        Parameters
        ----------
        event, ticker, side
            Whose trade; -1 sells short.
        fill
            Session, shares (positive) and price.
        charges
            What the order costs.
        settles
            Settlement of the fill; a short is on loan from that day.
        """
        trade = self.find(event, ticker)
        if trade is None:
            trade = Trade(len(self.trades) + 1, event, ticker, side)
            self.trades.append(trade)
        booked = self._fill(trade, fill, charges, sign=-side)
        trade.entries.append(booked)
        trade.loans.append([Loan(booked.shares, settles)] if side < 0 else [])
        return trade

    def leave(
        self,
        trade: Trade,
        fill: tuple[dt.date, Number, float],
        charges: list[Charge],
        settles: dt.date,
    ) -> None:
        """Book a closing fill; borrowed stock goes back, first in first out, when it settles."""
        session, asked, price = fill
        shares = trade.shares_of(asked)
        trade.exits.append(self._fill(trade, (session, shares, price), charges, sign=trade.side))
        trade.reach(float(price))
        for loans in trade.loans:
            for loan in [loan for loan in loans if loan.end is None]:
                if not shares:
                    return
                shares = return_shares(loans, loan, shares, settles)

    def _fill(
        self, trade: Trade, fill: tuple[dt.date, Number, float], charges: list[Charge], sign: int
    ) -> Fill:
        session, shares, price = fill[0], exact(fill[1]), fill[2]
        cents = value_cents(price, shares)
        fees = sum(charge.cents for charge in charges)
        self.cash += sign * cents - fees
        for charge in charges:
            self._cost(trade, session, charge.item, charge.cents)
        return Fill(session, shares, price, cents, fees)

    def _cost(self, trade: Trade, session: dt.date, item: str, cents: int) -> None:
        self.costs.append(Cost(trade.number, trade.event, trade.ticker, session, item, cents))

    def close(self, session: dt.date, closes: dict[str, float]) -> Balance:
        """End a session: mark every position at its close and keep the balance.

        Parameters
        ----------
        session
            The session.
        closes
            Closes of the tickers that traded; the others stand at their last one.
        """
        self.closes |= closes
        self.marked |= dict.fromkeys(closes, session)
        balance = self.balance(session, self.closes)
        self.balances.append(balance)
        return balance

    def balance(self, session: dt.date, prices: Mapping[str, Number]) -> Balance:
        """Return where the account stands with positions at the given prices."""
        long = short = 0
        for trade in self.open_trades():
            value = value_cents(prices[trade.ticker], trade.shares)
            long += value if trade.side > 0 else 0
            short += value if trade.side < 0 else 0
        accrued = sum(trade.accrued() for trade in self.trades)
        return Balance(session, self.cash, long, short, accrued)


def _booked(loans: list[Loan]) -> int:
    return rounded_fee(sum((loan.charge for loan in loans if loan.booked), Fraction()))
