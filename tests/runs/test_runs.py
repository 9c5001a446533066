from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from aftershock.errors import RunError, UnknownName
from aftershock.runs import folder as folders
from aftershock.runs import manifest as manifests
from aftershock.runs.folder import BUILDING, new_run
from aftershock.runs.history import find_run, list_runs, read_run, run_before, write_index
from aftershock.runs.manifest import Manifest, git_state

START = dt.datetime(2026, 11, 23, 9, 35, 12)


def publish(results, text="x"):
    with new_run(results, START) as folder:
        (folder.path / "file.txt").write_text(text, "utf-8")
        return folder.publish()


def visible(results):
    return sorted(path.name for path in results.iterdir() if not path.name.startswith("."))


def test_a_run_appears_whole_under_its_date(tmp_path):
    results = tmp_path / "results"
    with new_run(results, START) as folder:
        (folder.path / "file.txt").write_text("x", "utf-8")
        assert visible(results) == []  # nothing to see before it is complete
        place = folder.publish()
    assert place == results / "2026-11-23" / "093512"
    assert (place / "file.txt").read_text("utf-8") == "x"
    assert (results / "latest" / "file.txt").exists()
    assert visible(results) == ["2026-11-23", "latest"]


def test_a_taken_second_gets_a_number(tmp_path):
    places = [publish(tmp_path, str(i)) for i in range(3)]
    assert [place.name for place in places] == ["093512", "093512-2", "093512-3"]
    assert [(place / "file.txt").read_text("utf-8") for place in places] == ["0", "1", "2"]
    assert (tmp_path / "latest" / "file.txt").read_text("utf-8") == "2"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_run_that_fails_leaves_nothing(tmp_path, error):
    with pytest.raises(error), new_run(tmp_path, START) as folder:
        (folder.path / "half.txt").write_text("x", "utf-8")
        raise error
    assert [path for path in tmp_path.iterdir() if path.name != ".lock"] == []


def test_what_a_killed_process_left_is_swept(tmp_path):
    dead = tmp_path / ".building-999999-abc"
    dead.mkdir()
    (dead / "half.txt").write_text("x", "utf-8")
    with new_run(tmp_path, START) as alive:
        publish(tmp_path)
        assert not dead.exists()
        assert alive.path.exists()


def test_a_results_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    blocked = tmp_path / "results"
    blocked.write_text("a file where the folder should be", "utf-8")
    with (
        pytest.raises(RunError, match="the results folder .* cannot be written"),
        new_run(blocked, START),
    ):
        pass


def manifest(**changes):
    values = {
        "command": "aftershock run", "started": "2026-11-23T01:35:12+00:00", "title": "T", "seed": 1,
        "source": "sample", "is_market_data": False, "notice": "n", "prices": {}, "inputs": {},
    }  # fmt: skip
    return Manifest(**{**values, **changes})


def add_run(results, started, **changes):
    with new_run(results, dt.datetime.fromisoformat(started)) as folder:
        manifest(started=f"{started}+00:00", **changes).write(folder.path)
        return folder.publish()


def test_runs_are_listed_newest_first_and_found(tmp_path):
    for started in ("2026-11-22T10:00:00", "2026-11-23T09:00:00", "2026-11-23T08:00:00"):
        add_run(tmp_path, started)
    names = [run.name for run in list_runs(tmp_path)]
    assert names == ["2026-11-23/090000", "2026-11-23/080000", "2026-11-22/100000"]
    assert find_run(tmp_path, "latest").name == "2026-11-23/090000"
    assert find_run(tmp_path, "2026-11-22/100000").manifest["title"] == "T"
    assert find_run(tmp_path, str(tmp_path / "2026-11-22" / "100000")).name == "2026-11-22/100000"
    with pytest.raises(
        UnknownName, match="unknown run '2026-11-22/10000'.*did you mean '2026-11-22/100000'"
    ):
        find_run(tmp_path, "2026-11-22/10000")
    with pytest.raises(RunError, match="is no run"):
        read_run(tmp_path)


def test_a_run_is_compared_with_the_newest_before_it_of_its_command(tmp_path):
    one = {"command": "aftershock study a", "studies": {"a": {}}}
    other = {"command": "aftershock study b", "studies": {"b": {}}}
    all_of_them = {"studies": {"a": {}, "b": {}}}
    for hour, made in enumerate((one, one, other, one, all_of_them), 10):
        add_run(tmp_path, f"2026-11-23T{hour}:00:00", **made)
    before = {
        run.name[-6:]: run_before(tmp_path, run).name[-6:] for run in list_runs(tmp_path)[:-1]
    }
    assert before == {
        "110000": "100000",
        "120000": "110000",  # the first of its kind: nothing in common with any, so the newest
        "130000": "110000",  # past the one of another command
        "140000": "130000",  # another command, a study in common
    }
    with pytest.raises(UnknownName, match="no run before 2026-11-23/100000"):
        run_before(tmp_path, list_runs(tmp_path)[-1])


