"""``prices fetch`` and ``prices check``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aftershock.cli.options import HERE, JsonOption, OfflineOption, SourceOption, WorkspaceOption
from aftershock.cli.screen import print_json, print_table, print_text, progress
from aftershock.clock import SYSTEM
from aftershock.errors import PriceError

if TYPE_CHECKING:
    from aftershock.prices.panel import PricePanel
    from aftershock.prices.quality import Finding
    from aftershock.prices.stored import Span
    from aftershock.workspace.load import Workspace

app = typer.Typer(help="Prices: fetch them, check them.", no_args_is_help=True)

Tickers = Annotated[
    list[str] | None, typer.Argument(help="Tickers; the workspace's own where left out.")
]

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Show what was stored when that day ended.", show_default=False),
]


@app.command()
def fetch(
    tickers: Tickers = None,
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Record what contradicts stored prices as a revision.")
    ] = False,
    again: Annotated[
        str | None,
        typer.Option("--again", help="Fetch one span anew: FROM..TO.", show_default=False),
    ] = None,
    as_of: AsOf = None,
    offline: OfflineOption = False,
) -> None:
    """Fetch what the store lacks, compare what it has, and say what there is."""
    from aftershock.prices.sources import fetch_prices

    space = _open(workspace)
    names = tickers or list(space.settings.all_tickers)
    with progress(len(names)) as step:
        panel = fetch_prices(
            names,
            source=space.source(source),
            calendar=space.settings.calendar,
            overrides=space.settings.overrides,
            accept=accept,
            again=None if again is None else _span(again),
            offline=offline,
            progress=step,
            as_of=space.settings.as_of if as_of is None else _day(as_of, "--as-of"),
        )
    for flag in panel.flags:
        print_text(str(flag))
    rows = [_row(panel, ticker) for ticker in panel.tickers]
    columns = ("ticker", "bars", "first", "last", "currency")
    print_table(columns, rows, f"Source {panel.origin.source}")
    for text in (panel.origin.notice, *panel.notes):
        if text:
            print_text(text)


@app.command()
def check(
    tickers: Tickers = None,
    workspace: WorkspaceOption = HERE,
    source: SourceOption = None,
    as_of: AsOf = None,
    offline: OfflineOption = False,
    json: JsonOption = False,
) -> None:
    """Look for what is wrong with the prices; print it, and write it to results."""
    from aftershock.prices.age import age_of
    from aftershock.prices.quality import write_findings
    from aftershock.prices.sources import check_prices

    space = _open(workspace)
    names = tickers or list(space.settings.all_tickers)
    with progress(len(names)) as step:
        panel, findings = check_prices(
            names,
            source=space.source(source),
            calendar=space.settings.calendar,
            overrides=space.settings.overrides,
            offline=offline,
            progress=step,
            as_of=space.settings.as_of if as_of is None else _day(as_of, "--as-of"),
        )
    path = write_findings(findings, space.results)
    if json:
        print_json([item.record() for item in findings])
        return
    print_text(age_of(panel, SYSTEM.now()).sentence)
    _print_findings(findings)
    for text in (panel.origin.notice, *panel.notes):
        if text:
            print_text(text)
    print_text(str(path))


def _print_findings(findings: list[Finding]) -> None:
    if not findings:
        print_text("Nothing found.")
        return
    rows = [
        [item.ticker, item.days.replace("..", "..\n"), item.check, item.severity, item.detail]
        for item in findings
    ]
    print_table(("ticker", "session", "check", "severity", "detail"), rows)
    print_table(("check", "what to do"), sorted({(item.check, item.remedy) for item in findings}))


def _row(panel: PricePanel, ticker: str) -> list[str]:
    span = panel.span(ticker)
    first, last = map(str, span) if span else ("-", "-")
    return [ticker, str(panel.count(ticker)), first, last, panel.currency_of(ticker) or "-"]


def _span(text: str) -> Span:
    first, dots, last = text.partition("..")
    span = _day(first, "--again"), _day(last if dots else first, "--again")
    if span[0] > span[1]:
        raise PriceError(f"--again {text}: the span ends before it begins; write FROM..TO")
    return span


def _day(text: str, option: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as cause:
        raise PriceError(f"{option}: '{text}' is no day; write one as 2026-07-08") from cause


def _open(folder: Path) -> Workspace:
    from aftershock.workspace.load import Workspace

    return Workspace.open(folder)
