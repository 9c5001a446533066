"""The files that a run reads: where a relative path counts from, and what stood in each.

Whoever reads a file of the user's asks ``opened`` for its place. Inside ``recording`` that also
puts the file on record, so that no list of inputs is written by hand.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from aftershock.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

SETTINGS = "aftershock.toml"

_INSTALLED = {"site-packages", "dist-packages"}
_LIBRARY = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
_ENGINE = Path(__file__).parent


@dataclass(slots=True)
class Inputs:
    """What a run has read so far.

    Attributes
    ----------
    root
        The workspace; a file inside it goes by its path from there.
    paths
        Where each file is, by the name it goes by.
    digests
        SHA-256 of each file as it was first read.
    modules
        Names of the modules that were imported before the run.
    """

    root: Path
    paths: dict[str, Path] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    modules: frozenset[str] = field(default_factory=lambda: frozenset(sys.modules))

    def add(self, path: Path, digest: str) -> None:
        """Put a file on record; raises WorkspaceError where it was read before and differs."""
        inside = path.resolve().is_relative_to(self.root.resolve())
        place = path.resolve().relative_to(self.root.resolve()) if inside else path
        name = place.as_posix()
        if self.digests.setdefault(name, digest) != digest:
            raise _changed(name)
        self.paths[name] = path.absolute()

    def settled(self) -> dict[str, str]:
        """Return the SHA-256 of every file by name, ascending.

        Modules of the user's that were imported since the run began are among them, wherever
        the import stands.

        Raises
        ------
        WorkspaceError
            A file is no longer what it was when the run read it.
        """
        for name, path in self.paths.items():
            if sha256(path) != self.digests[name]:
                raise _changed(name)
        for name in set(sys.modules) - self.modules:
            file = _own_file(sys.modules[name])
            if file is not None and file.absolute() not in self.paths.values():
                self.add(file, _as_imported(sys.modules[name], file))
        return dict(sorted(self.digests.items()))


_CURRENT: ContextVar[Inputs | None] = ContextVar("inputs", default=None)
_BASE: ContextVar[Path | None] = ContextVar("base", default=None)
_IMPORTED: WeakKeyDictionary[ModuleType, str] = WeakKeyDictionary()


@contextmanager
def recording(root: Path) -> Iterator[Inputs]:
    """Put on record what is read while the block runs."""
    inputs = Inputs(root)
    token = _CURRENT.set(inputs)
    try:
        yield inputs
    finally:
        _CURRENT.reset(token)


@contextmanager
def counted_from(file: Path) -> Iterator[None]:
    """Count relative paths from the workspace that ``file`` is in, while the block runs.

    Outside a workspace they count from the current folder.
    """
    homes = (folder for folder in file.absolute().parents if (folder / SETTINGS).is_file())
    token = _BASE.set(next(homes, None))
    try:
        yield
    finally:
        _BASE.reset(token)


def placed(path: str | Path) -> Path:
    """Return where a path leads: from the workspace whose content is being loaded, or as it is."""
    base = _BASE.get()
    return Path(path) if base is None else base / path


def opened(path: str | Path) -> Path:
    """Return where a file is that is about to be read, and put it on record.

    A file that cannot be read is left to its reader, who says so.
    """
    place = placed(path)
    inputs = _CURRENT.get()
    if inputs is not None and place.is_file():
        digest = sha256(place)
        if digest:
            inputs.add(place, digest)
    return place


def record_source(path: Path, source: bytes) -> None:
    """Put a Python file on record, and the user's own modules that it imports.

    Parameters
    ----------
    path
        The file, which has been run.
    source
        What was in it.
    """
    inputs = _CURRENT.get()
    if inputs is None:
        return
    inputs.add(path, hashlib.sha256(source).hexdigest())
    for module, place in _imported(source, "", set()):
        inputs.add(place, _as_imported(module, place))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _imported(source: bytes, package: str, seen: set[str]) -> Iterator[tuple[ModuleType, Path]]:
    """Yield the user's modules that a source imports, and those that they import in turn."""
    for name in _names(source, package):
        module = sys.modules.get(name)
        path = None if module is None or name in seen else _own_file(module)
        seen.add(name)
        if module is None or path is None:
            continue
        yield module, path
        if path.suffix == ".py":
            yield from _imported(path.read_bytes(), module.__package__ or "", seen)


def _names(source: bytes, package: str) -> Iterator[str]:
    """Yield every module that a source may import: parents, and names that may be modules."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            parts = [*(base if node.level else []), *([node.module] if node.module else [])]
            origin = ".".join(part for part in parts if part)
            yield from _with_parents(origin)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[: i + 1]) for i in range(len(parts)))


def _own_file(module: ModuleType) -> Path | None:
    """Return a module's file where it is the user's: not installed, not the engine's."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not Path(file).is_file():
        return None
    path = Path(file)
    if _INSTALLED & set(path.parts):
        return None
    libraries = (*_LIBRARY, _ENGINE)
    return None if any(path.is_relative_to(folder) for folder in libraries) else path


def _as_imported(module: ModuleType, path: Path) -> str:
    """Return the SHA-256 of a module's file; raises where Python holds an older one."""
    digest = sha256(path)
    if _IMPORTED.setdefault(module, digest) != digest:
        raise WorkspaceError(
            f"{path} was changed after this process imported it, and Python imports a module once:"
            " start the program anew"
        )
    return digest


def _changed(name: str) -> WorkspaceError:
    return WorkspaceError(f"{name} was changed while the run read it; run it again")
