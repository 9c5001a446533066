"""Means that events weigh in: by an attribute, by market value, by precision, and who has none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import aftershock as ash
from aftershock.errors import StudyError, UnknownName
from aftershock.events.companies import Company
from aftershock.formats import natural

FIRST, STEP, COUNT = 80, 25, 6
PERCENT = (10.0, 40.0, 20.0, 30.0, 25.0, 15.0)


def fitted(make_panel, *, shares=(), panel=None, **changes):
    panel = panel or make_panel(sessions=250, tickers=("AAA", "^IDX"), seed=7)
    rows = [
        {"id": f"e{i}", "ticker": "AAA", "kind": "lockup_expiry", "timing": "pre_open",
         "when": str(panel.sessions.date(FIRST + STEP * i)), "percent": PERCENT[i]}
        for i in range(COUNT)
    ]  # fmt: skip
    rows = [row | changes.pop(row["id"], {}) for row in rows]
    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    if shares:
        book.companies["AAA"] = Company.model_validate(
            {"ticker": "AAA", "name": "A", "shares": list(shares)}
        )
    options = {
        "title": "T", "events": ash.select(), "model": ash.MarketModel(benchmark="^IDX"),
        "returns": "simple", "estimation": (-60, -11), "window": (-5, 5), "cars": [(0, 1)],
    }  # fmt: skip
    return ash.Study(**{**options, **changes}).fit(book, panel), panel


def expect(result, weights):
    """statsmodels: a weighted regression on a constant with HC2, the weights in event order."""
    row, car = result.caar.iloc[0], result.car["car"].to_numpy()
    reference = sm.WLS(car, np.ones(COUNT), weights=weights).fit(cov_type="HC2")
    effective = np.sum(weights) ** 2 / np.sum(np.square(weights))
    assert row["weighted"] == pytest.approx(reference.params[0])
    assert row["weighted_se"] == pytest.approx(reference.bse[0])
    assert row["n_effective"] == pytest.approx(effective)
    test = result.tests.set_index("test").loc["weighted t"]
    assert test["statistic"] == pytest.approx(reference.tvalues[0])
    assert test["dof"] == pytest.approx(effective - 1)
    p = 2 * stats.t.sf(abs(reference.tvalues[0]), effective - 1)
    assert test["p_value"] == pytest.approx(p)
    assert (test["n"], test["null"]) == (COUNT, "the weighted mean CAR is 0")


def test_an_attribute_weighs(make_panel):
    result, _ = fitted(make_panel, weights="percent")
    expect(result, np.array(PERCENT))
    assert result.conventions["weights"] == "percent"
    assert "weighted" in result.summary()


def test_precision_weighs_by_the_prediction_error(make_panel):
    result, _ = fitted(make_panel, weights="precision")
    expect(result, 1 / result.car["se"].to_numpy() ** 2)


def test_market_value_is_of_the_day_before_in_shares_of_that_day(make_panel, make_bars):
    """Shares double between the third and the fourth event, by a split and not by an issue."""
    whole = make_panel(sessions=250, tickers=("AAA", "^IDX"), seed=7)
    at = FIRST + 2 * STEP + 5
    half = np.where(np.arange(250) >= at, 0.5, 1.0)
    frames = {
        name: make_bars(whole.sessions.dates, whole.close[:, i] * (half if i == 0 else 1.0))
        for i, name in enumerate(whole.tickers)
    }
    frames["AAA"]["Stock Splits"] = np.where(np.arange(250) == at, 2.0, 0.0)
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    days = whole.sessions
    shares = [
        {"date": days.date(10), "total": 1_000},
        {"date": days.date(FIRST + STEP), "total": 3_000},  # on day 0 of the second event
    ]
    result, _ = fitted(make_panel, panel=panel, shares=shares, weights="market_value")
    rows = FIRST + STEP * np.arange(COUNT) - 1
    counts = np.array([1_000, 1_000, 3_000, 3_000, 3_000, 3_000])
    expect(result, whole.close[rows, 0] * counts)


def test_without_weights_the_plain_mean_stands_alone(make_panel):
    result, _ = fitted(make_panel)
    assert result.caar[["weighted", "weighted_se", "n_effective"]].isna().all(axis=None)
    assert "weighted t" not in set(result.tests["test"])
    assert "weights" not in result.conventions
    assert "weighted" not in result.summary()


def test_the_plain_mean_is_the_same_with_weights(make_panel):
    plain, weighed = fitted(make_panel)[0], fitted(make_panel, weights="percent")[0]
    both = [name for name in plain.caar if not name.startswith(("weighted", "n_eff"))]
    pd.testing.assert_frame_equal(plain.caar[both], weighed.caar[both])
    others = weighed.tests[weighed.tests["test"] != "weighted t"].reset_index(drop=True)
    pd.testing.assert_frame_equal(plain.tests, others)


def test_a_weight_that_is_missing_or_below_zero_is_refused(make_panel):
    needed = "; every event of a mean needs a number above 0; leave them out of the selection, or"
    with pytest.raises(StudyError, match=f'weights="percent": e2 has none{needed}'):
        fitted(make_panel, weights="percent", e2={"percent": np.nan})
    plain, _ = fitted(make_panel)
    run_up = plain.attributes.set_index("event")["run_up"]
    fallen = ", ".join(f"{name} has {value:g}" for name, value in run_up.items() if value < 0)
    assert fallen
    with pytest.raises(StudyError, match=f'weights="run_up": {fallen}{needed}'):
        fitted(make_panel, weights="run_up")


def test_wrong_weights_explain_themselves(make_panel):
    with pytest.raises(UnknownName, match="unknown weight 'percnt': did you mean 'percent'"):
        fitted(make_panel, weights="percnt")
    with pytest.raises(StudyError, match='weights="ticker": e0 has none'):
        fitted(make_panel, weights="ticker")
    with pytest.raises(StudyError, match='weights="market_value": e0 has none'):
        fitted(make_panel, weights="market_value")
    with pytest.raises(StudyError, match='weights is 3; write the name.*weights="precision"'):
        fitted(make_panel, weights=3)
    nothing = {"model": ash.MarketAdjusted(benchmark="^IDX"), "estimation": None}
    with pytest.raises(StudyError, match='weights="precision" needs standard errors'):
        fitted(make_panel, weights="precision", **nothing)
    with pytest.raises(StudyError, match="a contrast has two; weigh by an attribute"):
        fitted(make_panel, weights="market_value", contrast=("AAA", "BBB"))


def test_a_share_count_from_later_weighs_nothing_before(make_panel):
    panel = make_panel(sessions=250, tickers=("AAA", "^IDX"), seed=7)
    late = [{"date": panel.sessions.date(FIRST + 3), "total": 1_000}]
    with pytest.raises(StudyError, match='weights="market_value": e0 has none; every event'):
        fitted(make_panel, panel=panel, shares=late, weights="market_value")


def test_one_event_that_is_nearly_all_is_no_mean(make_panel):
    heavy = {"e1": {"percent": 99.9}} | {f"e{i}": {"percent": 1.0} for i in (0, 2, 3, 4, 5)}
    result, _ = fitted(make_panel, weights="percent", **heavy)
    test = result.tests.set_index("test").loc["weighted t"]
    assert test["note"] == "n too small: 1.1 by the weights, at least 3 needed"
    assert np.isnan(test["p_value"])
    assert result.caar.iloc[0]["n_effective"] == pytest.approx(1.1, abs=0.02)


def test_twenty_copies_of_an_event_move_nothing(make_panel):
    """Means, tests, influence, volume and calendar time count a session of a stock once."""
    panel = make_panel(sessions=250, tickers=("AAA", "^IDX"), seed=7)
    rows = [
        {"id": f"e{i}", "ticker": "AAA", "kind": "lockup_expiry", "timing": "pre_open",
         "when": str(panel.sessions.date(FIRST + STEP * i)), "percent": PERCENT[i]}
        for i in range(COUNT)
    ]  # fmt: skip
    copies = [rows[3] | {"id": f"same{i}"} for i in range(20)]
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"),
        returns="simple", estimation=(-60, -11), window=(-5, 5), cars=[(0, 1)], weights="percent",
    )  # fmt: skip
    one, many = (
        study.fit(ash.EventBook.from_frame(pd.DataFrame(events), calendar="XHKG"), panel)
        for events in (rows, [*rows, *copies])
    )
    for name in ("aar", "caar", "influence", "calendar_time"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(many, name))
    placebo = one.tests["test"] == "placebo, jointly"
    pd.testing.assert_frame_equal(one.tests[~placebo], many.tests[~placebo])


def test_events_that_a_bridged_halt_moves_to_one_session_enter_once(make_panel, make_bars):
    """Two days inside a halt have the same first trade behind it."""
    whole = make_panel(sessions=160, tickers=("AAA", "^IDX"), seed=7)
    close = whole.close[:, 0].copy()
    close[100:103] = np.nan  # and no open on the day after
    frames = {
        "AAA": make_bars(whole.sessions.dates, close).dropna(),
        "^IDX": make_bars(whole.sessions.dates, whole.close[:, 1]),
    }
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    rows = [
        {"id": f"day{at}", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
         "when": str(panel.sessions.date(at))}
        for at in (80, 101, 102, 104, 130)
    ]  # fmt: skip
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"),
        returns="simple", estimation=(-60, -11), window=(-5, 5), halts="trade_to_trade",
    )  # fmt: skip
    result = study.fit(ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG"), panel)
    assert result.car["session"].dt.date.tolist() == [
        panel.sessions.date(at) for at in (80, 104, 104, 104, 130)
    ]
    assert result.caar.iloc[0]["n"] == 3
    notes = result.events.set_index("id")["note"]
    for name in ("day102", "day104"):
        assert "enters means and tests once, as day101" in notes[name]


def test_volume_is_not_tested_over_windows_that_overlap_on_different_dates(make_panel, make_bars):
    """One stock, five events two sessions apart: the returns' tests refuse, and so does volume."""
    whole = make_panel(sessions=150, tickers=("AAA", "^IDX"), seed=7)
    volume = np.exp(12 + 0.4 * np.random.default_rng(1).standard_normal(150))
    frames = {
        name: make_bars(whole.sessions.dates, whole.close[:, i], volume=volume if i == 0 else 0)
        for i, name in enumerate(whole.tickers)
    }
    rows = [
        {"id": f"e{at}", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
         "when": str(whole.sessions.date(at))}
        for at in range(80, 90, 2)
    ]  # fmt: skip
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"),
        returns="simple", estimation=(-60, -11), window=(-5, 5), cars=[(0, 0), (0, 4)],
    )  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    tests = study.fit(book, ash.PricePanel.from_frames(frames, calendar="XHKG")).tests
    volume_rows = tests[tests["test"] == "abnormal volume, cross-sectional t"].set_index("end")
    plain = tests[tests["test"] == "cross-sectional t"].set_index("end")
    assert np.isfinite(volume_rows.loc[0, "p_value"])
    assert np.isnan(volume_rows.loc[4, "p_value"])
    assert volume_rows.loc[4, "note"] == plain.loc[4, "note"] != ""


