"""``prices fetch`` and ``prices check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aftershock.cli.options import HERE, JsonOption, OfflineOption, SourceOption, WorkspaceOption
from aftershock.cli.screen import print_json, print_table, print_text, progress

if TYPE_CHECKING:
    from aftershock.prices.panel import PricePanel
    from aftershock.prices.quality import Finding
    from aftershock.workspace.load import Workspace

app = typer.Typer(help="Prices: fetch them, check them.", no_args_is_help=True)

Tickers = Annotated[
    list[str] | None, typer.Argument(help="Tickers; the workspace's own where left out.")
]


@app.command()
def fetch(
    tickers: Tickers = None,
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Record what contradicts stored prices as a revision.")
    ] = False,
    offline: OfflineOption = False,
) -> None:
    """Fetch what the store lacks, and say what there is."""
    from aftershock.prices.sources import fetch_prices

    space = _open(workspace)
    wanted = tickers or list(space.settings.all_tickers)
    with progress(len(wanted)) as step:
        panel = fetch_prices(
            wanted,
            source=space.source(source),
            calendar=space.settings.calendar,
            overrides=space.settings.overrides,
            accept=accept,
            offline=offline,
            progress=step,
        )
    rows = [_row(panel, ticker) for ticker in panel.tickers]
    columns = ("ticker", "bars", "first", "last", "currency")
    print_table(columns, rows, f"Source {panel.origin.source}")
    for text in (panel.origin.notice, *panel.notes, *map(str, panel.flags)):
        if text:
            print_text(text)


@app.command()
def check(
    tickers: Tickers = None,
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    offline: OfflineOption = False,
    json: JsonOption = False,
) -> None:
    """Look for what is wrong with the prices; print it, and write it to results."""
    from aftershock.prices.quality import write_findings
    from aftershock.prices.sources import check_prices

    space = _open(workspace)
    wanted = tickers or list(space.settings.all_tickers)
    with progress(len(wanted)) as step:
        panel, found = check_prices(
            wanted,
            source=space.source(source),
            calendar=space.settings.calendar,
            overrides=space.settings.overrides,
            offline=offline,
            progress=step,
        )
    path = write_findings(found, space.results)
    if json:
        print_json([item.record() for item in found])
        return
    _print_findings(found)
    for text in (panel.origin.notice, *panel.notes):
        if text:
            print_text(text)
    print_text(str(path))


def _print_findings(found: list[Finding]) -> None:
    if not found:
        print_text("Nothing found.")
        return
    rows = [
        [item.ticker, item.days.replace("..", "..\n"), item.check, item.severity, item.detail]
        for item in found
    ]
    print_table(("ticker", "session", "check", "severity", "detail"), rows)
    print_table(("check", "what to do"), sorted({(item.check, item.remedy) for item in found}))


def _row(panel: PricePanel, ticker: str) -> list[str]:
    span = panel.span(ticker)
    first, last = map(str, span) if span else ("-", "-")
    return [ticker, str(panel.count(ticker)), first, last, panel.currency_of(ticker) or "-"]


def _open(folder: Path) -> Workspace:
    from aftershock.workspace.load import Workspace

    return Workspace.open(folder)
