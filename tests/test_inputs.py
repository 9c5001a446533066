"""What is put on record, where relative paths count from, and what changes are refused."""

from __future__ import annotations

import sys

import pytest

from aftershock.content import load_file
from aftershock.errors import WorkspaceError
from aftershock.inputs import SETTINGS, opened, placed, recording

HELLO = (
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # echo -n hello | sha256sum
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A workspace whose folder is on the path; the modules imported from it are forgotten."""
    (tmp_path / SETTINGS).write_text("", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_file_is_recorded_by_its_path_from_the_workspace(folder):
    (folder / "a.txt").write_text("hello", "utf-8")
    with recording(folder) as inputs:
        assert opened(folder / "a.txt") == folder / "a.txt"
        opened(folder / "nowhere.txt")  # its reader says that it is missing
    assert inputs.settled() == {"a.txt": HELLO}


def test_nothing_is_recorded_outside_a_run(folder):
    (folder / "a.txt").write_text("hello", "utf-8")
    opened(folder / "a.txt")
    with recording(folder) as inputs:
        pass
    assert inputs.settled() == {}


def test_a_file_outside_the_workspace_keeps_its_own_path(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "a.txt"
    other.write_text("hello", "utf-8")
    with recording(folder) as inputs:
        opened(other)
    assert inputs.settled() == {other.as_posix(): HELLO}


@pytest.mark.parametrize("after", ["hello again", None])
def test_a_file_changed_or_removed_after_it_was_read_is_refused(folder, after):
    path = folder / "a.txt"
    path.write_text("hello", "utf-8")
    with recording(folder) as inputs:
        opened(path)
        path.unlink() if after is None else path.write_text(after, "utf-8")
        with pytest.raises(WorkspaceError, match=r"a\.txt was changed while the run read it"):
            inputs.settled()


def test_a_file_read_twice_with_other_content_is_refused(folder):
    path = folder / "a.txt"
    path.write_text("hello", "utf-8")
    with recording(folder):
        opened(path)
        path.write_text("other", "utf-8")
        with pytest.raises(WorkspaceError, match=r"a\.txt was changed while the run read it"):
            opened(path)


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_modules_that_content_imports_are_recorded_and_theirs_in_turn(folder):
    write(folder / "rules.py", "from tools import LEVEL\n")
    write(folder / "tools" / "__init__.py", "from .deep import LEVEL\n")
    write(folder / "tools" / "deep.py", "LEVEL = 5\n")
    write(folder / "tools" / "unused.py", "LEVEL = 6\n")
    study = write(
        folder / "studies" / "s.py", "import json\nimport pandas\nfrom rules import LEVEL\n"
    )
    expected = ["rules.py", "studies/s.py", "tools/__init__.py", "tools/deep.py"]
    for _ in range(2):  # the second time Python has imported them already
        with recording(folder) as inputs:
            assert load_file(study).LEVEL == 5
        assert list(inputs.settled()) == expected


def test_a_module_imported_while_the_run_runs_is_recorded(folder):
    write(folder / "late.py", "LEVEL = 5\n")
    text = "import importlib\ndef level():\n    return importlib.import_module('late').LEVEL\n"
    study = write(folder / "studies" / "s.py", text)
    with recording(folder) as inputs:
        load_file(study).level()
    assert list(inputs.settled()) == ["late.py", "studies/s.py"]


def test_a_module_that_python_holds_in_an_older_version_is_refused(folder):
    helper = write(folder / "rules.py", "LEVEL = 5\n")
    study = write(folder / "studies" / "s.py", "from rules import LEVEL\n")
    with recording(folder):
        load_file(study)
    write(helper, "LEVEL = 66\n")
    with (
        recording(folder),
        pytest.raises(WorkspaceError, match=r"rules\.py was changed after this process imported"),
    ):
        load_file(study)


def test_relative_paths_in_content_count_from_its_workspace(folder, tmp_path_factory, monkeypatch):
    text = "from aftershock.inputs import placed\nPLACE = placed('data/factors.csv')\n"
    inside = write(folder / "studies" / "s.py", text)
    outside = write(tmp_path_factory.mktemp("other") / "s.py", text)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert folder / "data" / "factors.csv" == load_file(inside).PLACE
    assert load_file(outside).PLACE.as_posix() == "data/factors.csv"
    assert placed("data/factors.csv").as_posix() == "data/factors.csv"