def test_groups_stand_in_their_natural_order(make_panel):
    panel = make_panel(sessions=250, tickers=("AAA", "^IDX"), seed=7)
    sizes = (10.0, 2.0, 33.5, 2.5, 10.0, 2.0)
    rows = [
        {"id": f"e{i}", "ticker": "AAA", "kind": "lockup_expiry", "timing": "pre_open",
         "when": str(panel.sessions.date(FIRST + STEP * i)), "percent": size}
        for i, size in enumerate(sizes)
    ]  # fmt: skip
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"), by="percent",
        returns="simple", estimation=(-60, -11), window=(-5, 5), cars=[(0, 0), (0, 1)],
    )  # fmt: skip
    result = study.fit(ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG"), panel)
    order = ["2.0", "2.5", "10.0", "33.5"]
    for table in (result.aar, result.caar, result.tests, result.calendar_time):
        assert table["group"].drop_duplicates().tolist() == order


def test_labels_of_quantiles_and_signs_have_a_natural_order():
    for order in (
        ["(-5.2, -1.5]", "(-1.5, 3]", "(3, 11.25]", "(11.25, 40]"],
        ["-3 %", "2 %", "10 %", "not stated"],
        ["2024-07", "2024-12", "2025-01"],
        ["Q1", "Q2", "Q10"],
        ["2 % cut", "2 % hike", "10 % cut"],
    ):
        backwards = order[::-1]
        assert sorted(backwards, key=natural) == order
