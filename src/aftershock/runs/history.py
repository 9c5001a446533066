"""All runs of a results folder, and the page that lists them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aftershock.errors import RunError, UnknownName, unknown
from aftershock.runs.folder import LATEST, MANIFEST, locked
from aftershock.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = re.compile(r"\d+-\d+-\d+")
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
    for day in _folders(results):
        for place in _folders(day) if DAY.fullmatch(day.name) else ():
            with suppress(RunError):
                runs.append(read_run(place, results))
    return sorted(runs, key=_age, reverse=True)


def _folders(folder: Path) -> list[Path]:
    """Return what is in a folder, nothing where it is none or has just been removed."""
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as cause:
        raise RunError(f"{folder} cannot be read: {cause.strerror or cause}") from cause


def _is_run(folder: Path) -> bool:
    try:
        return (folder / MANIFEST).is_file()
    except OSError:  # a name too long for a folder
        return False


def _order(run: Run) -> list[int]:
    """Return what runs of one second are sorted by: 093512-10 comes after 093512-9."""
    return [int(part) for part in re.findall(r"\d+", run.name)]


def find_run(results: Path, name: str) -> Run:
    """Return a run by name, by the path of its folder, or the newest for ``latest``.

    Raises
    ------
    UnknownName
        No run of that name.
    """
    if _is_run(Path(name)):
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


def run_before(results: Path, run: Run) -> Run:
    """Return the run that one is best compared with: the newest before it of the same command.

    Where no earlier run was made by the same command, the newest one that has a study or a
    backtest in common with it; else the newest before it.

    Raises
    ------
    UnknownName
        There is no earlier run.
    """
    rank = _age(run)
    earlier = [other for other in list_runs(results) if _age(other) < rank]
    if not earlier:
        raise UnknownName(f"there is no run before {run.name}; name two: runs diff BEFORE AFTER")
    alike = [other for other in earlier if other.manifest["command"] == run.manifest["command"]]
    related = [other for other in earlier if set(other.parts) & set(run.parts)]
    return [*alike, *related, *earlier][0]


def _age(run: Run) -> tuple[str, list[int]]:
    return str(run.manifest["started"]), _order(run)


def write_index(results: Path, render: Callable[[list[Run]], dict[str, str]]) -> None:
    """Replace the pages that list the runs whole.

    Parameters
    ----------
    results
        The folder of all runs.
    render
        Makes the pages of the runs there are, by the names of their files.

    Notes
    -----
    The runs are listed under the lock that runs are published under, so that of two processes the
    later one lists both runs.

    Raises
    ------
    RunError
        The page cannot be written; the runs are not touched.
    """
    with locked(results):
        for name, page in render(list_runs(results)).items():
            try:
                write_whole(results / name, page)
            except OSError as cause:
                raise RunError(
                    f"{results / name} cannot be written: {cause.strerror or cause}"
                ) from cause
