"""Parquet files as frames; large ones are mapped into memory."""

from __future__ import annotations

import mmap
import os
from typing import Any, BinaryIO

import pandas as pd

_MANY = 100_000  # rows
_LARGE = 16 * 2**20  # bytes


def read_parquet(opened: BinaryIO) -> pd.DataFrame:
    """Return the table of an opened file, text as codes where it stands in it."""
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
