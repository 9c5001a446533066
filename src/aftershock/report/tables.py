"""Tables of a page: every cell says which file, row and column it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from markupsafe import Markup, escape

from aftershock.report.blocks import Table
from aftershock.report.cells import HEADER, Cell, Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aftershock.report.words import Language

MOST = 500  # rows on the page; what is longer is read in its file
WORDS = {"text", "phrase", "holders", "day", "flag"}
NAMES = {"event", "id", "ticker", "left_out"}  # columns whose cells are never broken

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

    So are columns of words, and of other days, that are empty in every row.

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
    at = list(range(len(sheet)) if rows is None else rows)
    there = [column for column in columns if _said(sheet, column, at)]
    if len(at) > MOST:
        left = lang.t("The first {n} of {all} rows; the CSV file holds all.", n=MOST, all=len(at))
        note, at = f"{note} {left}".strip(), at[:MOST]
    body = [(i, [sheet.cell(i, column.name, column.kind, lang) for column in there]) for i in at]
    heads = [(lang.t(column.heading), column.kind not in WORDS) for column in there]
    return Table(name, title, sheet.file, heads, body, note)


def _said(sheet: Sheet, column: Column, rows: Sequence[int]) -> bool:
    """Return whether a column is there and, where it may be empty, says anything."""
    if not sheet.has(column.name):
        return False
    if column.kind not in {"text", "phrase"} and column.name != "session_alt":
        return True
    values = sheet.columns[column.name]
    return any(values[i] != "" and not pd.isna(values[i]) for i in rows)


def html(table: Table, hints: Mapping[str, str]) -> Markup:
    """Return a table as HTML, every cell escaped.

    Parameters
    ----------
    table
        The table.
    hints
        What a heading means, for those that need it said.
    """
    numeric = [number for _, number in table.heads]
    lines = [
        f'<tr data-row="{at + HEADER}">'
        + "".join(_cell(cell, table.file, at, n) for cell, n in zip(cells, numeric, strict=True))
        + "</tr>"
        for at, cells in table.body
    ]
    head = "".join(
        f'<th scope="col"{_class(number)}><button type="button"{_hint(hints, said)}>{escape(said)}'
        "</button></th>"
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
    kind = _class(number, cell.column)
    return f'<td{kind}{other}{row} data-column="{escape(cell.column)}">{inner}</td>'


def _class(number: bool, column: str = "") -> str:
    return ' class="n"' if number else ' class="id"' if column in NAMES else ""


def _hint(hints: Mapping[str, str], heading: str) -> str:
    return f' title="{escape(hints[heading])}"' if heading in hints else ""
