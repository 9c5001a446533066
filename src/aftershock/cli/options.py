"""Options that several commands share."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", "-w", help="Folder with aftershock.toml.", show_default=False),
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        help="Prices: sample, yahoo, files:DIR or FILE.py.",
        show_default=False,
    ),
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Ask nobody: stored prices, marked with their age.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
LangOption = Annotated[
    str | None,
    typer.Option(
        "--lang", help="Language: en or zh; the workspace's own where left out.", show_default=False
    ),
]

HERE = Path()


def command_line() -> str:
    """Return the command as it was typed; a byte that is no UTF-8 becomes a question mark."""
    typed = shlex.join(["aftershock", *sys.argv[1:]])
    return os.fsencode(typed).decode("utf-8", "replace")
