"""A workspace's files while editors, file systems and other processes are at work on them."""

from __future__ import annotations

import os

import pytest

from aftershock.backtest.run import Backtest
from aftershock.content import load_file
from aftershock.errors import BacktestError, WorkspaceError
from aftershock.workspace import scaffold
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace
from aftershock.workspace.scaffold import make_workspace


@pytest.fixture
def space(tmp_path):
    make_workspace(tmp_path / "ws")
    return tmp_path / "ws"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def refuse(monkeypatch, owner, name, number=13):
    def refused(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(owner, name, refused)


def test_what_an_editor_keeps_beside_a_file_is_no_content(space):
    before = Workspace.open(space)
    studies, events = list(before.studies), len(before.events())
    (space / "studies" / ".#lockups.py").symlink_to("me@host.123:456")  # Emacs, while unsaved
    (space / "studies" / "._lockups.py").write_bytes(b"\0\5\x16\7")  # macOS, on a shared folder
    (space / "events" / ".#lockups.yaml").symlink_to("me@host.123:456")
    after = Workspace.open(space)
    assert list(after.studies) == studies
    assert len(after.events()) == events


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(space, monkeypatch):
    refuse(monkeypatch, os, "listdir")
    refuse(monkeypatch, os, "scandir")
    for read in (lambda w: w.studies, lambda w: w.strategies, lambda w: w.events()):
        with pytest.raises(WorkspaceError, match="cannot be read: Permission denied"):
            read(Workspace.open(space))


def test_settings_that_cannot_be_read_are_one_sentence(space, monkeypatch):
    refuse(monkeypatch, type(space), "open")
    with pytest.raises(WorkspaceError, match="aftershock.toml cannot be read: Permission denied"):
        Workspace.open(space)


def test_an_edit_within_the_second_that_leaves_the_size_is_seen(tmp_path):
    path = tmp_path / "strategy.py"
    for value in (1, 2):
        path.write_text(f"entry = {value}\n", "utf-8")
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert load_file(path).entry == value
    assert names(tmp_path) == ["strategy.py"]


def test_a_strategy_edited_while_its_sweep_runs_is_refused(space):
    """Processes load the file for themselves; half of the cells would be another strategy's."""
    path = space / "strategies" / "unlock_pair.py"
    origin = Backtest(path).origin
    assert origin.load().__name__ == "UnlockPair"
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(BacktestError, match="unlock_pair.py was changed while it was being run"):
        origin.load()


def test_an_input_edited_while_the_run_reads_is_refused(space, monkeypatch):
    """The manifest would name the hash of a file that the numbers are not from."""
    workspace, real = Workspace.open(space), Workspace.prices

    def edited(self, *args, **kwargs):
        lockups = space / "events" / "lockups.yaml"
        lockups.write_text(lockups.read_text("utf-8") + "\n# seen again\n", "utf-8")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Workspace, "prices", edited)
    with pytest.raises(WorkspaceError, match="events/lockups.yaml was changed while the run read"):
        run_workspace(workspace, Request(["lockups"], []))
    assert [name for name in names(space / "results") if name[0] != "."] == ["README.md"]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("cause", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_workspace_is_made_whole_or_not_at_all(tmp_path, monkeypatch, there, cause):
    folder = tmp_path / "new"
    if there:
        folder.mkdir()

    def full(source, target, **options):
        target.mkdir()
        (target / "half.py").write_text("half", "utf-8")
        raise cause

    with monkeypatch.context() as patch:
        patch.setattr(scaffold.shutil, "copytree", full)
        with pytest.raises((WorkspaceError, KeyboardInterrupt)):
            make_workspace(folder)
    assert folder.exists() == there
    assert not there or names(folder) == []
    make_workspace(folder)  # what the user does next
    assert "aftershock.toml" in names(folder)


def test_what_a_killed_init_left_is_not_in_the_way(tmp_path):
    (tmp_path / "new" / ".building-abc" / "events").mkdir(parents=True)
    make_workspace(tmp_path / "new")
    Workspace.open(tmp_path / "new")


def test_a_folder_that_cannot_be_looked_into_is_one_sentence(tmp_path, monkeypatch):
    refuse(monkeypatch, os, "listdir")
    with pytest.raises(WorkspaceError, match="cannot be written: Permission denied"):
        make_workspace(tmp_path)
