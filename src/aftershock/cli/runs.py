"""``runs list``, ``runs show`` and ``runs diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftershock.cli.options import HERE, JsonOption, WorkspaceOption
from aftershock.cli.screen import print_json, print_pairs, print_table, print_text
from aftershock.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

    from aftershock.runs.diff import Change
    from aftershock.runs.history import Run

RunArgument = Annotated[
    str, typer.Argument(help="A run: latest, 2026-11-23/093512, or its folder.")
]

MOST = 60  # changes of one kind on the screen
SHA256, DIGEST = 64, 12  # digits of a hash, and how many of them are shown

app = typer.Typer(help="Past runs.", no_args_is_help=True)


@app.command("list")
def list_all(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """List every run, newest first."""
    from aftershock.runs.history import list_runs
    from aftershock.workspace.load import Workspace

    runs = list_runs(Workspace.open(workspace).results)
    if json:
        print_json([{"run": run.name, "path": run.path, **run.manifest} for run in runs])
        return
    rows = [
        [run.name, run.manifest["source"], str(len(run.studies)), str(len(run.backtests)),
         str(len(run.manifest["warnings"])), run.manifest["command"]]
        for run in runs
    ]  # fmt: skip
    print_table(("run", "prices", "studies", "backtests", "warnings", "command"), rows)


@app.command()
def show(
    run: RunArgument,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Show what a run was made from and what it warns of."""
    from aftershock.runs.history import find_run
    from aftershock.workspace.load import Workspace

    found = find_run(Workspace.open(workspace).results, run)
    if json:
        print_json(found.manifest)
        return
    manifest = found.manifest
    prices = manifest["prices"]
    said = {
        "run": found.name,
        "page": str(found.path / "report.html"),
        "command": manifest["command"],
        "started": manifest["started"],
        "prices": f"{manifest['source']}, {prices['first']} to {prices['last']}",
        "notice": manifest["notice"],
        "studies": ", ".join(found.studies),
        "backtests": ", ".join(found.backtests),
    }
    print_pairs([(name, text) for name, text in said.items() if text])
    for warning in manifest["warnings"]:
        print_text(f"  {warning}")


@app.command()
def diff(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[BEFORE] [AFTER]",
            help="Two runs; one alone, or the latest where none is named, is compared with the"
            " newest before it of the same command.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Show what changed between two runs: inputs, conventions, numbers."""
    from dataclasses import asdict

    from aftershock.runs.diff import diff_runs
    from aftershock.workspace.load import Workspace

    before, after = _pair(Workspace.open(workspace).results, runs or ["latest"])
    changes = diff_runs(before, after)
    if json:
        print_json([asdict(change) for change in changes])
        return
    print_text(f"{before.name} ({before.manifest['command']})")
    print_text(f"to {after.name} ({after.manifest['command']})")
    if not changes:
        print_text("Nothing changed: inputs, conventions and numbers are the same.")
        return
    for part in dict.fromkeys(change.part for change in changes):
        rows = [_changed(change) for change in changes if change.part == part]
        print_table(("in", "what", "before", "after"), rows[:MOST], f"{part} ({len(rows)})")
        if len(rows) > MOST:
            print_text(f"  and {len(rows) - MOST} more; --json lists all")


def _pair(results: Path, names: list[str]) -> tuple[Run, Run]:
    """Return the runs to compare, the earlier one found where one is named."""
    from aftershock.runs.history import find_run, run_before

    if len(names) > 2:  # noqa: PLR2004 - before and after
        raise RunError(f"runs diff compares two runs, {len(names)} are named")
    found = [find_run(results, name) for name in names]
    return (run_before(results, found[0]), found[0]) if len(found) == 1 else (found[0], found[1])


def _changed(change: Change) -> list[str]:
    return [change.where, change.what, _short(change.before), _short(change.after)]


def _short(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - not a number
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return (
        str(value)[:DIGEST] if len(str(value)) == SHA256 else str(value).removesuffix(" 00:00:00")
    )
