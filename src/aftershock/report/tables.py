"""Tables of a page: every cell says which file, row and column it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from aftershock.report.blocks import Table
from aftershock.report.cells import HEADER, Cell, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aftershock.report.words import Language

WORDS = {"text", "phrase", "day", "flag"}

Shown = Cell | Markup


class Column(NamedTuple):
    """A column of a file, its heading (a message) and how its values are shown."""

    name: str
    heading: str
    kind: str


def table(
    name: str,
    title: str,
    sheet: Sheet,
    columns: Sequence[Column],
    lang: Language,
    rows: Sequence[int] | None = None,
    note: str = "",
) -> Table:
    """Return some columns and rows of a file as a table; columns it does not have are left out.

    Parameters
    ----------
    name
        Its id on the page.
    title
        Its caption.
    sheet
        The file.
    columns
        What to show.
    lang
        Language of headings and numbers.
    rows
        Positions of the rows; all of them where left out.
    note
        What stands below it.
    """
    there = [column for column in columns if sheet.has(column.name)]
    at = range(len(sheet)) if rows is None else rows
    body = ((i, [sheet.cell(i, column.name, column.kind, lang) for column in there]) for i in at)
    heads = [(lang.t(column.heading), column.kind not in WORDS) for column in there]
    return build(name, title, sheet.file, heads, body, note)


def build(
    name: str,
    title: str,
    file: str,
    heads: Sequence[tuple[str, bool]],
    body: Iterable[tuple[int, Sequence[Shown]]],
    note: str = "",
) -> Table:
    """Return a table of cells.

    Parameters
    ----------
    name, title, note
        As in ``table``.
    file
        The file most cells are from.
    heads
        Heading of each column, and whether it is one of numbers.
    body
        Position in the file and cells of each row.
    """
    numeric = [number for _, number in heads]
    lines = [
        f'<tr data-row="{at + HEADER}">'
        + "".join(_cell(cell, file, at, n) for cell, n in zip(cells, numeric, strict=True))
        + "</tr>"
        for at, cells in body
    ]
    head = "".join(
        f'<th scope="col"{_class(number)}><button type="button">{escape(said)}</button></th>'
        for said, number in heads
    )
    html = Markup(  # noqa: S704 - every part was escaped above
        f'<table data-file="{escape(file)}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )
    return Table(name, title, file, html, len(lines), note)


def _cell(cell: Shown, file: str, at: int, number: bool) -> str:
    if not isinstance(cell, Cell):
        return f"<td{_class(number)}>{escape(cell)}</td>"
    other = "" if cell.file == file else f' data-file="{escape(cell.file)}"'
    row = "" if cell.row == at + HEADER else f' data-row="{cell.row}"'
    text = escape(cell.text)
    inner = f'<time datetime="{cell.moment}">{text}</time>' if cell.moment else text
    return f'<td{_class(number)}{other}{row} data-column="{escape(cell.column)}">{inner}</td>'


def _class(number: bool) -> str:
    return ' class="n"' if number else ""
