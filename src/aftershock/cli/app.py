"""The application and its groups."""

from __future__ import annotations

from typing import Annotated

import typer

from aftershock import __version__
from aftershock.cli import events, prices, runs, trade, work

app = typer.Typer(
    name="aftershock",
    help="Event studies and event-driven backtests from one table of dated events.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
work.register(app)
trade.register(app)
app.add_typer(events.app, name="events")
app.add_typer(prices.app, name="prices")
app.add_typer(runs.app, name="runs")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aftershock {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Event studies and event-driven backtests from one table of dated events."""
    del version, debug  # read before, and in main
