"""All runs of a results folder, and the page that lists them."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from aftershock.errors import RunError, UnknownName, unknown
from aftershock.runs.folder import LATEST, LOCK
from aftershock.runs.manifest import MANIFEST

NEEDED = (
    "title",
    "started",
    "source",
    "notice",
    "command",
    "prices",
    "studies",
    "backtests",
    "warnings",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One published run.

    Attributes
    ----------
    name
        ``2026-11-23/093512``, as on the command line.
    path
        Its folder.
    manifest
        Its manifest.
    """

    name: str
    path: Path
    manifest: dict[str, Any]

    @property
    def studies(self) -> list[str]:
        """Names of its studies."""
        return list(self.manifest.get("studies", {}))

    @property
    def backtests(self) -> list[str]:
        """Names of its backtests."""
        return list(self.manifest.get("backtests", {}))

    @property
    def parts(self) -> list[str]:
        """Names of its studies and backtests."""
        return [*self.studies, *self.backtests]


def read_run(path: Path, results: Path | None = None) -> Run:
    """Return the run in a folder.

    Raises
    ------
    RunError
        The folder has no readable manifest.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text("utf-8"))
        missing = [name for name in NEEDED if name not in manifest]
    except (OSError, ValueError, TypeError) as cause:
        raise RunError(f"{path} is no run: its {MANIFEST} cannot be read") from cause
    if missing:
        raise RunError(f"{path} is no run: its {MANIFEST} lacks {', '.join(missing)}")
    base = results or path.parent.parent
    inside = path.resolve().is_relative_to(base.resolve())
    name = path.resolve().relative_to(base.resolve()).as_posix() if inside else path.name
    return Run(name, path, manifest)


def list_runs(results: Path) -> list[Run]:
    """Return every run, newest first; a folder whose manifest cannot be read is passed over."""
    runs = []
    for manifest in results.glob(f"[0-9]*-[0-9]*-[0-9]*/*/{MANIFEST}"):
        with contextlib.suppress(RunError):
            runs.append(read_run(manifest.parent, results))
    return sorted(runs, key=lambda run: (str(run.manifest["started"]), run.name), reverse=True)


def find_run(results: Path, name: str) -> Run:
    """Return a run by name, by the path of its folder, or the newest for ``latest``.

    Raises
    ------
    UnknownName
        No run of that name.
    """
    if (Path(name) / MANIFEST).is_file():
        return read_run(Path(name), results)
    runs = list_runs(results)
    if name == LATEST and runs:
        return runs[0]
    for run in runs:
        if run.name == name:
            return run
    if not runs:
        raise UnknownName(f"there is no run '{name}': {results} has none yet; see 'aftershock run'")
    raise unknown("run", name, [LATEST, *(run.name for run in runs[:10])])


def write_index(results: Path, pages: dict[str, str]) -> None:
    """Replace the pages that list the runs whole, under the lock that runs are published under.

    Parameters
    ----------
    results
        The folder of all runs.
    pages
        Name of each file to what it holds.
    """
    with FileLock(results / LOCK):
        for name, page in pages.items():
            fresh = results / f".{os.getpid()}-{name}"
            fresh.write_text(page, "utf-8")
            fresh.replace(results / name)
