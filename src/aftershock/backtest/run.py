"""A backtest: which strategy, with which parameters, where; ``run`` turns it into a result."""

from __future__ import annotations

import datetime as dt
import inspect
import traceback
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
import pandas as pd
from pydantic import ValidationError

from aftershock.backtest import tables
from aftershock.backtest.agenda import Agenda
from aftershock.backtest.broker import EventBroker
from aftershock.backtest.exchanges import Exchange, Instrument, PlainExchange
from aftershock.backtest.feed import Bar, SessionFeed
from aftershock.backtest.metrics import SESSIONS_A_YEAR
from aftershock.backtest.result import BacktestResult
from aftershock.backtest.strategy import EventStrategy
from aftershock.content import load_file
from aftershock.errors import AftershockError, BacktestError, nearest
from aftershock.events.book import EventBook
from aftershock.prices.currency import clashes
from aftershock.prices.panel import PricePanel
from aftershock.prices.quality import touched
from aftershock.tables import make_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aftershock.arrays import FloatArray
    from aftershock.prices.quality import Finding

PRICE_INDEX = "a price index, without dividends; it cannot itself be bought"


@dataclass(frozen=True, slots=True, init=False)
class Backtest:
    """A backtest, described; nothing runs before ``run``.

    Parameters
    ----------
    strategy
        An EventStrategy, or the path of a file that defines one.
    params
        Parameters of the strategy; the others stay at their defaults.
    exchange
        Costs, lots and borrow; a plain exchange of 5 basis points a side where left out.
    cash
        Starting cash, in the currency of the prices.
    start, end
        First and last session; the benchmark's own where left out.

    Raises
    ------
    BacktestError
        The strategy has no such parameter or refuses its value, or cash is not positive.
    WorkspaceError
        The file does not import or defines no strategy.
    """

    strategy: type[EventStrategy]
    params: dict[str, Any] = field(default_factory=dict)
    exchange: Exchange = field(default_factory=PlainExchange)
    cash: float = 10_000_000
    start: dt.date | None = None
    end: dt.date | None = None
    name: str = ""

    def __init__(
        self,
        strategy: type[EventStrategy] | str | Path,
        *,
        params: Mapping[str, Any] | None = None,
        exchange: Exchange | None = None,
        cash: float = 10_000_000,
        start: dt.date | None = None,
        end: dt.date | None = None,
    ) -> None:
        is_path = isinstance(strategy, str | Path)
        cls = load_strategy(strategy) if isinstance(strategy, str | Path) else strategy
        _check_strategy(cls)
        values: dict[str, Any] = {
            "strategy": cls,
            "params": _checked(cls, params or {}),
            "exchange": exchange or PlainExchange(),
            "cash": cash,
            "start": start,
            "end": end,
            "name": Path(str(strategy)).stem if is_path else cls.__name__,
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)
        if not cash > 0:
            raise BacktestError(f"cash is {cash}; it must be positive")
        if not isinstance(self.exchange, Exchange):
            raise BacktestError(f"exchange is {exchange!r}; write exchange=ash.HKEX()")

    def run(self, events: EventBook, prices: PricePanel, *, benchmark: str) -> BacktestResult:
        """Run the strategy over every session of the benchmark.

        Parameters
        ----------
        events
            The whole book; the strategy sees those it selects, each from when it is known.
        prices
            Raw prices of every ticker it trades, and the benchmark.
        benchmark
            The clock, and what the result is compared with.

        Raises
        ------
        BacktestError
            The prices lack the benchmark, or a traded ticker has closes only.
        UnknownName
            The strategy selects an event that the book does not have.
        """
        _check_data(events, prices)
        panel = _clocked(prices, benchmark, self.start, self.end)
        selected = events.select(self.strategy.events)
        tradable = [event for event in selected if event.ticker in panel.tickers]
        for event in tradable:
            _needs_bars(panel, event.ticker)
        _one_currency(panel, [event.ticker for event in tradable])
        agenda = Agenda.of(tradable, panel.sessions)
        without = [
            (event, f"no prices for {event.ticker}") for event in selected if event not in tradable
        ]
        agenda = Agenda(agenda.sessions, agenda.wide, agenda.entries, (*agenda.excluded, *without))

        @cache
        def instrument(ticker: str) -> Instrument:
            return self.exchange.instrument(ticker, events.companies.get(ticker))

        broker = EventBroker(self.cash, self.exchange, agenda, instrument)
        _run_cerebro(self, panel, broker, benchmark)
        return _assemble(self, panel, broker, agenda, benchmark, prices)


def load_strategy(path: str | Path) -> type[EventStrategy]:
    """Return the one EventStrategy that a file defines.

    Raises
    ------
    WorkspaceError
        The file is missing or does not import.
    BacktestError
        It defines no strategy, or several.
    """
    module = load_file(path)
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, EventStrategy)
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(cls.__name__ for cls in found) or "none"
        raise BacktestError(f"{path} must define one EventStrategy, it defines {names}")
    return found[0]


