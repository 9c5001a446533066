"""``events list``, ``events check`` and ``events timeline``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aftershock.cli.options import HERE, JsonOption, WorkspaceOption
from aftershock.cli.screen import print_json, print_table, print_text, width
from aftershock.errors import unknown

WIDE = 130  # columns that the whole table needs

NONE = "There is no event yet; write one into a file under events/."
SUPPLY = ("event", "counted", "float before", "unlocked", "float after", "multiple", "holders")

app = typer.Typer(help="The event table.", no_args_is_help=True)


@app.command("list")
def list_events(
    workspace: WorkspaceOption = HERE,
    kind: Annotated[str | None, typer.Option(help="One kind only.", show_default=False)] = None,
    ticker: Annotated[str | None, typer.Option(help="One ticker only.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """List the events with their day 0."""
    from aftershock.prices.tickers import canonical
    from aftershock.workspace.settings import read_settings

    rows = _rows(workspace)
    if ticker is not None:
        ticker = canonical(ticker, read_settings(workspace).calendar)
    for column, wanted in (("kind", kind), ("ticker", ticker)):
        there = {row[column] for row in rows}
        if wanted is not None and wanted not in there:
            raise unknown(f"{column} of the events", wanted, there)
        rows = [row for row in rows if wanted in (None, row[column])]
    if json:
        print_json(rows)
        return
    if not rows:
        print_text(NONE)
        return
    columns = ["id", "ticker", "kind", "when", "timing", "day 0", "or", "title"]
    if width() < WIDE:
        columns = ["id", "when", "day 0", "or"]
    print_table(columns, [[row[name] for name in columns] for row in rows])


@app.command()
def check(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Check every event file; show the share structure and where sources disagree."""
    from aftershock.events.book import COMPANIES
    from aftershock.events.check import check_book
    from aftershock.events.supply import supply_steps
    from aftershock.formats import counted
    from aftershock.workspace.load import EVENTS, Workspace

    space = Workspace.open(workspace)
    book = space.events()
    remarks = check_book(book, space.settings.all_tickers)
    steps = supply_steps(book)
    if json:
        said = [{"event": remark.event, "remark": remark.text} for remark in remarks]
        print_json(
            {"events": len(book), "remarks": said, "supply": [_step(step) for step in steps]}
        )
        return
    if not len(book):
        print_text(NONE)
        return
    print_text(f"{counted(len(book), 'event is', 'events are')} valid.")
    if steps:
        print_table(SUPPLY, [_step_row(step) for step in steps], "Share structure")
    elif any(event.kind == "lockup_expiry" for event in book):
        print_text(f"No share structure: {EVENTS}/{COMPANIES} gives no float before an unlock.")
    if remarks:
        print_table(
            ("event", "remark"), [(remark.event, remark.text) for remark in remarks], "Remarks"
        )


@app.command()
def timeline(workspace: WorkspaceOption = HERE) -> None:
    """Print the events month by month."""
    month = ""
    rows = _rows(workspace)
    if not rows:
        print_text(NONE)
    for row in rows:
        if row["when"][:7] != month:
            month = row["when"][:7]
            print_text(f"\n{month}")
        print_text(f"  {row['when']:<24} {row['ticker']:<9} {row['title'] or row['id']}")


def _rows(folder: Path) -> list[dict[str, str]]:
    from aftershock.events.day_zero import day_zero, spanning
    from aftershock.sessions import Sessions
    from aftershock.workspace.load import Workspace

    space = Workspace.open(folder)
    book = space.events()
    if not len(book):
        return []
    start = book.events[0].when.first.replace(month=1, day=1)
    year = Sessions.exchange(
        space.settings.calendar,
        start,
        start.replace(month=12, day=31),
        overrides=space.settings.overrides,
    )
    sessions = spanning(year, book)
    rows = []
    for event in book:
        zero = day_zero(event, sessions)
        day = str(zero.session or "") if zero.last is None else f"{zero.session}..{zero.last}"
        rows.append(
            {
                "id": event.id,
                "ticker": event.ticker,
                "kind": event.kind,
                "when": str(event.when),
                "timing": event.timing,
                "day 0": day,
                "or": str(zero.session_alt or ""),
                "title": event.title,
            }
        )
    return rows


def _step(step: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(step)


def _step_row(step: Any) -> list[str]:
    base = f" of {step.total / 1e6:.2f}m" if step.total else ""
    holders = ", ".join(
        f"{'not named' if nature == 'unknown' else nature} {part:.1%}"
        for nature, part in step.holders.items()
    )
    return [
        step.event, f"{step.basis.replace('_', ' ')}{base}", f"{step.before:.2%}",
        f"{step.added:.2%}", f"{step.after:.2%}", f"x{step.multiple:.2f}", holders,
    ]  # fmt: skip
