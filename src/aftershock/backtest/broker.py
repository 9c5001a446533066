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
    from collections.abc import Callable

    from aftershock.backtest.agenda import Agenda
    from aftershock.backtest.exchanges.base import Charge, Exchange, Instrument


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
        self.agenda = agenda
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
        return self.agenda.sessions.date(self.position)

    def next(self) -> None:
        """Run one session: what settles, the open, the stops, the close."""
        self.position += 1
        self.ledger.begin(self.session)
        pending, self._market = self._market, []
        for order in sorted(pending, key=lambda order: self._by_ref[order.ref].entering):
            self._at_open(order)
        for trade in list(self.ledger.open_trades()):
            self._try_stop(trade)
        self._at_close()

    def _at_open(self, order: bt.Order) -> None:
        record = self._by_ref[order.ref]
        price = order.data.open[0]
        if not math.isfinite(price) or order.data.volume[0] == 0:
            self._no_open(order, record)
            return
        if record.entering:
            reason = self._other_leg(order) or self._refusal(record, price)
        else:
            reason = self._nothing_to_leave(record)
        if reason:
            self._refuse(order, reason)
            return
        self._execute(order, record, price)

    def _no_open(self, order: bt.Order, record: OrderRecord) -> None:
        """Refuse an entry on a session without trading; a cover waits for the next one."""
        if record.entering:
            self._refuse(order, f"halted or no price on {self.session}")
        else:
            record.reason = f"halted or no price since {self.session}"
            self._market.append(order)

    def _other_leg(self, order: bt.Order) -> str:
        """Return why a second leg may not fill: the first one did not."""
        first = self._by_ref.get(order.info.get("after") or 0)
        return "the other leg was refused" if first and first.status != "filled" else ""

    def _refusal(self, record: OrderRecord, price: float) -> str:
        """Return why an entry cannot be made at ``price``, empty where it can."""
        held = self.ledger.position(record.ticker)
        if held and (held > 0) != (record.side == "buy"):
            return f"the opposite position of {held:g} shares is open in {record.ticker}"
        instrument = self.instrument(record.ticker)
        if record.side == "sell" and not instrument.is_index:
            since = instrument.shortable_from
            if since is not None and self.session < since:
                return f"not shortable before {since}"
        return self._too_little_equity(record, price)

    def _too_little_equity(self, record: OrderRecord, price: float) -> str:
        marks = {**self.ledger.closes, record.ticker: price}
        now = self.ledger.balance(self.session, marks)
        value = to_cents(price * record.shares)
        fees = sum(charge.cents for charge in self._charges(record, price))
        short = now.short + (value if record.side == "sell" else 0)
        long = now.long + (value if record.side == "buy" else 0)
        needed = self.exchange.equity_to_open * short + long
        if now.equity - fees >= needed:
            return ""
        return (
            f"equity {from_cents(now.equity - fees):,.0f} is below the {needed / 100:,.0f} that"
            f" short {from_cents(short):,.0f} and long {from_cents(long):,.0f} need"
        )

    def _nothing_to_leave(self, record: OrderRecord) -> str:
        trade = self.ledger.find(record.event, record.ticker)
        return "" if trade is not None else "nothing is held"

    def _try_stop(self, trade: Trade) -> None:
        order = self._stops.get(trade.number)
        if order is None:
            return
        level, data = order.created.price, order.data
        opened, high, low = data.open[0], data.high[0], data.low[0]
        if data.volume[0] == 0 or not math.isfinite(opened):
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

    def refuse_size(self, event: str, ticker: str, side: Side, reason: str) -> None:
        """Keep the record of an order whose size was refused before it was made."""
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
        settles = self.agenda.settlement(self.session, self.exchange.settlement)
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
        self._after(trade, order, record, price)

    def _after(self, trade: Trade, order: bt.Order, record: OrderRecord, price: float) -> None:
        """Place the stop of an entry, withdraw the stop of a closed trade."""
        stop = order.info.get("stop")
        if record.entering and stop:
            self._place_stop(trade, order, price * (1.0 - trade.side * stop))
        elif not trade.is_open and trade.number in self._stops:
            standing = self._stops.pop(trade.number)
            if standing.ref != order.ref:
                self._drop(standing, "the position was closed")

    def _place_stop(self, trade: Trade, entry: bt.Order, level: float) -> None:
        kind = bt.BuyOrder if trade.side < 0 else bt.SellOrder
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