def _check_strategy(cls: object) -> None:
    if not (inspect.isclass(cls) and issubclass(cls, EventStrategy)):
        raise BacktestError(f"{cls!r} is no strategy; name an EventStrategy or the file of one")
    if cls.on_offset is EventStrategy.on_offset:
        raise BacktestError(f"{cls.__name__} has no on_offset; it is where a strategy decides")
    if cls.events is EventStrategy.events:
        raise BacktestError(f"{cls.__name__} names no events; write events = ash.select(kind=...)")


def _check_data(events: object, prices: object) -> None:
    if not isinstance(events, EventBook) or not isinstance(prices, PricePanel):
        raise BacktestError(
            "run takes an EventBook and a PricePanel, in this order: backtest.run(events, prices,"
            ' benchmark="^HSI"); returns alone cannot be traded'
        )
    calendar = prices.sessions.calendar
    if events.calendar and events.calendar != calendar:
        raise BacktestError(
            f"the events are written for {events.calendar} sessions, the prices have {calendar}'s"
        )


def _checked(cls: type[EventStrategy], params: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return cls.Params(**params).model_dump()
    except ValidationError as cause:
        first = cause.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            close = nearest(name, cls.Params.model_fields)
            hint = f": did you mean '{close}'?" if close else ""
            known = ", ".join(cls.Params.model_fields)
            raise BacktestError(
                f"{cls.__name__} has no parameter '{name}'{hint} It has {known}."
            ) from cause
        message = first["msg"].removeprefix("Value error, ")
        raise BacktestError(f"{cls.__name__}: {name or 'parameters'}: {message}") from cause


def _clocked(
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
    return prices.between(first, last)


def _needs_bars(panel: PricePanel, ticker: str) -> None:
    column = panel.column(ticker)
    traded = np.isfinite(panel.close[:, column])
    for name in ("open", "high", "low"):
        if (~np.isfinite(getattr(panel, name)[traded, column])).any():
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


def _run_cerebro(
    backtest: Backtest, panel: PricePanel, broker: EventBroker, benchmark: str
) -> None:
    cerebro = bt.Cerebro(stdstats=False, preload=False, runonce=False)
    cerebro.setbroker(broker)
    numbers = [
        bt.date2num(dt.datetime.combine(day, dt.time())) for day in panel.sessions.dates.tolist()
    ]
    for ticker in (benchmark, *(name for name in panel.tickers if name != benchmark)):
        cerebro.adddata(SessionFeed(_bars(panel, ticker, numbers)), name=ticker)
    cerebro.addstrategy(backtest.strategy, **backtest.params)
    try:
        cerebro.run()
    except AftershockError:
        raise
    except Exception as cause:
        raise BacktestError(_where(backtest.strategy, cause)) from cause


def _where(cls: type[EventStrategy], cause: Exception) -> str:
    """Return what a strategy's own code raised, with its file and line."""
    file = inspect.getsourcefile(cls) or cls.__name__
    frames = traceback.extract_tb(cause.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    where = f"{file}:{lines[-1]}" if lines else f"{cls.__name__}"
    said = str(cause).splitlines()[0] if str(cause) else "no message"
    return f"{where}: {type(cause).__name__}: {said}"


def _bars(panel: PricePanel, ticker: str, numbers: list[float]) -> Iterator[Bar]:
    column = panel.column(ticker)
    fields = (panel.open, panel.high, panel.low, panel.close, panel.volume)
    return zip(numbers, *(array[:, column].tolist() for array in fields), strict=True)


def _assemble(
    backtest: Backtest,
    panel: PricePanel,
    broker: EventBroker,
    agenda: Agenda,
    benchmark: str,
    prices: PricePanel,
) -> BacktestResult:
    ledger = broker.ledger
    equity = tables.equity_table(
        ledger, panel.adjusted_close()[:, panel.column(benchmark)], backtest.cash
    )
    trades, orders = tables.trade_table(ledger), tables.order_table(broker.records)
    costs = tables.cost_table(ledger)
    events = tables.event_table(agenda, broker.records)
    rates = panel.risk_free
    riskless: FloatArray | None = None
    if rates is not None:
        riskless = np.multiply.accumulate(1.0 + rates, dtype="float64")
    metrics = tables.metric_table(equity, trades, costs, orders, riskless)
    traded = {record.ticker for record in broker.records}
    return BacktestResult(
        name=backtest.name,
        params=backtest.params,
        equity=equity,
        positions=positions(broker),
        trades=trades,
        orders=orders,
        costs=costs,
        events=events,
        metrics=metrics,
        versus=tables.versus_table(equity, trades, riskless),
        conventions=_conventions(backtest, prices, benchmark, traded, broker),
        warnings=tuple(_warnings(prices, equity, trades, events, benchmark)),
        is_market_data=prices.origin.is_market_data,
    )


def positions(broker: EventBroker) -> pd.DataFrame:
    """Return the shares each trade held at each close, negative when short."""
    rows = []
    for trade in broker.ledger.trades:
        first = trade.entries[0].session
        last = trade.exits[-1].session if not trade.is_open else None
        for balance in broker.ledger.balances:
            day = balance.session
            if day >= first and (last is None or day < last):
                bought = sum(fill.shares for fill in trade.entries if fill.session <= day)
                sold = sum(fill.shares for fill in trade.exits if fill.session <= day)
                rows.append(
                    (day, trade.number, trade.event, trade.ticker, trade.side * (bought - sold))
                )
    return make_table(rows, ["session", "trade", "event", "ticker", "shares"])


def _conventions(
    backtest: Backtest, prices: PricePanel, benchmark: str, traded: set[str], broker: EventBroker
) -> dict[str, str]:
    said = {
        "events": str(backtest.strategy.events),
        "orders": "decided after a close, filled at the next session's open, whole lots; a stop"
        " is a standing order filled at its level, or at the open beyond it",
        "capital": f"{backtest.cash:,.0f}; exits fill before entries, entries in order of day 0,"
        " each sized on the equity of the last close",
        "prices": "raw; adjusted prices are for studies",
        "benchmark": f"{benchmark}, {PRICE_INDEX}" if benchmark.startswith("^") else benchmark,
        "risk-free": "0" if prices.risk_free is None else _rate(prices.risk_free),
        "source": prices.origin.source,
        "market data": "yes" if prices.origin.is_market_data else f"no: {prices.origin.notice}",
        **backtest.exchange.conventions(),
    }
    for ticker in sorted(traded):
        instrument = broker.instrument(ticker)
        if instrument.is_index:
            said[f"{ticker}"] = "a notional tracker fund: no stamp duty, no lot"
        elif instrument.shortable_from is not None:
            note = f", inferred: {instrument.shortable_note}" if instrument.shortable_note else ""
            said[f"{ticker} shortable from"] = f"{instrument.shortable_from}{note}"
    return said


def _rate(risk_free: FloatArray) -> str:
    yearly = (1.0 + float(np.mean(risk_free))) ** SESSIONS_A_YEAR - 1.0
    return f"{yearly:.2%} a year on average; taken off every return before ratios, alpha and beta"


def _warnings(
    prices: PricePanel,
    equity: pd.DataFrame,
    trades: pd.DataFrame,
    events: pd.DataFrame,
    benchmark: str,
) -> Iterator[str]:
    traded = sorted(set(trades["ticker"]))
    if prices.origin.notice:
        yield prices.origin.notice
    yield from prices.notes
    yield from map(str, _flagged(prices, equity, trades, benchmark))
    yield from clashes(prices, traded, [benchmark])
    if not len(trades):
        yield "no trade was made; the reasons stand with the events and orders"
    for row in trades[trades["open"]].itertuples():
        yield f"{row.event} in {row.ticker} is still open at the end, marked at the last close"
    if (equity["equity"] <= 0).any():
        day = equity.loc[equity["equity"] <= 0, "session"].iloc[0].date()
        yield f"equity went below zero on {day}; the figures built on returns are not defined"
    if traded and not any(_has_volume(prices, ticker) for ticker in traded):
        yield "the prices have no volumes, so a halt with a repeated price cannot be told"
    span = prices.span(benchmark)
    if span is not None and span[1] < prices.sessions.last:
        yield f"the run ends on {span[1]}, the last session of {benchmark}"
    late = events[events["reason"].str.contains("after the last session")]
    if len(late):
        yield f"{len(late)} event(s) lie after the run and were not traded"


def _flagged(
    prices: PricePanel, equity: pd.DataFrame, trades: pd.DataFrame, benchmark: str
) -> list[Finding]:
    """Return the flagged bars that the run used: of its trades, and the benchmark's closes."""
    start, end = equity["session"].iloc[0].date(), equity["session"].iloc[-1].date()
    found = touched(prices, benchmark, start, end, closes=True)
    exits = trades["exit_session"].fillna(pd.Timestamp(end)).dt.date
    held = zip(trades["ticker"], trades["entry_session"].dt.date, exits, strict=True)
    for ticker, entry, last in held:
        found += touched(prices, ticker, entry, last, closes=False)
    return list(dict.fromkeys(found))


def _has_volume(prices: PricePanel, ticker: str) -> bool:
    return bool(np.isfinite(prices.volume[:, prices.column(ticker)]).any())


def describe(cls: type[EventStrategy]) -> list[tuple[str, str, Any, str]]:
    """Return name, type, default and description of each of a strategy's parameters."""
    return [
        (name, str(info.annotation), info.default, info.description or "")
        for name, info in cls.Params.model_fields.items()
    ]
