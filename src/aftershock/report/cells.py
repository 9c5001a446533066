"""Numbers with their origin: which file of the run, which row, which column."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup, escape

from aftershock.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

    from aftershock.report.words import Language

HEADER = 2  # the line of the first record: line 1 holds the names


@dataclass(frozen=True, slots=True)
class Cell:
    """One value on the page.

    Attributes
    ----------
    text
        As it is read.
    file
        Path inside the run's folder.
    row
        Line of the file, the header being line 1; None in a JSON file.
    column
        Column, or the path in a JSON file.
    moment
        The date in ISO form, where it is one.
    """

    text: str
    file: str
    row: int | None
    column: str
    moment: str = ""

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> Markup:
        row = Markup("") if self.row is None else Markup(' data-row="{}"').format(self.row)
        return Markup('<span class="n" data-file="{}"{} data-column="{}">{}</span>').format(
            self.file, row, self.column, self.text
        )


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of a file meet a condition; the condition is a pandas query."""

    value: int
    file: str
    query: str

    def __str__(self) -> str:
        return f"{self.value}"

    def __int__(self) -> int:
        return self.value

    def __html__(self) -> Markup:
        return Markup('<span class="n" data-file="{}" data-count="{}">{}</span>').format(
            self.file, self.query, self.value
        )


@dataclass(frozen=True, eq=False)
class Sheet:
    """One CSV file of a run, empty where the run has none.

    Attributes
    ----------
    file
        Path inside the run's folder.
    frame
        Its table, rows numbered from 0 as in the file.
    """

    file: str
    frame: pd.DataFrame
    _counts: dict[str, Count] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frame)

    def has(self, *columns: str) -> bool:
        """Return whether the file holds all of these columns."""
        return set(columns) <= set(self.frame.columns)

    @cached_property
    def columns(self) -> dict[str, list[Any]]:
        """Its columns as lists; looking a cell up in a frame is a hundred times slower."""
        return {str(name): self.frame[name].tolist() for name in self.frame.columns}

    def value(self, at: int, column: str) -> Any:
        """Return a value by position."""
        return self.columns[column][at]

    def cell(self, at: int, column: str, kind: str, lang: Language) -> Cell:
        """Return a value by position, shown as ``kind``."""
        value = self.columns[column][at]
        return Cell(lang.show(value, kind), self.file, at + HEADER, column, _moment(value, kind))

    def count(self, query: str) -> Count:
        """Return how many rows meet a query."""
        if query not in self._counts:
            found = len(self.frame.query(query, engine="python")) if len(self.frame) else 0
            self._counts[query] = Count(found, self.file, query)
        return self._counts[query]


@dataclass(frozen=True, eq=False)
class Folder:
    """The files of a run, each read once.

    Attributes
    ----------
    path
        The run's folder.
    """

    path: Path
    _sheets: dict[str, Sheet] = field(default_factory=dict)
    _records: dict[str, Record] = field(default_factory=dict)

    def sheet(self, file: str) -> Sheet:
        """Return a CSV file by its path inside the folder."""
        if file not in self._sheets:
            path = self.path / file
            there = path.is_file() and path.stat().st_size > 1
            self._sheets[file] = Sheet(file, read_table(path) if there else pd.DataFrame())
        return self._sheets[file]

    def table(self, path: Path) -> pd.DataFrame:
        """Return the table of a CSV file by its whole path."""
        return self.sheet(path.relative_to(self.path).as_posix()).frame

    def record(self, file: str) -> Record:
        """Return a JSON file by its path inside the folder."""
        if file not in self._records:
            path = self.path / file
            data = json.loads(path.read_text("utf-8")) if path.is_file() else {}
            self._records[file] = Record(file, data)
        return self._records[file]

    def names(self, lang: Language) -> dict[str, str]:
        """Return what each ticker is called, the ticker itself in brackets."""
        sheet = self.sheet("companies.csv")
        if not len(sheet):
            return {}
        local = "local_name" if lang.code == "zh" else "name"
        return {
            row["ticker"]: f"{row[local] or row['name']} ({row['ticker']})"
            for row in sheet.frame.to_dict("records")
        }


@dataclass(frozen=True, eq=False)
class Record:
    """One JSON file of a run."""

    file: str
    data: dict[str, Any]

    def get(self, column: str) -> Any:
        """Return a value by its path, None where there is none."""
        found: Any = self.data
        for part in column.split("/"):
            if isinstance(found, list):
                found = found[int(part)]
            else:
                found = found.get(part) if isinstance(found, dict) else None
        return found

    def cell(self, column: str, kind: str, lang: Language) -> Cell:
        """Return a value by its path, shown as ``kind``."""
        value = self.get(column)
        return Cell(lang.show(value, kind), self.file, None, column, _moment(value, kind))

    def code(self, column: str) -> Markup:
        """Return a value as code."""
        cell = Cell(str(self.get(column)), self.file, None, column)
        return Markup("<code>{}</code>").format(cell)


def _moment(value: Any, kind: str) -> str:
    known = kind == "day" and value != "" and not pd.isna(value)
    return f"{pd.Timestamp(value):%Y-%m-%d}" if known else ""


def joined(parts: list[Any], separator: str) -> Markup:
    """Return parts as HTML with a separator in between."""
    return escape(separator).join(parts)
