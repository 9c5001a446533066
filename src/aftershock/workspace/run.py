"""One run of a workspace: studies and backtests, every table, one page, one dated folder."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pandas as pd

from aftershock.errors import RunError, WorkspaceError
from aftershock.events.day_zero import day_zero, spanning
from aftershock.events.supply import supply_steps, write_holders
from aftershock.prices.sources import files_read
from aftershock.report.figures import drawing
from aftershock.report.page import build_page, index_pages
from aftershock.runs.folder import RunFolder, new_run
from aftershock.runs.history import write_index
from aftershock.runs.manifest import Manifest, git_state, hashes
from aftershock.tables import make_table, write_table
from aftershock.workspace.load import EVENTS, STRATEGIES, STUDIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from aftershock.backtest.result import BacktestResult
    from aftershock.backtest.run import Backtest
    from aftershock.events.book import EventBook
    from aftershock.events.supply import SupplyStep
    from aftershock.prices.panel import PricePanel
    from aftershock.study.study import Study
    from aftershock.workspace.load import Workspace
    from aftershock.workspace.request import Request
    from aftershock.workspace.settings import Settings


def run_workspace(
    workspace: Workspace, request: Request, *, step: Callable[[str], None] = lambda _: None
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

    Raises
    ------
    AftershockError
        Whatever cannot be read, fitted, run or written; nothing is left behind.
    """
    settings = workspace.settings
    read = _inputs(workspace)
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
    source = workspace.source(request.source)
    prices = workspace.prices(
        request.source,
        further=[name for study in studies.values() for name in study.model.benchmarks],
        offline=request.offline,
        progress=lambda ticker: step(f"prices {ticker}"),
    )
    started = dt.datetime.now().astimezone()
    with new_run(workspace.results, started) as folder:
        with drawing() as draw:
            manifest = _manifest(workspace, request, prices, started, source)
            _unchanged(read, manifest.inputs)
            _write_inputs(folder.path, events, prices)
            _studies(folder, manifest, studies, events, prices, step)
            trade = _Trading(folder, manifest, settings, request, events, prices)
            for name, backtest in backtests.items():
                step(f"{'sweep' if request.grid else 'backtest'} {name}")
                trade.add(name, backtest)
            manifest.write(folder.path)
            draw(folder.path)
            build_page(folder.path, step=step)
            step("figures")
        step("publishing")
        path = folder.publish()
    try:
        write_index(workspace.results, index_pages)
    except RunError as cause:
        raise RunError(f"the run is whole, in {path}; but {cause}") from cause
    return path


def _names(wanted: Sequence[str] | None, there: dict[str, Path]) -> list[str]:
    return list(there) if wanted is None else list(dict.fromkeys(wanted))


def _studies(
    folder: RunFolder,
    manifest: Manifest,
    studies: dict[str, Study],
    events: EventBook,
    prices: PricePanel,
    step: Callable[[str], None],
) -> None:
    for name, study in studies.items():
        step(f"study {name}")
        result = study.fit(events, prices, seed=manifest.seed)
        result.save(folder.path / "studies" / name)
        manifest.studies[name] = result.record
        manifest.warn(name, result.warnings)


@dataclass(frozen=True, slots=True)
class _Trading:
    """The backtests and sweeps of one run, written as they are made."""

    folder: RunFolder
    manifest: Manifest
    settings: Settings
    request: Request
    events: EventBook
    prices: PricePanel

    def add(self, name: str, backtest: Backtest) -> None:
        """Run one strategy at its parameters, or in every cell of the grid."""
        if self.request.grid:
            self._sweep(name, backtest)
            return
        benchmark, seed = self.settings.benchmark, self.settings.seed
        result = backtest.run(self.events, self.prices, benchmark=benchmark)
        draws = self.request.terms.placebos(backtest)
        placebo = None
        if draws and len(result.trades):
            placebo = backtest.placebo(
                self.events, self.prices, benchmark=benchmark, result=result, seed=seed, draws=draws
            )
        self._keep(name, result.judged(seed=seed, placebo=placebo))

    def _sweep(self, name: str, backtest: Backtest) -> None:
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
            "summary": sweep.summary(),
        }

    def _keep(self, name: str, result: BacktestResult) -> None:
        result = result.against(self.prices, *self.settings.benchmarks)
        result.save(self.folder.path / "backtests" / name)
        self.manifest.backtests[name] = {**result.record, "name": name}
        self.manifest.warn(name, result.warnings)


def _inputs(workspace: Workspace, prices: Sequence[Path] = ()) -> dict[str, str]:
    named = (workspace.risk_free().file, workspace.borrow_file)
    return hashes(
        [*workspace.inputs, *prices, *(file for file in named if file is not None)],
        workspace.folder,
    )


def _unchanged(before: dict[str, str], after: dict[str, str]) -> None:
    """Refuse a run that would record other inputs than it was made from."""
    for name, digest in before.items():
        if after.get(name) != digest:
            raise WorkspaceError(f"{name} was changed while the run read it; run it again")


def _manifest(
    workspace: Workspace, request: Request, prices: PricePanel, started: dt.datetime, source: str
) -> Manifest:
    return Manifest(
        command=request.command,
        started=started.astimezone(dt.UTC).isoformat(timespec="seconds"),
        title=workspace.settings.title,
        seed=workspace.settings.seed,
        source=source,
        is_market_data=prices.origin.is_market_data,
        notice=prices.origin.notice,
        prices={
            "sha256": prices.fingerprint(),
            "tickers": list(prices.tickers),
            "first": str(prices.sessions.first),
            "last": str(prices.sessions.last),
        },
        inputs=_inputs(workspace, files_read(source, prices.tickers)),
        git=git_state(workspace.folder),
    )


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
