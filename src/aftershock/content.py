"""Python files of a workspace, loaded by path under a private name.

They are content, not a package: no file imports another, and none can shadow a library.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from aftershock.errors import WorkspaceError

if TYPE_CHECKING:
    from types import ModuleType


def load_file(path: str | Path) -> ModuleType:
    """Run a Python file and return its module.

    Parameters
    ----------
    path
        The file. It is run anew at every call.

    Raises
    ------
    WorkspaceError
        The file is missing, or does not import; the message names its line.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise WorkspaceError(f"{path} does not exist")
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:12]
    name = f"_aftershock_{path.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise WorkspaceError(f"{path} is no Python file; content files end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # backtrader looks its strategies' modules up by name
    try:
        spec.loader.exec_module(module)
    except Exception as cause:
        del sys.modules[name]
        raise WorkspaceError(_sentence(path, cause)) from cause
    return module


def _sentence(path: Path, cause: Exception) -> str:
    if isinstance(cause, SyntaxError):
        return f"{path}:{cause.lineno or 1} does not import: {cause.msg}"
    own = [
        frame.lineno
        for frame in traceback.extract_tb(cause.__traceback__)
        if frame.filename == str(path)
    ]
    where = f"{path}:{own[-1]}" if own else str(path)
    kind = "" if isinstance(cause, ValueError) else f"{type(cause).__name__}: "
    return f"{where} does not import: {kind}{cause}"
