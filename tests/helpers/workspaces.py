"""Runs for the tests of pages."""

from __future__ import annotations

from aftershock.workspace.load import Workspace
from aftershock.workspace.run import Request, run_workspace
from aftershock.workspace.scaffold import make_workspace

TITLE = "Zhipu's cornerstone lock-up expires"
TRICK = '"<script>alert(1)</script> & <b>bold</b> quotes"'


def run_of(folder, studies, strategies, source=None):
    """The folder of a run of the example workspace, one of its titles trying to be a script."""
    make_workspace(folder)
    lockups = folder / "events" / "lockups.yaml"
    text = lockups.read_text("utf-8")
    assert TITLE in text
    lockups.write_text(text.replace(TITLE, f"'{TRICK}'"), "utf-8")
    return run_workspace(Workspace.open(folder), Request(studies, strategies, source))
