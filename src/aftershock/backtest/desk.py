"""Orders between backtrader and the records: accepted, told of, withdrawn."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import backtrader as bt

from aftershock.backtest.feed import ticker_of
from aftershock.backtest.ledger import Ledger
from aftershock.backtest.money import from_cents, to_cents
from aftershock.backtest.orders import OrderRecord, Side, Status
from aftershock.errors import BacktestError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    from aftershock.backtest.agenda import Agenda
    from aftershock.backtest.exchanges.base import Exchange, Instrument
    from aftershock.backtest.trade import Trade
    from aftershock.events.kinds import Event
    from aftershock.sessions import Sessions

# what backtrader offers for an order and this broker does not do
_UNKNOWN = ("valid", "oco", "trailamount", "trailpercent", "parent")


class OrderDesk(bt.BrokerBase):
    """What backtrader asks of a broker; what becomes of the orders is the subclass's.

    Parameters
    ----------
    cash
        Starting cash, in the currency of the prices.
    exchange
        Lots, charges, borrow fee, and what it lets fill.
    agenda
        The run's sessions and its events.
    instrument
        Returns what is known of a ticker; raises BacktestError where it cannot be traded.
    """

    def __init__(
        self,
        cash: float,
        exchange: Exchange,
        agenda: Agenda,
        instrument: Callable[[str], Instrument],
    ) -> None:
        super().__init__()
        self.exchange = exchange
        self._agenda = agenda
        self.instrument = instrument
        self.ledger = Ledger(to_cents(cash), exchange)
        self.records: list[OrderRecord] = []
        self.position = -1
        self.startingcash = cash
        self._owner: bt.Strategy
        self._market: list[bt.Order] = []
        self._by_ref: dict[int, OrderRecord] = {}
        self._positions: dict[bt.feed.DataBase, bt.Position] = collections.defaultdict(bt.Position)
        self._notes: collections.deque[bt.Order] = collections.deque()

    def getcash(self) -> float:
        """Return cash."""
        return from_cents(self.ledger.cash)

    def getvalue(self, datas: Sequence[bt.feed.DataBase] | None = None) -> float:
        """Return equity at the last close or, of feeds, the value held in them, short negative."""
        if datas:
            closes = self.ledger.closes
            return float(
                sum(self._positions[data].size * closes.get(ticker_of(data), 0.0) for data in datas)
            )
        balances = self.ledger.balances
        return from_cents(balances[-1].equity) if balances else self.startingcash

    def getposition(self, data: bt.feed.DataBase) -> bt.Position:
        """Return the net position in one feed."""
        return self._positions[data]

    def get_notification(self) -> bt.Order | None:
        """Return the next order whose state changed."""
        return self._notes.popleft() if self._notes else None

    def buy(
        self, owner: bt.Strategy, data: bt.feed.DataBase, size: float, **kwargs: Any
    ) -> bt.Order:
        """Accept an order to buy at the next open."""
        return self._accept(bt.BuyOrder, owner, data, size, **kwargs)

    def sell(
        self, owner: bt.Strategy, data: bt.feed.DataBase, size: float, **kwargs: Any
    ) -> bt.Order:
        """Accept an order to sell at the next open."""
        return self._accept(bt.SellOrder, owner, data, size, **kwargs)

    def cancel(self, order: bt.Order) -> None:
        """Withdraw an order that is still pending."""
        record = self._by_ref[order.ref]
        if record.status == "pending":
            record.withdrawn = self.session
        self._drop(order, "withdrawn by the strategy")

    @property
    def sessions(self) -> Sessions:
        """The run's sessions."""
        return self._agenda.sessions

    @property
    def session(self) -> dt.date:
        """The current session."""
        return self._agenda.sessions.date(self.position)

    @property
    def next_session(self) -> dt.date:
        """The session in which what is ordered now fills."""
        return self._agenda.settlement(self.session, 1)

    def sessions_since(self, session: dt.date) -> int:
        """Return the sessions from ``session`` to the current one, both counted."""
        return self.position - self._agenda.sessions.position(session) + 1

    def visible(self) -> Iterator[tuple[Event, int]]:
        """Yield the events known at the current close, with the next session's offset."""
        return self._agenda.visible(self.position)

    def decline(self, event: str, ticker: str, side: Side, reason: str) -> None:
        """Keep the record of an order that was not even made."""
        record = OrderRecord(self.session, event, ticker, side, 0, "market", True)
        record.end("rejected", reason)
        record.declined = reason
        self.records.append(record)

    def _accept(
        self,
        kind: type[bt.Order],
        owner: bt.Strategy,
        data: bt.feed.DataBase,
        size: float,
        *,
        event: str = "",
        stop: float | None = None,
        after: bt.Order | None = None,
        linked: bool = False,
        entering: bool | None = None,
        **options: Any,
    ) -> bt.Order:
        given = sorted(name for name in _UNKNOWN if options.get(name) is not None)
        if given or options.get("exectype") not in (None, bt.Order.Market):
            raise BacktestError(
                f"{type(owner).__name__} orders with {', '.join(given) or 'exectype'}; every order"
                " is for the next open, and enter_short and enter_long take a stop"
            )
        self._owner = owner
        order = kind(owner=owner, data=data, size=size, exectype=bt.Order.Market, simulated=True)
        order.addinfo(stop=stop, after=after.ref if after is not None else None, linked=linked)
        side: Side = "buy" if order.isbuy() else "sell"
        ticker = ticker_of(data)
        if entering is None:
            held = self.ledger.position(ticker)
            entering = not held or (held > 0) == (side == "buy")
        record = OrderRecord(
            self.session, event, ticker, side, abs(size), "market", entering, stop=stop
        )
        self._enlist(order, record)
        self._market.append(order)
        return order

    def _order_out(self, trade: Trade, shares: float, *, level: float | None = None) -> bt.Order:
        """Return an order of the broker's own that closes shares of a trade, at a level or not."""
        kind = bt.BuyOrder if trade.side < 0 else bt.SellOrder
        return kind(
            owner=self._owner, data=self.cerebro.datasbyname[trade.ticker], size=shares,
            price=level, exectype=bt.Order.Market if level is None else bt.Order.Stop,
            simulated=True,
        )  # fmt: skip

    def _enlist(self, order: bt.Order, record: OrderRecord) -> None:
        self.records.append(record)
        self._by_ref[order.ref] = record
        order.submit(self)
        order.accept(self)
        self._notes.append(order.clone())

    def _refuse(self, order: bt.Order, reason: str, status: Status = "rejected") -> None:
        self._by_ref[order.ref].end(status, reason)
        order.reject(self)
        self._notes.append(order.clone())

    def _drop(self, order: bt.Order, reason: str) -> None:
        record = self._by_ref[order.ref]
        if record.status != "pending":
            return
        self._market = [pending for pending in self._market if pending.ref != order.ref]
        record.end("cancelled", reason)
        order.cancel()
        self._notes.append(order.clone())

    def _tell_backtrader(self, order: bt.Order, shares: float, price: float, fees: int) -> None:
        position = self._positions[order.data]
        before = position.price
        size = shares if order.isbuy() else -shares
        held, average, opened, closed = position.update(size, price)
        comm = from_cents(fees)
        order.addcomminfo(self.getcommissioninfo(order.data))
        order.execute(
            order.data.datetime[0], size, price,
            closed, -closed * before, comm if closed else 0.0,
            opened, opened * price, comm if opened and not closed else 0.0,
            0.0, -closed * (price - before), held, average,
        )  # fmt: skip
        self._notes.append(order.clone())
