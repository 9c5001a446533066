"""Python files of a workspace, loaded by path under a private name.

They are content, not a package: no file imports another, and none can shadow a library.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aftershock.errors import WorkspaceError
from aftershock.inputs import counted_from, record_source
from aftershock.interrupts import by_signal, watched

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType, ModuleType


class _Reader(SourceFileLoader):
    """Reads a file once and compiles what it read.

    Bytecode kept beside the file would be taken for current where an edit within the same
    second leaves the file's size as it was.
    """

    source = b""

    def get_code(self, fullname: str) -> CodeType:
        """Return the file's code."""
        self.source = self.get_data(self.get_filename(fullname))
        code: CodeType = self.source_to_code(self.source, self.path)
        return code


def content_files(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a folder that match, none where there is no folder.

    Hidden ones are left out: editors and file systems keep notes of their own beside a file.

    Raises
    ------
    WorkspaceError
        The folder is there and cannot be read.
    """
    try:
        found = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as cause:
        raise WorkspaceError(f"{folder} cannot be read: {cause.strerror or cause}") from cause
    return [path for path in found if path.match(pattern) and not path.name.startswith(".")]


def load_file(path: str | Path) -> ModuleType:
    """Run a Python file and return its module.

    Parameters
    ----------
    path
        The file. It is read and run anew at every call. Relative paths that the engine is given
        meanwhile count from the workspace the file is in.

    Raises
    ------
    WorkspaceError
        The file is missing, or does not import; the message names its line.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise WorkspaceError(f"{path} does not exist")
    if path.suffix != ".py":
        raise WorkspaceError(f"{path} is no Python file; content files end in .py")
    digest = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    name = f"_aftershock_{path.stem}_{digest}"
    loader = _Reader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise WorkspaceError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # backtrader looks its strategies' modules up by name
    try:
        with watched(), counted_from(path):
            _execute(loader, module, path)
    except BaseException:
        del sys.modules[name]
        raise
    record_source(path, loader.source)
    return module


def _execute(loader: _Reader, module: ModuleType, path: Path) -> None:
    """Run a module; whatever its file raises, ``sys.exit`` too, is that file's failure."""
    try:
        loader.exec_module(module)
    except BaseException as cause:
        if by_signal(cause):
            raise
        raise WorkspaceError(_sentence(path, cause)) from cause


def is_content(namespace: Mapping[str, Any]) -> bool:
    """Return whether a module's namespace is a content file's."""
    return isinstance(namespace.get("__loader__"), _Reader)


def sha256_of(module: str) -> str:
    """Return the SHA-256 of the source that a loaded file's module was made from."""
    loader = sys.modules[module].__loader__
    return hashlib.sha256(loader.source).hexdigest() if isinstance(loader, _Reader) else ""


def _sentence(path: Path, cause: BaseException) -> str:
    if isinstance(cause, SyntaxError):
        return f"{path}:{cause.lineno or 1} does not import: {cause.msg}"
    own = [
        frame.lineno
        for frame in traceback.extract_tb(cause.__traceback__)
        if frame.filename == str(path)
    ]
    where = f"{path}:{own[-1]}" if own else str(path)
    kind = "" if isinstance(cause, ValueError) else f"{type(cause).__name__}: "
    return f"{where} does not import: {kind}{cause}".removesuffix(": ")
