"""Prices from files: a folder with one per ticker, or one long file with a column of tickers."""

from __future__ import annotations

import gzip
import os
import zlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
import pandas as pd

from aftershock.errors import PriceError, nearest
from aftershock.prices.dates import parse_dates
from aftershock.prices.delimited import read_delimited, unzipped
from aftershock.prices.delivery import Delivery
from aftershock.prices.layouts import (
    ADJUSTED,
    COLUMNS,
    CURRENCY,
    PUBLISHED,
    TICKER,
    read_table,
    spelling,
)
from aftershock.prices.parquet import read_parquet
from aftershock.prices.tickers import canonical, canonical_keys, exchange_named

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SUFFIXES = (".csv", ".csv.gz", ".parquet")

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class FileSource:
    """Bars from files of the user's.

    Attributes
    ----------
    place
        A folder with ``<ticker>.csv``, ``<ticker>.csv.gz`` or ``<ticker>.parquet``, or one
        file of these kinds that also has a column ``Ticker``; tickers in any spelling.
        Columns: Date, Open, High, Low, Close, Volume, under any of their usual names, in any
        layout of ``prices.layouts``; Date and Close are enough for a study.
    """

    place: Path

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
        paths = zip(tickers, self._found(tickers), strict=True)
        return {ticker: _own_rows(path, ticker, read_bars(path)) for ticker, path in paths}

    def paths(self, tickers: Sequence[str]) -> list[Path]:
        """Return the files read for ``tickers``, one each or the long one; a run hashes them.

        Raises
        ------
        PriceError
            There is no such folder, a ticker has no file, or more than one.
        """
        return [self.place] if self.place.is_file() else list(self._found(tickers))

    def _found(self, tickers: Sequence[str]) -> Iterator[Path]:
        """Yield the folder's file of each ticker; the errors are those of ``paths``."""
        if not self.place.is_dir():
            raise PriceError(f"price folder {self.place} does not exist; name one after files:")
        files = [path for path in self.place.iterdir() if _stem(path)]
        places = {exchange: _by_ticker(files, exchange) for exchange in _exchanges(tickers)}
        for ticker in tickers:
            yield self._path(ticker, places[exchange_named(ticker)])

    def _path(self, ticker: str, files: dict[str, list[Path]]) -> Path:
        paths = files.get(ticker, [])
        if not paths:
            raise _no_ticker(
                ticker, self.place, sorted(_stem(path) for each in files.values() for path in each)
            )
        if len(paths) > 1:
            names = ", ".join(sorted(path.name for path in paths))
            raise PriceError(f"{self.place} has several files of {ticker} ({names}); keep one")
        return paths[0]


def read_bars(path: Path) -> pd.DataFrame:
    """Read one file of bars as it stands; large Parquet is mapped into memory.

    Raises
    ------
    PriceError
        The file is empty, is not what its ending says, or is rewritten while it is read.
    """
    try:
        with _opened(path) as file:
            frame = read_parquet(file) if path.suffix == ".parquet" else _read_text(path, file)
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


def _read_text(path: Path, opened: BinaryIO) -> pd.DataFrame:
    if path.suffix == ".zip":
        return read_delimited(path, unzipped(path, opened))
    with gzip.open(opened) if path.suffix == ".gz" else nullcontext(opened) as file:
        return read_delimited(path, cast("IO[bytes]", file))


def _from_long(path: Path, tickers: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the bars of ``tickers`` out of one long file.

    Raises
    ------
    PriceError
        There is no column of tickers, or a ticker is not in it.
    """
    table = read_table(str(path), read_bars(path))
    if TICKER not in table.columns:
        names = ", ".join(table.header)
        raise PriceError(
            f"{path} has no column Ticker ({names}); a file without one is named <ticker>.csv and"
            " stands in a folder: files:DIR"
        )
    labels = pd.Series(table.columns[TICKER]).astype("category").cat
    codes = _codes_of(path, labels.categories, tickers)
    rows = _rows_of(labels.codes.to_numpy())
    dates = parse_dates(str(path), table.dates)
    columns = {name: np.asarray(values) for name, values in table.columns.items() if name in _KEPT}
    out = Delivery()
    out.notes += table.notes
    for ticker in tickers:
        out[ticker] = _part(columns, dates, rows[codes[ticker]])
    return out


def _codes_of(path: Path, labels: pd.Index[Any], tickers: Sequence[str]) -> dict[str, int]:
    """Return each ticker's place among the labels of a long file, however it spells them.

    Raises
    ------
    PriceError
        A ticker is in none of them, or two of them are one ticker.
    """
    names = [str(label).strip().removeprefix("'") for label in labels]
    what = f"{TICKER}s of {path}"
    places = {exchange: canonical_keys(names, exchange, what) for exchange in _exchanges(tickers)}
    codes = {name: code for code, name in enumerate(names)}
    for ticker in tickers:
        if ticker not in places[exchange_named(ticker)]:
            raise _no_ticker(ticker, path, sorted(names))
    return {ticker: codes[places[exchange_named(ticker)][ticker]] for ticker in tickers}


_KEPT = {*COLUMNS, ADJUSTED, CURRENCY, PUBLISHED}


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


def _exchanges(tickers: Sequence[str]) -> set[str | None]:
    return {exchange_named(ticker) for ticker in tickers}


def _by_ticker(files: list[Path], exchange: str | None) -> dict[str, list[Path]]:
    """Return files under the ticker that each one's name is, bare numbers being ``exchange``'s."""
    out: dict[str, list[Path]] = {}
    for path in files:
        out.setdefault(canonical(_stem(path), exchange), []).append(path)
    return out


def _own_rows(path: Path, ticker: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a file's rows of one ticker: all of them, unless a column names others.

    Raises
    ------
    PriceError
        The file names other tickers only.
    """
    column = next((name for name in frame.columns if spelling(name) == TICKER), None)
    if column is None:
        return frame
    exchange = exchange_named(ticker)
    labels = frame[column].astype("str").str.strip().str.removeprefix("'")
    names = {label: canonical(label, exchange) for label in labels.unique()}
    if len(names) == 1 and not exchange_named(*names.values()):
        return frame  # a name of the vendor's own
    rows = (labels.map(names) == ticker).to_numpy()
    if not rows.any():
        raise PriceError(
            f"{path} is named after {ticker} and its column {column} says"
            f" {', '.join(_shortened(sorted(names)))}; rename the file or correct the column"
        )
    return frame[rows]


def _stem(path: Path) -> str:
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return ""
