"""Files replaced whole: a reader finds the old one or the new one, never a part of one."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file beside ``path`` and move it over when the block ends.

    Yields
    ------
    Path
        Hidden, not there yet, and nobody else's; write to it. Where the block fails it is
        removed, and ``path`` is as it was.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> Path:
    """Replace a file by ``text`` in UTF-8."""
    with replacing(path) as beside:
        beside.write_text(text, "utf-8")
    return path
