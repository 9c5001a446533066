"""What a backtest may write besides: drawn where it is there, absent without a trace."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from aftershock.report.cells import Folder
from aftershock.report.charts import backtest as charts
from aftershock.report.charts import luck
from aftershock.report.page import build_page
from aftershock.report.words import language
from aftershock.tables import read_table, write_table

WHERE = "backtests/unlock_short"


def add_everything(folder):
    """Write every optional file of a backtest, and the hedged variant."""
    book = folder / WHERE
    equity = read_table(book / "equity.csv")
    write_table(equity.assign(hedged=equity["equity"] * 0.99), book / "equity.csv")
    versus = read_table(book / "versus.csv")
    write_table(versus.assign(hedged=versus["strategy"] / 2), book / "versus.csv")
    trades = read_table(book / "trades.csv")
    write_table(trades.assign(break_even_slippage=0.0123), book / "trades.csv")
    nets = np.random.default_rng(1).normal(0, 1000, 400)
    write_table(pd.DataFrame({"draw": range(400), "net": nets}), book / "placebo.csv")
    files = {
        "luck": "check,statistic,p_value,floor,n,note\nplacebo,1500,0.04,0.0025,399,\noverfitting,,,,,too few\n",
        "borrow_grid": "rate,net,total_return\n0.0,5000,0.05\n0.5,1000,0.01\n1.0,-3000,-0.03\n",
        "influence": "left_out,net,total_return\na,100,0.01\nb,-50,-0.005\n",
        "sweep": "entry,exit,trades,net,total_return,sharpe,p_value\n"
        "-10,5,2,100,0.01,0.5,0.4\n-5,5,2,-100,-0.01,-0.5,0.6\n-10,0,2,50,0.005,0.2,0.5\n-5,0,2,20,0.002,0.1,0.5\n",
    }
    for name, text in files.items():
        (book / f"{name}.csv").write_text(text, "utf-8")


@pytest.fixture(scope="module")
def rich(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rich") / "run"
    shutil.copytree(run, folder)
    add_everything(folder)
    build_page(folder)
    return folder


def figures(folder):
    soup = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser")
    return {node["data-figure"] for node in soup.select("#backtest-unlock_short figure")}


def test_every_optional_file_is_drawn(run, rich):
    prefix = "backtests-unlock_short"
    extra = {f"{prefix}-{name}" for name in ("placebo", "borrow", "influence", "sweep")}
    assert extra <= figures(rich)
    assert f"{prefix}-sweep" not in figures(run)
    soup = BeautifulSoup((rich / "report.html").read_text("utf-8"), "html.parser")
    said = soup.select_one(f"#{prefix}-luck").get_text(" ")
    assert "0.040" in said
    assert "too few" in said
    assert "1.23%" in soup.select_one(f"#{prefix}-trades").get_text(" ")
    heads = [head.get_text() for head in soup.select(f"#{prefix}-versus th")]
    assert heads == ["metric", "strategy", "^HSI", "same side of ^HSI", "hedged", "note"]


def test_the_sweep_is_a_map_of_its_first_two_parameters(rich):
    chart = luck.sweep(Folder(rich), WHERE, language("en"))
    (trace,) = chart.figure["data"]
    assert trace["type"] == "heatmap"
    assert list(trace["x"]) == ["-10", "-5"]
    assert [list(row) for row in trace["z"]] == [[50.0, 20.0], [100.0, -100.0]]


def test_the_observed_profit_stands_in_the_placebo_histogram(rich):
    chart = luck.placebo(Folder(rich), WHERE, language("en"))
    assert chart.figure["layout"]["shapes"][0]["x0"] == 1500
    assert sum(chart.figure["data"][0]["y"]) == 400


def test_equity_draws_strategy_hedge_and_benchmark_by_name(rich):
    chart = charts.equity(Folder(rich), WHERE, "^HSI", language("en"))
    names = [
        trace["name"] for trace in chart.figure["data"] if trace.get("showlegend") is not False
    ]
    assert names == ["unlock_short", "unlock_short, hedged", "^HSI"]
