"""Text files of columns as they are exported: encodings, headers, preambles, tails."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

import pandas as pd

from aftershock.errors import PriceError
from aftershock.prices.layouts import ADJUSTED, COLUMNS, DATE, TICKER, is_name, spelled, spelling

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MISSING = ["", "NA", "N/A", "#N/A", "NaN", "nan", "null", "None", "-"]
_MARKS = (",", ";", "\t", "|")
_HEAD = 64 * 2**10  # bytes looked at to tell the layout
_LINES = 40  # a preamble is shorter
_NUMBERS = {*COLUMNS, ADJUSTED, "Amount"}
_LEVELS = {"", "price", "ticker", "attributes", "symbols"}  # what yfinance and others call them
_EIGHT = re.compile(r"\s*\d{8}\s*")
_MONTH = re.compile(r"\s*\d{6}\s*")
_DATED = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a text file is laid out.

    Attributes
    ----------
    encoding, mark
        Python's name of the encoding, and what parts the columns.
    skip
        Lines above the rows: a preamble and the header.
    names
        One name per column of the rows; where the header leaves one empty, the first is
        ``Date`` and the others their position.
    tickers
        Each column's ticker where the header has two levels, as yfinance writes it.
    framed
        True where text may follow below the table, as in French's files.
    """

    encoding: str
    mark: str
    skip: int
    names: tuple[str, ...]
    tickers: tuple[str, ...] = ()
    framed: bool = False


def read_delimited(path: Path, file: IO[bytes]) -> pd.DataFrame:
    """Read a text file of columns.

    Parameters
    ----------
    path
        Named in every message.
    file
        The file, opened for reading bytes, at its start.

    Raises
    ------
    PriceError
        Rows with more cells than the header, two columns of one meaning, or a file of
        French's that is monthly or holds several tables.
    EmptyDataError
        Nothing is in it.
    """
    layout = _layout_of(path, file.read(_HEAD))
    file.seek(0)
    if layout.tickers:
        return _stacked(_parsed(file, layout, ()), layout)
    if layout.framed:
        return _read(_between_texts(path, file, layout), replace(layout, encoding="utf-8", skip=0))
    return _read(file, layout)


def unzipped(path: Path, file: IO[bytes]) -> IO[bytes]:
    """Return the one file that a zip archive holds.

    Raises
    ------
    PriceError
        It is no zip archive, or holds none or several.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) == 1:
                return io.BytesIO(archive.read(names[0]))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as cause:
        raise PriceError(f"{path} cannot be read: {cause}") from cause
    held = ", ".join(names) or "nothing"
    raise PriceError(f"{path} holds {held}; a zip is read where it holds one file")


def _layout_of(path: Path, head: bytes) -> _Layout:
    """Return how a file is laid out, told by its first lines."""
    encoding = _encoding_of(head)
    lines = head.decode(encoding, errors="ignore").splitlines()[:_LINES]
    if not lines:
        raise pd.errors.EmptyDataError
    mark, rows, header = _split(lines)
    above, below = rows[header], rows[header + 1 :]
    if _has_levels(above, below):
        return _with_levels(encoding, mark, header, above, below)
    spelled(str(path), [name.strip() for name in above])
    _check_width(path, rows, header)
    first = below[0][0] if below and below[0] else ""
    if not above[0].strip() and _MONTH.fullmatch(first):
        raise PriceError(f"{path} holds months ({first.strip()}); daily returns are needed")
    return _Layout(
        encoding,
        mark,
        header + 1,
        _named(above, max(map(len, below), default=0)),
        framed=not above[0].strip() and bool(_EIGHT.fullmatch(first)),
    )


def _encoding_of(head: bytes) -> str:
    """Return the encoding of a text: what its mark says, else UTF-8, else China's."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def _split(lines: list[str]) -> tuple[str, list[list[str]], int]:
    """Return what parts the columns, the lines' cells, and which line is the header."""
    for mark in _MARKS:
        rows = list(csv.reader(lines, delimiter=mark))
        for at in range(len(rows)):
            if _is_header(rows, at):
                return mark, rows, at
    mark = next((mark for mark in _MARKS if mark in lines[0]), ",")
    return mark, list(csv.reader(lines, delimiter=mark)), 0


def _is_header(rows: list[list[str]], at: int) -> bool:
    """Return whether a line names columns: dates, or any two, or dates stand below no name."""
    cells = rows[at]
    below = rows[at + 1] if at + 1 < len(rows) else []
    if len(cells) < 2:  # noqa: PLR2004 - a date and a value
        return False
    if spelling(cells[0].strip()) == DATE or sum(map(is_name, cells)) > 1:
        return True
    if cells[0].strip().lower() not in _LEVELS or len(below) != len(cells):
        return False
    return _is_dated(below[0]) or sum(map(is_name, below[1:])) > 0


