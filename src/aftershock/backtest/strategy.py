"""The base of every strategy: events in, whole-lot orders out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, cast

import backtrader as bt
from pydantic import BaseModel, ConfigDict

from aftershock.backtest.feed import SessionFeed, refuse_forward, ticker_of
from aftershock.backtest.fills import whole_lots
from aftershock.backtest.rule import check_size, check_stop
from aftershock.errors import BacktestError
from aftershock.events.book import Selection
from aftershock.prices.tickers import canonical

if TYPE_CHECKING:
    import datetime as dt

    from backtrader.feed import DataBase

    from aftershock.backtest.broker import EventBroker
    from aftershock.backtest.orders import Side
    from aftershock.backtest.rule import Rule
    from aftershock.backtest.trade import Trade
    from aftershock.events.kinds import Event


class _EventStrategyMeta(bt.MetaStrategy):
    """Makes a class's ``Params`` backtrader's ``params``: ``self.p`` has validated values."""

    Params: type[BaseModel]

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        declared = namespace.get("Params")
        if isinstance(declared, type) and issubclass(declared, BaseModel):
            fields = declared.model_fields
            namespace["params"] = {name: field.default for name, field in fields.items()}
        return super().__new__(mcs, name, bases, namespace)

    def donew(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - a metaclass
        made, args, kwargs = super().donew(*args, **kwargs)
        given = made.params._getkwargs()  # noqa: SLF001 - backtrader's own
        for name, value in cls.Params(**given).model_dump().items():
            setattr(made.params, name, value)
        return made, args, kwargs

    def dopostinit(cls, made: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - a metaclass
        if not hasattr(made, "_seen"):
            raise BacktestError(
                f"{cls.__name__} has an __init__ that does not call super().__init__(); make that"
                " its first line"
            )
        return super().dopostinit(made, *args, **kwargs)


class EventStrategy(bt.Strategy, metaclass=_EventStrategyMeta):
    """A strategy that acts on events.

    A subclass names its ``events`` and its ``Params`` and writes ``on_offset``::

        class Fade(ash.EventStrategy):
            \"\"\"Short as soon as a launch is known, cover five sessions later.\"\"\"

            class Params(ash.EventStrategy.Params):
                weight: float = 0.1

            p: Params
            events = ash.select(kind="model_launch")

            def on_offset(self, event, offset):
                if self.first_look(event):
                    self.enter_short(event, weight=self.p.weight)
                elif self.sessions_held(event) == 5:
                    self.leave(event)

    Timing: ``on_offset(event, offset)`` runs after the close before session ``offset``; what
    it orders fills at that session's open. It is called for every event known by that close,
    so for news the first call has ``offset`` 1 or more.
    """

    class Params(BaseModel):
        """Base of a strategy's parameters: validated, and refusing what is mistyped."""

        model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

        def rule(self, event: Event) -> Rule | None:
            """Return a fixed entry and exit for an event, None to leave it alone.

            A strategy that is nothing but a rule writes this instead of ``on_offset`` and can
            be swept by the array engine. It may use what is known of the event before day 0.
            """
            del event
            return None

    p: Params
    events: ClassVar[Selection] = Selection()
    broker: EventBroker

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()
        self._said = self.Params(**self.p._getkwargs())  # type: ignore[attr-defined]  # noqa: SLF001

    def start(self) -> None:
        """Refuse lines that were built to hold tomorrow."""
        refuse_forward(self)

    @classmethod
    def is_rule(cls) -> bool:
        """Return True where the strategy is a rule and nothing else."""
        return (
            cls.on_offset is EventStrategy.on_offset
            and cls.Params.rule is not EventStrategy.Params.rule
        )

    def on_offset(self, event: Event, offset: int) -> None:
        """Decide about one event.

        Parameters
        ----------
        event
            An event the market knows by the close that has just passed.
        offset
            Sessions from the event's day 0 to the next session, at whose open orders fill.

        Notes
        -----
        Without one of its own, a strategy follows its ``Params.rule``.
        """
        rule = self._said.rule(event)
        if rule is None:
            return
        if offset == rule.entry:
            enter = self.enter_short if rule.side == "short" else self.enter_long
            enter(event, weight=rule.weight, lots=rule.lots, stop=rule.stop)
        elif offset == rule.exit:
            self.leave(event)

    def prenext(self) -> None:
        """Offer events while an indicator is still short of bars: nothing is lost."""
        self.next()

    def next(self) -> None:
        """Offer every known event, in order of day 0."""
        for event, offset in self.broker.visible():
            self.broker.offer(event.id, offset)
            self.on_offset(event, offset)
            self._seen.add(event.id)

    def first_look(self, event: Event) -> bool:
        """Return True while the event is offered for the first time: the news is fresh."""
        return event.id not in self._seen

    def sessions_held(self, event: Event) -> int:
        """Return the sessions since the event's oldest open trade was entered, 0 without one.

        1 after the close of the session of the entry itself.
        """
        entered = [
            trade.entries[0].session
            for trade in self.broker.ledger.open_trades()
            if trade.event == event.id
        ]
        return self.broker.sessions_since(min(entered)) if entered else 0

    def decline(
        self, event: Event, reason: str, ticker: str | None = None, *, side: Side = "sell"
    ) -> None:
        """Put on record why nothing is ordered for an event."""
        self.broker.decline(event.id, _named(ticker, event), side, reason)

    def enter_short(
        self,
        event: Event,
        ticker: str | None = None,
        *,
        weight: float | None = None,
        lots: int | None = None,
        stop: float | None = None,
        after: bt.Order | None = None,
        linked: bool = False,
    ) -> bt.Order | None:
        """Sell short at the next open, in whole lots.

        Parameters
        ----------
        event
            The event the trade is booked to.
        ticker
            What to sell; the event's own ticker where left out.
        weight
            Fraction of equity at the last close (0.1 is 10 %); or
        lots
            board lots.
        stop
            Cover when the price has risen by this fraction from the fill.
        after
            Another order of the same session; this one is refused where that one was.
        linked
            True where this leg and the one it is ``after`` are closed together or, where one
            cannot be, not at all; a leg that is closed by its stop or its lender takes the
            other with it at the next open.

        Returns
        -------
        Order or None
            None where the size was refused; the reason stands with the orders.
        """
        options = {"stop": stop, "after": after, "linked": linked}
        return self._enter("sell", event, ticker, (weight, lots), options)

    def enter_long(
        self,
        event: Event,
        ticker: str | None = None,
        *,
        weight: float | None = None,
        lots: int | None = None,
        stop: float | None = None,
        after: bt.Order | None = None,
        linked: bool = False,
    ) -> bt.Order | None:
        """Buy at the next open, in whole lots; the parameters are those of ``enter_short``."""
        options = {"stop": stop, "after": after, "linked": linked}
        return self._enter("buy", event, ticker, (weight, lots), options)

    def leave(self, event: Event, ticker: str | None = None) -> None:
        """Close, at the next open, what is held for the event in one ticker or in all."""
        trades = [
            trade
            for trade in self.broker.ledger.open_trades()
            if trade.event == event.id and _names(ticker, trade.ticker)
        ]
        for trade in trades:
            self._close(trade, float(trade.shares))
        if not trades and self.broker.is_entering(event.id, ticker and _named(ticker, event)):
            self.broker.remark(
                f"{type(self).__name__} calls leave for {event.id} after the close of"
                f" {self.session}, in which it also enters: nothing is held yet, so nothing is"
                " left; call leave from the next close on"
            )

    def buy(
        self,
        data: DataBase | str | None = None,
        size: float | None = None,
        *args: Any,
        **options: Any,
    ) -> bt.Order | None:
        """Cover what is short in a feed, backtrader's way; ``enter_long`` opens a position."""
        return self._trade("buy", data, size, *args, **options)

    def sell(
        self,
        data: DataBase | str | None = None,
        size: float | None = None,
        *args: Any,
        **options: Any,
    ) -> bt.Order | None:
        """Sell what is held in a feed, backtrader's way; ``enter_short`` opens a position."""
        return self._trade("sell", data, size, *args, **options)

    def holds(self, event: Event, ticker: str | None = None) -> bool:
        """Return True while something is held for the event."""
        return any(
            trade.event == event.id and _names(ticker, trade.ticker)
            for trade in self.broker.ledger.open_trades()
        )

    @property
    def session(self) -> dt.date:
        """The session whose close has just passed."""
        return self.broker.session

    @property
    def benchmark(self) -> str:
        """Ticker of the benchmark, which is also the clock."""
        return ticker_of(self.datas[0])

    def feed(self, ticker: str) -> SessionFeed:
        """Return a ticker's feed; raises BacktestError where there is none."""
        try:
            return cast("SessionFeed", self.getdatabyname(canonical(ticker)))
        except KeyError as cause:
            raise BacktestError(
                f"{type(self).__name__} asks for {ticker}, which has no prices"
            ) from cause

    def closes(self, ticker: str, count: int) -> list[float]:
        """Return up to ``count`` closes, the last one last; NaN on sessions without a bar.

        Raw prices in today's shares: divided by the splits since, dividends left in.
        """
        ticker = canonical(ticker)
        closes = self.feed(ticker).until_now("close", count)
        first = self.broker.position + 1 - len(closes)
        return [
            close / self.broker.split_since(ticker, first + row) for row, close in enumerate(closes)
        ]

    def _enter(
        self,
        side: Side,
        event: Event,
        ticker: str | None,
        size: tuple[float | None, int | None],
        options: dict[str, Any],
    ) -> bt.Order | None:
        ticker = _named(ticker, event)
        feed = self.feed(ticker)
        check_stop(options["stop"])
        check_size(*size)
        shares, reason = self._size(feed, ticker, *size)
        if reason:
            self.broker.decline(event.id, ticker, side, reason)
            return None
        return self._order(side, feed, shares, event=event.id, entering=True, **options)

    def _order(self, side: Side, data: Any, size: float, **options: Any) -> bt.Order:
        order = super().sell if side == "sell" else super().buy
        return cast("bt.Order", order(data, size, **options))

    def _close(self, trade: Trade, shares: float, **options: Any) -> bt.Order:
        side: Side = "sell" if trade.side > 0 else "buy"
        feed = self.feed(trade.ticker)
        return self._order(side, feed, shares, event=trade.event, entering=False, **options)

    def _trade(
        self, side: Side, data: Any, size: float | None, *args: Any, **options: Any
    ) -> bt.Order | None:
        """Close trades of a feed, oldest first; without any, open one that has no event."""
        named = self.data if data is None else data
        feed = self.feed(named if isinstance(named, str) else ticker_of(named))
        left = abs(self.getsizing(feed, isbuy=side == "buy") if size is None else size)
        trades = [
            trade
            for trade in self.broker.ledger.held_in(ticker_of(feed))
            if (trade.side > 0) == (side == "sell")
        ]
        if not trades:
            return self._ordered_plainly(side, feed, left, *args, **options)
        orders = []
        for trade in trades:
            part = min(left, float(trade.shares))
            left -= part
            if part:
                orders.append(self._close(trade, part, **options))
        if left:
            self.broker.remark(
                f"{type(self).__name__} calls self.{side} for {left:g} shares of"
                f" {ticker_of(feed)} beyond what is held; they are not ordered: close first, then"
                f" open with self.enter_{'long' if side == 'buy' else 'short'}(event, ...)"
            )
        return orders[0] if orders else None

    def _ordered_plainly(
        self, side: Side, feed: SessionFeed, size: float, *args: Any, **options: Any
    ) -> bt.Order:
        way = "long" if side == "buy" else "short"
        self.broker.remark(
            f"{type(self).__name__} opens {ticker_of(feed)} with self.{side}, so the trade belongs"
            f" to no event and stands in no event's figures; use self.enter_{way}(event, ...)"
        )
        order = super().sell if side == "sell" else super().buy
        return cast("bt.Order", order(feed, size, *args, **options))

    def _size(
        self, feed: SessionFeed, ticker: str, weight: float | None, lots: int | None
    ) -> tuple[float, str]:
        """Return whole-lot shares, or why there are none."""
        lot = self.broker.instrument(ticker).lot_on(self.broker.next_session)
        if lots is not None:
            return lots * lot, ""
        (price,) = feed.until_now("close", 1)
        if not math.isfinite(price):
            return 0.0, f"no price of {ticker} on {self.session}"
        amount = float(weight or 0.0) * self.broker.getvalue()
        shares = whole_lots(amount, price, lot)
        if shares <= 0:
            return 0.0, f"{amount:,.0f} is below one lot of {lot:g} at {price:g}"
        return shares, ""


def _named(ticker: str | None, event: Event) -> str:
    """Return a ticker in its one spelling, the event's own where none is named."""
    return canonical(ticker) if ticker else event.ticker


def _names(ticker: str | None, held: str) -> bool:
    """Return whether what is held is meant by a ticker; None means all."""
    return ticker is None or canonical(ticker) == held
