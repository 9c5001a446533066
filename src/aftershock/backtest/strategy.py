"""The base of every strategy: events in, whole-lot orders out."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import backtrader as bt
from pydantic import BaseModel, ConfigDict

from aftershock.backtest.broker import EventBroker, whole_lots
from aftershock.backtest.feed import ticker_of
from aftershock.errors import BacktestError
from aftershock.events.book import Selection

if TYPE_CHECKING:
    import datetime as dt

    from aftershock.backtest.orders import Side
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


class EventStrategy(bt.Strategy, metaclass=_EventStrategyMeta):
    """A strategy that acts on events.

    A subclass names its ``events`` and its ``Params`` and writes ``on_offset``::

        class Fade(ash.EventStrategy):
            \"\"\"Short the session after a launch, cover five sessions later.\"\"\"

            class Params(ash.EventStrategy.Params):
                weight: float = 0.1

            p: Params
            events = ash.select(kind="model_launch")

            def on_offset(self, event, offset):
                if offset == 1:
                    self.enter_short(event, weight=self.p.weight)
                if offset == 6:
                    self.leave(event)

    Timing: ``on_offset(event, offset)`` runs after the close before session ``offset``; what
    it orders fills at that session's open. It is called for every event known by that close,
    so for news the first call has ``offset`` 1 or more.
    """

    class Params(BaseModel):
        """Base of a strategy's parameters: validated, and refusing what is mistyped."""

        model_config = ConfigDict(frozen=True, extra="forbid")

    p: Params
    events: ClassVar[Selection] = Selection()
    broker: EventBroker

    @abstractmethod
    def on_offset(self, event: Event, offset: int) -> None:
        """Decide about one event.

        Parameters
        ----------
        event
            An event the market knows by the close that has just passed.
        offset
            Sessions from the event's day 0 to the next session, at whose open orders fill.
        """

    def next(self) -> None:
        """Offer every known event, in order of day 0."""
        for event, offset in self.broker.agenda.visible(self.broker.position):
            self.on_offset(event, offset)

    def enter_short(
        self,
        event: Event,
        ticker: str | None = None,
        *,
        weight: float | None = None,
        lots: int | None = None,
        stop: float | None = None,
        after: bt.Order | None = None,
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

        Returns
        -------
        Order or None
            None where the size was refused; the reason stands with the orders.
        """
        return self._enter("sell", event, ticker, (weight, lots), stop, after)

    def enter_long(
        self,
        event: Event,
        ticker: str | None = None,
        *,
        weight: float | None = None,
        lots: int | None = None,
        stop: float | None = None,
        after: bt.Order | None = None,
    ) -> bt.Order | None:
        """Buy at the next open, in whole lots; the parameters are those of ``enter_short``."""
        return self._enter("buy", event, ticker, (weight, lots), stop, after)

    def leave(self, event: Event, ticker: str | None = None) -> None:
        """Close, at the next open, what is held for the event in one ticker or in all."""
        for trade in list(self.broker.ledger.open_trades()):
            if trade.event == event.id and ticker in (None, trade.ticker):
                order = self.sell if trade.side > 0 else self.buy
                order(
                    data=self.feed(trade.ticker), size=trade.shares, event=event.id, entering=False
                )

    def holds(self, event: Event, ticker: str | None = None) -> bool:
        """Return True while something is held for the event."""
        return any(
            trade.event == event.id and ticker in (None, trade.ticker)
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

    def feed(self, ticker: str) -> bt.feed.DataBase:
        """Return a ticker's feed; raises BacktestError where there is none."""
        try:
            return self.getdatabyname(ticker)
        except KeyError as cause:
            raise BacktestError(
                f"{type(self).__name__} asks for {ticker}, which has no prices"
            ) from cause

    def closes(self, ticker: str, count: int) -> list[float]:
        """Return up to ``count`` closes, the last one last; NaN on sessions without a bar."""
        feed = self.feed(ticker)
        return list(feed.close.get(ago=0, size=min(count, len(feed))))

    def _enter(
        self,
        side: Side,
        event: Event,
        ticker: str | None,
        size: tuple[float | None, int | None],
        stop: float | None,
        after: bt.Order | None,
    ) -> bt.Order | None:
        ticker = ticker or event.ticker
        shares, reason = self._size(ticker, *size)
        if reason:
            self.broker.refuse_size(event.id, ticker, side, reason)
            return None
        order = self.sell if side == "sell" else self.buy
        return order(
            data=self.feed(ticker),
            size=shares,
            event=event.id,
            stop=stop,
            after=after,
            entering=True,
        )

    def _size(self, ticker: str, weight: float | None, lots: int | None) -> tuple[float, str]:
        """Return whole-lot shares, or why there are none."""
        lot = self.broker.instrument(ticker).lot
        if (weight is None) == (lots is None):
            raise BacktestError(f"{type(self).__name__}: give weight or lots, one of them")
        if lots is not None:
            return lots * lot, "" if lots > 0 else f"{lots} lots is no order"
        price = self.feed(ticker).close[0]
        if not math.isfinite(price):
            return 0.0, f"no price of {ticker} on {self.session}"
        amount = float(weight or 0.0) * self.broker.getvalue()
        shares = whole_lots(amount, price, lot)
        if shares <= 0:
            return 0.0, f"{amount:,.0f} is below one lot of {lot:g} at {price:g}"
        return shares, ""
