"""The store: what was ever fetched of a ticker, in one append-only Parquet file each.

A row is one session's bar as it was delivered at one instant. Rows are only ever added: a
revision is a further row of the same session with a later instant, and the latest counts.
Files are replaced whole, under a lock, and carry the checksum of their content.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.whole import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

CACHE = "AFTERSHOCK_CACHE"
FIELDS = ("Open", "High", "Low", "Close", "Volume", "Dividends", "Stock Splits")
FETCHED = "Fetched"

_META = b"aftershock"
_LOCK_SECONDS = 60.0
_SAFE = "^.-=_"
_ABSENT = (FileNotFoundError, NotADirectoryError)
# Yahoo carries prices as four-byte floats and rounds volumes where it divides by splits
_TOLERANCE = {**dict.fromkeys(FIELDS, 1e-6), "Volume": 1e-3}


def cache_folder() -> Path:
    """Return the folder of the store: AFTERSHOCK_CACHE, or the user's cache folder.

    Raises
    ------
    PriceError
        It is in a home that is not known.
    """
    from platformdirs import user_cache_path

    said = os.environ.get(CACHE)
    folder = Path(said) if said else user_cache_path("aftershock", appauthor=False)
    try:
        return folder.expanduser()
    except RuntimeError as cause:
        raise PriceError(
            f"the folder of stored prices, {folder}, is not known: nobody's home is;"
            f" set {CACHE} to a folder that can be written"
        ) from cause


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """What the store holds of one ticker.

    Attributes
    ----------
    ticker, currency, zone
        As Yahoo names them.
    since
        The first day that was asked for; None where all there is was.
    fetched
        The last instant at which the source was asked and answered, UTC.
    log
        Every row ever delivered: index ``Date``, columns ``FIELDS`` and ``Fetched``.
    """

    ticker: str
    currency: str
    zone: str
    since: dt.date | None
    fetched: dt.datetime
    log: pd.DataFrame

    @property
    def bars(self) -> pd.DataFrame:
        """The bars that count: of each session the row delivered last."""
        latest = self.log[~self.log.index.duplicated(keep="last")].sort_index()
        return latest.loc[latest["Close"].notna(), list(FIELDS)]  # a withdrawn bar has no close

    def covers(self, start: dt.date | None) -> bool:
        """Return whether the history from ``start`` on was asked for."""
        return self.since is None or (start is not None and self.since <= start)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One value of a stored session that the source now gives otherwise.

    Attributes
    ----------
    session, field
        Where.
    stored, offered
        Both values; NaN where there is none.
    """

    session: dt.date
    field: str
    stored: float
    offered: float

    def __str__(self) -> str:
        return f"{self.field} stored {self.stored:g}, now {self.offered:g}"


class NotKept(PriceError):  # noqa: N818 - reads as the sentence it prints
    """A file of the store that could not be written, or may not be read."""


class Store:
    """Stored bars of one source, a file per ticker.

    Parameters
    ----------
    folder
        Where the files are; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
            return _read(self.path(ticker)), ""
        except _ABSENT:
            return None, ""
        except _Damaged:
            with self._locked(ticker):
                return self._settled(ticker)

    def _settled(self, ticker: str) -> tuple[Stored | None, str]:
        """Read under the lock, where no other process can have replaced what is set aside."""
        path = self.path(ticker)
        try:
            return _read(path), ""
        except _ABSENT:
            return None, ""
        except _Damaged as cause:
            aside = path.with_name(f"{path.name}.damaged-{_stamp()}")
            path.rename(aside)
            said = f"{ticker}: the stored file was damaged ({cause}); set aside as {aside.name}"
            return None, said

    def add(
        self, new: Stored, *, accept: bool = False, onto: Stored | None = None
    ) -> tuple[Stored, list[Contradiction]]:
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
        Stored, list of Contradiction
            What is stored now, and what contradicts it or was revised.

        Raises
        ------
        PriceError
            The currency changed.
        NotKept
            The file cannot be written, or another process keeps the lock.
        """
        with self._locked(new.ticker):
            old = self._settled(new.ticker)[0] or onto
            merged, found = (new, []) if old is None else merge(old, new, accept=accept)
            _write(self.path(new.ticker), merged)
        return merged, found

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


