"""What changed between two runs, estimate by estimate."""

from __future__ import annotations

import json

import pytest

from aftershock.runs.diff import diff_runs, same
from aftershock.runs.history import read_run

CAR = "event,session,start,end,row,car,se,t,p_value\n"


def make(folder, car=-0.165, rows=("e",), inputs=None, conventions=None, name="lockups"):
    study = folder / "studies" / name
    study.mkdir(parents=True)
    lines = [f"{row},2026-07-09,0,0,default,{car},0.085,-1.94,0.058\n" for row in rows]
    (study / "car.csv").write_text(CAR + "".join(lines), "utf-8")
    book = folder / "backtests" / "b"
    book.mkdir(parents=True)
    (book / "metrics.json").write_text(json.dumps({"sharpe": None, "trades": 2}), "utf-8")
    record = {"conventions": conventions or {"model": "market model"}}
    manifest = {
        "title": "T", "started": "2026-01-01T00:00:00+00:00", "source": "sample", "notice": "", "command": "x",
        "prices": {"sha256": "a"}, "inputs": inputs or {"events/a.yaml": "1"}, "warnings": [],
        "studies": {name: record}, "backtests": {"b": {"conventions": {}, "params": {"entry": -10}}},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return read_run(folder)


def told(before, after):
    return [(c.part, c.where, c.what, c.before, c.after) for c in diff_runs(before, after)]


def test_equal_runs_differ_in_nothing(tmp_path):
    assert told(make(tmp_path / "a"), make(tmp_path / "b")) == []


def test_an_estimate_that_moved_is_named(tmp_path):
    changes = told(make(tmp_path / "a"), make(tmp_path / "b", car=-0.171))
    assert changes == [
        ("numbers", "studies/lockups/car.csv", "e 2026-07-09 0 0 default car", -0.165, -0.171)
    ]


def test_rounding_is_no_change(tmp_path):
    assert told(make(tmp_path / "a", car=0.1), make(tmp_path / "b", car=0.1 + 1e-16)) == []


def test_rows_that_came_and_went(tmp_path):
    changes = told(make(tmp_path / "a", rows=("e", "f")), make(tmp_path / "b", rows=("e", "g")))
    assert [(what, old, new) for _, _, what, old, new in changes] == [
        ("f 2026-07-09 0 0 default", "there", None), ("g 2026-07-09 0 0 default", None, "there"),
    ]  # fmt: skip


def test_inputs_and_conventions_come_before_numbers(tmp_path):
    before = make(tmp_path / "a")
    after = make(
        tmp_path / "b",
        car=0.2,
        inputs={"events/a.yaml": "2", "events/b.yaml": "3"},
        conventions={"model": "mean"},
    )
    changes = told(before, after)
    assert [change[0] for change in changes] == ["inputs", "inputs", "conventions", "numbers"]
    assert changes[0] == ("inputs", "", "events/a.yaml", "1", "2")
    assert changes[1] == ("inputs", "", "events/b.yaml", None, "3")
    assert changes[2] == ("conventions", "studies/lockups", "model", "market model", "mean")


def test_a_study_that_only_one_run_has(tmp_path):
    changes = told(make(tmp_path / "a"), make(tmp_path / "b", name="policy"))
    assert ("conventions", "studies/lockups", "", "in this run", None) in changes
    assert ("conventions", "studies/policy", "", None, "in this run") in changes


@pytest.mark.parametrize(
    ("old", "new", "equal"),
    [
        (None, float("nan"), True),
        (None, 1.0, False),
        (1, 1.0, True),
        ("a", "b", False),
        (0.0, 1e-300, False),
    ],
)
def test_same(old, new, equal):
    assert same(old, new) is equal
