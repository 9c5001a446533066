"""Prices from a folder of files, one per ticker."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from aftershock.errors import PriceError, nearest

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True, slots=True)
class FileSource:
    """``<ticker>.csv``, ``<ticker>.csv.gz`` or ``<ticker>.parquet`` in one folder.

    Columns: Date, Open, High, Low, Close, Volume; Date and Close are enough for a study.
    """

    folder: Path

    def daily(
        self, tickers: Sequence[str], start: dt.date | None, end: dt.date | None
    ) -> dict[str, pd.DataFrame]:
        """Read each ticker's file; rows outside ``start`` to ``end`` are not cut here.

        Raises
        ------
        PriceError
            The folder or a ticker's file is missing, empty or unreadable.
        """
        del start, end  # the panel cuts; a file is read whole either way
        if not self.folder.is_dir():
            raise PriceError(f"price folder {self.folder} does not exist; name one after files:")
        return {ticker: read_bars(self.path(ticker)) for ticker in tickers}

    def path(self, ticker: str) -> Path:
        """Return the ticker's file."""
        for suffix in SUFFIXES:
            path = self.folder / f"{ticker}{suffix}"
            if path.is_file():
                return path
        there = sorted(_stem(path) for path in self.folder.iterdir() if _stem(path))
        close = nearest(ticker, there)
        hint = f" did you mean {close}?" if close else ""
        raise PriceError(
            f"no prices for {ticker} in {self.folder}:{hint} the folder has"
            f" {', '.join(there) or 'no price files'}"
        )

    def paths(self, tickers: Sequence[str]) -> list[Path]:
        """Return the files read for ``tickers``; a run hashes them."""
        return [self.path(ticker) for ticker in tickers]


def read_bars(path: Path) -> pd.DataFrame:
    """Read one file of bars as it stands.

    Raises
    ------
    PriceError
        The file is empty, or is not what its ending says.
    """
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except pd.errors.EmptyDataError as cause:
        raise PriceError(f"{path} is empty; it needs a header with Date and Close") from cause
    except (pd.errors.ParserError, ValueError, OSError, EOFError, zlib.error) as cause:
        reason = str(cause).splitlines()[0]
        raise PriceError(f"{path} cannot be read: {reason}") from cause
    if frame.empty:
        raise PriceError(f"{path} has a header and no rows")
    return frame


def _stem(path: Path) -> str:
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return ""
