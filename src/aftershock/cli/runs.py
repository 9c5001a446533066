"""``runs list`` and ``runs show``."""

from __future__ import annotations

from typing import Annotated

import typer

from aftershock.cli.options import HERE, JsonOption, WorkspaceOption
from aftershock.cli.screen import print_json, print_table, print_text

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
    run: Annotated[str, typer.Argument(help="A run: latest, 2026-11-23/093512, or its folder.")],
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
    print_table(("", ""), [(name, text) for name, text in said.items() if text])
    for warning in manifest["warnings"]:
        print_text(f"  {warning}")
