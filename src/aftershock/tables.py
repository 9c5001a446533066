"""Tables of results: one type per column name, and how they are written and read back."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.errors import RunError
from aftershock.whole import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

DATES = frozenset(
    {
        "session", "session_alt", "first", "last", "entry_session", "exit_session", "fill_session",
        "peak_session", "trough_session", "recovery_session",
    }
)  # fmt: skip
TEXT = frozenset(
    {
        "id", "event", "ticker", "title", "kind", "when", "precision", "timing", "known_at",
        "inferred", "source", "quote", "note", "status", "reason", "confounders", "group", "row",
        "robust", "test", "distribution", "null", "side", "item", "metric", "basis", "holders",
        "series", "check", "left_out", "name", "local_name", "engine", "chosen", "question",
        "class", "window", "tradeable",
    }
)  # fmt: skip

FLAGS = frozenset({"open", "endogenous"})


def make_table(rows: Iterable[Any], columns: Sequence[str]) -> pd.DataFrame:
    """Return a table whose column types follow from the columns' names, rows or no rows.

    Parameters
    ----------
    rows
        Tuples in the order of ``columns``, or mappings.
    columns
        Names; those of ``DATES`` become dates, those of ``TEXT`` text, those
        of ``FLAGS`` true or false; an empty column of another name is a number.
    """
    table = pd.DataFrame(list(rows), columns=list(columns))
    for name in columns:
        if name in DATES:
            table[name] = pd.to_datetime(table[name]).astype("datetime64[s]")
        elif name in TEXT:
            table[name] = table[name].astype("str")
        elif name in FLAGS:
            table[name] = table[name].astype("bool")
        elif table.empty:
            table[name] = table[name].astype("float64")
    return table


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as CSV, whole or not at all; the same table gives the same bytes."""
    with replacing(path) as beside:
        table.to_csv(beside, index=False, lineterminator="\n")
    return path


def read_table(path: Path) -> pd.DataFrame:
    """Read what ``write_table`` wrote; raises RunError where it is not there or no table."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file, strict=True)  # pandas is slow over small files
        columns = zip(*rows, strict=True) if rows else ((),) * len(names)
        cells = dict(zip(names, columns, strict=True))
        typed = {name: _column(name, list(values)) for name, values in cells.items()}
    except FileNotFoundError as cause:
        raise RunError(
            f"{path} is missing: the run is incomplete or of another version; run it again"
        ) from cause
    except (OSError, ValueError, csv.Error) as cause:  # nothing at all, or a row cut short
        reason = str(cause).splitlines()[0]
        raise RunError(f"{path} cannot be read ({reason}); run it again") from cause
    return pd.DataFrame(typed)


def _column(name: str, values: list[str]) -> pd.Series[Any]:
    """Return a column as its name says, or as numbers where all of it is."""
    if name in TEXT:
        return pd.Series(values, dtype="str")
    if name in DATES:
        return pd.Series(np.array([value or "NaT" for value in values], dtype="datetime64[s]"))
    if name in FLAGS:
        return pd.Series([value == "True" for value in values], dtype="bool")
    return _typed(values)


def _typed(values: list[str]) -> pd.Series[Any]:
    """Return numbers as numbers, empty cells missing; everything else stays text."""
    try:
        if "" not in values:
            return pd.to_numeric(pd.Series(values, dtype="str"))
        numbers = [float(value) if value else math.nan for value in values]
    except ValueError:
        return pd.Series(values, dtype="str")
    return pd.Series(numbers, dtype="float64")