def test_a_manifest_records_versions_and_inputs(tmp_path):
    inputs = {"a.txt": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
    manifest(inputs=inputs).write(tmp_path)
    record = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert record["versions"]["statsmodels"]
    assert record["inputs"] == inputs
    assert record["aftershock"]


def test_outside_a_checkout_there_is_no_git_state(tmp_path):
    assert git_state(tmp_path) == {}


def test_a_run_in_another_container_is_not_swept(tmp_path):
    """Its process number means nothing here; what counts is that it holds its lock."""
    code = (
        "import sys, datetime as dt; from pathlib import Path;"
        "from aftershock.runs.folder import new_run\n"
        "with new_run(Path(sys.argv[1]), dt.datetime(2026, 11, 23)):\n"
        "    print('building', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        (hidden,) = tmp_path.glob(f"{BUILDING}*")
        renamed = hidden.rename(tmp_path / f"{BUILDING}999999-of-a-number-that-is-nobodys")
        publish(tmp_path)
        assert renamed.exists()
        other.kill()
    publish(tmp_path)
    assert not list(tmp_path.glob(f"{BUILDING}*"))


def test_runs_published_at_once_each_get_their_place_and_are_all_listed(tmp_path):
    code = (
        "import sys, datetime as dt; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "from test_runs import add_run; from aftershock.runs.history import write_index\n"
        "sys.stdin.readline()\n"
        "for _ in range(5):\n"
        "    add_run(Path(sys.argv[1]), '2026-11-23T09:35:12')\n"
        "    write_index(Path(sys.argv[1]), lambda r: {'index.html': ' '.join(x.name for x in r)})\n"
    )
    start = [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)]
    others = [subprocess.Popen(start, stdin=subprocess.PIPE) for _ in range(5)]
    try:
        for other in others:
            other.stdin.write(b"\n")
            other.stdin.flush()
        assert [other.wait() for other in others] == [0] * 5
    finally:
        for other in others:
            other.kill()
            other.communicate()
    names = [f"2026-11-23/093512-{i}" for i in range(25, 1, -1)] + ["2026-11-23/093512"]
    assert [run.name for run in list_runs(tmp_path)] == names  # the tenth is newer than the ninth
    assert (tmp_path / "index.html").read_text("utf-8").split() == names
    assert (tmp_path / "latest").resolve() == tmp_path / names[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".lock", "2026-11-23", "index.html", "latest",
    ]  # fmt: skip


def test_the_page_of_runs_lists_a_run_published_while_it_was_asked_for(tmp_path, monkeypatch):
    add_run(tmp_path, "2026-11-23T09:00:00")
    real = folders.FileLock.acquire

    def after_another(self, *args, **kwargs):  # that had the lock before
        monkeypatch.setattr(folders.FileLock, "acquire", real)
        add_run(tmp_path, "2026-11-23T09:00:01")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(folders.FileLock, "acquire", after_another)
    write_index(tmp_path, lambda runs: {"index.html": " ".join(run.name for run in runs)})
    assert (tmp_path / "index.html").read_text("utf-8").split() == [
        "2026-11-23/090001",
        "2026-11-23/090000",
    ]


def test_the_link_and_the_command_name_the_same_run(tmp_path):
    add_run(tmp_path, "2026-11-23T09:05:00")
    add_run(tmp_path, "2026-11-23T09:00:00")  # began earlier, took longer
    assert (tmp_path / "latest").resolve() == find_run(tmp_path, "latest").path.resolve()


def test_a_page_of_runs_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "index.html").mkdir()
    with pytest.raises(RunError, match="index.html cannot be written: Is a directory"):
        write_index(tmp_path, lambda runs: {"index.html": ""})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "index.html"]


def test_runs_are_listed_while_some_are_deleted(tmp_path):
    places = [add_run(tmp_path, f"2026-11-{day:02}T09:00:00") for day in range(1, 29)]
    gone = threading.Event()

    def delete():
        for place in places[1:]:
            shutil.rmtree(place.parent)
        gone.set()

    deleter = threading.Thread(target=delete)
    deleter.start()
    try:
        while not gone.is_set():
            assert list_runs(tmp_path)[-1].name == "2026-11-01/090000"
    finally:
        deleter.join()
    assert [run.name for run in list_runs(tmp_path)] == ["2026-11-01/090000"]


def test_a_day_deleted_while_it_is_listed_is_passed_over(tmp_path, monkeypatch):
    add_run(tmp_path, "2026-11-22T09:00:00")
    add_run(tmp_path, "2026-11-23T09:00:00")
    scan, names = os.scandir, os.listdir

    def gone(real):
        def after(path="."):
            if path != "." and not isinstance(path, int) and Path(path).name == "2026-11-22":
                monkeypatch.undo()
                shutil.rmtree(path)
            return real(path)

        return after

    monkeypatch.setattr(os, "scandir", gone(scan))
    monkeypatch.setattr(os, "listdir", gone(names))
    assert [run.name for run in list_runs(tmp_path)] == ["2026-11-23/090000"]


def test_a_lock_that_is_kept_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_LOCK_SECONDS", 0.05)
    with (
        folders.FileLock(tmp_path / ".lock"),
        pytest.raises(RunError, match="another process has kept"),
    ):
        publish(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_name_too_long_for_a_folder_is_unknown(tmp_path):
    add_run(tmp_path, "2026-11-23T09:00:00")
    with pytest.raises(UnknownName, match="unknown run 'aaa"):
        find_run(tmp_path, "a" * 300)


def test_git_is_asked_without_its_locks(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        manifests.subprocess, "run",
        lambda command, **_: asked.append(command) or subprocess.CompletedProcess(command, 0, "x"),
    )  # fmt: skip
    git_state(tmp_path)
    assert [command[1] for command in asked] == ["--no-optional-locks"] * 2
