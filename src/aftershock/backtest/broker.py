"""A backtrader broker that fills at the open, and refuses what a short-seller could not do.

Two kinds of orders: market orders, filled at the open of the session after the decision, and
standing stops, filled at their level or, where the session opens beyond it, at the open.
Whatever is refused is kept with its reason.
"""

from __future__ import annotations

import collections
import math
from typing import TYPE_CHECKING, Any

import backtrader as bt

from aftershock.backtest.feed import ticker_of
from aftershock.backtest.ledger import Ledger, Trade
from aftershock.backtest.money import from_cents, share_units, to_cents
from aftershock.backtest.orders import OrderRecord, Side

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from aftershock.backtest.agenda import Agenda
    from aftershock.backtest.exchanges.base import Charge, Exchange, Instrument
    from aftershock.events.kinds import Event


class EventBroker(bt.BrokerBase):
    """Broker of one backtest.

    Parameters
    ----------
    cash
        Starting cash, in the currency of the prices.
    exchange
        Lots, charges, borrow fee and the equity needed to open.
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
        self._market: list[bt.Order] = []
        self._stops: dict[int, bt.Order] = {}
        self._by_ref: dict[int, OrderRecord] = {}
        self._positions: dict[bt.feed.DataBase, bt.Position] = collections.defaultdict(bt.Position)
        self._notes: collections.deque[bt.Order] = collections.deque()

    # what backtrader asks

    def getcash(self) -> float:
        """Return cash."""
        return from_cents(self.ledger.cash)

    def getvalue(self, datas: Any = None) -> float:
        """Return equity at the last close; ``datas`` is not looked at."""
        del datas
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
        self._drop(order, "withdrawn by the strategy")

    # one session

    @property
    def session(self) -> dt.date:
        """The current session."""
        return self._agenda.sessions.date(self.position)

    def next(self) -> None:
        """Run one session: what settles, the open, the stops, the close."""
        self.position += 1
        self.ledger.begin(self.session)
        pending, self._market = self._market, []
        for order in pending:
            if not self._by_ref[order.ref].entering:
                self._leave_at_open(order)
        for legs in self._in_legs(pending):
            self._enter_at_open(legs)
        for trade in list(self.ledger.open_trades()):
            self._try_stop(trade)
        self._at_close()

    def visible(self) -> Iterator[tuple[Event, int]]:
        """Yield the events known at the current close, with the next session's offset."""
        return self._agenda.visible(self.position)

    def _in_legs(self, pending: list[bt.Order]) -> list[list[bt.Order]]:
        """Return the entries of a session, those that must fill together in one list."""
        legs: dict[int, list[bt.Order]] = {}
        root: dict[int, int] = {}
        for order in pending:
            if self._by_ref[order.ref].entering:
                after = order.info.get("after")
                root[order.ref] = root.get(after, order.ref) if after else order.ref
                legs.setdefault(root[order.ref], []).append(order)
        return list(legs.values())

    def _leave_at_open(self, order: bt.Order) -> None:
        """Fill an exit, or let it wait where the session has no open."""
        record = self._by_ref[order.ref]
        if self.ledger.find(record.event, record.ticker) is None:
            self._refuse(order, "nothing is held")
        elif self._halted(order):
            record.reason = f"halted or no price since {self.session}"
            self._market.append(order)
        else:
            self._execute(order, record, order.data.open[0])

    def _enter_at_open(self, legs: list[bt.Order]) -> None:
        """Fill every leg of an entry, or none."""
        reasons = [self._refusal(order) for order in legs]
        if not any(reasons):
            reasons[0] = self._too_little_equity(legs)
        if any(reasons):
            for order, reason in zip(legs, reasons, strict=True):
                self._refuse(order, reason or "the other leg was refused")
            return
        for order in legs:
            self._execute(order, self._by_ref[order.ref], order.data.open[0])

    def _halted(self, order: bt.Order) -> bool:
        """Return True where the session has no open or no volume; an index has no volume."""
        if not math.isfinite(order.data.open[0]):
            return True
        return order.data.volume[0] == 0 and not self.instrument(ticker_of(order.data)).is_index

    def _refusal(self, order: bt.Order) -> str:
        """Return why one leg cannot be entered, empty where it can."""
        record = self._by_ref[order.ref]
        if self._halted(order):
            return f"halted or no price on {self.session}"
        held = self.ledger.position(record.ticker)
        if held and (held > 0) != (record.side == "buy"):
            return f"the opposite position of {held:g} shares is open in {record.ticker}"
        instrument = self.instrument(record.ticker)
        since = instrument.shortable_from
        if record.side == "sell" and since is not None and self.session < since:
            return f"not shortable before {since}"
        return ""

    def _too_little_equity(self, legs: list[bt.Order]) -> str:
        """Return by how much equity falls short of what all legs together need."""
        records = [self._by_ref[order.ref] for order in legs]
        prices = [order.data.open[0] for order in legs]
        marks = self.ledger.closes | {r.ticker: p for r, p in zip(records, prices, strict=True)}
        now = self.ledger.balance(self.session, marks)
        short, long, equity = now.short, now.long, now.equity
        for record, price in zip(records, prices, strict=True):
            value = to_cents(price * record.shares)
            short += value if record.side == "sell" else 0
            long += value if record.side == "buy" else 0
            equity -= sum(charge.cents for charge in self._charges(record, price))
        needed = self.exchange.equity_to_open * short + long
        if equity >= needed:
            return ""
        return (
            f"equity {from_cents(equity):,.0f} is below the {needed / 100:,.0f} that"
            f" short {from_cents(short):,.0f} and long {from_cents(long):,.0f} need"
        )

    def _try_stop(self, trade: Trade) -> None:
        order = self._stops.get(trade.number)
        if order is None:
            return
        level, data = order.created.price, order.data
        opened, high, low = data.open[0], data.high[0], data.low[0]
        if self._halted(order):
            return
        entered_now = trade.entries[-1].session == self.session
        if trade.side < 0 and (high >= level or opened >= level):
            price = level if entered_now else max(opened, level)
        elif trade.side > 0 and (low <= level or opened <= level):
            price = level if entered_now else min(opened, level)
        else:
            return
        self._execute(order, self._by_ref[order.ref], price)

    def _at_close(self) -> None:
        closes = {
            ticker_of(data): data.close[0]
            for data in self.cerebro.datas
            if math.isfinite(data.close[0])
        }
        for trade in self.ledger.open_trades():
            data = self.cerebro.datasbyname[trade.ticker]
            for price in (data.high[0], data.low[0]):
                if math.isfinite(price):
                    trade.reach(price)
        self.ledger.close(self.session, closes)

    # orders

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
        entering: bool | None = None,
        price: float | None = None,
        exectype: int | None = None,
        **ignored: Any,
    ) -> bt.Order:
        del ignored, price, exectype  # backtrader passes every option, most of them None
        order = kind(owner=owner, data=data, size=size, exectype=bt.Order.Market, simulated=True)
        order.addinfo(stop=stop, after=after.ref if after is not None else None)
        side: Side = "buy" if order.isbuy() else "sell"
        if entering is None:
            held = self.ledger.position(ticker_of(data))
            entering = not held or (held > 0) == (side == "buy")
        record = OrderRecord(
            self.session,
            event,
            ticker_of(data),
            side,
            abs(size),
            "market",
            entering,
        )
        self._enlist(order, record)
        self._market.append(order)
        return order

    def sessions_since(self, session: dt.date) -> int:
        """Return the sessions from ``session`` to the current one, both counted."""
        return self.position - self._agenda.sessions.position(session) + 1

    def decline(self, event: str, ticker: str, side: Side, reason: str) -> None:
        """Keep the record of an order that was not even made."""
        record = OrderRecord(self.session, event, ticker, side, 0, "market", True)
        record.refuse(reason)
        self.records.append(record)

    def _enlist(self, order: bt.Order, record: OrderRecord) -> None:
        self.records.append(record)
        self._by_ref[order.ref] = record
        order.submit(self)
        order.accept(self)
        self._notes.append(order.clone())

    def _charges(self, record: OrderRecord, price: float) -> list[Charge]:
        instrument = self.instrument(record.ticker)
        return self.exchange.charges(instrument, record.side, record.shares, price, self.session)

    def _execute(self, order: bt.Order, record: OrderRecord, price: float) -> None:
        charges = self._charges(record, price)
        settles = self._agenda.settlement(self.session, self.exchange.settlement)
        fill = (self.session, record.shares, price)
        if record.entering:
            side = 1 if record.side == "buy" else -1
            trade = self.ledger.enter(record.event, record.ticker, side, fill, charges, settles)
            self.ledger.closes[record.ticker] = price  # the mark, should the session have no close
        else:
            trade = self.ledger.find(record.event, record.ticker)  # type: ignore[assignment]
            self.ledger.leave(trade, fill, charges, settles)
        record.fill(self.session, price)
        self._tell_backtrader(order, price, sum(charge.cents for charge in charges))
        self._after(trade, order, record)

    def _after(self, trade: Trade, order: bt.Order, record: OrderRecord) -> None:
        """Place the stop of an entry, withdraw the stop of a closed trade."""
        stop = order.info.get("stop")
        if record.entering and stop:
            self._place_stop(trade, order, stop)
        elif not trade.is_open and trade.number in self._stops:
            standing = self._stops.pop(trade.number)
            if standing.ref != order.ref:
                self._drop(standing, "the position was closed")

    def _place_stop(self, trade: Trade, entry: bt.Order, stop: float) -> None:
        """Place one stop for all of a trade's shares, in place of an earlier one."""
        earlier = self._stops.pop(trade.number, None)
        if earlier is not None:
            self._drop(earlier, "replaced after a further entry")
        kind = bt.BuyOrder if trade.side < 0 else bt.SellOrder
        level = trade.entry_price * (1.0 - trade.side * stop)
        order = kind(
            owner=entry.owner, data=entry.data, size=trade.shares, price=level,
            exectype=bt.Order.Stop, simulated=True,
        )  # fmt: skip
        side: Side = "buy" if order.isbuy() else "sell"
        record = OrderRecord(
            self.session, trade.event, trade.ticker, side, trade.shares, "stop", False
        )
        self._enlist(order, record)
        self._stops[trade.number] = order

    def _refuse(self, order: bt.Order, reason: str) -> None:
        self._by_ref[order.ref].refuse(reason)
        order.reject(self)
        self._notes.append(order.clone())

    def _drop(self, order: bt.Order, reason: str) -> None:
        record = self._by_ref[order.ref]
        if record.status != "pending":
            return
        self._market = [pending for pending in self._market if pending.ref != order.ref]
        record.cancel(reason)
        order.cancel()
        self._notes.append(order.clone())

    def _tell_backtrader(self, order: bt.Order, price: float, fees: int) -> None:
        position = self._positions[order.data]
        before = position.price
        size = order.executed.remsize
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


def whole_lots(amount: float, price: float, lot: float) -> float:
    """Return the shares that ``amount`` buys at ``price``, in whole lots."""
    lots = math.floor(amount / (price * lot) + 1e-9)
    return share_units(lots * lot) / share_units(1)
