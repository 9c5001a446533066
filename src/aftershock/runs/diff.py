"""What changed between two runs: inputs, conventions, numbers, estimate by estimate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from aftershock.runs.history import Run

# Which columns say what a row of a file is about, and which of its numbers are compared.
KEYS: dict[str, tuple[list[str], list[str]]] = {
    "car.csv": (["event", "session", "start", "end", "row"], ["car", "se", "t", "p_value"]),
    "estimates.csv": (["event"], ["alpha", "beta", "sigma", "r2"]),
    "tests.csv": (["group", "start", "end", "test"], ["statistic", "p_value", "n"]),
    "single.csv": (["event", "start", "end", "test"], ["statistic", "p_value", "n"]),
    "events.csv": (["id"], ["session", "status", "n_obs", "reason"]),
    "trades.csv": (
        ["event", "ticker", "entry_session"],
        ["entry_price", "exit_session", "exit_price", "shares", "fees", "borrow", "net"],
    ),
    "versus.csv": (["metric"], ["strategy", "benchmark"]),
}
SETTINGS = ("title", "seed", "source", "notice", "aftershock", "python")
SAME = 1e-12  # relative; below it two numbers differ in rounding only


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes
    ----------
    part
        ``inputs``, ``settings``, ``versions``, ``conventions`` or ``numbers``.
    where
        The file, the study or the key it is in.
    what
        Which row and column, or which name.
    before, after
        The two values; None where one run has none.
    """

    part: str
    where: str
    what: str
    before: Any
    after: Any


def diff_runs(before: Run, after: Run) -> list[Change]:
    """Return every difference between two runs, inputs first, then numbers.

    Numbers count as changed where they differ by more than rounding (one part in 10^12).
    """
    old, new = before.manifest, after.manifest
    changes = [
        *_mapping("settings", "", _part(old), _part(new)),
        *_mapping("settings", "prices", old["prices"], new["prices"]),
        *_mapping("inputs", "", old.get("inputs", {}), new.get("inputs", {})),
        *_mapping("versions", "", old.get("versions", {}), new.get("versions", {})),
    ]
    for kind in ("studies", "backtests"):
        for name in dict.fromkeys([*old[kind], *new[kind]]):
            changes += _assumed(f"{kind}/{name}", old[kind].get(name), new[kind].get(name))
    for file in _files(before.path, after.path):
        changes += _table(file, before.path / file, after.path / file)
    return changes


def _part(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: manifest.get(name) for name in SETTINGS}


def _mapping(
    part: str, where: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield Change(part, where, name, old.get(name), new.get(name))


def _assumed(
    where: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> Iterator[Change]:
    if old is None or new is None:
        said = [None if record is None else "in this run" for record in (old, new)]
        yield Change("conventions", where, "", *said)
        return
    for name in ("conventions", "params"):
        yield from _mapping("conventions", where, old.get(name, {}), new.get(name, {}))


def _files(old: Path, new: Path) -> list[str]:
    """Return the files of numbers that both runs have."""
    names = [*KEYS, "metrics.json"]
    found = [
        path.relative_to(old).as_posix()
        for kind in ("studies", "backtests")
        for folder in sorted((old / kind).glob("*"))
        for path in (folder / name for name in names)
        if path.is_file()
    ]
    return [file for file in found if (new / file).is_file()]


def _table(file: str, old: Path, new: Path) -> Iterator[Change]:
    if file.endswith(".json"):
        left, right = (json.loads(path.read_text("utf-8")) for path in (old, new))
        for name in dict.fromkeys([*left, *right]):
            if not same(left.get(name), right.get(name)):
                yield Change("numbers", file, name, left.get(name), right.get(name))
        return
    keys, columns = KEYS[file.rpartition("/")[2]]
    left, right = (_rows(path, keys) for path in (old, new))
    for key in dict.fromkeys([*left, *right]):
        row = " ".join(part for part in key if part)
        if key not in left or key not in right:
            said = ["there" if key in rows else None for rows in (left, right)]
            yield Change("numbers", file, row, *said)
            continue
        for column in columns:
            values = left[key].get(column), right[key].get(column)
            if not same(*values):
                yield Change("numbers", file, f"{row} {column}", *values)


def _rows(path: Path, keys: list[str]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the rows of a file by what they are about; several alike are numbered."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for record in read_table(path).to_dict("records"):
        key = tuple(_said(record.get(name)) for name in keys)
        while key in found:
            key = (*key, "again")
        found[key] = {str(name): value for name, value in record.items()}
    return found


def _said(value: Any) -> str:
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def same(old: Any, new: Any) -> bool:
    """Return whether two values are equal but for rounding; nothing equals nothing."""
    gone = [value is None or bool(pd.isna(value)) for value in (old, new)]
    if any(gone):
        return all(gone)
    if isinstance(old, int | float) and isinstance(new, int | float):
        return bool(np.isclose(old, new, rtol=SAME, atol=0.0))
    return bool(old == new)