def _is_dated(cell: str) -> bool:
    return any(form.fullmatch(cell) for form in (_EIGHT, _MONTH, _DATED))


def _named(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Return a name for each of at least ``width`` columns."""
    names = [cell.strip() for cell in cells] + [""] * (width - len(cells))
    if not names[0] and DATE not in map(spelling, names):
        names[0] = DATE  # an index that was written without a name
    return tuple(name or f"Unnamed: {at}" for at, name in enumerate(names))


def _has_levels(above: list[str], below: list[list[str]]) -> bool:
    """Return whether a header's second line names tickers, or the columns below tickers."""
    if not below or len(below[0]) != len(above):
        return False
    second = below[0]
    corners = {above[0].strip().lower(), second[0].strip().lower()}
    inner = [cell.strip() for cell in second[1:]]
    return (
        corners <= _LEVELS
        and all(inner)
        and (all(map(is_name, above[1:])) or all(map(is_name, inner)))
    )


def _with_levels(
    encoding: str, mark: str, header: int, above: list[str], below: list[list[str]]
) -> _Layout:
    levels = (above[1:], below[0][1:])
    fields, tickers = levels if all(map(is_name, levels[0])) else levels[::-1]
    index_line = len(below) > 1 and not any(cell.strip() for cell in below[1][1:])
    skip = header + (3 if index_line else 2)
    return _Layout(encoding, mark, skip, (DATE, *fields), (TICKER, *tickers))


def _check_width(path: Path, rows: list[list[str]], header: int) -> None:
    """Refuse rows with more cells than the header: pandas would take the first for an index.

    Raises
    ------
    PriceError
        As said.
    """
    width = len(rows[header])
    for line, cells in enumerate(rows[header + 1 :], header + 2):
        if any(cell.strip() for cell in cells[width:]):
            raise PriceError(
                f"{path}:{line} has {len(cells)} cells and the header {width}; a comma inside a"
                ' number is written in quotes ("1,234"), or columns are parted by semicolons'
            )


def _read(file: IO[bytes], layout: _Layout) -> pd.DataFrame:
    """Return the table under the header."""
    fields = dict(zip(layout.names, spelled("", layout.names), strict=True))
    tickers = [name for name, field in fields.items() if field == TICKER]
    frame = _parsed(file, layout, tickers)
    numbers = [name for name, field in fields.items() if field in _NUMBERS]
    if all(pd.api.types.is_numeric_dtype(frame[name]) for name in numbers):
        return frame
    file.seek(0)  # where one number is text, 1.234 beside it may be a thousand
    return _parsed(file, layout, [*tickers, *numbers])


def _parsed(file: IO[bytes], layout: _Layout, texts: Sequence[str]) -> pd.DataFrame:
    """Return the rows as pandas reads them, the columns named in ``texts`` as text."""
    positions = range(len(layout.names))
    texts_at = {at for at in positions if layout.names[at] in texts}
    tickers_at = {at for at in texts_at if spelling(layout.names[at]) == TICKER}
    kinds: Any = dict.fromkeys(texts_at, "str")
    missing: Any = {at: _MISSING for at in positions if at not in tickers_at}
    frame: pd.DataFrame = pd.read_csv(
        file,
        sep=layout.mark,
        encoding=layout.encoding,
        header=None,
        names=list(positions),
        skiprows=layout.skip,
        keep_default_na=False,
        na_values=missing,
        dtype=kinds,
        skipinitialspace=True,
    )
    return frame.set_axis(list(layout.names), axis=1)


def _between_texts(path: Path, file: IO[bytes], layout: _Layout) -> IO[bytes]:
    """Return the daily table of a file that explains itself above and below it.

    Raises
    ------
    PriceError
        Days go on below a break.
    """
    lines = file.read().decode(layout.encoding).splitlines()[layout.skip :]
    cells = [line.partition(layout.mark)[0] for line in lines]
    end = next((at for at, cell in enumerate(cells) if not _EIGHT.fullmatch(cell)), len(cells))
    for at in range(end, len(cells)):
        if _EIGHT.fullmatch(cells[at]) or _DATED.fullmatch(cells[at]):
            raise PriceError(
                f"{path}:{layout.skip + at + 1}: days go on below a break in the table; save each"
                " table of days as a file of its own"
            )
    return io.BytesIO("\n".join(lines[:end]).encode("utf-8"))


def _stacked(wide: pd.DataFrame, layout: _Layout) -> pd.DataFrame:
    """Return two levels of columns as a long table; a row without any value is no bar."""
    parts = []
    for ticker in dict.fromkeys(layout.tickers[1:]):
        places = [at for at, name in enumerate(layout.tickers) if name == ticker]
        bars = wide.iloc[:, places].dropna(how="all")
        bars.insert(0, DATE, wide.iloc[:, 0].loc[bars.index])
        bars.insert(1, TICKER, ticker)
        parts.append(bars)
    return pd.concat(parts, ignore_index=True)
