"""Why events differ: the regression against HC3 by hand, its refusal, attributes and depth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import aftershock as ash
from aftershock.content import load_file
from aftershock.errors import StudyError, UnknownName


def fitted(make_panel, count, **changes):
    panel = make_panel(sessions=500, tickers=("AAA", "BBB", "^IDX"), seed=9, start="2024-01-02")
    rng = np.random.default_rng(10)
    frame = pd.DataFrame(
        {"id": f"e{i}", "ticker": ("AAA", "BBB")[i % 2], "kind": "lockup_expiry", "timing": "pre_open",
         "when": str(panel.sessions.date(80 + 18 * i)), "percent": float(rng.integers(5, 60))}
        for i in range(count)
    )  # fmt: skip
    options = {
        "title": "T", "events": ash.select(), "model": ash.MarketModel(benchmark="^IDX"),
        "returns": "simple", "estimation": (-60, -11), "window": (-5, 5), "cars": [(0, 1)],
    }  # fmt: skip
    study = ash.Study(**{**options, **changes})
    return study.fit(ash.EventBook.from_frame(frame, calendar="XHKG"), panel), panel


def test_hc3_by_hand(make_panel):
    result, _ = fitted(make_panel, 20)
    own = result.cross_section("car ~ percent + run_up", window=(0, 1))
    car = result.car.set_index("event")["car"]
    facts = result.attributes.set_index("event").loc[car.index]
    x = np.column_stack([np.ones(20), facts["percent"], facts["run_up"]])
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ car
    h = np.einsum("ij,jk,ik->i", x, inverse, x)
    e = ((car - x @ b) / (1 - h)).to_numpy()
    cov = inverse @ (x.T * e**2) @ x @ inverse
    table = own.table.set_index("coefficient")
    np.testing.assert_allclose(table["estimate"], b, rtol=1e-8)
    np.testing.assert_allclose(table["se"], np.sqrt(np.diag(cov)), rtol=1e-8)
    assert own.n == 20
    assert table.index.tolist() == ["Intercept", "percent", "run_up"]
    assert "n = 20, HC3" in str(own)


def test_clustered_errors_by_hand(make_panel):
    result, _ = fitted(make_panel, 20)
    facts = result.attributes.assign(sector=[f"s{i % 10}" for i in range(20)])
    own = dataclasses.replace(result, attributes=facts).cross_section(
        "car ~ percent", window=(0, 1), covariance="cluster:sector"
    )
    car = result.car.set_index("event")["car"]
    own_facts = facts.set_index("event").loc[car.index]
    x = np.column_stack([np.ones(20), own_facts["percent"]])
    inverse = np.linalg.inv(x.T @ x)
    e = (car - x @ (inverse @ x.T @ car)).to_numpy()
    scores = pd.DataFrame(x * e[:, None]).groupby(own_facts["sector"].to_numpy()).sum().to_numpy()
    cov = inverse @ scores.T @ scores @ inverse * 10 / 9 * 19 / 18
    np.testing.assert_allclose(own.table["se"], np.sqrt(np.diag(cov)), rtol=1e-8)
    expected = 2 * stats.t.sf(np.abs(own.table["t"]), 9)
    np.testing.assert_allclose(own.table["p_value"], expected, rtol=1e-8)


def test_few_clusters_are_bootstrapped(make_panel):
    """The t stays, only its p changes; two clusters have 36 assignments of Webb's weights."""
    result, _ = fitted(make_panel, 20)
    own = result.cross_section("car ~ percent", window=(0, 1), covariance="cluster:ticker")
    assert own.note == (
        "2 clusters by ticker: p by the wild cluster bootstrap (all 36 draws); 2 clusters cannot"
        " give p below 0.167"
    )
    ranks = own.table["p_value"] * 36
    np.testing.assert_allclose(ranks, ranks.round(), atol=1e-9)
    assert (ranks >= 6).all()
    assert str(own).endswith(own.note)
    facts = result.attributes.assign(sector="one")
    alone = dataclasses.replace(result, attributes=facts).cross_section(
        "car ~ percent", window=(0, 1), covariance="cluster:sector"
    )
    assert alone.note == "refused: one cluster by sector, at least 2 needed; use HC3"


def test_events_without_a_cluster_are_left_out_and_said(make_panel):
    """Before, the events without a label made a cluster of their own."""
    result, _ = fitted(make_panel, 20)
    labels = [f"s{i % 5}" for i in range(17)] + [None, "", float("nan")]
    facts = result.attributes.assign(sector=labels)
    ask = {"window": (0, 1), "covariance": "cluster:sector"}
    own = dataclasses.replace(result, attributes=facts).cross_section("car ~ percent", **ask)
    rest = dataclasses.replace(result, attributes=facts.iloc[:17], events=result.events.iloc[:17])
    alone = rest.cross_section("car ~ percent", **ask)
    assert (own.n, alone.n) == (17, 17)
    pd.testing.assert_frame_equal(own.table, alone.table)
    assert own.note == f"{alone.note}; 3 events left out: no sector to cluster by"
    assert "5 clusters by sector" in own.note


