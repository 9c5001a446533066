"""``run``, ``study``, ``report`` and ``init``."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aftershock.cli.options import (
    HERE,
    LangOption,
    OfflineOption,
    SourceOption,
    WorkspaceOption,
    command_line,
)  # fmt: skip
from aftershock.cli.screen import STOP, print_note, print_text, progress
from aftershock.workspace.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.workspace.load import Workspace

LANGUAGES = 2  # a page in each
ENGLISH = "en"  # what results say of themselves


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (run, study, report, init):
        app.command()(command)


def run(
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    offline: OfflineOption = False,
    lang: LangOption = None,
) -> None:
    """Run every study and backtest of the workspace, write one report."""
    space = open_workspace(workspace)
    go(space, Request(list(space.studies), list(space.strategies), source, offline=offline), lang)


def study(
    names: Annotated[list[str], typer.Argument(help="Studies, by file name without .py.")],
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    offline: OfflineOption = False,
    lang: LangOption = None,
) -> None:
    """Run one or more studies, write a report and print the results."""
    space = open_workspace(workspace)
    path, code = go(space, Request(names, [], source, offline=offline), lang)
    if code == ENGLISH:
        _print_studies(path, names)
    else:
        print_tables(path, code)


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
    from aftershock.runs.history import find_run

    space = open_workspace(workspace)
    code = _language(space, lang)
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
    empty: Annotated[
        bool, typer.Option("--empty", help="One explained example of each file, nothing to run.")
    ] = False,
) -> None:
    """Make a workspace that runs at once, or an empty one."""
    from aftershock.workspace.scaffold import make_workspace

    make_workspace(folder, empty=empty)
    if not empty:
        print_text(f"{folder} is a workspace. Next: cd {folder} && aftershock run")
        return
    print_text(f"{folder} is an empty workspace. Next: cd {folder}, then")
    print_text("  aftershock.toml     name the exchange, the benchmark, your tickers, the prices")
    print_text("  events/events.yaml  write what happened; aftershock events check reads it")
    print_text(
        "  studies/_example.py, strategies/_example.py  copy to names without the underscore"
    )
    print_text("and aftershock run")


def open_workspace(folder: Path) -> Workspace:
    """Return the workspace in a folder."""
    from aftershock.workspace.load import Workspace

    return Workspace.open(folder)


def go(space: Workspace, request: Request, lang: str | None) -> tuple[Path, str]:
    """Run what was asked for behind a bar, print where the page is.

    Returns
    -------
    Path, str
        The run's folder, and the language to speak.
    """
    from aftershock.report.page import PAGES
    from aftershock.workspace.run import run_workspace

    code = _language(space, lang)
    parts = len(request.studies or ()) + len(request.strategies or ())
    steps = 3 + parts + LANGUAGES  # prices, figures and publishing
    steps += len(space.settings.all_tickers) if space.source(request.source) == "yahoo" else 0
    request = replace(request, command=command_line())
    with progress(steps) as step, _interruptible(space, request):
        path = run_workspace(space, request, step=step)
    _print_age(path, code)
    _print_verdicts(path)
    print_text(str(path / PAGES[code]))
    return path, code


def _print_age(path: Path, code: str) -> None:
    """Print how old the newest price of a run was."""
    from aftershock.report.age import age_line
    from aftershock.report.cells import Folder
    from aftershock.report.words import language

    line = age_line(Folder(path).record("manifest.json"), language(code))
    if line is not None:
        print_note(line.striptags())


def _print_verdicts(path: Path) -> None:
    """Print what was found of each question, the surest first."""
    from aftershock.runs.history import read_run
    from aftershock.study.verdict import in_lines
    from aftershock.tables import read_table
    from aftershock.workspace.verdicts import VERDICTS

    if not (path / VERDICTS).is_file():
        return
    print_text("\n".join(in_lines(read_table(path / VERDICTS))))
    page = read_run(path).manifest["page"]
    if page["chance"] is not None:
        print_text(
            f"without any effect a page of {page['estimates']} such estimates shows a p below"
            f" 5 % in {page['chance']:.0%} of cases"
        )


@contextmanager
def _interruptible(space: Workspace, request: Request) -> Iterator[None]:
    """Say on Ctrl-C what is left of a run: nothing, unless it was published just before."""
    latest = space.results / "latest"
    before = latest.resolve()
    try:
        yield
    except KeyboardInterrupt:
        said = "nothing was written"
        if space.source(request.source) == "yahoo":
            said += " but the prices that had arrived"
        if latest.resolve() != before:
            said = f"the run is complete in {latest.resolve()}"
        STOP.sentence = f"stopped; {said}"
        raise


def _language(space: Workspace, lang: str | None) -> str:
    """Return the language asked for, the workspace's own where none was."""
    from aftershock.report.words import language

    return language(lang or space.settings.language).code


def print_tables(path: Path, code: str) -> None:
    """Print a run's tables in a language."""
    from aftershock.report.paper import paper_tables

    print_text("\n" + paper_tables(path, "md", code).rstrip("\n"))


def _print_studies(path: Path, names: list[str]) -> None:
    from aftershock.runs.history import read_run
    from aftershock.study.result import StudyResult

    record = read_run(path).manifest["studies"]
    for name in dict.fromkeys(names):
        result = StudyResult.read(path / "studies" / name, record[name])
        print_text("\n" + result.summary())
