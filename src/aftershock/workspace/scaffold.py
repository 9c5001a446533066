"""A new workspace, copied from a template that the package carries: the example's, or empty."""

from __future__ import annotations

import shutil
from pathlib import Path

from aftershock.errors import WorkspaceError
from aftershock.workspace.load import EVENTS, RESULTS, STRATEGIES, STUDIES
from aftershock.workspace.settings import SETTINGS

EMPTY = Path(__file__).parent / "empty"
PARTS = (SETTINGS, EVENTS, STUDIES, STRATEGIES)


def make_workspace(folder: Path, *, empty: bool = False) -> None:
    """Write a workspace into ``folder``.

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
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(f"{folder} is not empty; name a new folder")
    example = template()
    source = EMPTY if empty else example
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            if (source / part).is_dir():
                shutil.copytree(
                    source / part, folder / part, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(source / part, folder / part)
        (folder / RESULTS).mkdir()
        shutil.copy(example / RESULTS / "README.md", folder / RESULTS / "README.md")
    except OSError as cause:
        raise WorkspaceError(f"{folder} cannot be written: {cause.strerror or cause}") from cause


def template() -> Path:
    """Return the template: inside an installed package, or the checkout it was installed from."""
    packaged = Path(__file__).parent / "template"
    if packaged.is_dir():
        return packaged
    return Path(__file__).parents[3]
