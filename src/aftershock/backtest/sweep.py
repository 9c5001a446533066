"""A sweep: one strategy over a grid of parameters, and what having tried them all is worth."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.backtest.again import Again
from aftershock.backtest.compare import riskless
from aftershock.backtest.luck.verdict import Trials
from aftershock.backtest.metrics import performance
from aftershock.backtest.placebo import ranked_on_rings, rule_reach
from aftershock.backtest.trials import Plan, Trial, attempt_all
from aftershock.errors import AftershockError, BacktestError
from aftershock.tables import write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes

    from aftershock.arrays import FloatArray
    from aftershock.backtest.result import BacktestResult
    from aftershock.backtest.run import Backtest
    from aftershock.backtest.stage import Stage
    from aftershock.events.book import EventBook
    from aftershock.prices.panel import PricePanel

FIGURES = ["trades", "net", "total_return", "sharpe", "p_value", "engine", "note"]
MOST_CELLS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class SweepResult:
    """Result of a sweep.

    Attributes
    ----------
    name
        The strategy.
    grid
        Values tried of each parameter.
    table
        One row per cell: its parameters, trades, net profit, total return, Sharpe ratio, the
        p-value of its profit among the best of every cell on placebo dates (NaN without a
        placebo), what ran it, and why not the arrays or why it could not run.
    reported, best, worst
        Runs of the strategy's own parameters and of the cells with the highest and the lowest
        profit, through backtrader, judged by what was tried.
    placebo
        How the placebo was made, or why it was not; empty where none was asked for.
    """

    name: str
    grid: dict[str, tuple[Any, ...]]
    table: pd.DataFrame
    reported: BacktestResult
    best: BacktestResult
    worst: BacktestResult
    placebo: str

    @property
    def trials(self) -> int:
        """Cells that ran."""
        return int(self.table["net"].notna().sum())

    def summary(self) -> str:
        """Return the best and the worst cells as text, with what the best is worth."""
        from aftershock.backtest.text import summarise_sweep

        return summarise_sweep(self)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the total return over the first two parameters, the others at their best."""
        from aftershock.backtest.plot import draw_sweep

        return draw_sweep(self, ax=ax)

    def save(self, folder: str | Path) -> list[Path]:
        """Write the reported run with ``sweep.csv`` beside its tables; return the paths."""
        folder = Path(folder)
        paths = self.reported.save(folder)
        return [*paths, write_table(self.table, folder / "sweep.csv")]

    def __repr__(self) -> str:
        names = ", ".join(f"{name} ({len(values)})" for name, values in self.grid.items())
        return f"<SweepResult '{self.name}': {self.trials} trials over {names}>"


@dataclass(frozen=True, slots=True)
class _Cells:
    """The grid, cell by cell: parameters as given, complete ones, or why they cannot be."""

    given: list[dict[str, Any]]
    params: list[dict[str, Any] | None]
    notes: list[str]

    @property
    def plans(self) -> list[Plan]:
        return [Plan(params) for params in self.params if params is not None]


def _ran(cells: _Cells, made: list[Trial | AftershockError]) -> tuple[_Cells, list[Trial | None]]:
    """Return the cells, those that failed with the reason, and the trial of each that ran."""
    rows = (row for row, params in enumerate(cells.params) if params is not None)
    trials: list[Trial | None] = [None] * len(cells.params)
    params, notes = list(cells.params), list(cells.notes)
    for row, trial in zip(rows, made, strict=True):
        if isinstance(trial, Trial):
            trials[row] = trial
        else:
            params[row], notes[row] = None, str(trial)
    if not any(trials):
        raise BacktestError(f"no cell of the grid can run; the first: {notes[0]}")
    return _Cells(cells.given, params, notes), trials


