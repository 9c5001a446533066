"""An empty workspace: what it says as it is, and that its examples run once they are taken up."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from aftershock.errors import WorkspaceError
from aftershock.sessions import Sessions
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace
from aftershock.workspace.scaffold import make_workspace

FLOAT = """
- ticker: AAA
  name: Triple A
  floats:
    - {date: 2024-01-11, basis: reported, percent: 20}
"""


@pytest.fixture
def empty(tmp_path):
    make_workspace(tmp_path / "ws", empty=True)
    return tmp_path / "ws"


def write_prices(folder):
    folder.mkdir()
    days = Sessions.exchange(
        "XNYS", pd.Timestamp("2024-01-02").date(), pd.Timestamp("2024-12-31").date()
    )
    rng = np.random.default_rng(5)
    for ticker in ("AAA", "BBB", "^GSPC"):
        close = 50 * np.exp(np.cumsum(0.01 * rng.standard_normal(len(days))))
        table = pd.DataFrame(
            {"Date": days.dates, "Open": close, "High": close * 1.01, "Low": close * 0.99}
        )
        table.assign(Close=close, Volume=10_000).to_csv(folder / f"{ticker}.csv", index=False)


def test_nothing_is_there_to_run_and_that_is_said(empty):
    space = Workspace.open(empty)
    assert len(space.events()) == 0
    assert (space.studies, space.strategies) == ({}, {})
    with pytest.raises(
        WorkspaceError, match="has no study and no strategy to run; write studies/NAME"
    ):
        run_workspace(space, Request())
    shutil.copy(empty / "studies" / "_example.py", empty / "studies" / "lockups.py")
    with pytest.raises(WorkspaceError, match="events has no event yet"):
        run_workspace(space, Request())
    assert [path.name for path in (empty / "results").iterdir()] == ["README.md"]


def test_the_examples_run_once_they_are_taken_up(empty):
    path = empty / "events" / "events.yaml"
    lines = path.read_text("utf-8").splitlines()
    at = lines.index("#") + 1
    path.write_text("\n".join(line.removeprefix("# ") for line in lines[at:]), "utf-8")
    shutil.copy(empty / "studies" / "_example.py", empty / "studies" / "lockups.py")
    shutil.copy(empty / "strategies" / "_example.py", empty / "strategies" / "fade.py")
    (empty / "events" / "companies.yaml").write_text(FLOAT, "utf-8")
    write_prices(empty / "prices")
    (event,) = Workspace.open(empty).events()
    assert (event.id, event.ticker, event.percent, str(event.known_at)) == (
        "aaa-lockup", "AAA", 32, "2024-01-11",
    )  # fmt: skip
    run = run_workspace(Workspace.open(empty), Request())
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    assert list(manifest["studies"]) == ["lockups"]
    page = (run / "report.html").read_text("utf-8")
    assert "Triple A (AAA): float before and after each unlock" in page  # no event has a title
    assert ">not named 100%</td>" in page
    assert manifest["source"].startswith("files:")
    trades = pd.read_csv(run / "backtests" / "fade" / "trades.csv")
    assert trades[["event", "side", "open"]].to_numpy().tolist() == [["aaa-lockup", "short", False]]
    car = pd.read_csv(run / "studies" / "lockups" / "car.csv")
    assert set(car["event"]) == {"aaa-lockup"}


def test_every_commented_setting_is_one(empty):
    """What a newcomer uncomments is accepted."""
    path = empty / "aftershock.toml"
    text = path.read_text("utf-8")
    for setting in ("peers", "quality", "risk_free", "closed", "lot", "participation", "recall"):
        assert f"# {setting} = " in text
        text = text.replace(f"# {setting} = ", f"{setting} = ")
    path.write_text(text.replace("# [kinds]", "[kinds]"), "utf-8")
    space = Workspace.open(empty)
    assert space.settings.kinds == {"recall": ("units", "product")}
    assert space.exchange().participation == 0.1
