"""What a session lets fill: at which price, how many shares, and why not."""

from __future__ import annotations

import collections
import math
from typing import TYPE_CHECKING

from aftershock.backtest.desk import OrderDesk
from aftershock.backtest.exchanges.base import Chance
from aftershock.backtest.money import exact, from_cents, lots_within, moved, value_cents

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping
    from fractions import Fraction

    from aftershock.backtest.agenda import Agenda
    from aftershock.backtest.exchanges.base import Charge, Exchange, Instrument
    from aftershock.backtest.market import Quote
    from aftershock.backtest.orders import OrderRecord


class SessionFills(OrderDesk):
    """An order desk that knows the current session's quotes; the parameters are the desk's.

    Parameters
    ----------
    tape
        Yields the quotes of one session after another; only ever asked for the next.
    """

    def __init__(
        self,
        cash: float,
        exchange: Exchange,
        agenda: Agenda,
        instrument: Callable[[str], Instrument],
        tape: Iterator[Mapping[str, Quote]],
    ) -> None:
        super().__init__(cash, exchange, agenda, instrument)
        self._tape = tape
        self._quotes: Mapping[str, Quote] = {}
        self._taken: dict[str, float] = collections.defaultdict(float)
        self._splits: list[tuple[int, str, Fraction]] = []

    def split_since(self, ticker: str, position: int) -> float:
        """Return how many of today's shares one share of an earlier session has become."""
        return self.split_between(ticker, position, None)

    def split_between(self, ticker: str, position: int, last: dt.date | None) -> float:
        """Return what one share became after a session, up to and with another one."""
        end = self.position if last is None else self._agenda.sessions.position(last)
        return float(
            math.prod(
                ratio
                for when, name, ratio in self._splits
                if name == ticker and position < when <= end
            )
        )

    def _halted(self, ticker: str) -> bool:
        return self._quotes[ticker].is_halted

    def _lot(self, ticker: str) -> float:
        """Return the board lot of the session."""
        return self.instrument(ticker).lot_on(self.session)

    def _chance(self, record: OrderRecord) -> Chance:
        """Return where an order for this session's open can fill."""
        is_short = record.side == "sell" and record.entering
        is_index = self.instrument(record.ticker).is_index
        quote = self._quotes[record.ticker]
        if is_index:
            return Chance(quote.open)
        return self.exchange.chance(quote, self.session, short_sale=is_short)

    def _slipped(self, record: OrderRecord, shares: float, chance: Chance) -> float:
        """Return the price of a fill; a limit order gets its limit."""
        if chance.when == "limit":
            return chance.price
        quote = self._quotes[record.ticker]
        return self.exchange.slipped(record.side, shares, chance.price, quote, self.session)

    def _takes(self, record: OrderRecord) -> float:
        """Return how many of an order's shares the session's volume and the lenders allow."""
        most = self._left(record.ticker)
        if record.entering and record.side == "sell":
            most = min(most, self._lent(record.ticker))
        if most >= record.shares:
            return record.shares
        lot = self._lot(record.ticker)
        return lots_within(max(most, 0.0), lot)

    def _left(self, ticker: str) -> float:
        """Return how many shares the session still takes of a ticker."""
        return self.exchange.most(self._quotes[ticker]) - self._taken[ticker]

    def _lent(self, ticker: str) -> float:
        """Return how many shares of a ticker can be borrowed besides those that are short."""
        held = max(-self.ledger.position(ticker), 0.0)
        return self._lendable(ticker) - held

    def _lendable(self, ticker: str) -> float:
        """Return how many shares of a ticker can be borrowed in all, in today's shares."""
        since, shares = self.exchange.available_since(ticker, self.session)
        splits = [
            float(ratio)
            for when, name, ratio in self._splits
            if name == ticker and self._agenda.sessions.date(when) > since
        ]
        return shares * math.prod(splits)

    def _whole(self, record: OrderRecord, part: float) -> float:
        """Return a part of an order's shares in whole lots."""
        if part >= 1.0:
            return record.shares
        return lots_within(part * record.shares, self._lot(record.ticker))

    def _too_small(self, record: OrderRecord) -> str:
        """Return why a session takes less than one lot of an order, empty where it takes one."""
        lot = self._lot(record.ticker)
        if self._takes(record) >= lot:
            return ""
        if record.side == "sell" and self._lent(record.ticker) < lot:
            return f"no borrow: no lot of {record.ticker} can be borrowed on {self.session}"
        most = self._left(record.ticker)
        return f"no volume: the session takes {most:,.0f} more shares, a lot is {lot:g}"

    def _refusal(self, record: OrderRecord) -> str:
        """Return why one leg cannot be entered, empty where it can."""
        if self._halted(record.ticker):
            return f"{self._quotes[record.ticker].halt} on {self.session}"
        lot = self._lot(record.ticker)
        if exact(record.asked) % exact(lot):
            return f"{record.asked:g} shares are no whole lots of {lot:g}"
        held = self.ledger.position(record.ticker)
        if held and (held > 0) != (record.side == "buy"):
            return f"the opposite position of {held:g} shares is open in {record.ticker}"
        if record.side == "buy":
            return ""
        since = self.instrument(record.ticker).shortable_from
        if since is not None and self.session < since:
            return f"not shortable before {since}"
        return ""

    def _too_little_equity(
        self, records: list[OrderRecord], sizes: list[float], prices: list[float]
    ) -> str:
        """Return by how much equity falls short of what all legs together need."""
        marks = self.ledger.closes | {r.ticker: p for r, p in zip(records, prices, strict=True)}
        now = self.ledger.balance(self.session, marks)
        short, long, equity = now.short, now.long, now.equity
        for record, shares, price in zip(records, sizes, prices, strict=True):
            value = value_cents(price, shares)
            short += value if record.side == "sell" else 0
            long += value if record.side == "buy" else 0
            equity -= sum(charge.cents for charge in self._charges(record, shares, price))
        return shortfall(self.exchange, equity, short, long)

    def _charges(self, record: OrderRecord, shares: float, price: float) -> list[Charge]:
        instrument = self.instrument(record.ticker)
        return self.exchange.charges(instrument, record.side, shares, price, self.session)


