"""YAML read safely, with the line of every value, so that a mistake can be pointed at.

Only plain data: strings, whole and decimal numbers, true, false and null. Dates stay text
(``when`` reads them), ``NO`` and ``0100`` stay what they look like, and a key that stands
twice is refused. Anchors are refused too: an event file is a table, not a program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from aftershock.errors import EventError, nearest
from aftershock.inputs import opened

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic import BaseModel, ValidationError

Place = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML copies it per class

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="anchors are not supported", problem_mark=mark)
        return super().compose_node(parent, index)


_PLAIN = {
    "null": (r"^(?:~|null)?$", ["~", "n", ""]),
    "bool": (r"^(?:true|false)$", ["t", "f"]),
    "int": (r"^[-+]?(?:0|[1-9][0-9_]*)$", list("-+0123456789")),
    "float": (r"^[-+]?(?:0|[1-9][0-9_]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
}
for _tag, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its data, and the line each value stands on."""

    path: Path
    data: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """Return the line of the value at ``place``, or of the nearest value that holds it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, message: str) -> EventError:
        """Return the error for a mistake at ``place``."""
        return EventError(f"{self.path}:{self.line(place)}: {message}")

    def invalid(
        self, place: Place, who: str, cause: ValidationError, model: type[BaseModel]
    ) -> EventError:
        """Return the error for the first thing that is wrong with one record.

        Parameters
        ----------
        place
            Where the record stands.
        who
            What the record is, for the sentence.
        cause
            What validation found.
        model
            The class the record was read as.
        """
        # a mistyped key explains the missing one, not the other way round
        first = min(cause.errors(), key=lambda error: error["type"] != "extra_forbidden")
        inside = tuple(part for part in first["loc"])
        more = cause.error_count() - 1
        also = f" (and {more} more)" if more else ""
        return self.error((*place, *inside), f"{who}: {_sentence(first, inside, model)}{also}")


def read_yaml(path: Path) -> Document:
    """Read one file.

    Raises
    ------
    EventError
        The file is missing, is not UTF-8, or is not YAML as described above.
    """
    try:
        text = opened(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise EventError(f"{path} cannot be read: {cause}") from cause
    loader = _Loader(text)
    lines: dict[Place, int] = {}
    try:
        node = loader.get_single_node()
        data = None if node is None else _build(loader, node, (), lines)
    except yaml.MarkedYAMLError as cause:
        mark = cause.problem_mark
        line = mark.line + 1 if mark else 1
        raise EventError(f"{path}:{line}: {cause.problem or cause}") from cause
    except yaml.YAMLError as cause:
        raise EventError(f"{path}: {cause}") from cause
    finally:
        loader.dispose()
    return Document(path, data, lines)


def _build(loader: _Loader, node: yaml.Node, place: Place, lines: dict[Place, int]) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, place, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, item, (*place, i), lines) for i, item in enumerate(node.value)]
    return loader.construct_object(node)


def _mapping(
    loader: _Loader, node: yaml.MappingNode, place: Place, lines: dict[Place, int]
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in out:
            raise yaml.MarkedYAMLError(
                problem=f"the key '{key}' stands twice", problem_mark=key_node.start_mark
            )
        out[key] = _build(loader, value_node, (*place, key), lines)
        lines[(*place, key)] = key_node.start_mark.line + 1
    return out


def _sentence(error: Any, inside: Place, model: type[BaseModel]) -> str:
    name = ".".join(str(part) for part in inside)
    if error["type"] == "extra_forbidden":
        return _unknown_key(str(inside[-1]), model.model_fields)
    if error["type"] == "missing":
        return f"'{name}' is missing"
    given = error["input"]
    if error["type"] == "string_pattern_mismatch":
        return f"{name} is {given!r}; a ticker holds no space, an id neither that nor any of @ ; :"
    message = error["msg"].removeprefix("Value error, ")
    said = isinstance(given, str | int | float) and str(given) not in message
    shown = f", not {given!r}" if name and said else ""
    return f"{name}: {message}{shown}" if name else message


def _unknown_key(key: str, allowed: Iterable[str]) -> str:
    keys = sorted(allowed)
    close = nearest(key, keys)
    hint = f": did you mean '{close}'?" if close else f"; known are {', '.join(keys)}"
    return f"unknown key '{key}'{hint}"
