"""Runs for the tests of pages."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd

from aftershock.report.page import build_page
from aftershock.tables import read_table, write_table
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace
from aftershock.workspace.scaffold import make_workspace

TITLE = "Zhipu's cornerstone lock-up expires"
TRICK = '"<script>alert(1)</script> & <b>bold</b> quotes"'


def run_of(folder, studies, strategies, source=None):
    """The folder of a run of the example workspace, one of its titles trying to be a script."""
    make_workspace(folder)
    lockups = folder / "events" / "lockups.yaml"
    text = lockups.read_text("utf-8")
    assert TITLE in text
    lockups.write_text(text.replace(TITLE, f"'{TRICK}'"), "utf-8")
    return run_workspace(Workspace.open(folder), Request(studies, strategies, source))


def large_run(run, folder, listings=65, trades=500):
    """A copy of a run whose first study has 65 events of 65 stocks, and whose backtest 500 trades."""
    shutil.copytree(run, folder)
    study = folder / "studies" / "lockups"
    events = read_table(study / "events.csv").iloc[:1]
    name = events["id"].iloc[0]
    ids = [f"event-{i}@S{i}" for i in range(listings)]
    for file in (
        "abnormal_returns",
        "car",
        "estimates",
        "single",
        "placebo",
        "outcomes",
        "regression",
    ):
        repeat(study / f"{file}.csv", "event", name, ids)
    repeat(study / "events.csv", "id", name, ids)
    closes = read_table(folder / "closes.csv")
    days = pd.date_range("2018-01-02", periods=1900, freq="B")
    levels = {
        f"S{i}": 100
        * np.exp(np.cumsum(0.02 * np.random.default_rng(i).standard_normal(1900))).round(3)
        for i in range(listings)
    }
    write_table(pd.DataFrame({"session": days, **levels}), folder / "closes.csv")
    assert len(closes)
    own = read_table(folder / "events.csv").iloc[:1]
    rows = [
        own.assign(id=one, ticker=one.partition("@")[2], session=days[200 + 20 * i])
        for i, one in enumerate(ids)
    ]
    write_table(pd.concat(rows), folder / "events.csv")
    book = folder / "backtests" / "unlock_short"
    for file in ("trades", "costs", "orders"):
        table = read_table(book / f"{file}.csv")
        part = table[table["event"] == table["event"].iloc[0]]
        copies = [
            part.assign(event=ids[i % listings], ticker=f"S{i % listings}") for i in range(trades)
        ]
        write_table(pd.concat(copies), book / f"{file}.csv")
    build_page(folder)
    return folder


def repeat(path, column, name, ids):
    table = read_table(path)
    own = table[table[column] == name]
    write_table(pd.concat([own.assign(**{column: one}) for one in ids]), path)
