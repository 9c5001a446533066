"""What the terminal shows: tables that fit, progress for what takes long."""

from __future__ import annotations

import io
import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from aftershock.interrupts import interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


PIPE = 200


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Print a table folded to the terminal's width."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD)
    for i, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=i == 0)  # a name is copied whole
    for row in rows:
        table.add_row(*row)
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPE)  # nothing is folded for a script or a file
    console.print(table)


def print_pairs(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and what they stand for, one a line, the second column aligned."""
    pairs = list(rows)
    longest = max(len(name) for name, _ in pairs)
    for name, said in pairs:
        print_text(f"  {name:<{longest}}  {said}")


def width() -> int:
    """Return the terminal's width."""
    from rich.console import Console

    return Console().width


def print_text(text: str) -> None:
    """Print text as it stands."""
    from rich.console import Console

    Console(markup=False, highlight=False, soft_wrap=True).print(text)


def print_note(text: str) -> None:
    """Print what a reader should know and a script that reads the output should not."""
    from rich.console import Console

    Console(markup=False, highlight=False, soft_wrap=True, stderr=True).print(text)


def print_json(data: Any) -> None:
    """Print JSON, dates as text; where the terminal is not in UTF-8, as plain ASCII."""
    print_text(json.dumps(data, indent=2, ensure_ascii=not _is_utf(sys.stdout), default=str))


def print_in_any_encoding() -> None:
    """Print a question mark for a letter that the terminal's encoding does not have.

    In UTF-8 a path that is none comes out byte by byte as it is on disk.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape" if _is_utf(stream) else "replace")


def _is_utf(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().startswith("utf")


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show a bar of ``total`` steps; yields what to call with each step's name."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<36}"), BarColumn(), TimeElapsedColumn())
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task("starting", total=total)

        def step(name: str) -> None:
            if interrupted():
                raise KeyboardInterrupt
            bar.update(task, description=name, advance=1)

        yield step


@dataclass(slots=True)
class _Stop:
    """What to say, once stopped, of what is left."""

    sentence: str = "stopped"


STOP = _Stop()
