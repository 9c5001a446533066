from __future__ import annotations

import re

import pytest

from aftershock.report.page import build_page
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace
from aftershock.workspace.scaffold import make_workspace


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "ws"
    make_workspace(folder)
    lockups = folder / "events" / "lockups.yaml"
    text = lockups.read_text("utf-8")
    title = "Zhipu's cornerstone lock-up expires"
    assert title in text
    lockups.write_text(text.replace(title, '"<script>alert(1)</script> & quotes"'), "utf-8")
    return run_workspace(Workspace.open(folder), Request(["lockups"], ["unlock_short"]))


def test_the_page_is_one_file_that_asks_for_nothing(run):
    page = (run / "report.html").read_text("utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]+"', page)
    assert "http" not in re.sub(r"data:[^\"]+", "", page)


def test_titles_are_inert(run):
    page = (run / "report.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_page_can_be_drawn_again_from_its_folder_alone(run, tmp_path):
    import shutil

    moved = tmp_path / "elsewhere"
    shutil.copytree(run, moved)
    (moved / "report.html").unlink()
    shutil.rmtree(moved / "studies" / "lockups" / "figures")
    page = build_page(moved)
    assert "Lock-up expiries" in page.read_text("utf-8")
    assert list((moved / "studies" / "lockups" / "figures").glob("*.png"))


def test_figures_stand_beside_the_tables(run):
    names = {path.name for path in run.rglob("*.png")}
    assert {"timeline.png", "car.png", "equity.png"} <= names
