"""A new workspace, copied from a template that the package carries: the example's, or empty."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from aftershock.errors import WorkspaceError
from aftershock.inputs import SETTINGS
from aftershock.workspace.load import EVENTS, RESULTS, STRATEGIES, STUDIES

EMPTY = Path(__file__).parent / "empty"
PARTS = (EVENTS, STUDIES, STRATEGIES, SETTINGS)  # last what makes it a workspace

_BUILDING = ".building-"


def make_workspace(folder: Path, *, empty: bool = False) -> None:
    """Write a workspace into ``folder``, whole or not at all.

    Parameters
    ----------
    folder
        A new or empty folder.
    empty
        Without events, studies and strategies but for one explained example of each, which is
        not run; else with those of the example workspace.

    Raises
    ------
    WorkspaceError
        The folder is not empty, or cannot be written.
    """
    new = not folder.exists()
    try:
        if not (new or _is_free(folder)):
            raise WorkspaceError(f"{folder} is not empty; name a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_BUILDING, dir=folder) as hidden:
            _copy(EMPTY if empty else template(), Path(hidden))
            for part in (RESULTS, *PARTS):
                (Path(hidden) / part).rename(folder / part)
    except (OSError, KeyboardInterrupt) as cause:
        if new:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(cause, KeyboardInterrupt):
            raise
        raise WorkspaceError(f"{folder} cannot be written: {cause.strerror or cause}") from cause


def _is_free(folder: Path) -> bool:
    """Return whether nothing is there, but for what a killed process left."""
    return folder.is_dir() and all(left.name.startswith(_BUILDING) for left in folder.iterdir())


def _copy(source: Path, folder: Path) -> None:
    for part in PARTS:
        if (source / part).is_dir():
            shutil.copytree(
                source / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".*")
            )
        else:
            shutil.copy(source / part, folder / part)
    (folder / RESULTS).mkdir()
    shutil.copy(template() / RESULTS / "README.md", folder / RESULTS / "README.md")


def template() -> Path:
    """Return the template: inside an installed package, or the checkout it was installed from."""
    packaged = Path(__file__).parent / "template"
    if packaged.is_dir():
        return packaged
    return Path(__file__).parents[3]
