"""Prices from files: a folder with one per ticker, or one long file with a column of tickers."""

from __future__ import annotations

import gzip
import mmap
import os
import zlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd

from aftershock.errors import PriceError, nearest
from aftershock.inputs import opened, placed
from aftershock.prices.dates import parse_dates
from aftershock.prices.frames import COLUMNS, spelled

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SUFFIXES = (".csv", ".csv.gz", ".parquet")

_TICKER = "Ticker"
_MISSING = ["", "NA", "N/A", "#N/A", "NaN", "nan", "null", "None", "-"]
_SHOWN = 10
_MANY = 100_000
_LARGE = 16 * 2**20  # bytes


@dataclass(frozen=True, slots=True)
class FileSource:
    """Bars from files of the user's.

    Attributes
    ----------
    place
        A folder with ``<ticker>.csv``, ``<ticker>.csv.gz`` or ``<ticker>.parquet``, or one
        file of these kinds that also has a column ``Ticker``. Columns: Date, Open, High, Low,
        Close, Volume, under any of their usual names; Date and Close are enough for a study.
    """

    place: Path

    def __post_init__(self) -> None:
        """Count a relative place from the workspace of the file that names it."""
        object.__setattr__(self, "place", placed(self.place))

    def daily(
        self, tickers: Sequence[str], start: dt.date | None, end: dt.date | None
    ) -> dict[str, pd.DataFrame]:
        """Read each ticker's bars; rows outside ``start`` to ``end`` are not cut here.

        Raises
        ------
        PriceError
            The folder, the file or a ticker is missing, empty or unreadable.
        """
        del start, end  # the panel cuts; a file is read whole either way
        if self.place.is_file():
            return _from_long(self.place, tickers)
        return {ticker: read_bars(self.path(ticker)) for ticker in tickers}

    def path(self, ticker: str) -> Path:
        """Return the ticker's file."""
        if self.place.is_file():
            return self.place
        if not self.place.is_dir():
            raise PriceError(f"price folder {self.place} does not exist; name one after files:")
        for suffix in SUFFIXES:
            path = self.place / f"{ticker}{suffix}"
            if path.is_file():
                return path
        there = sorted(_stem(path) for path in self.place.iterdir() if _stem(path))
        raise _no_ticker(ticker, self.place, there)


def read_bars(path: Path) -> pd.DataFrame:
    """Read one file of bars as it stands; large Parquet is mapped into memory.

    Raises
    ------
    PriceError
        The file is empty, is not what its ending says, or is rewritten while it is read.
    """
    try:
        with _opened(opened(path)) as file:
            frame = _read_parquet(file) if path.suffix == ".parquet" else _read_csv(path, file)
    except pd.errors.EmptyDataError as cause:
        raise PriceError(f"{path} is empty; it needs a header with Date and Close") from cause
    except (pd.errors.ParserError, ValueError, OSError, EOFError, zlib.error) as cause:
        reason = (str(cause) or type(cause).__name__).splitlines()[0]
        raise PriceError(f"{path} cannot be read: {reason}") from cause
    if frame.empty:
        raise PriceError(f"{path} has a header and no rows")
    return frame


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file once: whoever replaces it meanwhile changes nothing for this reader.

    Raises
    ------
    PriceError
        The file itself was written to meanwhile; what was read is part old and part new.
    """
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        try:
            yield file
        finally:
            after = os.fstat(file.fileno())
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise PriceError(
                    f"{path} was written to while it was read: wait until that is done and run"
                    " again; a file that is replaced by another is read whole"
                )


def _read_parquet(opened: BinaryIO) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = _mapped(opened)
    with pq.ParquetFile(source) as file:
        types = {field.name: field.type for field in file.schema_arrow}
        texts = [name for name, kind in types.items() if not _is_plain(kind)]
        large = file.metadata.num_rows > _MANY  # a thread costs more than a small file
        if not texts:
            table = file.read(use_threads=large)
            return pd.DataFrame({name: table[name].to_numpy() for name in types}, copy=False)
    names = [name for name in texts if pa.types.is_string(types[name])]
    # as codes: millions of rows name a few thousand tickers
    with pq.ParquetFile(source, read_dictionary=names) as file:
        table = file.read(use_threads=large)
    frame: pd.DataFrame = table.to_pandas(
        split_blocks=True, self_destruct=True, date_as_object=False
    )
    return frame


def _mapped(opened: BinaryIO) -> Any:
    """Return a large file mapped into memory, a small one as it is.

    A process that reads a mapped file ends where another cuts that file short; small files,
    which people edit, are read instead.
    """
    import pyarrow as pa

    if os.fstat(opened.fileno()).st_size < _LARGE:
        return opened
    return pa.BufferReader(pa.py_buffer(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)))


def _is_plain(kind: Any) -> bool:
    """Return whether Arrow's and numpy's arrays of a type are the same."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return kind.tz is None
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_date(kind))