def shortfall(exchange: Exchange, equity: int, short: int, long: int) -> str:
    """Return by how much equity falls short of what positions need, empty where it does not."""
    needed = exchange.equity_to_open * short + long
    if equity >= needed:
        return ""
    return (
        f"equity {from_cents(equity):,.0f} is below the {needed / 100:,.0f} that"
        f" short {from_cents(short):,.0f} and long {from_cents(long):,.0f} need"
    )


def stop_level(side: int, entry_price: float, stop: float) -> float:
    """Return where a stop stands, exactly."""
    return moved(entry_price, -side * stop)


def stop_price(side: int, level: float, quote: Quote, *, entered_now: bool) -> float:
    """Return where a standing stop fills in a session, NaN where it does not.

    At its level or, where the session opens beyond it, at the open; a position entered in the
    session itself was not there at the open.
    """
    if math.isnan(quote.open):
        return math.nan
    # the open first: a session without a high or low still has one
    beyond = max(quote.open, quote.high) if side < 0 else min(quote.open, quote.low)
    if beyond < level if side < 0 else beyond > level:
        return math.nan
    if entered_now:
        return level
    return max(quote.open, level) if side < 0 else min(quote.open, level)


def opens_beyond(side: int, level: float, quote: Quote) -> bool:
    """Return whether a session opens at a stop or beyond it."""
    return quote.open >= level if side < 0 else quote.open <= level


def whole_lots(amount: float, price: float, lot: float) -> float:
    """Return the shares that ``amount`` buys at ``price``, in whole lots."""
    return lots_within(amount / price, lot)
