"""``run``, ``study``, ``report`` and ``init``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftershock.cli.options import (
    HERE,
    LangOption,
    OfflineOption,
    SourceOption,
    WorkspaceOption,
    command_line,
)  # fmt: skip
from aftershock.cli.screen import print_text, progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aftershock.workspace.load import Workspace
    from aftershock.workspace.request import Terms

LANGUAGES = 2  # a page in each


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (run, study, report, init):
        app.command()(command)


def run(
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    offline: OfflineOption = False,
) -> None:
    """Run every study and backtest of the workspace, write one report."""
    space = open_workspace(workspace)
    go(space, list(space.studies), list(space.strategies), source=source, offline=offline)


def study(
    names: Annotated[list[str], typer.Argument(help="Studies, by file name without .py.")],
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    offline: OfflineOption = False,
) -> None:
    """Run one or more studies, write a report and print the results."""
    path = go(open_workspace(workspace), names, [], source=source, offline=offline)
    _print_studies(path, names)


def report(
    run: Annotated[str, typer.Argument(help="A run: latest, 2026-11-23/093512, or its folder.")],
    workspace: WorkspaceOption = HERE,
    form: Annotated[
        str | None,
        typer.Option("--format", help="Print tables for a paper: md or latex.", show_default=False),
    ] = None,
    lang: LangOption = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="Draw a figure of every event for papers as well.")
    ] = False,
) -> None:
    """Rebuild the page of a run from its folder, without computing anything anew."""
    from aftershock.report.figures import draw_figures
    from aftershock.report.page import PAGES, build_page
    from aftershock.report.paper import paper_tables
    from aftershock.report.words import language
    from aftershock.runs.history import find_run

    space = open_workspace(workspace)
    code = language(lang or space.settings.language).code
    found = find_run(space.results, run)
    if form is not None:
        print_text(paper_tables(found.path, form, code).rstrip("\n"))
        return
    with progress(len(PAGES) + figures) as step:
        if figures:
            step("figures")
            draw_figures(found.path, every=True)
        build_page(found.path, results=space.results, step=step)
    print_text(str(found.path / PAGES[code]))


def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
) -> None:
    """Make a workspace that runs at once."""
    from aftershock.workspace.scaffold import make_workspace

    make_workspace(folder)
    print_text(f"{folder} is a workspace. Next: cd {folder} && aftershock run")


def open_workspace(folder: Path) -> Workspace:
    """Return the workspace in a folder."""
    from aftershock.workspace.load import Workspace

    return Workspace.open(folder)


def go(
    space: Workspace,
    studies: list[str],
    strategies: list[str],
    *,
    source: str | None,
    offline: bool,
    terms: Terms | None = None,
    grid: Mapping[str, Sequence[Any]] | None = None,
) -> Path:
    """Run what was asked for behind a bar, print where the page is and return the folder."""
    from aftershock.workspace.request import Request, Terms
    from aftershock.workspace.run import run_workspace

    request = Request(
        studies, strategies, source, command_line(), terms or Terms(), offline, grid or {}
    )
    steps = 3 + len(studies) + len(strategies) + LANGUAGES  # prices, figures and publishing
    steps += len(space.settings.all_tickers) if space.source(source) == "yahoo" else 0
    with progress(steps) as step:
        path = run_workspace(space, request, step=step)
    print_text(str(path / "report.html"))
    return path


def _print_studies(path: Path, names: list[str]) -> None:
    from aftershock.runs.history import read_run
    from aftershock.study.result import StudyResult

    record = read_run(path).manifest["studies"]
    for name in dict.fromkeys(names):
        result = StudyResult.read(path / "studies" / name, record[name])
        print_text("\n" + result.summary())
