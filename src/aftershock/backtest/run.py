"""A backtest: which strategy, with which parameters, where; ``run`` turns it into a result."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import ValidationError

from aftershock.backtest import compare, tables
from aftershock.backtest.blame import blamed
from aftershock.backtest.break_even import borrow_grid, break_even
from aftershock.backtest.exchanges import Exchange, PlainExchange
from aftershock.backtest.market import comparable
from aftershock.backtest.money import from_cents
from aftershock.backtest.remarks import conventions, simulated, warnings
from aftershock.backtest.result import BacktestResult
from aftershock.backtest.span import default_start
from aftershock.backtest.stage import Stage, clocked
from aftershock.backtest.strategy import EventStrategy
from aftershock.content import load_file, sha256_of
from aftershock.errors import BacktestError, nearest
from aftershock.events.book import EventBook
from aftershock.prices.panel import PricePanel
from aftershock.prices.tickers import canonical
from aftershock.tables import make_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from aftershock.backtest.broker import EventBroker
    from aftershock.backtest.ledger import Ledger
    from aftershock.backtest.placebo import Placebo
    from aftershock.backtest.sweep import SweepResult


LEAST_CASH, MOST_CASH = 0.01, 1e15  # a cent, and what cents of 64 bits hold


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
        First and last session. Where left out, the first on which any ticker of its events
        has a close (a listing; not before the benchmark's first), and the benchmark's last.
    caveats
        What limits the data, one sentence each; they stand first among the warnings.

    Raises
    ------
    BacktestError
        The strategy has no such parameter or refuses its value, or cash is not from 0.01 to
        10^15.
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
    path: Path | None = None
    caveats: tuple[str, ...] = ()
    sha256: str = ""

    def __init__(
        self,
        strategy: type[EventStrategy] | str | Path,
        *,
        params: Mapping[str, Any] | None = None,
        exchange: Exchange | None = None,
        cash: float = 10_000_000,
        start: dt.date | None = None,
        end: dt.date | None = None,
        caveats: Sequence[str] = (),
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
            # whole: processes may stand elsewhere
            "path": Path(str(strategy)).resolve() if is_path else None,
            "caveats": tuple(caveats),
            "sha256": sha256_of(cls.__module__) if is_path else "",
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)
        if not LEAST_CASH <= cash <= MOST_CASH:
            raise BacktestError(
                f"cash is {cash:g}; it must be positive, from {LEAST_CASH:g} to {MOST_CASH:,.0f},"
                " in the currency of the prices"
            )
        if not isinstance(self.exchange, Exchange):
            raise BacktestError(f"exchange is {exchange!r}; write exchange=ash.HKEX()")

    @property
    def origin(self) -> Origin | type[EventStrategy]:
        """What another process is given: the strategy's file, or its class where it has none."""
        return Origin(self.path, self.sha256) if self.path else self.strategy

    def run(
        self,
        events: EventBook,
        prices: PricePanel,
        *,
        benchmark: str,
        placebos: int | None = None,
        seed: int = 0,
    ) -> BacktestResult:
        """Run the strategy over the benchmark's sessions on which it could have traded.

        Parameters
        ----------
        events
            The whole book; the strategy sees those it selects, each from when it is known.
        prices
            Raw prices of every ticker it trades, and the benchmark.
        benchmark
            The clock, and what the result is compared with.
        placebos
            Assignments of its events to other sessions on which it is run again: all there
            are where they are at most so many, else so many drawn. None takes 9,999 of a rule
            that runs over arrays and none of any other strategy; 0 takes none.
        seed
            Of the draws, and of the resampling of the other checks.

        Raises
        ------
        BacktestError
            ``placebos`` is negative, the prices lack the benchmark, or a traded ticker has closes
            only.
        UnknownName
            The strategy selects an event that the book does not have.
        """
        if placebos is not None and placebos < 0:
            raise BacktestError(f"placebos is {placebos}; 0 for none, or how many: 9999")
        stage = self.stage(events, prices, benchmark=benchmark)
        broker = stage.trade(self.strategy, self.params)
        result = _assemble(self, stage, broker, prices)
        placebo = _placebo(self, stage, broker.ledger, placebos, seed)
        return result.judged(seed=seed, placebo=placebo)

    def sweep(
        self,
        events: EventBook,
        prices: PricePanel,
        *,
        benchmark: str,
        grid: Mapping[str, Sequence[Any]],
        seed: int = 0,
        placebos: int = 0,
        jobs: int = -1,
        step: Callable[[int], None] = lambda _: None,
    ) -> SweepResult:
        """Run the strategy in every cell of a grid of its parameters.

        A strategy that is a rule runs over arrays, fill by fill and cent by cent what
        backtrader does; any other runs through backtrader in processes. The strategy's own
        parameters, the best and the worst cell always go through backtrader.

        Parameters
        ----------
        events, prices, benchmark
            As for ``run``.
        grid
            Values of each parameter; a cell the strategy refuses is kept with the reason.
        seed
            Of everything random.
        placebos
            Assignments of its events to other sessions, as for ``run``, at which the whole
            grid is run again: each cell's profit is compared with the best cell's there.
        jobs
            Processes; -1 for one a core.
        step
            Called with the number of runs that have just been made.

        Raises
        ------
        BacktestError
            As ``run``, or no cell of the grid can run.
        """
        from aftershock.backtest.sweep import run_sweep

        return run_sweep(
            self, events, prices, benchmark=benchmark, grid=grid, seed=seed, placebos=placebos,
            jobs=jobs, step=step,
        )  # fmt: skip

    def with_params(self, params: Mapping[str, Any]) -> Backtest:
        """Return the backtest with other parameters; those not named are at their defaults."""
        new = copy.copy(self)
        object.__setattr__(new, "params", _checked(self.strategy, params))
        return new

    def stage(self, events: EventBook, prices: PricePanel, *, benchmark: str) -> Stage:
        """Return what a run stands on; the parameters and errors are those of ``run``."""
        _check_data(events, prices)
        events = events.on(prices.sessions.calendar)
        benchmark = canonical(benchmark, prices.sessions.calendar)
        selected = list(events.select(self.strategy.events))
        tickers = {event.ticker for event in selected}
        start = self.start or default_start(prices, tickers, benchmark, self.end)
        panel = clocked(prices, benchmark, start, self.end)
        return Stage.of(selected, events, panel, self.exchange, self.cash, benchmark)


