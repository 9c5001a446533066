from __future__ import annotations

import datetime as dt
import json
import os

import pytest

from aftershock.errors import RunError, UnknownName
from aftershock.runs.folder import new_run
from aftershock.runs.history import find_run, list_runs, read_run, run_before
from aftershock.runs.manifest import Manifest, git_state, hashes

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
    alive = tmp_path / f".building-{os.getpid()}-xyz"
    alive.mkdir()
    publish(tmp_path)
    assert not dead.exists()
    assert alive.exists()


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
    (tmp_path / "a.txt").write_text("hello", "utf-8")
    inputs = hashes([tmp_path / "a.txt"], tmp_path)
    # echo -n hello | sha256sum
    assert inputs == {"a.txt": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
    manifest(inputs=inputs).write(tmp_path)
    record = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert record["versions"]["statsmodels"]
    assert record["inputs"] == inputs
    assert record["aftershock"]


def test_outside_a_checkout_there_is_no_git_state(tmp_path):
    assert git_state(tmp_path) == {}
