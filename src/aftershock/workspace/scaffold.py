"""A new workspace, copied from the template that the package carries."""

from __future__ import annotations

import shutil
from pathlib import Path

from aftershock.errors import WorkspaceError
from aftershock.workspace.load import EVENTS, RESULTS, STRATEGIES, STUDIES
from aftershock.workspace.settings import SETTINGS

PARTS = (SETTINGS, EVENTS, STUDIES, STRATEGIES)


def make_workspace(folder: Path) -> None:
    """Write a workspace with the example events, studies and strategies into ``folder``.

    Raises
    ------
    WorkspaceError
        The folder is not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(f"{folder} is not empty; name a new folder")
    source = template()
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
        shutil.copy(source / RESULTS / "README.md", folder / RESULTS / "README.md")
    except OSError as cause:
        raise WorkspaceError(f"{folder} cannot be written: {cause.strerror or cause}") from cause


def template() -> Path:
    """Return the template: inside an installed package, or the checkout it was installed from."""
    packaged = Path(__file__).parent / "template"
    if packaged.is_dir():
        return packaged
    return Path(__file__).parents[3]
