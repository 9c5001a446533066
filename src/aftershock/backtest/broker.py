"""A backtrader broker that fills as a session would let it, and refuses the rest.

Two kinds of orders: market orders, for the open of the session after the decision, and
standing stops, filled at their level or, where the session opens beyond it, at the open.
Whatever is refused is kept with its reason. One session runs in this order: borrow fees that
settle, splits and dividends, recalls, exits at the open, entries at the open, stops, exits
and entries that only the close fills, the close, the margin call.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aftershock.backtest.exchanges.base import Chance
from aftershock.backtest.feed import ticker_of
from aftershock.backtest.fills import SessionFills, lots_within, stop_level, stop_price
from aftershock.backtest.money import from_cents, share_units
from aftershock.backtest.orders import OrderRecord, Side

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

    import backtrader as bt

    from aftershock.backtest.agenda import Agenda
    from aftershock.backtest.exchanges.base import Exchange, Instrument
    from aftershock.backtest.ledger import Balance
    from aftershock.backtest.market import Quote
    from aftershock.backtest.trade import Trade


IN_LIEU = "cash in lieu of a fraction of a share after a split"


class EventBroker(SessionFills):
    """Broker of one backtest: runs one session after another.

    Attributes
    ----------
    ruined
        The session whose close left no equity, after which nothing runs; None otherwise.
    """

    def __init__(
        self,
        cash: float,
        exchange: Exchange,
        agenda: Agenda,
        instrument: Callable[[str], Instrument],
        tape: Iterator[Mapping[str, Quote]],
    ) -> None:
        super().__init__(cash, exchange, agenda, instrument, tape)
        self.ruined: dt.date | None = None
        self._splits: list[tuple[int, str, float]] = []
        self._stops: dict[int, tuple[bt.Order, float]] = {}
        self._at_close: list[list[bt.Order]] = []

    def next(self) -> None:
        """Run one session."""
        self.position += 1
        self._quotes = next(self._tape)
        self._taken.clear()
        self.ledger.begin(self.session)
        self._corporate_actions()
        self._recall()
        pending, self._market = self._market, []
        for order in pending:
            if not self._by_ref[order.ref].entering:
                self._leave(order)
        for legs in self._in_legs(pending):
            self._enter(legs)
        for trade in list(self.ledger.open_trades()):
            self._try_stop(trade)
        late, self._at_close = self._at_close, []
        for legs in late:
            if self._by_ref[legs[0].ref].entering:
                self._enter(legs, closing=True)
            else:
                self._leave(legs[0], closing=True)
        self._close(late)

    def split_since(self, ticker: str, position: int) -> float:
        """Return how many of today's shares one share of an earlier session has become."""
        return self.split_between(ticker, position, None)

    def split_between(self, ticker: str, position: int, last: dt.date | None) -> float:
        """Return what one share became after a session, up to and with another one."""
        end = self.position if last is None else self._agenda.sessions.position(last)
        return math.prod(
            ratio for when, name, ratio in self._splits if name == ticker and position < when <= end
        )

    # before the open

    def _corporate_actions(self) -> None:
        for ticker, quote in self._quotes.items():
            if quote.split > 0.0 and quote.split != 1.0:
                self._split(ticker, quote.split)
            if quote.dividend > 0.0:
                self.ledger.dividend(self.session, ticker, quote.dividend)

    def _split(self, ticker: str, ratio: float) -> None:
        self._splits.append((self.position, ticker, ratio))
        self.ledger.split(ticker, ratio)
        position = self._positions[self.cerebro.datasbyname[ticker]]
        position.size, position.price = position.size * ratio, position.price / ratio
        for order in [o for o in self._market if self._by_ref[o.ref].ticker == ticker]:
            self._restate(order, ratio)
        for number, (order, level) in self._stops.items():
            if self._by_ref[order.ref].ticker == ticker:
                self._by_ref[order.ref].shares *= ratio
                self._stops[number] = (order, level / ratio)
        if not self.instrument(ticker).is_index:
            for trade in [t for t in self.ledger.open_trades() if t.ticker == ticker]:
                self._in_lieu(trade)

    def _restate(self, order: bt.Order, ratio: float) -> None:
        """Restate a pending order in new shares; an entry stays one of whole lots."""
        record = self._by_ref[order.ref]
        record.shares *= ratio
        if not record.entering:
            return
        lot, wanted = self.instrument(record.ticker).lot, record.shares
        record.shares = lots_within(wanted, lot)
        if not record.shares:
            self._market.remove(order)
            self._refuse(order, f"{wanted:g} shares after the split are below one lot of {lot:g}")

    def _in_lieu(self, trade: Trade) -> None:
        """Settle the fraction of a share that a split leaves in cash, at the session's price."""
        extra = trade.shares - lots_within(trade.shares, 1.0)
        if share_units(extra) <= 0:
            return
        quote = self._quotes[trade.ticker]
        price = self.ledger.closes[trade.ticker] if self._halted(trade.ticker) else quote.open
        order = self._order_out(trade, extra)
        side: Side = "buy" if trade.side < 0 else "sell"
        record = OrderRecord(
            self.session, trade.event, trade.ticker, side, extra, "market", False, IN_LIEU
        )
        self._enlist(order, record)
        settles = self._agenda.settlement(self.session, self.exchange.settlement)
        self.ledger.leave(trade, (self.session, extra, price), [], settles)
        record.fill(self.session, price, extra, "")
        self._tell_backtrader(order, extra, price, 0)
        self._after(trade, order, record)

    def _recall(self) -> None:
        """Order the cover of what is short beyond the shares that can be borrowed."""
        for ticker in self.exchange.borrowable:
            excess = -self.ledger.position(ticker) - self.exchange.available(ticker, self.session)
            for trade in self.ledger.open_trades():
                if trade.ticker == ticker and trade.side < 0 and excess > 0:
                    back = min(trade.shares, excess)
                    excess -= back
                    self._force(trade, back, f"recalled by the lender on {self.session}")

    def _force(self, trade: Trade, shares: float, cause: str) -> None:
        """Order a cover of the broker's own, of what is not about to be covered already."""
        pending = [self._by_ref[order.ref] for order in self._market]
        shares -= sum(
            record.shares
            for record in pending
            if (record.event, record.ticker) == (trade.event, trade.ticker) and not record.entering
        )
        if share_units(shares) <= 0:
            return
        order = self._order_out(trade, shares)
        side: Side = "buy" if trade.side < 0 else "sell"
        self._enlist(
            order,
            OrderRecord(
                self.session, trade.event, trade.ticker, side, shares, "market", False, cause
            ),
        )
        self._market.append(order)

    # fills

    def _leave(self, order: bt.Order, *, closing: bool = False) -> None:
        """Fill an exit, or let it wait where the session has no open."""
        record = self._by_ref[order.ref]
        trade = self.ledger.find(record.event, record.ticker)
        if trade is None:
            self._refuse(order, "nothing is held")
            return
        if self._halted(record.ticker):
            record.wait("halted or no price", self.session)
            self._market.append(order)
            return
        chance = self._chance(record)
        if chance.when == "close" and not closing:
            self._at_close.append([order])
            return
        record.shares = min(record.shares, trade.shares)
        shares = self._takes(record)
        price = self._slipped(record, shares, chance) if shares else math.nan
        if math.isfinite(price):
            if closing:  # it was there all session
                quote = self._quotes[record.ticker]
                trade.reach(quote.high)
                trade.reach(quote.low)
            self._execute(order, shares, price, chance.note)
        else:
            why = "the impact is not known" if shares else "the volume does not take a lot"
            record.wait(why, self.session)
            self._market.append(order)

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

    def _enter(self, legs: list[bt.Order], *, closing: bool = False) -> None:
        """Fill every leg of an entry in the same proportion, or none."""
        records = [self._by_ref[order.ref] for order in legs]
        chances = [self._chance(record) for record in records]
        if any(chance.when == "close" for chance in chances) and not closing:
            self._at_close.append(legs)
            return
        reasons = [self._refusal(record) for record in records]
        if len({record.ticker for record in records}) < len(records):
            reasons = [f"two legs of one entry are in {records[-1].ticker}"]
        if any(reasons):
            self._refuse_all(legs, reasons)
            return
        if any(math.isnan(chance.price) for chance in chances):
            notes = [chance.note if math.isnan(chance.price) else "" for chance in chances]
            self._refuse_all(legs, notes, expired=True)
            return
        if closing:
            pairs = zip(records, chances, strict=True)
            chances = [self._closing(record, chance) for record, chance in pairs]
        self._fill_legs(legs, chances)

    def _closing(self, record: OrderRecord, chance: Chance) -> Chance:
        """Return the close for a leg that fills with one that only the close fills."""
        close = self._quotes[record.ticker].close
        return Chance(close, "close", chance.note or "filled at the close with the other leg")

    def _fill_legs(self, legs: list[bt.Order], chances: list[Chance]) -> None:
        records = [self._by_ref[order.ref] for order in legs]
        takes = [self._takes(record) for record in records]
        part = min(take / record.shares for take, record in zip(takes, records, strict=True))
        sizes = [self._whole(record, part) for record in records]
        if not all(sizes):
            self._refuse_all(legs, [self._too_small(record) for record in records], expired=True)
            return
        prices = [
            self._slipped(record, shares, chance)
            for record, shares, chance in zip(records, sizes, chances, strict=True)
        ]
        if any(math.isnan(price) for price in prices):
            self._refuse_all(legs, ["the volume or volatility to size the impact is not known"])
            return
        reason = self._too_little_equity(records, sizes, prices)
        if reason:
            self._refuse_all(legs, [reason])
            return
        for order, shares, price, chance in zip(legs, sizes, prices, chances, strict=True):
            self._execute(order, shares, price, chance.note, limit=chance.when == "limit")

    def _refuse_all(
        self, legs: list[bt.Order], reasons: list[str], *, expired: bool = False
    ) -> None:
        reasons = reasons + [""] * (len(legs) - len(reasons))
        for order, reason in zip(legs, reasons, strict=True):
            self._refuse(
                order, reason or "the other leg was refused", "expired" if expired else "rejected"
            )

    def _try_stop(self, trade: Trade) -> None:
        if trade.number not in self._stops or self._halted(trade.ticker):
            return
        order, level = self._stops[trade.number]
        record, quote = self._by_ref[order.ref], self._quotes[trade.ticker]
        entered_now = trade.entries[-1].session == self.session
        price = stop_price(trade.side, level, quote, entered_now=entered_now)
        if math.isnan(price):
            return
        record.shares = min(record.shares, trade.shares)
        shares = self._takes(record)
        price = self._slipped(record, shares, Chance(price)) if shares else math.nan
        if math.isfinite(price):
            self._execute(order, shares, price)

    def _execute(
        self, order: bt.Order, shares: float, price: float, note: str = "", *, limit: bool = False
    ) -> None:
        record = self._by_ref[order.ref]
        charges = self._charges(record, shares, price)
        settles = self._agenda.settlement(self.session, self.exchange.settlement)
        fill = (self.session, shares, price)
        if record.entering:
            side = 1 if record.side == "buy" else -1
            trade = self.ledger.enter(record.event, record.ticker, side, fill, charges, settles)
            self.ledger.closes[record.ticker] = price  # the mark, should the session have no close
        else:
            trade = self.ledger.find(record.event, record.ticker)  # type: ignore[assignment]
            self.ledger.leave(trade, fill, charges, settles)
        if limit:
            record.kind = "limit"
        self._taken[record.ticker] += shares
        record.fill(self.session, price, shares, note)
        self._tell_backtrader(order, shares, price, sum(charge.cents for charge in charges))
        self._after(trade, order, record)

    def _after(self, trade: Trade, order: bt.Order, record: OrderRecord) -> None:
        """Place the stop of an entry, withdraw that of a closed trade, see to a rest."""
        stop = order.info.get("stop")
        if record.kind == "stop":
            self._stops.pop(trade.number, None)
        if record.status == "partial":
            self._rest(order, record)
        if record.entering and stop:
            self._place_stop(trade, stop)
        elif not trade.is_open and trade.number in self._stops:
            standing, _ = self._stops.pop(trade.number)
            self._drop(standing, "the position was closed")

    def _rest(self, order: bt.Order, record: OrderRecord) -> None:
        """Let the rest of an entry expire and the rest of an exit wait for the next session."""
        record.add(f"{record.filled:g} of {record.shares:g} shares could be had")
        if record.entering:
            order.cancel()
            self._notes.append(order.clone())
            return
        rest = record.rest(self.session)
        self.records.append(rest)
        self._by_ref[order.ref] = rest
        self._market.append(order)

    def _place_stop(self, trade: Trade, stop: float) -> None:
        """Place one stop for all of a trade's shares, in place of an earlier one."""
        earlier = self._stops.pop(trade.number, None)
        if earlier is not None:
            self._drop(earlier[0], "replaced after a further entry")
        level = stop_level(trade.side, trade.entry_price, stop)
        order = self._order_out(trade, trade.shares, level=level)
        side: Side = "buy" if order.isbuy() else "sell"
        record = OrderRecord(
            self.session, trade.event, trade.ticker, side, trade.shares, "stop", False
        )
        self._enlist(order, record)
        self._stops[trade.number] = (order, level)

    # the close

    def _close(self, late: list[list[bt.Order]]) -> None:
        """Mark what is held, note how far prices went, and call for margin."""
        unseen = {self._by_ref[order.ref].event for legs in late for order in legs}
        for trade in self.ledger.open_trades():
            quote = self._quotes[trade.ticker]
            entered_late = trade.event in unseen and trade.entries[-1].session == self.session
            for price in () if entered_late else (quote.high, quote.low):
                if math.isfinite(price):
                    trade.reach(price)
        closes = {
            ticker_of(data): data.lines.close.array[-1]
            for data in self.cerebro.datas
            if math.isfinite(data.lines.close.array[-1])
        }
        self._call_margin(self.ledger.close(self.session, closes))

    def _call_margin(self, balance: Balance) -> None:
        if balance.equity <= 0:
            self.ruined = self.session
            self.cerebro.runstop()
        elif balance.short and balance.equity < self.exchange.equity_to_hold * balance.short:
            cause = (
                f"margin call: equity {from_cents(balance.equity):,.0f} at the close of"
                f" {self.session} is below {self.exchange.equity_to_hold:.0%} of short"
                f" {from_cents(balance.short):,.0f}"
            )
            for trade in self.ledger.open_trades():
                if trade.side < 0:
                    self._force(trade, trade.shares, cause)
