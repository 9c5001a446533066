"""Tables of a page: every cell says which file, row and column it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from aftershock.report.blocks import Table
from aftershock.report.cells import HEADER, Cell, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.report.words import Language

MOST = 500  # rows on the page; what is longer is read in its file
WORDS = {"text", "phrase", "holders", "day", "flag"}

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
    at = list(range(len(sheet)) if rows is None else rows)
    if len(at) > MOST:
        left = lang.t("The first {n} of {all} rows; the CSV file holds all.", n=MOST, all=len(at))
        note, at = f"{note} {left}".strip(), at[:MOST]
    body = [(i, [sheet.cell(i, column.name, column.kind, lang) for column in there]) for i in at]
    heads = [(lang.t(column.heading), column.kind not in WORDS) for column in there]
    return Table(name, title, sheet.file, heads, body, note)


def html(table: Table) -> Markup:
    """Return a table as HTML, every cell escaped."""
    numeric = [number for _, number in table.heads]
    lines = [
        f'<tr data-row="{at + HEADER}">'
        + "".join(_cell(cell, table.file, at, n) for cell, n in zip(cells, numeric, strict=True))
        + "</tr>"
        for at, cells in table.body
    ]
    head = "".join(
        f'<th scope="col"{_class(number)}><button type="button">{escape(said)}</button></th>'
        for said, number in table.heads
    )
    return Markup(  # noqa: S704 - every part was escaped above
        f'<table data-file="{escape(table.file)}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


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
