"""A run's folder: built out of sight, published in one rename, never half there."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from aftershock.errors import RunError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

LOCK = ".lock"
BUILDING = ".building-"
LATEST = "latest"
MANIFEST = "manifest.json"

_LOCK_SECONDS = 60.0


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
        """Move the run to its dated place and return it; ``latest`` points at the newest."""
        day = self.results / self.started.strftime("%Y-%m-%d")
        with locked(self.results):
            day.mkdir(exist_ok=True)
            place = _free(day, self.started.strftime("%H%M%S"))
            self.path.rename(place)
            self.path = place
            link = self.results / LATEST
            if _started(link) <= _started(place):  # a run that began later may be there already
                _point(link, place)
        return place


@contextmanager
def locked(results: Path) -> Iterator[None]:
    """Hold the lock under which runs are published and listed.

    Raises
    ------
    RunError
        Another process keeps it.
    """
    try:
        with FileLock(results / LOCK, timeout=_LOCK_SECONDS):
            yield
    except Timeout as cause:
        raise RunError(
            f"another process has kept {results / LOCK} for {_LOCK_SECONDS:.0f} seconds;"
            " wait for it, or end it"
        ) from cause


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
    with _building(results) as place:
        folder = RunFolder(place, results, started)
        try:
            yield folder
        except RunError:
            raise
        except OSError as cause:
            raise RunError(f"the run cannot be written to {results}: {cause}") from cause


@contextmanager
def _building(results: Path) -> Iterator[Path]:
    """Make a hidden folder to build a run in, and remove what killed runs left behind.

    It is locked as long as its process lives, wherever that runs: process numbers mean nothing
    in another container.
    """
    try:
        results.mkdir(parents=True, exist_ok=True)
        with locked(results):
            _sweep(results)
            hidden = Path(tempfile.mkdtemp(prefix=BUILDING, dir=results))
            lock = FileLock(hidden / LOCK)
            lock.acquire()
            place = hidden / "run"
            place.mkdir()
    except RunError:
        raise
    except OSError as cause:
        raise RunError(
            f"the results folder {results} cannot be written: {cause.strerror or cause}"
        ) from cause
    try:
        yield place
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        lock.release()


def _free(day: Path, name: str) -> Path:
    place, count = day / name, 1
    while place.exists():
        count += 1
        place = day / f"{name}-{count}"
    return place


def _point(link: Path, place: Path) -> None:
    """Swap the link whole; where links are not possible, write the path into a file."""
    fresh = link.with_name(f".{link.name}")  # nobody else's: the lock is held
    fresh.unlink(missing_ok=True)
    target = place.relative_to(link.parent)
    try:
        fresh.symlink_to(target, target_is_directory=True)
    except OSError:
        fresh.write_text(f"{target}\n", "utf-8")
    fresh.replace(link)


def _started(place: Path) -> str:
    """Return when a run began, UTC; empty where there is none."""
    try:
        return str(json.loads((place / MANIFEST).read_text("utf-8"))["started"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _sweep(results: Path) -> None:
    """Remove what killed runs left behind: their folders are no longer locked."""
    for left in results.glob(f"{BUILDING}*"):
        with suppress(Timeout, OSError), FileLock(left / LOCK, blocking=False):
            shutil.rmtree(left, ignore_errors=True)
