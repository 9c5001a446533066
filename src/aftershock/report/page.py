"""``report.html``: one self-contained page, made from a run's folder alone."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from aftershock.backtest.result import BacktestResult
from aftershock.formats import METHOD_ONLY
from aftershock.report.figures import backtest_figures, study_figures, timeline_figure
from aftershock.report.sections.tables import cars, events, metrics, tests, trades, versus
from aftershock.runs.history import Run, read_run
from aftershock.study.result import StudyResult
from aftershock.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class Section:
    """One study or backtest on the page."""

    anchor: str
    heading: str
    kind: str
    tables: list[tuple[str, str]]
    figures: list[tuple[str, str]]
    warnings: list[str]
    conventions: dict[str, str]


def build_page(
    folder: Path, *, results: Path | None = None, step: Callable[[str], None] | None = None
) -> Path:
    """Draw the figures of a run and write its page.

    Parameters
    ----------
    folder
        The run's folder.
    results
        The folder of all runs, for the run's name.
    step
        Called with the name of each part before it is drawn.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunError
        The folder is no run.
    """
    run = read_run(folder, results)
    notify = step or (lambda _: None)
    notify("timeline")
    timeline = _timeline(run)
    sections = []
    for name in run.studies:
        notify(name)
        sections.append(_study(run, name))
    for name in run.backtests:
        notify(name)
        sections.append(_backtest(run, name))
    html = environment().get_template("report.html.j2").render(
        run=run, manifest=run.manifest, timeline=timeline, sections=sections,
        events=events(read_table(folder / "events.csv")), method_only=METHOD_ONLY,
    )  # fmt: skip
    page = folder / PAGE
    page.write_text(html, "utf-8")
    return page


def index_page(runs: list[Run]) -> str:
    """Return the page that lists every run."""
    return environment().get_template("index.html.j2").render(runs=runs)


def environment() -> Environment:
    """Return the templates; everything put into a page is escaped."""
    return Environment(
        loader=PackageLoader("aftershock.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _timeline(run: Run) -> str:
    path = timeline_figure(
        _closes(run.path), read_table(run.path / "events.csv"), run.manifest["notice"],
        run.path / "figures" / "timeline.png",
    )  # fmt: skip
    return _inline(path)


def _closes(folder: Path) -> pd.DataFrame:
    return read_table(folder / "closes.csv")


def _study(run: Run, name: str) -> Section:
    record = run.manifest["studies"][name]
    folder = run.path / "studies" / name
    result = StudyResult.read(folder, record)
    figures = study_figures(result, folder / "figures")
    return Section(
        anchor=f"study-{name}",
        heading=result.title,
        kind="Event study",
        tables=[
            ("Cumulated abnormal returns", cars(result)),
            ("Tests", tests(result)),
            ("Events", events(result.events)),
        ],
        figures=[(path.stem, _inline(path)) for path in figures],
        warnings=list(result.warnings),
        conventions=result.conventions,
    )


def _backtest(run: Run, name: str) -> Section:
    record: dict[str, Any] = run.manifest["backtests"][name]
    folder = run.path / "backtests" / name
    result = BacktestResult.read(folder, record)
    figures = backtest_figures(result, folder / "figures")
    params = ", ".join(
        f"{key} {value}" for key, value in result.params.items() if value not in (None, "")
    )
    return Section(
        anchor=f"backtest-{name}",
        heading=f"{name}: {params}",
        kind="Backtest",
        tables=[
            ("Against the benchmark", versus(result)),
            ("Trades", trades(result)),
            ("Figures", metrics(result)),
            ("Events", events(result.events)),
        ],
        figures=[(path.stem, _inline(path)) for path in figures],
        warnings=list(result.warnings),
        conventions=result.conventions,
    )


def _inline(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
