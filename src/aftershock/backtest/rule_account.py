"""Shared capital of one run of rules: the equity path, and what is held at which moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aftershock.backtest.money import value_cents

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.arrays import IntArray
    from aftershock.backtest.exchanges.base import Exchange
    from aftershock.backtest.rule import Rule


class Leg(NamedTuple):
    """One event with its rule.

    Attributes
    ----------
    event, ticker
        Whose.
    day_zero, known_from
        Positions in the run's sessions; the close of ``known_from`` is the first to know it.
    rule
        What to do.
    """

    event: str
    ticker: str
    day_zero: int
    known_from: int
    rule: Rule


class RuleTrade(NamedTuple):
    """One round trip; positions count the run's sessions, money is in cents.

    Attributes
    ----------
    exit
        Position of the exit, -1 while open; ``exit_price`` is then NaN.
    """

    event: str
    ticker: str
    side: int
    shares: float
    entry: int
    entry_price: float
    exit: int
    exit_price: float
    gross: int
    fees: int
    borrow: int

    @property
    def net(self) -> int:
        """Profit after charges and borrow, cents."""
        return self.gross - self.fees - self.borrow


@dataclass(frozen=True, slots=True)
class RuleRun:
    """What the legs came to.

    Attributes
    ----------
    trades
        In order of entry.
    equity : ndarray, shape (S,)
        At each close, cents.
    handed_over
        Why only backtrader can run these legs; empty where the rest stands.
    """

    trades: tuple[RuleTrade, ...]
    equity: IntArray
    handed_over: str = ""


class Exit(NamedTuple):
    """Where a position is left: position -1 while open, part of the session, market price."""

    position: int
    part: int
    price: float


class Held(NamedTuple):
    """A trade with the moments it is entered and left, and what its entry took, cents."""

    trade: RuleTrade
    part: int
    out: Exit
    cents: int
    entry_fees: int


class Account:
    """Shared capital of one run of legs: the equity path, and what is held when."""

    def __init__(self, cash: int, sessions: int) -> None:
        self.cash = cash
        self.equity: IntArray = np.full(sessions, cash, dtype=np.int64)
        self._short: IntArray = np.zeros(sessions, dtype=np.int64)
        self._held: list[tuple[Held, list[int]]] = []
        self._live: list[tuple[Held, list[int]]] = []
        self._done = 0

    def add(self, held: Held, values: IntArray, borrow: list[int]) -> None:
        """Add a trade.

        Parameters
        ----------
        held
            The trade.
        values
            Its value at each close from the entry to the exit or the end of the run, cents.
        borrow
            Fee accrued up to each session from the entry on; the last is for good.
        """
        trade = held.trade
        kept = len(values) if trade.exit < 0 else len(values) - 1
        worth = values[:kept]
        equity, fees = self.equity[trade.entry :], np.array(borrow, dtype=np.int64)
        equity[:kept] += trade.side * (worth - held.cents) - held.entry_fees
        equity[kept:] += trade.gross - trade.fees
        equity[: fees.size] -= fees
        equity[fees.size :] -= borrow[-1]
        if trade.side < 0:
            self._short[trade.entry : trade.entry + kept] += worth
        self._held.append((held, borrow))
        self._live.append((held, borrow))

    def pass_to(self, position: int) -> None:
        """Put aside what has settled before a session; sessions only ever move on."""
        live = []
        for held, borrow in self._live:
            settled = held.trade.entry + len(borrow) - 1 < position
            if settled and 0 <= held.out.position < position:
                self._done += held.trade.net
            else:
                live.append((held, borrow))
        self._live = live

    def opposes(self, ticker: str, side: int, position: int, part: int) -> bool:
        """Return whether the opposite position is open in a ticker at a moment."""
        net = sum(
            held.trade.side * held.trade.shares
            for held, _ in self._live
            if held.trade.ticker == ticker and _is_open(held, position, part)
        )
        return bool(net) and (net > 0) != (side > 0)

    def entered(self, position: int, part: int) -> dict[str, float]:
        """Return the prices of entries already made in a session: they mark their tickers."""
        return {
            held.trade.ticker: held.trade.entry_price
            for held, _ in self._live
            if held.trade.entry == position and held.part <= part
        }

    def stands(
        self, position: int, part: int, mark: Callable[[str], float]
    ) -> tuple[int, int, int]:
        """Return equity, short and long value at a moment of a session, cents."""
        equity, short, long = self.cash + self._done, 0, 0
        for held, borrow in self._live:
            trade = held.trade
            equity -= borrow[min(position - trade.entry, len(borrow) - 1)]
            if not _is_open(held, position, part):
                equity += trade.gross - trade.fees
                continue
            value = value_cents(mark(trade.ticker), trade.shares)
            equity += trade.side * (value - held.cents) - held.entry_fees
            short += value if trade.side < 0 else 0
            long += value if trade.side > 0 else 0
        return equity, short, long

    def settle(self, exchange: Exchange, most: Callable[[str, int], float]) -> RuleRun:
        """Return the run, handed over where the account itself would have stepped in."""
        if (self.equity <= 0).any():
            return self.hand_over("the account is ruined")
        if ((self._short > 0) & (self.equity < exchange.equity_to_hold * self._short)).any():
            return self.hand_over("a margin call")
        if exchange.participation is None:
            return RuleRun(tuple(held.trade for held, _ in self._held), self.equity)
        taken: dict[tuple[str, int], float] = {}
        for held, _ in self._held:
            for position in (held.trade.entry, held.trade.exit):
                key = (held.trade.ticker, position)
                taken[key] = taken.get(key, 0.0) + held.trade.shares
        if any(row >= 0 and shares > most(name, row) for (name, row), shares in taken.items()):
            return self.hand_over("orders are beyond the share of volume")
        return RuleRun(tuple(held.trade for held, _ in self._held), self.equity)

    def hand_over(self, reason: str) -> RuleRun:
        """Return an empty run with the reason."""
        return RuleRun((), self.equity, reason)


def _is_open(held: Held, position: int, part: int) -> bool:
    """Return whether a trade that has been entered is still open when entries are made.

    Exits of a part of a session come before its entries, and stops before the close.
    """
    return held.out.position < 0 or (held.out.position, held.out.part) > (position, part)
