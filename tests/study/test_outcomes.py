"""Abnormal volume and volatility by hand, and their size where nothing happened."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import aftershock as ash
from aftershock.events.companies import Company
from aftershock.study.outcomes import log_turnover

AT = 100


def book(panel, ticker="AAA"):
    row = {
        "id": "x", "ticker": ticker, "kind": "announcement", "timing": "pre_open",
        "when": str(panel.sessions.date(AT)),
    }  # fmt: skip
    return ash.EventBook.from_frame(pd.DataFrame([row]), calendar="XHKG")


def study(**changes):
    options = {
        "title": "T", "events": ash.select(), "model": ash.MarketModel(benchmark="^IDX"),
        "returns": "simple", "estimation": (-60, -11), "window": (-5, 5), "cars": [(0, 0), (0, 2)],
    }  # fmt: skip
    return ash.Study(**{**options, **changes})


@pytest.fixture
def panel(make_panel, make_bars):
    whole = make_panel(sessions=150, tickers=("AAA", "^IDX"), seed=5)
    volume = np.exp(12 + 0.4 * np.random.default_rng(6).standard_normal(150)).round()
    volume[AT] *= 5
    frames = {
        t: make_bars(whole.sessions.dates, whole.close[:, i], volume=volume if i == 0 else 0)
        for i, t in enumerate(whole.tickers)
    }
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


def test_volume_is_log_turnover_against_its_own_past(panel):
    found = study().fit(book(panel), panel).outcomes.query("outcome == 'volume'").set_index("end")
    log = np.log(panel.volume[:, 0])
    past = log[AT - 60 : AT - 10]
    for length, end in ((1, 0), (3, 2)):
        mean = (log[AT : AT + length] - past.mean()).mean()
        se = past.std(ddof=1) * np.sqrt(length + length**2 / 50) / length
        assert found.loc[end, "estimate"] == pytest.approx(mean, rel=1e-9)
        assert found.loc[end, "statistic"] == pytest.approx(mean / se, rel=1e-9)
        assert found.loc[end, "p_value"] == pytest.approx(2 * stats.t.sf(abs(mean / se), 49))


def test_a_session_without_volume_has_none(panel, make_bars):
    volume = panel.volume[:, 0].copy()
    volume[AT + 1] = 0
    frames = {
        "AAA": make_bars(panel.sessions.dates, panel.close[:, 0], volume=volume),
        "^IDX": make_bars(panel.sessions.dates, panel.close[:, 1], volume=0),
    }
    holed = ash.PricePanel.from_frames(frames, calendar="XHKG")
    found = study().fit(book(holed), holed).outcomes.query("outcome == 'volume'").set_index("end")
    assert np.isfinite(found.loc[0, "estimate"])
    assert np.isnan(found.loc[2, "estimate"])
    assert found.loc[2, "note"] == "a session without volume"


def test_volume_is_over_the_shares_of_the_day(panel):
    split = panel.sessions.date(80)
    company = Company.model_validate(
        {"ticker": "AAA", "name": "A", "shares": [
            {"date": dt.date(2025, 1, 1), "total": 1_000, "source": "s"},
            {"date": split, "total": 2_000, "source": "s"},
        ]}
    )  # fmt: skip
    own = log_turnover(panel, "AAA", company)
    np.testing.assert_allclose(own[:80], np.log(panel.volume[:80, 0] / 1_000))
    np.testing.assert_allclose(own[80:], np.log(panel.volume[80:, 0] / 2_000))
    np.testing.assert_allclose(log_turnover(panel, "AAA", None), np.log(panel.volume[:, 0]))


def test_volatility_is_the_prediction_f_test(panel):
    result = study().fit(book(panel), panel)
    found = result.outcomes.query("outcome == 'volatility'").set_index("end")
    day = result.abnormal_returns.query("offset == 0").iloc[0]
    # over one day F is the squared t
    assert found.loc[0, "estimate"] == pytest.approx((day["ar"] / day["se"]) ** 2)
    # over three: Chow's F from two sums of squares, with and without the three days
    returns = panel.returns("simple")
    past, whole = np.arange(AT - 60, AT - 10), np.r_[np.arange(AT - 60, AT - 10), AT : AT + 3]

    def rss(rows):
        x = np.column_stack([np.ones(rows.size), returns[rows, 1]])
        return float(np.linalg.lstsq(x, returns[rows, 0], rcond=None)[1][0])

    chow = (rss(whole) - rss(past)) / 3 / (rss(past) / 48)
    assert found.loc[2, "estimate"] == pytest.approx(chow, rel=1e-8)
    assert found.loc[2, ["dof", "dof2"]].tolist() == [3, 48]
    assert found.loc[2, "p_value"] == pytest.approx(stats.f.sf(chow, 3, 48))


def test_without_estimation_there_is_nothing_to_compare_with(panel):
    listing = study(model=ash.MarketAdjusted(benchmark="^IDX"), estimation=None)
    assert listing.fit(book(panel), panel).outcomes.empty


def test_a_return_panel_has_no_volume(panel):
    wide = pd.DataFrame(panel.returns("simple"), panel.sessions.dates, panel.tickers)
    returns = ash.ReturnPanel.from_frame(wide, kind="simple", calendar="XHKG")
    assert study().fit(book(panel), returns).outcomes["outcome"].unique().tolist() == ["volatility"]


@pytest.mark.parametrize("known", [(), ((0, 1_000_000),), ((0, 1_000_000), (90, 4_000_000))])
def test_a_split_is_no_trading(make_bars, panel, known):
    """Four for one on session 90: four times the shares change hands, turnover is as before."""
    days = panel.sessions.dates
    after = np.arange(150) >= 90
    split = pd.Series(np.where(np.arange(150) == 90, 4.0, 0.0), index=pd.DatetimeIndex(days))
    frame = make_bars(days, panel.close[:, 0] / np.where(after, 4, 1),
                      volume=panel.volume[:, 0] * np.where(after, 4, 1))  # fmt: skip
    whole = ash.PricePanel.from_frames({"AAA": frame.assign(**{"Stock Splits": split})},
                                       calendar="XHKG")  # fmt: skip
    company = Company(
        ticker="AAA", name="A",
        shares=[{"date": days[row].item(), "total": total} for row, total in known],
    )  # fmt: skip
    moved = log_turnover(whole, "AAA", company) - np.log(panel.volume[:, 0])
    assert np.ptp(moved) < 1e-12
    if known:
        assert moved[0] == pytest.approx(-np.log(1_000_000))
