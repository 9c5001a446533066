"""What a page is made of: sections of prose, charts, tables and folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from aftershock.report.cells import Cell


PRINTED = 40  # rows of a folded table that are printed


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs, or the items of a list."""

    type: ClassVar[str] = "prose"

    paragraphs: list[Markup]
    as_list: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure.

    Attributes
    ----------
    name
        Its id on the page, and the name of what is downloaded.
    title
        What it shows.
    alt
        The same for who cannot see it, with what can be read off it.
    figure
        A plotly figure as plain data.
    files
        The files of the run it is drawn from.
    height
        Pixels.
    controls
        Label and layout change of buttons that change how it is drawn.
    notice
        What the price source says of itself.
    """

    type: ClassVar[str] = "chart"

    name: str
    title: str
    alt: str
    figure: dict[str, Any]
    files: list[str]
    height: int = 380
    controls: list[tuple[str, str]] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes
    ----------
    name, title, note
        Its id on the page, its caption, what stands below it.
    file
        The file most cells are from.
    heads
        Heading of each column, and whether it is one of numbers.
    body
        Position in the file and cells of each row.
    """

    type: ClassVar[str] = "table"

    name: str
    title: str
    file: str
    heads: Sequence[tuple[str, bool]]
    body: Sequence[tuple[int, Sequence[Cell | Markup]]]
    note: str = ""

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.body)


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are shown on demand."""

    type: ClassVar[str] = "fold"

    title: str
    blocks: list[Block]
    count: int | None = None
    open: bool = False

    @property
    def long(self) -> bool:
        """Whether it holds a table that would fill pages of paper."""
        return any(isinstance(block, Table) and block.rows > PRINTED for block in self.blocks)


Block = Prose | Chart | Table | Fold


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page with a heading of its own.

    Attributes
    ----------
    anchor, kind, title
        Its id, what it is, its heading.
    lead
        What it came to, before anything else.
    blocks
        The rest.
    asked
        What was asked: which events, which model or rule.
    """

    anchor: str
    kind: str
    title: str
    lead: list[Markup]
    blocks: list[Block]
    asked: Markup | str = ""

    @property
    def charts(self) -> list[Chart]:
        """Every chart, folded ones too."""
        return [block for block in _flat(self.blocks) if isinstance(block, Chart)]

    @property
    def tables(self) -> list[Table]:
        """Every table, folded ones too."""
        return [block for block in _flat(self.blocks) if isinstance(block, Table)]


def _flat(blocks: list[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from _flat(block.blocks)
