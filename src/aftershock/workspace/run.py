"""One run of a workspace: studies and backtests, every table, one page, one dated folder."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from aftershock.clock import SYSTEM
from aftershock.errors import AftershockError, RunError, WorkspaceError
from aftershock.events.day_zero import day_zero, spanning
from aftershock.events.standing import standing
from aftershock.events.supply import supply_steps, write_holders
from aftershock.inputs import SETTINGS, Inputs, opened, recording
from aftershock.prices.age import age_of
from aftershock.report.figures import drawing
from aftershock.report.page import build_page, index_pages
from aftershock.runs.folder import RunFolder, new_run
from aftershock.runs.history import write_index
from aftershock.runs.manifest import Manifest, git_state
from aftershock.tables import make_table, write_table
from aftershock.workspace.load import EVENTS, STRATEGIES, STUDIES
from aftershock.workspace.verdicts import VERDICTS, judged, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from aftershock.backtest.result import BacktestResult
    from aftershock.backtest.run import Backtest
    from aftershock.clock import Clock
    from aftershock.events.book import EventBook
    from aftershock.events.supply import SupplyStep
    from aftershock.prices.panel import PricePanel
    from aftershock.study.result import StudyResult
    from aftershock.study.study import Study
    from aftershock.workspace.load import Workspace
    from aftershock.workspace.request import Request
    from aftershock.workspace.settings import Settings


def run_workspace(
    workspace: Workspace,
    request: Request,
    *,
    step: Callable[[str], None] = lambda _: None,
    clock: Clock = SYSTEM,
) -> Path:
    """Run studies and backtests of a workspace and return the run's folder.

    Everything that can be refused is refused before anything is written.

    Parameters
    ----------
    workspace
        The workspace.
    request
        What to run.
    step
        Called with the name of each part before it is done.
    clock
        Names the run's folder, and tells how old prices are.

    Raises
    ------
    AftershockError
        Whatever cannot be read, fitted, run or written; nothing is left behind.
    """
    with recording(workspace.folder) as inputs:
        path = _run(workspace, request, inputs, step, clock)
    try:
        write_index(workspace.results, index_pages)
    except RunError as cause:
        raise RunError(f"the run is whole, in {path}; but {cause}") from cause
    return path


def _run(
    workspace: Workspace,
    request: Request,
    inputs: Inputs,
    step: Callable[[str], None],
    clock: Clock,
) -> Path:
    settings = workspace.settings
    opened(workspace.folder / SETTINGS)
    events = workspace.events()
    names = _names(request.studies, workspace.studies)
    tests = _names(request.strategies, workspace.strategies)
    studies = {name: workspace.study(name) for name in names}
    backtests = {name: request.terms.backtest(workspace, name) for name in tests}
    if not studies and not backtests:
        raise WorkspaceError(
            f"{workspace.folder.resolve()} has no study and no strategy to run; write"
            f" {STUDIES}/NAME.py or {STRATEGIES}/NAME.py (a name that begins with _ is passed over)"
        )
    if not len(events):
        raise WorkspaceError(
            f"{workspace.folder.resolve() / EVENTS} has no event yet; write one into a file there"
        )
    step("prices")
    prices = workspace.prices(
        request.source,
        further=[name for study in studies.values() for name in study.model.benchmarks],
        offline=request.offline,
        progress=lambda ticker: step(f"prices {ticker}"),
        clock=clock,
    )
    started = clock.local()
    with new_run(workspace.results, started) as folder:
        with drawing() as draw:
            manifest = _manifest(workspace, request, prices, started, inputs.settled())
            manifest.age = _age(events, prices, clock.now())
            _write_inputs(folder.path, events, prices)
            results = _studies(folder, manifest, studies, events, prices, step)
            trade = _Trading(folder, manifest, settings, request, events, prices)
            for name, backtest in backtests.items():
                step(f"{'sweep' if request.grid else 'backtest'} {name}")
                trade.add(name, backtest)
            if results:
                beside = _beside(workspace, results, events, prices, manifest)
                table = judged(beside, results, trade.results, manifest.seed)
                write_table(table, folder.path / VERDICTS)
                manifest.page = page_of(beside, manifest.seed)
            manifest.inputs = inputs.settled()
            manifest.write(folder.path)
            draw(folder.path)
            build_page(folder.path, step=step)
            step("figures")
        step("publishing")
        return folder.publish()


def _names(wanted: Sequence[str] | None, there: dict[str, Path]) -> list[str]:
    return list(there) if wanted is None else list(dict.fromkeys(wanted))


def _studies(
    folder: RunFolder,
    manifest: Manifest,
    studies: dict[str, Study],
    events: EventBook,
    prices: PricePanel,
    step: Callable[[str], None],
) -> dict[str, StudyResult]:
    results = {}
    for name, study in studies.items():
        step(f"study {name}")
        result = results[name] = study.fit(events, prices, seed=manifest.seed)
        result.save(folder.path / "studies" / name)
        manifest.studies[name] = result.record
        manifest.warn(name, result.warnings)
    return results


def _beside(
    workspace: Workspace,
    results: dict[str, StudyResult],
    events: EventBook,
    prices: PricePanel,
    manifest: Manifest,
) -> dict[str, StudyResult]:
    """Return every study of the workspace: a page counts those that were not asked for too.

    One that cannot be fitted to the prices at hand is not counted, and the manifest says why.
    """
    page = {}
    for name in workspace.studies:
        if name in results:
            page[name] = results[name]
            continue
        try:
            page[name] = workspace.study(name).fit(events, prices, seed=manifest.seed)
        except AftershockError as cause:
            manifest.warn("verdicts", [f"{name} is not counted: {cause}"])
    return page


@dataclass(frozen=True, slots=True)
class _Trading:
    """The backtests and sweeps of one run, written as they are made."""

    folder: RunFolder
    manifest: Manifest
    settings: Settings
    request: Request
    events: EventBook
    prices: PricePanel
    results: dict[str, BacktestResult] = field(default_factory=dict)

    def add(self, name: str, backtest: Backtest) -> None:
        """Run one strategy at its parameters, or in every cell of the grid."""
        if self.request.grid:
            self._sweep(name, backtest)
            return
        result = backtest.run(
            self.events,
            self.prices,
            benchmark=self.settings.benchmark,
            placebos=self.request.terms.draws,
            seed=self.settings.seed,
        )
        self._keep(name, result)

    def _sweep(self, name: str, backtest: Backtest) -> None:
        from aftershock.backtest.text import summarise_sweep, terminal

        sweep = backtest.sweep(
            self.events, self.prices, benchmark=self.settings.benchmark, grid=self.request.grid,
            seed=self.settings.seed, placebos=self.request.terms.draws or 0,
        )  # fmt: skip
        self._keep(name, sweep.reported)
        write_table(sweep.table, self.folder.path / "backtests" / name / "sweep.csv")
        self._keep(f"{name}-best", sweep.best)
        self._keep(f"{name}-worst", sweep.worst)
        self.manifest.backtests[name]["sweep"] = {
            "grid": {axis: list(values) for axis, values in sweep.grid.items()},
            "trials": sweep.trials,
            "placebo": sweep.placebo,
            "summary": summarise_sweep(sweep, terminal("sweep", name)),
        }

    def _keep(self, name: str, result: BacktestResult) -> None:
        result = self.results[name] = result.against(self.prices, *self.settings.benchmarks)
        result.save(self.folder.path / "backtests" / name)
        self.manifest.backtests[name] = {**result.record, "name": name}
        self.manifest.warn(name, result.warnings)


def _manifest(
    workspace: Workspace,
    request: Request,
    prices: PricePanel,
    started: dt.datetime,
    inputs: dict[str, str],
) -> Manifest:
    return Manifest(
        command=request.command,
        started=started.astimezone(dt.UTC).isoformat(timespec="seconds"),
        title=workspace.settings.title,
        seed=workspace.settings.seed,
        source=workspace.source(request.source),
        is_market_data=prices.origin.is_market_data,
        notice=prices.origin.notice,
        prices={
            "sha256": prices.fingerprint(),
            "tickers": list(prices.tickers),
            "first": str(prices.sessions.first),
            "last": str(prices.sessions.last),
        },
        inputs=inputs,
        git=git_state(workspace.folder),
    )


def _age(events: EventBook, prices: PricePanel, now: dt.datetime) -> dict[str, Any]:
    """Return how old the prices are, and which events wait for prices or for their day."""
    age, sessions = age_of(prices, now), spanning(prices.sessions, events)
    waiting: dict[str, list[str]] = {"due, no prices": [], "ahead": []}
    for event in events:
        newest = age.newest.get(event.ticker)
        name = standing(event, day_zero(event, sessions), sessions, newest, now)
        if name:
            waiting[name].append(event.id)
    return {**age.record, "due": waiting["due, no prices"], "ahead": waiting["ahead"]}


def _write_inputs(folder: Path, events: EventBook, prices: PricePanel) -> None:
    """Write what the page needs besides results: events, closes, share structure."""
    table = _as_text(events.to_frame())
    sessions = spanning(prices.sessions, events)
    zeros = [day_zero(event, sessions) for event in events]
    days = [zero.session if zero.last is None else None for zero in zeros]
    table.insert(5, "session", pd.to_datetime(pd.Series(days)))
    table.insert(6, "session_alt", pd.to_datetime(pd.Series([zero.session_alt for zero in zeros])))
    write_table(table, folder / "events.csv")
    write_table(prices.to_frame("close").reset_index(), folder / "closes.csv")
    steps = pd.DataFrame([_flat(step) for step in supply_steps(events)])
    write_table(steps, folder / "supply.csv")
    names = [(c.ticker, c.name, c.local_name) for c in events.companies.values()]
    write_table(make_table(names, ["ticker", "name", "local_name"]), folder / "companies.csv")


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with holders, participants and the like in words."""
    nested = [name for name in table.columns if table[name].map(_is_nested).any()]
    return table.assign(**{name: table[name].map(_words) for name in nested})


def _is_nested(value: object) -> bool:
    return isinstance(value, tuple | list)


def _words(value: object) -> object:
    if not isinstance(value, tuple | list):
        return value
    return "; ".join(str(item["name"]) if isinstance(item, dict) else str(item) for item in value)


def _flat(step: SupplyStep) -> dict[str, object]:
    return {**asdict(step), "holders": write_holders(step.holders)}