def _read_csv(path: Path, opened: BinaryIO) -> pd.DataFrame:
    with gzip.open(opened) if path.suffix == ".gz" else nullcontext(opened) as file:
        mark = _mark_of(file.readline())
        file.seek(0)
        header = pd.read_csv(file, nrows=0, sep=mark, encoding="utf-8-sig")
        names = spelled(str(path), header.columns)
        text = [said for said, name in zip(header.columns, names, strict=True) if name == _TICKER]
        file.seek(0)
        return pd.read_csv(
            file,
            sep=mark,
            encoding="utf-8-sig",
            keep_default_na=False,
            na_values={name: _MISSING for name in header.columns if name not in text},
            dtype=dict.fromkeys(text, "str"),
        )


def _mark_of(header: bytes) -> str:
    """Return what separates the columns: a semicolon or a tab where the header has no comma."""
    return next((mark for mark in (",", ";", "\t") if mark.encode() in header), ",")


def _from_long(path: Path, tickers: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the bars of ``tickers`` out of one long file.

    Raises
    ------
    PriceError
        There is no column of tickers, or a ticker is not in it.
    """
    table = read_bars(path)
    names = spelled(str(path), table.columns)
    if _TICKER not in names:
        raise PriceError(
            f"{path} has no column Ticker ({', '.join(map(str, table.columns))}); a file without"
            " one is named <ticker>.csv and stands in a folder: files:DIR"
        )
    table.columns = pd.Index(names)
    labels = table.pop(_TICKER).astype("category").cat
    known = {str(name): code for code, name in enumerate(labels.categories)}
    for ticker in tickers:
        if ticker not in known:
            raise _no_ticker(ticker, path, sorted(known))
    rows = _rows_of(labels.codes.to_numpy())
    dates = parse_dates(str(path), table.pop("Date") if "Date" in table else table.index)
    columns = {str(name): table[name].to_numpy() for name in table.columns if name in _KEPT}
    return {ticker: _part(columns, dates, rows[known[ticker]]) for ticker in tickers}


_KEPT = {*COLUMNS, "Adj Close", "Currency", "Published"}


def _part(columns: dict[str, Any], dates: pd.DatetimeIndex, at: Any) -> pd.DataFrame:
    parts = {name: values[at] for name, values in columns.items()}
    return pd.DataFrame(parts, index=dates[at].rename("Date"), copy=False)


def _rows_of(codes: Any) -> dict[int, Any]:
    """Return each code's rows: a slice where they stand together, else their positions."""
    order: Any = None
    if (np.diff(codes) < 0).any():
        order = np.argsort(codes, kind="stable")
        codes = codes[order]
    edges = np.flatnonzero(np.diff(codes)) + 1
    starts, ends = np.r_[0, edges], np.r_[edges, len(codes)]
    return {
        int(codes[first]): slice(first, last) if order is None else order[first:last]
        for first, last in zip(starts, ends, strict=True)
    }


def _no_ticker(ticker: str, place: Path, there: list[str]) -> PriceError:
    close = nearest(ticker, there)
    hint = f" did you mean {close}?" if close else ""
    shown = ", ".join(_shortened(there)) or "no price files"
    return PriceError(f"no prices for {ticker} in {place}:{hint} it has {shown}")


def _shortened(names: list[str]) -> Iterator[str]:
    yield from names[:_SHOWN]
    if len(names) > _SHOWN:
        yield f"{len(names) - _SHOWN} more"


def _stem(path: Path) -> str:
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return ""