def run_sweep(
    backtest: Backtest,
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
    """Run a strategy in every cell of a grid; see ``Backtest.sweep``."""
    cells = _cells(backtest, grid)
    stage = backtest.stage(events, prices, benchmark=benchmark)
    cells, trials = _ran(cells, attempt_all(backtest, stage, cells.plans, jobs=jobs, step=step))
    p_values, words = _corrected(backtest, stage, cells, trials, seed, placebos, jobs, step)
    saved = riskless(stage.panel, pd.Series(stage.panel.sessions.dates))
    table = _table(cells, trials, p_values, grid, saved)
    tried = _tried(stage, [trial for trial in trials if trial is not None])
    tried = replace(tried, corrected=bool(np.isfinite(p_values).any()))
    profits = [-math.inf if trial is None else trial.profit for trial in trials]
    losses = [math.inf if trial is None else trial.profit for trial in trials]
    again = Again(backtest, events, prices, benchmark)
    for row in (int(np.argmax(profits)), int(np.argmin(losses))):
        again.compare(cells.given[row], cells.params[row] or {}, trials[row])
    best, worst = (
        again.run(cells.params[row] or {}).judged(seed=seed, trials=tried)
        for row in (int(np.argmax(profits)), int(np.argmin(losses)))
    )
    reported = _reported(again, best, seed, tried)
    axes = {name: tuple(values) for name, values in grid.items()}
    return SweepResult(backtest.name, axes, table, reported, best, worst, words)


def _reported(again: Again, best: BacktestResult, seed: int, tried: Trials) -> BacktestResult:
    """Return the run of the strategy's own parameters, the best cell's where it cannot be."""
    try:
        own = again.run(again.backtest.params)
    except AftershockError as cause:
        note = f"its own parameters cannot run ({cause}); the best cell stands in their place"
        return replace(best, warnings=(note, *best.warnings))
    return own.judged(seed=seed, trials=tried)


def _cells(backtest: Backtest, grid: Mapping[str, Sequence[Any]]) -> _Cells:
    """Return every cell; one the strategy refuses keeps its place and the reason."""
    count = math.prod(len(values) for values in grid.values())
    if not grid or not count:
        raise BacktestError("a sweep needs a grid, at least one parameter with one value")
    if count > MOST_CELLS:
        raise BacktestError(f"the grid has {count:,} cells; {MOST_CELLS:,} are the most")
    given = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    params: list[dict[str, Any] | None] = []
    notes = []
    for cell in given:
        try:
            params.append(backtest.with_params({**backtest.params, **cell}).params)
            notes.append("")
        except BacktestError as cause:
            params.append(None)
            notes.append(str(cause))
    if not any(params):
        raise BacktestError(f"no cell of the grid can run; the first: {notes[0]}")
    return _Cells(given, params, notes)


def _corrected(
    backtest: Backtest,
    stage: Stage,
    cells: _Cells,
    trials: list[Trial | None],
    seed: int,
    placebos: int,
    jobs: int,
    step: Callable[[int], None],
) -> tuple[FloatArray, str]:
    """Return each cell's p-value among the best cells of the whole grid with its events moved.

    References
    ----------
    White (2000), "A reality check for data snooping", *Econometrica* 68(5).
    """
    p_values: FloatArray = np.full(len(trials), np.nan)
    ran = [trial for trial in trials if trial is not None]
    traded = {event for trial in ran for event in trial.net}
    if not placebos:
        return p_values, ""
    if not traded:
        return p_values, "no trade was made"
    if any(trial.is_open for trial in ran):
        return p_values, "refused: a trade is still open at the end"
    reach = _longest(backtest, stage, cells, ran, traded)
    answer = ranked_on_rings(
        backtest,
        stage,
        [plan.params for plan in cells.plans],
        traded,
        reach,
        seed=seed,
        draws=placebos,
        jobs=jobs,
        step=step,
    )
    if answer.ranked is not None:
        p_values[[trial is not None for trial in trials]] = answer.ranked.p_values
    return p_values, answer.note


def _longest(
    backtest: Backtest, stage: Stage, cells: _Cells, ran: list[Trial], traded: set[str]
) -> tuple[int, int]:
    """Return the offsets of the first entry and the last exit of any cell."""
    entries = [entry for entry in stage.agenda.entries if entry.event.id in traded]
    if backtest.strategy.is_rule():
        planned = rule_reach(backtest.strategy, [plan.params for plan in cells.plans], entries)
        spans = [] if planned is None else [planned]
    else:
        spans = [trial.reach for trial in ran if trial.reach is not None]
    return min(first for first, _ in spans), max(last for _, last in spans)


def _table(
    cells: _Cells,
    trials: list[Trial | None],
    p_values: FloatArray,
    grid: Mapping[str, Any],
    saved: FloatArray | None,
) -> pd.DataFrame:
    rows = []
    for given, trial, p_value, note in zip(
        cells.given, trials, p_values.tolist(), cells.notes, strict=True
    ):
        figures: tuple[Any, ...] = (None, math.nan, math.nan, math.nan, math.nan, "", note)
        if trial is not None:
            found = performance(trial.equity, saved)
            figures = (
                trial.trades,
                round(sum(trial.net.values()), 2),
                found.total_return,
                found.sharpe,
                p_value,
                trial.engine,
                trial.note,
            )
        rows.append((*given.values(), *figures))
    table = pd.DataFrame(rows, columns=[*grid, *FIGURES])
    for name, values in grid.items():
        if None in values:  # an empty cell would be read as missing
            said = [given[name] for given in cells.given]
            table[name] = ["none" if value is None else str(value) for value in said]
    return table.astype({"trades": "Int64"})


def _tried(stage: Stage, trials: list[Trial]) -> Trials:
    """Return what was tried, as the checks of luck want it."""
    order = {entry.event.id: entry.day_zero for entry in stage.agenda.entries}
    traded = {event for trial in trials for event in trial.net}
    ids = [event for event in order if event in traded]
    equity = np.column_stack([trial.equity for trial in trials])
    alive = (equity > 0).all(axis=0)
    returns = np.zeros((equity.shape[0] - 1, equity.shape[1]))
    returns[:, alive] = equity[1:, alive] / equity[:-1, alive] - 1.0
    net = np.array([[trial.net.get(event, math.nan) for trial in trials] for event in ids])
    return Trials(returns, net.reshape(len(ids), len(trials)))


def grid_values(said: str) -> tuple[str, tuple[Any, ...]]:
    """Read one axis of a grid: ``entry=-20:-1``, ``exit=0:20:5`` or ``stop=0.1,0.2,none``.

    Ends are included. Raises BacktestError where it is none of these.
    """
    name, _, values = said.partition("=")
    hint = "write entry=-20:-1, exit=0:20:5 (ends included) or stop=0.1,0.2,none"
    if not name.strip() or not values.strip():
        raise BacktestError(f"'{said}' is no axis of a grid; {hint}")
    try:
        found = _span(values) if ":" in values else tuple(read_value(v) for v in values.split(","))
    except BacktestError:  # a ValueError too, with a reason of its own
        raise
    except ValueError as cause:
        raise BacktestError(f"'{said}' is no axis of a grid; {hint}") from cause
    if not found:
        raise BacktestError(f"'{said}' has no value: the first end is beyond the last")
    return name.strip(), tuple(dict.fromkeys(found))


def _span(values: str) -> tuple[float, ...]:
    parts = [read_value(part) for part in values.split(":")]
    if len(parts) > 3 or not all(type(part) in (int, float) for part in parts):  # noqa: PLR2004
        raise ValueError(values)
    first, last, stride = (*parts, 1)[:3]
    if not (stride > 0 and all(map(math.isfinite, (first, last, stride)))):
        raise ValueError(values)
    count = math.floor((last - first) / stride + 1e-9) + 1
    if count > MOST_CELLS:
        raise BacktestError(f"'{values}' has {count:,} values; {MOST_CELLS:,} are the most")
    return tuple(round(first + number * stride, 10) for number in range(count))


def read_value(said: str) -> Any:
    """Return a value as it was typed: a number, none, true or false, anything else as text."""
    said = said.strip()
    words = {"none": None, "true": True, "false": False}
    if said.lower() in words:
        return words[said.lower()]
    for kind in (int, float):
        try:
            return kind(said)
        except ValueError:
            continue
    if not said:
        raise ValueError(said)
    return said