def _placebo(
    backtest: Backtest, stage: Stage, ledger: Ledger, placebos: int | None, seed: int
) -> Placebo | None:
    """Return the placebo of what a backtest traded; None where none was asked for."""
    from aftershock.backtest.placebo import DRAWS, HANDED, Placebo, rule_reach, run_placebo
    from aftershock.backtest.trials import traded_reach

    is_rule = backtest.strategy.is_rule()
    draws = (DRAWS if is_rule else 0) if placebos is None else placebos
    traded = list(dict.fromkeys(trade.event for trade in ledger.trades))
    if not draws or not traded:
        return None
    if any(trade.is_open for trade in ledger.trades):
        return Placebo.refused(len(traded), "refused: a trade is still open at the end")
    some = [entry for entry in stage.agenda.entries if entry.event.id in traded]
    reach = (
        rule_reach(backtest.strategy, [backtest.params], some)
        if is_rule
        else traded_reach(ledger, stage)
    )
    handed = HANDED if placebos is None else None
    return run_placebo(backtest, stage, traded, reach, seed=seed, draws=draws, handed=handed)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a strategy is from, for a process that loads it for itself.

    Attributes
    ----------
    path
        Its file.
    sha256
        Of the file when it was first loaded.
    """

    path: Path
    sha256: str

    def load(self) -> type[EventStrategy]:
        """Return the strategy; raises BacktestError where its file was changed meanwhile."""
        cls = load_strategy(self.path)
        if sha256_of(cls.__module__) != self.sha256:
            raise BacktestError(f"{self.path} was changed while it was being run; run it again")
        return cls


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
    if cls.on_offset is EventStrategy.on_offset and not cls.is_rule():
        raise BacktestError(
            f"{cls.__name__} has no on_offset and its Params no rule; one of them decides"
        )
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
    with blamed(cls):
        try:
            return cls.Params(**params).model_dump()
        except ValidationError as cause:
            raise BacktestError(_first_of(cls, cause)) from cause


def _first_of(cls: type[EventStrategy], cause: ValidationError) -> str:
    """Return the first thing that is wrong with parameters."""
    first = cause.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        close = nearest(name, cls.Params.model_fields)
        hint = f": did you mean '{close}'?" if close else ""
        known = ", ".join(cls.Params.model_fields)
        return f"{cls.__name__} has no parameter '{name}'{hint} It has {known}."
    message = first["msg"].removeprefix("Value error, ")
    return f"{cls.__name__}: {name or 'parameters'}: {message}"


def _assemble(
    backtest: Backtest, stage: Stage, broker: EventBroker, prices: PricePanel
) -> BacktestResult:
    ledger, panel = broker.ledger, stage.panel
    held = comparable(panel, stage.benchmark)[: len(ledger.balances)]
    equity = tables.equity_table(ledger, held, backtest.cash)
    saved = compare.riskless(panel, equity["session"])
    trades, orders = tables.trade_table(ledger), tables.order_table(broker.records)
    costs = tables.cost_table(ledger)
    events = tables.event_table(stage.agenda, broker.records, broker.offered, broker.position)
    events = simulated(prices, events, stage.benchmark)
    return BacktestResult(
        name=backtest.name,
        params=backtest.params,
        equity=equity,
        positions=positions(broker),
        trades=trades,
        orders=orders,
        costs=costs,
        events=events,
        metrics={
            **tables.metric_table(equity, trades, orders, saved),
            **break_even(ledger),
            "interest": from_cents(ledger.interest),
            "ruined": str(broker.ruined) if broker.ruined else None,
        },
        versus=compare.versus_table(equity, trades, orders, saved, from_cents(ledger.interest)),
        borrow_grid=borrow_grid(broker),
        conventions=conventions(backtest, prices, stage, broker, equity),
        warnings=(
            *backtest.caveats,
            *warnings(prices, broker, equity, trades, events, stage.benchmark),
        ),
        is_market_data=prices.origin.is_market_data,
    )


def positions(broker: EventBroker) -> pd.DataFrame:
    """Return the shares each trade held at each close, in shares of that day, short negative."""
    rows = []
    for trade in broker.ledger.trades:
        first = trade.entries[0].session
        last = trade.exits[-1].session if not trade.is_open else None
        for row, balance in enumerate(broker.ledger.balances):
            day = balance.session
            if day >= first and (last is None or day < last):
                bought = sum(fill.shares for fill in trade.entries if fill.session <= day)
                sold = sum(fill.shares for fill in trade.exits if fill.session <= day)
                splits = broker.split_between(trade.ticker, row, last)
                held = trade.side * float(bought - sold) / splits
                rows.append((day, trade.number, trade.event, trade.ticker, held))
    return make_table(rows, ["session", "trade", "event", "ticker", "shares"])


def describe(cls: type[EventStrategy]) -> list[tuple[str, str, Any, str]]:
    """Return name, type, default and description of each of a strategy's parameters."""
    return [
        (name, _type_name(info.annotation), info.default, info.description or "")
        for name, info in cls.Params.model_fields.items()
    ]


def _type_name(annotation: object) -> str:
    """Return a type as one would write it."""
    if get_origin(annotation) is Literal:
        return " or ".join(map(str, get_args(annotation)))
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
