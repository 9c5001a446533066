"""ARCHITECTURE.md against the code: what it names is there, and every room is named."""

from __future__ import annotations

import re

import pytest


@pytest.fixture(scope="module")
def page(root):
    return (root / "ARCHITECTURE.md").read_text("utf-8")


def named(page):
    return set(re.findall(r"`([a-z_./]+(?:\.py|\.md|/))`", page))


def test_every_file_it_names_is_there(page, root):
    engine = root / "src" / "aftershock"
    rooms = [root, engine, *(path for path in engine.iterdir() if path.is_dir())]
    missing = [name for name in named(page) if not any((room / name).exists() for room in rooms)]
    assert missing == []
    assert len(named(page)) > 60


def test_every_room_is_named_in_a_layer(page, root):
    layers = page[page.index("## Layers") : page.index("## Rooms")]
    engine = root / "src" / "aftershock"
    rooms = {path.stem for path in engine.iterdir() if path.suffix == ".py" or path.is_dir()} - {
        "__init__",
        "__pycache__",
        "py",
    }
    assert rooms <= set(re.findall(r"`([a-z_]+)`", layers))


def test_twenty_likely_changes_stand_there(page):
    table = page[page.index("| change | files |") :]
    assert table.count("\n| ") >= 20
