"""A run says how old its prices are and which events wait for them, by the clock it is given."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys

import pytest

from aftershock.cli import events as commands
from aftershock.cli import main
from aftershock.clock import Clock
from aftershock.report.page import build_page
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace
from aftershock.workspace.scaffold import make_workspace

EVENTS = """
- {id: waits, ticker: 0100.HK, kind: announcement, when: 2026-11-24, timing: pre_open, title: W}
- {id: later, ticker: 0100.HK, kind: announcement, when: 2026-12-15, timing: pre_open, title: L}
"""
EARLY = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)  # Monday noon; the sample ends on Friday
LATE = dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs of one workspace, by two clocks."""
    folder = tmp_path_factory.mktemp("age") / "ws"
    make_workspace(folder)
    (folder / "events" / "waiting.yaml").write_text(EVENTS, "utf-8")
    space = Workspace.open(folder)
    request = Request(["lockups"], [])
    return [run_workspace(space, request, clock=Clock.stopped(now)) for now in (EARLY, LATE)]


def manifest(run):
    return json.loads((run / "manifest.json").read_text("utf-8"))


def test_the_manifest_says_how_old_and_what_waits(runs):
    early, late = (manifest(run)["age"] for run in runs)
    assert (early["last"], early["days"], early["sessions"]) == ("2026-11-20", 3, 0)
    assert (late["last"], late["days"], late["sessions"]) == ("2026-11-20", 5, 2)
    assert set(early["newest"].values()) == {"2026-11-20"}
    assert "waits@0100.HK" not in early["ahead"]
    assert early["due"] == []
    assert {"waits", "later"} <= set(early["ahead"])
    assert late["due"] == ["waits"]
    assert "later" in late["ahead"]


def test_no_table_depends_on_the_hour(runs):
    early, late = runs
    names = sorted(path.relative_to(early) for path in early.rglob("*.csv"))
    assert len(names) > 10
    different = [n for n in names if (early / n).read_bytes() != (late / n).read_bytes()]
    assert different == []


def test_the_page_says_it_and_says_the_same_when_it_is_drawn_again(runs, tmp_path):
    page = (runs[1] / "report.html").read_text("utf-8")
    head = page[: page.index("</header>")]
    for text in ("20 Nov 2026", "days old", "sessions have closed since"):
        assert text in head
    assert "due, no prices: " in page.replace("</span>", "").replace("&nbsp;", " ")
    copy = tmp_path / "copy"
    shutil.copytree(runs[1], copy)
    build_page(copy, results=runs[1].parents[1])
    for name in ("report.html", "report.zh.html"):
        assert (copy / name).read_text("utf-8") == (runs[1] / name).read_text("utf-8")
    chinese = (runs[1] / "report.zh.html").read_text("utf-8")
    for text in ("最新价格", "个交易日收市", "已到期，没有价格", "尚未发生"):
        assert text in chinese


def test_the_list_of_events_goes_by_the_newest_run_and_its_own_clock(runs):
    folder = runs[1].parents[2]
    for now, state in ((EARLY, "ahead"), (LATE, "due, no prices")):
        rows = {row["id"]: row for row in commands._rows(folder, Clock.stopped(now))}
        assert rows["waits"]["standing"] == state
        assert rows["later"]["standing"] == "ahead"
        assert {row["standing"] for row in rows.values() if row["when"] < "2026-11-01"} == {""}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_terminal_says_it_before_anything_else(runs, monkeypatch, capsys, lang):
    folder = runs[1].parents[2]
    arguments = ["aftershock", "study", "policy", "--workspace", str(folder), "--lang", lang]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith(
        {"en": "Newest price 20 Nov 2026, ", "zh": "最新价格 2026年11月20日，"}[lang]
    )
