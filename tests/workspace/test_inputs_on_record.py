"""Every file a run reads stands in its manifest, and paths count from the workspace."""

from __future__ import annotations

import hashlib
import json
import sys

import numpy as np
import pandas as pd
import pytest

from aftershock.cli import main
from aftershock.errors import WorkspaceError
from aftershock.sessions import Sessions
from aftershock.study.study import Study
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace

SETTINGS = """
title = "T"
calendar = "XHKG"
benchmark = "^HSI"
source = "desk.py"
tickers = ["0005.HK"]
risk_free = "data/rates.csv"
"""
SOURCE = """
import aftershock as ash
from aftershock.prices.files import FileSource


class Desk(FileSource):
    def paths(self, tickers):
        return [self.place / "README.txt"]


source = Desk("data/prices")
"""
STUDY = """
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import aftershock as ash
from house_rules import LEVEL

study = ash.Study(
    title="S", events=ash.select(kind="announcement"),
    model=ash.models.FactorModel("MKT", "data/factors.csv"), returns="simple",
    estimation=(-30, -6), window=(-2, 2), min_obs=LEVEL,
)
"""
EVENTS = "- {id: call, ticker: 0005.HK, kind: announcement, when: 2026-06-10, timing: pre_open}\n"


@pytest.fixture
def space(tmp_path, monkeypatch):
    """A workspace whose factors, rates and prices are named by relative paths."""
    dates = pd.DatetimeIndex(
        Sessions.exchange("XHKG", pd.Timestamp("2026-04-08").date(), pd.Timestamp("2026-06-30").date()).dates,
        name="Date",
    )  # fmt: skip
    rng = np.random.default_rng(4)
    moves = 0.02 * rng.standard_normal((len(dates), 3))
    for place in ("events", "studies", "data/prices"):
        (tmp_path / place).mkdir(parents=True)
    for i, ticker in enumerate(("0005.HK", "^HSI")):
        close = pd.Series(100 * np.exp(np.cumsum(moves[:, i])), dates, name="Close")
        close.to_csv(tmp_path / "data" / "prices" / f"{ticker}.csv")
    pd.Series(moves[:, 2], dates, name="MKT").to_csv(tmp_path / "data" / "factors.csv")
    pd.Series(0.03, dates, name="rate").to_csv(tmp_path / "data" / "rates.csv")
    files = {
        "aftershock.toml": SETTINGS, "desk.py": SOURCE, "studies/s.py": STUDY,
        "studies/house_rules.py": "LEVEL = 10\n", "events/e.yaml": EVENTS,
        "data/prices/README.txt": "from the desk",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("house_rules", None)


def read_manifest(space):
    return json.loads((space / "results" / "latest" / "manifest.json").read_text("utf-8"))


def test_from_another_folder_the_run_reads_and_records_the_same_files(
    space, tmp_path_factory, monkeypatch, capsys
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "argv", ["aftershock", "study", "s", "--workspace", str(space)])
    with pytest.raises(SystemExit) as stop:
        main()
    printed = capsys.readouterr()
    assert not stop.value.code, printed.err
    assert "factor model" in printed.out
    inputs = read_manifest(space)["inputs"]
    assert list(inputs) == [
        "aftershock.toml", "data/factors.csv", "data/prices/0005.HK.csv",
        "data/prices/README.txt", "data/prices/^HSI.csv", "data/rates.csv", "desk.py",
        "events/e.yaml", "studies/house_rules.py", "studies/s.py",
    ]  # fmt: skip
    for name, digest in inputs.items():
        assert digest == hashlib.sha256((space / name).read_bytes()).hexdigest(), name
    assert list(elsewhere.iterdir()) == []


def test_a_source_on_the_command_line_counts_from_where_it_is_typed(
    space, tmp_path_factory, monkeypatch, capsys
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (space / "data" / "prices").rename(elsewhere / "prices")
    monkeypatch.chdir(elsewhere)
    command = ["aftershock", "study", "s", "--workspace", str(space), "--source", "files:prices"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code, capsys.readouterr().err
    assert "prices/0005.HK.csv" in read_manifest(space)["inputs"]


@pytest.mark.parametrize("name", ["data/factors.csv", "data/rates.csv", "studies/house_rules.py",
                                  "data/prices/^HSI.csv", "desk.py", "studies/s.py"])  # fmt: skip
def test_an_input_changed_while_the_study_is_fitted_is_refused(space, monkeypatch, name):
    fit = Study.fit

    def edited(*args, **options):
        with (space / name).open("a", encoding="utf-8") as file:
            file.write("\n")
        return fit(*args, **options)

    monkeypatch.setattr(Study, "fit", edited)
    workspace = Workspace.open(space)
    with pytest.raises(WorkspaceError, match=f"{name.replace('^', '.')} was changed while the run"):
        run_workspace(workspace, Request(["s"], []))
