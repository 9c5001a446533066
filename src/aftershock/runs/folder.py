"""A run's folder: built out of sight, published in one rename, never half there."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from aftershock.errors import RunError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

LOCK = ".lock"
BUILDING = ".building-"
LATEST = "latest"


@dataclass(slots=True)
class RunFolder:
    """A run being written.

    Attributes
    ----------
    path
        Where to write; a hidden folder until ``publish``.
    results
        The folder of all runs.
    started
        Local time of the run; names its folder.
    """

    path: Path
    results: Path
    started: dt.datetime

    def publish(self) -> Path:
        """Move the run to its dated place, point ``latest`` at it, and return its folder."""
        day = self.results / self.started.strftime("%Y-%m-%d")
        with FileLock(self.results / LOCK):
            day.mkdir(exist_ok=True)
            place = _free(day, self.started.strftime("%H%M%S"))
            self.path.chmod(0o755)
            self.path.rename(place)
            _point(self.results / LATEST, place)
        self.path = place
        return place


@contextmanager
def new_run(results: Path, started: dt.datetime) -> Iterator[RunFolder]:
    """Open a folder for a run; what is not published when the block ends is removed.

    Parameters
    ----------
    results
        The folder of all runs, made where it is missing.
    started
        Local time of the run.

    Raises
    ------
    RunError
        The folder cannot be written.
    """
    if (results / LATEST).is_dir() and not (results / LATEST).is_symlink():
        raise RunError(
            f"{results / LATEST} is a folder and no link to the newest run: a copy, remove it"
        )
    try:
        results.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{os.getpid()}-", dir=results))
    except OSError as cause:
        raise RunError(
            f"the results folder {results} cannot be written: {cause.strerror or cause}"
        ) from cause
    _sweep(results)
    folder = RunFolder(path, results, started)
    try:
        yield folder
    except RunError:
        raise
    except OSError as cause:
        raise RunError(f"the run cannot be written to {results}: {cause}") from cause
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _free(day: Path, name: str) -> Path:
    place, count = day / name, 1
    while place.exists():
        count += 1
        place = day / f"{name}-{count}"
    return place


def _point(link: Path, place: Path) -> None:
    """Swap the link whole; where links are not possible, write the path into a file."""
    fresh = link.with_name(f".{link.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    target = place.relative_to(link.parent)
    try:
        fresh.symlink_to(target, target_is_directory=True)
    except OSError:
        fresh.write_text(f"{target}\n", "utf-8")
    fresh.replace(link)


def _sweep(results: Path) -> None:
    """Remove what killed runs left behind."""
    for left in results.glob(f"{BUILDING}*"):
        owner = left.name.removeprefix(BUILDING).partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
