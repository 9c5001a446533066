"""What a strategy keeps outside a run: put back after it, so that no run sees another's."""

from __future__ import annotations

import copy
import inspect
import random
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aftershock.content import is_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aftershock.backtest.strategy import EventStrategy

_SEED = 0  # of the generators that strategies share without seeding them
# of backtrader's and pydantic's making
_MADE = frozenset(("params", "lines", "plotinfo", "plotlines", "alias", "Params", "events"))


@contextmanager
def forgetful(cls: type[EventStrategy]) -> Iterator[None]:
    """Put back, after a run, what is kept on a strategy's class and in its file.

    What cannot be copied is left as it is; a sweep notices where that makes a difference.
    """
    places = _places(cls)
    memo: dict[int, Any] = {}
    kept = [{name: _copied(value, memo) for name, value in _data(place.names)} for place in places]
    try:
        yield
    finally:
        for place, values in zip(places, kept, strict=True):
            place.put_back(values)


@contextmanager
def same_numbers() -> Iterator[None]:
    """Seed Python's and numpy's shared generators alike, and put them back after."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - what content may use
    random.seed(_SEED)
    np.random.seed(_SEED)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


class _Place(NamedTuple):
    """Where data can be kept: the names of a class, or of the file that defines it."""

    names: Mapping[str, Any]
    put: Callable[[str, Any], None]
    remove: Callable[[str], None]

    def put_back(self, values: Mapping[str, Any]) -> None:
        """Make the data what they were."""
        for name, _ in list(_data(self.names)):
            if name not in values:
                self.remove(name)
        for name, value in values.items():
            self.put(name, value)


def _places(cls: type[EventStrategy]) -> list[_Place]:
    """Return the classes of a strategy below the base and, where it is content, its file."""
    from aftershock.backtest.strategy import EventStrategy

    places, files = [], {}
    for one in cls.__mro__:
        if issubclass(one, EventStrategy) and one is not EventStrategy:
            places.append(_Place(vars(one), partial(setattr, one), partial(delattr, one)))
            # a file may have been loaded again since: its own functions know their own names
            for code in filter(inspect.isfunction, vars(one).values()):
                files[id(code.__globals__)] = code.__globals__
    return places + [
        _Place(names, names.__setitem__, names.__delitem__)
        for names in files.values()
        if is_content(names)
    ]


def _data(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the data among the names of a class or a module, without code."""
    for name, value in list(names.items()):
        code = callable(value) or inspect.ismodule(value) or hasattr(type(value), "__get__")
        if not (code or name in _MADE or name.startswith("__")):
            yield name, value


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # noqa: BLE001 - a lock, an open file: content may hold anything
        return value
