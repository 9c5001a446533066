"""``prices fetch`` and ``prices check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aftershock.cli.options import HERE, JsonOption, SourceOption, WorkspaceOption
from aftershock.cli.screen import print_json, print_table, print_text

if TYPE_CHECKING:
    from aftershock.prices.quality import Finding
    from aftershock.workspace.load import Workspace

app = typer.Typer(help="Prices: fetch them, check them.", no_args_is_help=True)

Tickers = Annotated[
    list[str] | None, typer.Argument(help="Tickers; the workspace's own where left out.")
]


@app.command()
def fetch(
    tickers: Tickers = None, workspace: WorkspaceOption = HERE, source: SourceOption = None
) -> None:
    """Load the prices and say what there is."""
    from aftershock.prices.sources import load_prices

    space = _open(workspace)
    wanted = tickers or list(space.settings.all_tickers)
    panel = load_prices(wanted, source=space.source(source), calendar=space.settings.calendar)
    rows = []
    for ticker in panel.tickers:
        span = panel.span(ticker)
        count = int(panel.to_frame()[ticker].notna().sum())
        rows.append([ticker, str(count), *(map(str, span) if span else ("-", "-"))])
    print_table(("ticker", "bars", "first", "last"), rows, f"Source {panel.origin.source}")
    for note in (panel.origin.notice, *panel.notes):
        if note:
            print_text(note)


@app.command()
def check(
    tickers: Tickers = None,
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    json: JsonOption = False,
) -> None:
    """Report gaps, wrong days, placeholders, disordered bars, jumps, duplicates, stale tails."""
    space = _open(workspace)
    found = _findings(space, tickers or list(space.settings.all_tickers), space.source(source))
    if json:
        names = ("ticker", "session", "check", "severity", "detail", "remedy")
        print_json([{name: getattr(item, name) for name in names} for item in found])
        return
    if not found:
        print_text("Nothing found.")
        return
    rows = [
        [item.ticker, str(item.session), item.check, item.severity, item.detail, item.remedy]
        for item in found
    ]
    print_table(("ticker", "session", "check", "severity", "detail", "remedy"), rows)


def _findings(space: Workspace, tickers: list[str], source: str) -> list[Finding]:
    from aftershock.prices.quality import check_source

    return check_source(tickers, source, space.settings.calendar)


def _open(folder: Path) -> Workspace:
    from aftershock.workspace.load import Workspace

    return Workspace.open(folder)