def test_a_session_of_a_stock_enters_once(make_panel):
    """Twenty copies of one event leave the regression as it was; they halved its errors before."""
    result, panel = fitted(make_panel, 20)
    alone = result.cross_section("car ~ percent", window=(0, 1))
    rows = [
        {"id": event.id, "ticker": event.ticker, "kind": event.kind, "timing": "pre_open",
         "when": str(panel.sessions.date(80 + 18 * i)), "percent": event.percent}
        for i, event in enumerate(result_events(result))
    ]  # fmt: skip
    copies = [{**rows[3], "id": f"copy{i}"} for i in range(20)]
    book = ash.EventBook.from_frame(pd.DataFrame([*rows, *copies]), calendar="XHKG")
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"), returns="simple",
        estimation=(-60, -11), window=(-5, 5), cars=[(0, 1)],
    )  # fmt: skip
    again = study.fit(book, panel).cross_section("car ~ percent", window=(0, 1))
    assert again.n == 20
    assert again.note == "20 events left out: each shares stock and session with one before it"
    pd.testing.assert_frame_equal(again.table, alone.table)


def result_events(result):
    return result.attributes.rename(columns={"event": "id"}).itertuples()


def test_fewer_than_k_plus_ten_is_refused_with_the_numbers(make_panel):
    result, _ = fitted(make_panel, 11)
    own = result.cross_section("car ~ percent", window=(0, 1))
    assert own.note == "refused: 11 events for 2 coefficients, at least 12 needed"
    assert own.table.empty
    assert str(own) == f"car ~ percent: {own.note}"
    result, _ = fitted(make_panel, 12)
    assert result.cross_section("car ~ percent", window=(0, 1)).note == ""


def test_attributes_that_repeat_one_another_are_refused(make_panel):
    result, _ = fitted(make_panel, 20)
    facts = result.attributes.assign(twice=2 * result.attributes["percent"], one=1.0)
    again = dataclasses.replace(result, attributes=facts)
    for formula in ("car ~ percent + twice", "car ~ one"):
        own = again.cross_section(formula, window=(0, 1))
        assert own.note == "refused: an attribute does not vary, or others add up to it"


def test_wrong_requests_explain_themselves(make_panel):
    result, _ = fitted(make_panel, 12)
    with pytest.raises(UnknownName, match="unknown attribute 'percnt': did you mean 'percent'"):
        result.cross_section("car ~ percnt", window=(0, 1))
    with pytest.raises(StudyError, match=r"no window \(0, 9\); it has \[\(0, 1\)\]"):
        result.cross_section("car ~ percent", window=(0, 9))
    with pytest.raises(StudyError, match=r"the study has no window \(0, 9\); it has \[\(0, 1\)\]"):
        result.power("e0", window=(0, 9))
    for formula in ("car + percent", "~ percent", "car ~ percent +"):
        with pytest.raises(StudyError, match='is no formula.*write "car ~ percent"'):
            result.cross_section(formula, window=(0, 1))
    with pytest.raises(StudyError, match='covariance="HC1" is not known'):
        result.cross_section("car ~ percent", window=(0, 1), covariance="HC1")
    with pytest.raises(StudyError, match='covariance="cluster:sector" is not known'):
        result.cross_section("car ~ percent", window=(0, 1), covariance="cluster:sector")


def test_the_run_up_ends_the_day_before(make_panel):
    result, panel = fitted(make_panel, 2)
    close = panel.close[:, 0]
    expected = close[79] / close[59] - 1
    assert result.attributes.set_index("event").loc["e0", "run_up"] == pytest.approx(expected)


def test_depth_is_the_lowest_close_over_the_close_of_the_day_before(make_panel):
    result, panel = fitted(make_panel, 2, depth=(0, 30))
    close = panel.close[:, 0]
    row = result.depth.set_index("event").loc["e0"]
    after = close[80:111]
    assert row["depth"] == pytest.approx(min(after.min() / close[79] - 1, 0.0))
    assert row["trough"] == str(panel.sessions.date(80 + int(after.argmin())))
    assert row["sessions"] == 31
    assert row["reading"] == "2 observations: a description, not a test"
    with pytest.raises(StudyError, match="must start on day 0"):
        fitted(make_panel, 2, depth=(-1, 30))


def test_the_articles_claim_is_two_observations(root, book, hk_ai):
    study = load_file(root / "studies" / "lockups.py").study
    result = study.fit(book, hk_ai)
    assert study.depth == (0, 60)
    table = result.depth.set_index("event")
    assert set(table.index) == {"zhipu-lockup-2026-07", "minimax-lockup-2026-07"}
    for event, ticker in (
        ("zhipu-lockup-2026-07", "2513.HK"),
        ("minimax-lockup-2026-07", "0100.HK"),
    ):
        session = result.events.set_index("id").loc[event, "session"].date()
        at = hk_ai.sessions.position(session)
        close = hk_ai.close[:, hk_ai.column(ticker)]
        lowest = np.nanmin(close[at : at + 61])
        assert table.loc[event, "depth"] == pytest.approx(lowest / close[at - 1] - 1)
    assert table["reading"].str.startswith("2 observations").all()
    assert {"percent", "supply_multiple", "financial_share"} <= set(table.columns)
    refused = result.cross_section("car ~ percent", window=(0, 0))
    assert refused.note == "refused: 2 events for 2 coefficients, at least 12 needed"