def merge(old: Stored, new: Stored, *, accept: bool) -> tuple[Stored, list[Contradiction]]:
    """Return what is stored with a delivery added, as ``Store.add`` does; nothing is written."""
    if old.currency and new.currency and old.currency != new.currency:
        raise PriceError(
            f"{new.ticker}: stored in {old.currency}, now delivered in {new.currency}; the stored"
            " history is left as it is. Move its file away to begin anew in the new currency"
        )
    found = list(_compare(old.bars, new.log))
    wrong = pd.DatetimeIndex(sorted({pd.Timestamp(item.session) for item in found}))
    fresh = ~new.log.index.isin(old.bars.index)
    revised = new.log.index.isin(wrong) & accept
    parts = [old.log, new.log[fresh | revised]]
    if accept and len(gone := wrong.difference(pd.DatetimeIndex(new.log.index))):
        parts.append(pd.DataFrame({FETCHED: new.log[FETCHED].iloc[-1]}, index=gone))
    log = pd.concat([part for part in parts if len(part)]).rename_axis("Date")
    since = None if None in (old.since, new.since) else min(_known(old), _known(new))
    return replace(new, log=log, since=since, currency=new.currency or old.currency), found


def _known(stored: Stored) -> dt.date:
    if stored.since is None:
        raise TypeError("only deliveries with a first day are compared")
    return stored.since


def _compare(stored: pd.DataFrame, offered: pd.DataFrame) -> Iterator[Contradiction]:
    """Yield every value of a session that both have and that differs, and sessions gone."""
    if offered.empty:
        return
    span = stored[(stored.index >= offered.index[0]) & (stored.index <= offered.index[-1])]
    for day in span.index.difference(offered.index):
        close = float(span.loc[day, "Close"])
        yield Contradiction(day.date(), "Close", close, float("nan"))
    both = span.index.intersection(offered.index)
    for field in FIELDS:
        ours, theirs = span.loc[both, field].to_numpy(), offered.loc[both, field].to_numpy()
        same = np.isclose(ours, theirs, rtol=_TOLERANCE[field], atol=1e-12, equal_nan=True)
        for at in np.flatnonzero(~same):
            yield Contradiction(both[at].date(), field, float(ours[at]), float(theirs[at]))


class _Damaged(Exception):  # noqa: N818 - never leaves this file
    """A stored file that is not what was written."""


def _read(path: Path) -> Stored:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # one handle: read_table opens a path twice, and the file may be replaced in between
        with path.open("rb") as file:
            table = pq.ParquetFile(file, page_checksum_verification=True).read()
        said = json.loads((table.schema.metadata or {})[_META])
        log = table.to_pandas().set_index("Date")
        intact = said["sha256"] == _digest(log)
        since = dt.date.fromisoformat(said["since"]) if said["since"] else None
        fetched = dt.datetime.fromisoformat(said["fetched"])
        names = said["ticker"], said["currency"], said["zone"]
    except (*_ABSENT, MemoryError):  # no damage, though Arrow has a MemoryError of its own
        raise
    except OSError as cause:
        if cause.errno is None:  # Arrow's word for pages that do not match their checksum
            raise _Damaged(str(cause).splitlines()[0]) from cause
        raise NotKept(
            f"{path} cannot be read: {cause.strerror}; it is left as it is, set {CACHE} to another"
            " folder if it is not yours"
        ) from cause
    except (pa.ArrowException, KeyError, ValueError) as cause:
        raise _Damaged((str(cause) or type(cause).__name__).splitlines()[0]) from cause
    if not intact:
        raise _Damaged("its content is not what its checksum says")
    return Stored(*names, since, fetched, log)


def _write(path: Path, stored: Stored) -> None:
    """Write a file beside and move it over, so that a reader finds the old or the new one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    said = {
        "ticker": stored.ticker,
        "currency": stored.currency,
        "zone": stored.zone,
        "since": str(stored.since or ""),
        "fetched": stored.fetched.isoformat(),
        "sha256": _digest(stored.log),
    }
    table = pa.Table.from_pandas(stored.log.reset_index(), preserve_index=False)
    table = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _META: json.dumps(said).encode()}
    )
    for left in path.parent.glob(f".{path.name}.*.tmp"):  # of a process that was killed
        left.unlink(missing_ok=True)
    with replacing(path) as beside, beside.open("xb") as file:
        pq.write_table(table, file, write_page_checksum=True)
        file.flush()
        os.fsync(file.fileno())


def _digest(log: pd.DataFrame) -> str:
    """Return the SHA-256 of every date, value and instant of the rows."""
    digest = hashlib.sha256(_whole(log.index))
    for name in FIELDS:
        digest.update(np.ascontiguousarray(log[name].to_numpy("float64")).tobytes())
    digest.update(_whole(pd.DatetimeIndex(log[FETCHED])))
    return digest.hexdigest()


def _whole(stamps: Any) -> bytes:
    return bytes(pd.DatetimeIndex(stamps).as_unit("us").asi8.tobytes())


def _stamp() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
