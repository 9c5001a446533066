"""What results show of themselves in a notebook."""

from __future__ import annotations

import dataclasses
import json

import pandas as pd
import pytest

from aftershock.backtest.result import BacktestResult
from aftershock.events.book import EventBook
from aftershock.study.result import StudyResult

TRICK = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def manifest(run):
    return json.loads((run / "manifest.json").read_text("utf-8"))


def test_a_study_shows_notice_estimates_and_exclusions(run, manifest):
    result = StudyResult.read(run / "studies" / "lockups", manifest["studies"]["lockups"])
    html = dataclasses.replace(result, title=TRICK, warnings=(TRICK,))._repr_html_()
    assert TRICK not in html
    assert html.count("&lt;script&gt;") == 2
    assert "shows the method, not the market: reconstructed sample" in html
    assert f"{result.car['car'].iloc[0]:+.2%}" in html
    excluded = result.events[result.events["status"] == "excluded"]
    assert all(f"{row.id}: " in html for row in excluded.itertuples())


def test_a_backtest_shows_comparison_and_trades(run, manifest):
    result = BacktestResult.read(
        run / "backtests" / "unlock_short", manifest["backtests"]["unlock_short"]
    )
    html = dataclasses.replace(result, name=TRICK)._repr_html_()
    assert TRICK not in html
    assert "shows the method, not the market" in html
    assert "max_drawdown" in html
    assert result.trades["event"].iloc[0] in html
    fall = result.versus.set_index("metric").loc["max_drawdown", "strategy"]
    assert f"<td>{fall:.2%}</td>" in html  # as in the summary, no bare decimals
    assert f"<td>{result.trades['net'].iloc[0]:,.2f}</td>" in html


def test_a_backtest_without_trades_says_so(run, manifest):
    result = BacktestResult.read(
        run / "backtests" / "unlock_short", manifest["backtests"]["unlock_short"]
    )
    assert (
        "no trade was made"
        in dataclasses.replace(result, trades=result.trades.iloc[:0])._repr_html_()
    )


def test_an_event_book_shows_its_table():
    rows = {
        "id": ["a"],
        "ticker": ["T"],
        "kind": ["results"],
        "when": ["2026-06-17"],
        "title": [TRICK],
    }
    html = EventBook.from_frame(pd.DataFrame(rows))._repr_html_()
    assert "1 event of 1 ticker" in html
    assert TRICK not in html
    assert "2026-06-17" in html
    assert "<th>title</th>" in html
    assert "<th>quote</th>" not in html
