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
from aftershock.backtest.fills import SessionFills, opens_beyond, stop_level, stop_price
from aftershock.backtest.money import from_cents, lots_within, split_ratio
from aftershock.backtest.orders import OrderRecord, Side
from aftershock.backtest.pairs import Pair, Pairs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping
    from fractions import Fraction

    import backtrader as bt

    from aftershock.backtest.agenda import Agenda
    from aftershock.backtest.exchanges.base import Exchange, Instrument
    from aftershock.backtest.ledger import Balance
    from aftershock.backtest.market import Quote
    from aftershock.backtest.trade import Trade


IN_LIEU = "cash in lieu of a fraction of a share after a split"
_DUST = 1e-6  # shares; less is what floats leave


class EventBroker(SessionFills):
    """Broker of one backtest: runs one session after another.

    Attributes
    ----------
    ruined
        The session whose close left no equity, after which nothing runs; None otherwise.
    remarks
        What a reader must know of this run, one sentence each, in order.
    offered
        Offset with which each event was first offered to the strategy.
    oldest
        Sessions by which the oldest close lagged that a held position was marked at, by ticker.
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
        self.remarks: dict[str, None] = {}
        self.offered: dict[str, int] = {}
        self.oldest: dict[str, int] = {}
        self._pairs = Pairs()
        self._stops: dict[int, tuple[bt.Order, float]] = {}
        self._at_close: list[list[bt.Order]] = []
        self._stopped: list[Trade] = []

    def next(self) -> None:
        """Run one session."""
        self.position += 1
        self._quotes = next(self._tape)
        self._taken.clear()
        self.ledger.begin(self.session)
        self._corporate_actions()
        self._recall()
        self._close_linked()
        pending, self._market = self._market, []
        for order in pending:
            if not self._by_ref[order.ref].entering:
                self._leave(order)
        for legs in self._in_legs(pending):
            self._enter(legs)
        for trade in list(self.ledger.open_trades()):
            self._try_stop(trade)
        for trade in self._stopped:
            self._stop_at_close(trade)
        late, self._at_close = self._at_close, []
        for legs in late:
            if self._by_ref[legs[0].ref].entering:
                self._enter(legs, closing=True)
            else:
                self._leave(legs[0], closing=True)
        self._stopped = []
        self._close(late)

    def remark(self, sentence: str) -> None:
        """Keep a sentence for the reader, once."""
        self.remarks[sentence] = None

    def offer(self, event: str, offset: int) -> None:
        """Note that an event is being offered to the strategy."""
        self.offered.setdefault(event, offset)

    def is_entering(self, event: str, ticker: str | None) -> bool:
        """Return whether an entry for an event, ordered after this close, is pending."""
        return any(
            record.entering and record.event == event and ticker in (None, record.ticker)
            for record in (self._by_ref[order.ref] for order in self._market)
        )

    # before the open

    def _corporate_actions(self) -> None:
        for ticker, quote in self._quotes.items():
            if quote.split > 0.0 and quote.split != 1.0:
                self._split(ticker, split_ratio(quote.split))
            if quote.dividend > 0.0:
                self.ledger.dividend(self.session, ticker, quote.dividend)

    def _split(self, ticker: str, ratio: Fraction) -> None:
        self._splits.append((self.position, ticker, ratio))
        self.ledger.split(ticker, ratio)
        position = self._positions[self.cerebro.datasbyname[ticker]]
        position.size, position.price = float(position.size * ratio), float(position.price / ratio)
        for order in [o for o in self._market if self._by_ref[o.ref].ticker == ticker]:
            self._restate(order, ratio)
        if not self.instrument(ticker).is_index:
            for trade in self.ledger.held_in(ticker):
                self._in_lieu(trade)
        for trade in self.ledger.held_in(ticker):
            self._restate_stop(trade, ratio)

    def _restate_stop(self, trade: Trade, ratio: Fraction) -> None:
        if trade.number in self._stops:
            order, level = self._stops[trade.number]
            self._by_ref[order.ref].shares = float(trade.shares)
            self._stops[trade.number] = (order, float(level / ratio))

    def _restate(self, order: bt.Order, ratio: Fraction) -> None:
        """Restate a pending order in new shares; an entry stays one of whole lots."""
        record = self._by_ref[order.ref]
        record.shares = float(record.shares * ratio)
        if not record.entering:
            return
        lot, wanted = self._lot(record.ticker), record.shares
        record.shares = lots_within(wanted, lot)
        if not record.shares:
            self._market.remove(order)
            self._refuse(order, f"{wanted:g} shares after the split are below one lot of {lot:g}")

    def _in_lieu(self, trade: Trade) -> None:
        """Settle the fraction of a share that a split leaves in cash, at the session's price."""
        extra = trade.shares % 1
        if not extra:
            return
        shares, quote = float(extra), self._quotes[trade.ticker]
        halted = self._halted(trade.ticker)
        price = float(self.ledger.closes[trade.ticker]) if halted else quote.open
        order = self._order_out(trade, shares)
        side: Side = "buy" if trade.side < 0 else "sell"
        record = OrderRecord(
            self.session, trade.event, trade.ticker, side, shares, "market", False, IN_LIEU
        )
        self._enlist(order, record)
        settles = self._agenda.settlement(self.session, self.exchange.settlement)
        self.ledger.leave(trade, (self.session, extra, price), [], settles)
        record.fill(self.session, price, shares, "")
        self._tell_backtrader(order, shares, price, 0)
        self._after(trade, order, record)

    def _recall(self) -> None:
        """Order the cover of what is short beyond the shares that can be borrowed."""
        for ticker in self.exchange.borrowable:
            excess = -self.ledger.position(ticker) - self._lendable(ticker)
            for trade in self.ledger.held_in(ticker):
                if trade.side < 0 and excess > 0:
                    back = min(float(trade.shares), excess)
                    excess -= back
                    self._force(trade, back, f"recalled by the lender on {self.session}")

    def _force(self, trade: Trade, shares: float, cause: str) -> None:
        """Order a cover of the broker's own, of what is not about to be covered already."""
        shares -= self._leaving(trade)
        if shares <= _DUST:
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
        held_up = self._quotes[record.ticker].halt
        if not held_up and not record.is_forced:
            held_up = self._partner_halt(trade)
        if held_up:
            record.wait(held_up, self.session)
            self._market.append(order)
            return
        chance = self._chance(record)
        if not closing and (chance.when == "close" or self._partner_is_late(trade)):
            self._at_close.append([order])
            return
        if closing and chance.when != "close":
            chance = self._closing(record, chance)
        record.shares = min(record.shares, float(trade.shares))
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
        trades = [
            self._execute(order, shares, price, chance.note, limit=chance.when == "limit")
            for order, shares, price, chance in zip(legs, sizes, prices, chances, strict=True)
        ]
        if len(trades) > 1:
            linked = any(order.info.get("linked") for order in legs)
            self._pairs.add(Pair(tuple(trades), linked))

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
        gapped = not entered_now and opens_beyond(trade.side, level, quote)
        if gapped and self._chance(record).when == "close":
            if not self._leaves_at_close(trade):
                self._stopped.append(trade)
            return
        self._stop(trade, order, Chance(price))

    def _leaves_at_close(self, trade: Trade) -> bool:
        """Return whether an exit of a trade waits for the close already."""
        records = [self._by_ref[order.ref] for legs in self._at_close for order in legs]
        return any(
            (record.event, record.ticker) == (trade.event, trade.ticker) and not record.entering
            for record in records
        )

    def _stop_at_close(self, trade: Trade) -> None:
        """Fill, at the close, a stop that the session opened beyond and the open could not."""
        order, _ = self._stops.get(trade.number, (None, 0.0))
        if order is not None:
            quote = self._quotes[trade.ticker]
            trade.reach(quote.high)
            trade.reach(quote.low)
            self._stop(trade, order, self._chance(self._by_ref[order.ref]))

    def _stop(self, trade: Trade, order: bt.Order, chance: Chance) -> None:
        record = self._by_ref[order.ref]
        record.shares = min(record.shares, float(trade.shares))
        shares = self._takes(record)
        price = self._slipped(record, shares, chance) if shares else math.nan
        if math.isfinite(price):
            self._execute(order, shares, price, chance.note)

    def _execute(
        self, order: bt.Order, shares: float, price: float, note: str = "", *, limit: bool = False
    ) -> Trade:
        record = self._by_ref[order.ref]
        charges = self._charges(record, shares, price)
        settles = self._agenda.settlement(self.session, self.exchange.settlement)
        fill = (self.session, shares, price)
        if record.entering:
            side = 1 if record.side == "buy" else -1
            trade = self.ledger.enter(record.event, record.ticker, side, fill, charges, settles)
            self.ledger.closes[record.ticker] = price  # the mark, should the session have no close
            self.ledger.marked[record.ticker] = self.session
        else:
            trade = self.ledger.find(record.event, record.ticker)  # type: ignore[assignment]
            self.ledger.leave(trade, fill, charges, settles)
        if limit:
            record.kind = "limit"
        self._taken[record.ticker] += shares
        record.fill(self.session, price, shares, note)
        self._tell_backtrader(order, shares, price, sum(charge.cents for charge in charges))
        self._after(trade, order, record)
        return trade

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
        shares = float(trade.shares)
        order = self._order_out(trade, shares, level=level)
        side: Side = "buy" if order.isbuy() else "sell"
        record = OrderRecord(self.session, trade.event, trade.ticker, side, shares, "stop", False)
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
        self._age_marks(closes)
        for pair in self._pairs.parted():
            self._note_parted(pair)
        self._call_margin(self.ledger.close(self.session, closes))

    def _age_marks(self, closes: Mapping[str, float]) -> None:
        """Note how old the closes are that positions without one of this session stand at."""
        for ticker in {trade.ticker for trade in self.ledger.open_trades()} - set(closes):
            age = self.sessions_since(self.ledger.marked[ticker]) - 1
            self.oldest[ticker] = max(self.oldest.get(ticker, 0), age)

    # pairs

    def _close_linked(self) -> None:
        """Order the close of every linked leg whose partner is closed or about to be."""
        for pair in self._pairs.linked():
            for trade, other in pair.legs():
                if float(trade.shares) - self._leaving(trade) <= _DUST:
                    self._force(other, float(other.shares), f"closed with its leg {trade.ticker}")

    def _leaving(self, trade: Trade) -> float:
        """Return the shares of a trade that are about to be closed already."""
        pending = (self._by_ref[order.ref] for order in self._market)
        return sum(
            record.shares
            for record in pending
            if (record.event, record.ticker) == (trade.event, trade.ticker) and not record.entering
        )

    def _partner_halt(self, trade: Trade) -> str:
        """Return why a linked partner cannot be closed in the session, empty where it can."""
        for other in self._pairs.partners(trade):
            if other.is_open and self._halted(other.ticker):
                return f"its leg {other.ticker} cannot be closed"
        return ""

    def _partner_is_late(self, trade: Trade) -> bool:
        """Return whether only the close fills a linked partner."""
        return any(
            other.is_open
            and not self.instrument(other.ticker).is_index
            and self.exchange.chance(
                self._quotes[other.ticker], self.session, short_sale=False
            ).when
            == "close"
            for other in self._pairs.partners(trade)
        )

    def _note_parted(self, pair: Pair) -> None:
        """Remark on a leg that stands alone because it could not be closed."""
        for trade, other in pair.legs():
            record = self._waiting(other)
            if not trade.is_open and record is not None:
                pair.noted = True
                self.remark(
                    f"{trade.event}: {trade.ticker} was closed on {trade.exits[-1].session} and its"
                    f" other leg {other.ticker} could not be ({record.reason}); linked=True closes"
                    " both together"
                )

    def _waiting(self, trade: Trade) -> OrderRecord | None:
        """Return the pending exit of a trade that could not be executed yet."""
        for order in self._market:
            record = self._by_ref[order.ref]
            if (record.event, record.ticker) == (trade.event, trade.ticker) and record.reason:
                return record
        return None

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
                    self._force(trade, float(trade.shares), cause)
