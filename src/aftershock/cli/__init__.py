"""The command line: parse, call, print; nothing is computed here."""

from __future__ import annotations

import sys

from aftershock.cli.app import app
from aftershock.cli.screen import STOP, watch_for_ctrl_c
from aftershock.errors import AftershockError

INTERRUPTED = 130
REFUSED = 2


def main() -> None:
    """Run the command line; errors are one sentence and exit code 2, Ctrl-C is one and 130."""
    watch_for_ctrl_c()
    try:
        app()
    except AftershockError as error:
        if "--debug" in sys.argv:
            raise
        sys.stderr.write(f"error: {error}\n")
        sys.exit(REFUSED)
    except KeyboardInterrupt:
        sys.exit(_stopped())
    except SystemExit as end:  # what typer makes of Ctrl-C
        if end.code == INTERRUPTED:
            _stopped()
        raise


def _stopped() -> int:
    sys.stderr.write(f"{STOP.sentence}\n")
    return INTERRUPTED
