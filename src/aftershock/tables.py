"""How a table is written and read back: CSV, dates as dates, empty texts as empty texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

DATES = frozenset(
    {"session", "session_alt", "first", "last", "entry_session", "exit_session", "fill_session"}
)

TEXT = frozenset(
    {
        "id", "event", "ticker", "title", "kind", "when", "precision", "timing", "known_at",
        "inferred", "source", "quote", "note", "status", "reason", "confounders", "group", "row",
        "robust", "test", "distribution", "null", "side", "item", "metric", "basis", "holders",
    }
)  # fmt: skip


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as CSV; the same table gives the same bytes."""
    table.to_csv(path, index=False, lineterminator="\n")
    return path


def read_table(path: Path) -> pd.DataFrame:
    """Read what ``write_table`` wrote."""
    table = pd.read_csv(path, keep_default_na=False, na_values={}, dtype="str")
    for name in table.columns.difference(list(TEXT)):
        if name in DATES:
            table[name] = pd.to_datetime(table[name]).astype("datetime64[s]")
        else:
            table[name] = _typed(table[name])
    return table


def _typed(column: pd.Series[str]) -> pd.Series[float] | pd.Series[bool] | pd.Series[str]:
    """Return numbers as numbers and truth values as such; everything else stays text."""
    filled = column[column != ""]
    if len(filled) and filled.isin(["True", "False"]).all():
        return column == "True"
    numbers = pd.to_numeric(column.where(column != ""), errors="coerce")
    return numbers if numbers.notna().sum() == len(filled) else column
