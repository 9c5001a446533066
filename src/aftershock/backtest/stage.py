"""What backtests of one strategy stand on: prices, events, and backtrader to run on them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

from aftershock.backtest.agenda import Agenda, Entry
from aftershock.backtest.blame import blamed
from aftershock.backtest.broker import EventBroker
from aftershock.backtest.feed import Bar, SessionFeed
from aftershock.backtest.market import Quote, quotes
from aftershock.backtest.memory import forgetful, same_numbers
from aftershock.backtest.silences import silences
from aftershock.errors import BacktestError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from aftershock.arrays import IntArray
    from aftershock.backtest.exchanges import Exchange, Instrument
    from aftershock.backtest.strategy import EventStrategy
    from aftershock.events.book import EventBook
    from aftershock.events.companies import Company
    from aftershock.events.kinds import Event
    from aftershock.prices.panel import PricePanel


@dataclass(slots=True)
class Instruments:
    """What an exchange knows of each ticker, asked once.

    Attributes
    ----------
    exchange, companies
        Asked.
    any_day
        True where a short sale is admissible on every day, whatever is known of it.
    """

    exchange: Exchange
    companies: Mapping[str, Company]
    any_day: bool = False
    _known: dict[str, Instrument] = field(default_factory=dict)

    def __call__(self, ticker: str) -> Instrument:
        """Return an instrument; raises BacktestError where it cannot be traded."""
        if ticker not in self._known:
            found = self.exchange.instrument(ticker, self.companies.get(ticker))
            self._known[ticker] = replace(found, shortable_from=None) if self.any_day else found
        return self._known[ticker]


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run stands on.

    Attributes
    ----------
    panel
        Raw prices on the benchmark's sessions.
    agenda
        The selected events on these sessions.
    instrument
        Returns what is known of a ticker.
    exchange, cash, benchmark
        As the backtest has them.
    placed
        Ticker and row of the day 0 of every event selected, whatever the agenda holds.
    """

    panel: PricePanel
    agenda: Agenda
    instrument: Instruments
    exchange: Exchange
    cash: float
    benchmark: str
    placed: tuple[tuple[str, int], ...]

    @classmethod
    def of(
        cls, events: list[Event], book: EventBook, panel: PricePanel, exchange: Exchange,
        cash: float, benchmark: str,
    ) -> Stage:  # fmt: skip
        """Place a strategy's events on a panel that is cut to the benchmark's sessions."""
        tradable = [event for event in events if event.ticker in panel.tickers]
        for event in tradable:
            _needs_bars(panel, event.ticker)
        _one_currency(panel, [event.ticker for event in tradable])
        agenda = Agenda.of(tradable, panel.sessions)
        without = [
            (event, f"no prices for {event.ticker}") for event in events if event not in tradable
        ]
        agenda = replace(agenda, excluded=(*agenda.excluded, *without))
        instrument = Instruments(exchange, book.companies)
        placed = tuple((entry.event.ticker, entry.day_zero) for entry in agenda.entries)
        return cls(panel, agenda, instrument, exchange, cash, benchmark, placed)

    def only(self, ids: Container[str]) -> Stage:
        """Return the stage with some of the agenda's events."""
        entries = tuple(entry for entry in self.agenda.entries if entry.event.id in ids)
        return replace(self, agenda=replace(self.agenda, entries=entries))

    def shortable_any_day(self) -> Stage:
        """Return the stage with every short sale admissible: a placebo asks for dates alone."""
        instrument = Instruments(self.exchange, self.instrument.companies, any_day=True)
        return replace(self, instrument=instrument)

    def moved(self, day_zero: IntArray) -> Stage:
        """Return the stage with every event of the agenda at another day 0, shape (E,)."""
        entries = [
            Entry(entry.event, zero, entry.known_from + zero - entry.day_zero)
            for entry, zero in zip(self.agenda.entries, day_zero.tolist(), strict=True)
        ]
        entries.sort(key=lambda entry: (entry.day_zero, entry.event.id))
        return replace(self, agenda=replace(self.agenda, entries=tuple(entries)))

    def trade(self, strategy: type[EventStrategy], params: Mapping[str, Any]) -> EventBroker:
        """Run a strategy through backtrader and return its broker.

        Raises
        ------
        BacktestError
            The strategy's own code failed, or asked for what cannot be.
        LookAheadError
            It asked for a price it could not have seen.
        """
        broker = EventBroker(self.cash, self.exchange, self.agenda, self.instrument, self._tape())
        cerebro = bt.Cerebro(stdstats=False, preload=False, runonce=False)
        cerebro.setbroker(broker)
        days = self.panel.sessions.dates.tolist()
        numbers = [bt.date2num(dt.datetime.combine(day, dt.time())) for day in days]
        others = (name for name in self.panel.tickers if name != self.benchmark)
        for ticker in (self.benchmark, *others):
            cerebro.adddata(SessionFeed(ticker, _bars(self.panel, ticker, numbers)), name=ticker)
        cerebro.addstrategy(strategy, **params)
        with blamed(strategy), forgetful(strategy), same_numbers():
            (ran,) = cerebro.run()
        for sentence in silences(ran):
            broker.remark(sentence)
        return broker

    def _tape(self) -> Iterator[dict[str, Quote]]:
        """Yield the quotes of every ticker that can be traded, one session after another."""
        series = {}
        for ticker in self.panel.tickers:
            try:
                is_index = self.instrument(ticker).is_index
            except BacktestError:  # no lot: an order in it is refused with this reason
                continue
            series[ticker] = quotes(self.panel, ticker, is_index=is_index)
        for row in range(len(self.panel.sessions)):
            yield {name: bars[row] for name, bars in series.items()}


def clocked(
    prices: PricePanel, benchmark: str, start: dt.date | None, end: dt.date | None
) -> PricePanel:
    """Return the panel cut to the benchmark's sessions."""
    if benchmark not in prices.tickers:
        raise BacktestError(
            f"the prices lack the benchmark {benchmark}; they hold {', '.join(prices.tickers)}"
        )
    span = prices.span(benchmark)
    if span is None:
        raise BacktestError(f"the benchmark {benchmark} has no closes")
    first, last = max(start or span[0], span[0]), min(end or span[1], span[1])
    if first >= last:
        raise BacktestError(
            f"no sessions from {start or span[0]} to {end or span[1]}: {benchmark} has prices from"
            f" {span[0]} to {span[1]}"
        )
    return prices.between(first, last)


def _needs_bars(panel: PricePanel, ticker: str) -> None:
    """Refuse closes alone; a session that lacks one of the others is a halt or has no high."""
    column = panel.column(ticker)
    traded = np.isfinite(panel.close[:, column])
    for name in ("open", "high", "low"):
        if traded.any() and not np.isfinite(getattr(panel, name)[traded, column]).any():
            raise BacktestError(
                f"{ticker} has closes without {name}s; a backtest needs Open, High, Low and Close"
            )


def _one_currency(panel: PricePanel, tickers: list[str]) -> None:
    said = {panel.currency_of(ticker): ticker for ticker in tickers}
    said.pop("", None)
    if len(said) > 1:
        shown = ", ".join(f"{ticker} in {currency}" for currency, ticker in said.items())
        raise BacktestError(
            f"cash is in one currency, and the traded tickers are quoted in several ({shown});"
            " backtest them apart"
        )


def _bars(panel: PricePanel, ticker: str, numbers: list[float]) -> Iterator[Bar]:
    column = panel.column(ticker)
    fields = (panel.open, panel.high, panel.low, panel.close, panel.volume)
    return zip(numbers, *(array[:, column].tolist() for array in fields), strict=True)
