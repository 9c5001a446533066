"""A file of the store: Parquet with the checksum of its content, replaced whole."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.prices.stored import FETCHED, FIELDS, Stored
from aftershock.whole import replacing

if TYPE_CHECKING:
    from pathlib import Path

CACHE = "AFTERSHOCK_CACHE"
ABSENT = (FileNotFoundError, NotADirectoryError)

_META = b"aftershock"


class NotKept(PriceError):  # noqa: N818 - reads as the sentence it prints
    """A file of the store that could not be written, or may not be read."""


class Damaged(Exception):  # noqa: N818 - never leaves the store
    """A stored file that is not what was written."""


def read_stored(path: Path) -> Stored:
    """Return what a file holds; one of version 0.1 has no column ``Capital Gains``.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is no such file.
    Damaged
        It is not what was written.
    NotKept
        It cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # one handle: read_table opens a path twice, and the file may be replaced in between
        with path.open("rb") as file:
            table = pq.ParquetFile(file, page_checksum_verification=True).read()
        meta = json.loads((table.schema.metadata or {})[_META])
        log = table.to_pandas().set_index("Date")
        if meta["sha256"] != _digest(log):
            raise Damaged("its content is not what its checksum says")
        since = dt.date.fromisoformat(meta["since"]) if meta["since"] else None
        fetched = dt.datetime.fromisoformat(meta["fetched"])
        names = meta["ticker"], meta["currency"], meta["zone"]
    except (*ABSENT, MemoryError):  # no damage, though Arrow has a MemoryError of its own
        raise
    except OSError as cause:
        if cause.errno is None:  # Arrow's word for pages that do not match their checksum
            raise Damaged(str(cause).splitlines()[0]) from cause
        raise NotKept(
            f"{path} cannot be read: {cause.strerror}; it is left as it is, set {CACHE} to another"
            " folder if it is not yours"
        ) from cause
    except (pa.ArrowException, KeyError, ValueError) as cause:
        raise Damaged((str(cause) or type(cause).__name__).splitlines()[0]) from cause
    return Stored(*names, since, fetched, log.reindex(columns=[*FIELDS, FETCHED]))


def write_stored(path: Path, stored: Stored) -> None:
    """Write a file beside and move it over, so that a reader finds the old or the new one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    meta = {
        "ticker": stored.ticker,
        "currency": stored.currency,
        "zone": stored.zone,
        "since": str(stored.since or ""),
        "fetched": stored.fetched.isoformat(),
        "sha256": _digest(stored.log),
    }
    table = pa.Table.from_pandas(stored.log.reset_index(), preserve_index=False)
    table = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _META: json.dumps(meta).encode()}
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
        if name in log or name != "Capital Gains":
            digest.update(np.ascontiguousarray(log[name].to_numpy("float64")).tobytes())
    digest.update(_whole(pd.DatetimeIndex(log[FETCHED])))
    return digest.hexdigest()


def _whole(stamps: Any) -> bytes:
    return bytes(pd.DatetimeIndex(stamps).as_unit("us").asi8.tobytes())
