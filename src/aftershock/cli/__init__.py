"""The command line: parse, call, print; nothing is computed here."""

from __future__ import annotations

import os
import sys

from aftershock.cli.app import app
from aftershock.cli.screen import STOP, print_in_any_encoding
from aftershock.errors import AftershockError
from aftershock.interrupts import watch

INTERRUPTED = 130
REFUSED = 2


def main() -> None:
    """Run the command line: an error is one sentence and exit code 2.

    Ctrl-C, and the system's request to end, are one sentence and 130.
    """
    # what lies where the command is run shadows no library in the processes it starts
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    watch()
    print_in_any_encoding()
    try:
        app()
    except AftershockError as error:
        _refuse(error, str(error))
    except OSError as error:  # of a file that no command expected to be out of reach
        where = f"{error.filename}: " if error.filename else ""
        _refuse(error, f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(_stopped())
    except SystemExit as end:  # what typer makes of Ctrl-C
        if end.code == INTERRUPTED:
            _stopped()
        raise


def _stopped() -> int:
    sys.stderr.write(f"{STOP.sentence}\n")
    return INTERRUPTED


def _refuse(error: Exception, said: str) -> None:
    if "--debug" in sys.argv:
        raise error
    sys.stderr.write(f"error: {said}\n")
    sys.exit(REFUSED)
