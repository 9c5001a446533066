"""The store: what was ever fetched of a ticker, in one append-only Parquet file each.

Files are replaced whole, under a lock; ``stored`` says what a file's rows are.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from aftershock.clock import SYSTEM, Clock
from aftershock.errors import PriceError
from aftershock.prices.comparison import Change, merge
from aftershock.prices.store_file import (
    ABSENT,
    CACHE,
    Damaged,
    NotKept,
    read_stored,
    write_stored,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.prices.stored import Stored

_LOCK_SECONDS = 60.0
_SAFE = "^.-=_"


def cache_folder() -> Path:
    """Return the folder of the store: AFTERSHOCK_CACHE, or the user's cache folder.

    Raises
    ------
    PriceError
        It is in a home that is not known.
    """
    from platformdirs import user_cache_path

    named = os.environ.get(CACHE)
    folder = Path(named) if named else user_cache_path("aftershock", appauthor=False)
    try:
        return folder.expanduser()
    except RuntimeError as cause:
        raise PriceError(
            f"the folder of stored prices, {folder}, is not known: nobody's home is;"
            f" set {CACHE} to a folder that can be written"
        ) from cause


class Store:
    """Stored bars of one source, a file per ticker.

    Parameters
    ----------
    folder
        Where the files are; made when the first is written.
    clock
        Dates what is set aside.
    """

    def __init__(self, folder: Path, clock: Clock = SYSTEM) -> None:
        self.folder = folder
        self.clock = clock

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    def path(self, ticker: str) -> Path:
        """Return the ticker's file, whether or not it is there."""
        return self.folder / f"{quote(ticker, safe=_SAFE)}.parquet"

    def tickers(self) -> list[str]:
        """Return the tickers the store holds."""
        return sorted(unquote(path.stem) for path in self.folder.glob("*.parquet"))

    def read(self, ticker: str) -> tuple[Stored | None, str]:
        """Return what is stored of a ticker, and what had to be done to read it.

        A damaged file is set aside under a name that says when, and counts as absent.

        Returns
        -------
        Stored or None, str
            The second is empty unless a file was set aside.

        Raises
        ------
        NotKept
            A damaged file cannot be set aside, or the file cannot be read.
        """
        try:
            return read_stored(self.path(ticker)), ""
        except ABSENT:
            return None, ""
        except Damaged:
            with self._locked(ticker):
                return self._settled(ticker)

    def _settled(self, ticker: str) -> tuple[Stored | None, str]:
        """Read under the lock, where no other process can have replaced what is set aside."""
        path = self.path(ticker)
        try:
            return read_stored(path), ""
        except ABSENT:
            return None, ""
        except Damaged as cause:
            aside = path.with_name(f"{path.name}.damaged-{self.clock.now():%Y%m%dT%H%M%SZ}")
            path.rename(aside)
            note = f"{ticker}: the stored file was damaged ({cause}); set aside as {aside.name}"
            return None, note

    def add(
        self, new: Stored, *, accept: bool = False, onto: Stored | None = None
    ) -> tuple[Stored, list[Change]]:
        """Add what was delivered of a ticker to what is stored.

        Parameters
        ----------
        new
            A delivery; ``since`` says from which day it was asked.
        accept
            Record values that contradict stored ones as a revision; else they are left out.
        onto
            What was stored when the delivery was asked for. Should the file have been taken
            away or set aside meanwhile, it is kept: a delivery alone reaches back less far.

        Returns
        -------
        Stored, list of Change
            What is stored now, and what was added to its sessions, contradicts them, or was
            revised.

        Raises
        ------
        PriceError
            The currency changed.
        NotKept
            The file cannot be written, or another process keeps the lock.
        """
        with self._locked(new.ticker):
            old = self._settled(new.ticker)[0] or onto
            merged, changes = (new, []) if old is None else merge(old, new, accept=accept)
            write_stored(self.path(new.ticker), merged)
        return merged, changes

    @contextmanager
    def _locked(self, ticker: str) -> Iterator[None]:
        """Hold the ticker's lock, and say in one sentence why it or its file cannot be had."""
        from filelock import FileLock, Timeout

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path(ticker)}.lock", timeout=_LOCK_SECONDS):
                yield
        except Timeout as cause:
            raise NotKept(
                f"{ticker}: another process has kept the store's lock for"
                f" {_LOCK_SECONDS:.0f} seconds; wait for it, or end it"
            ) from cause
        except OSError as cause:
            raise NotKept(
                f"{ticker} cannot be stored in {self.folder}: {cause.strerror or cause};"
                f" set {CACHE} to a folder that can be written"
            ) from cause
