"""What a strategy keeps outside a run: put back after it, so that no run sees another's."""

from __future__ import annotations

import copy
import inspect
import random
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.content import is_content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.backtest.strategy import EventStrategy

_SEED = 0  # of the generators that strategies share without seeding them
# of backtrader's and pydantic's making
_MADE = frozenset(("params", "lines", "plotinfo", "plotlines", "alias", "Params", "events"))


@contextmanager
def forgetful(cls: type[EventStrategy]) -> Iterator[None]:
    """Put back, after a run, what is kept on a strategy's class and in its file.

    Python's and numpy's shared generators are seeded alike before every run and put back too.
    What cannot be copied is left as it is; a sweep notices where that makes a difference.
    """
    owners = _owners(cls)
    memo: dict[int, Any] = {}
    kept = [{name: _copied(value, memo) for name, value in _data(owner)} for owner in owners]
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the one content may use
    random.seed(_SEED)
    np.random.seed(_SEED)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        for owner, values in zip(owners, kept, strict=True):
            _put_back(owner, values)


def _owners(cls: type[EventStrategy]) -> list[Any]:
    """Return a strategy's classes and, where its file is content, the file's module."""
    from aftershock.backtest.strategy import EventStrategy

    classes = [one for one in cls.__mro__ if issubclass(one, EventStrategy)]
    modules = {one.__module__ for one in classes if is_content(one.__module__)}
    return [one for one in classes if one is not EventStrategy] + [sys.modules[m] for m in modules]


def _data(owner: Any) -> Iterator[tuple[str, Any]]:
    """Yield the data of a class or a module, without code."""
    for name, value in list(vars(owner).items()):
        code = callable(value) or inspect.ismodule(value) or hasattr(type(value), "__get__")
        if not (code or name in _MADE or name.startswith("__")):
            yield name, value


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # noqa: BLE001 - a lock, an open file: content may hold anything
        return value


def _put_back(owner: Any, values: dict[str, Any]) -> None:
    for name, _ in _data(owner):
        if name not in values:
            delattr(owner, name)
    for name, value in values.items():
        setattr(owner, name, value)
