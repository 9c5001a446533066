"""Calendar-time alpha and leave-one-out influence, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import aftershock as ash
from aftershock.study.groups import calendar_time, window_mask
from aftershock.study.inference.standardised import bmp
from aftershock.study.models import Design
from aftershock.study.models.estimate import ALPHA
from aftershock.study.windows import Window


@pytest.fixture
def market():
    rng = np.random.default_rng(41)
    x = 0.01 * rng.standard_normal(100)
    return x, Design((ALPHA, "beta"), np.zeros(100), np.column_stack([np.ones(100), x]))


def newey_west(y, x, lags):
    """Bartlett kernel with the n/(n - k) correction, written out."""
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ y
    scores = x * (y - x @ b)[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        gamma = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (gamma + gamma.T)
    n, k = x.shape
    return b, np.sqrt(np.diag(inverse @ middle @ inverse) * n / (n - k))


def test_the_portfolio_and_its_alpha_by_hand(market):
    x, design = market
    rng = np.random.default_rng(42)
    returns = 0.8 * x[:, None] + 0.02 * rng.standard_normal((100, 2))
    held = np.column_stack(
        [window_mask(100, 20, Window(0, 24)), window_mask(100, 30, Window(0, 24))]
    )
    returns[[25, 35], 0] = np.nan  # a missing return leaves the other stock, not a zero
    own = calendar_time(returns, design, held, 25)
    rows = np.arange(20, 55)
    portfolio = np.array(
        [np.nanmean(np.where(held[t], returns[t], np.nan)) if t != 25 else 0.0 for t in rows]
    )
    keep = rows != 25  # session 25 held the first stock only, which has no return
    b, se = newey_west(portfolio[keep], design.regressors[rows][keep], own.lags)
    assert own.sessions == 34
    assert own.lags == 17  # one less than the longest holding is 24, at most half the sessions
    assert own.alpha == pytest.approx(b[0], rel=1e-9)
    assert own.se == pytest.approx(se[0], rel=1e-9)
    assert own.dof == 32
    assert own.mean_held == pytest.approx((9 + 2 * 14 + 1 + 10) / 34)


def test_short_holdings_use_the_rule_of_thumb(market):
    _, design = market
    returns = 0.02 * np.random.default_rng(43).standard_normal((100, 1))
    held = np.ones((100, 1), dtype=bool)
    assert calendar_time(returns, design, held, 2).lags == 4  # floor(4 (100/100)^(2/9))
    assert calendar_time(returns, design, held, 8).lags == 7  # a return overlaps seven others


def test_too_few_sessions_have_no_alpha(market):
    _, design = market
    held = window_mask(100, 20, Window(0, 5))[:, None]
    own = calendar_time(np.zeros((100, 1)), design, held, 6)
    assert own.note == "6 sessions held, at least 12 needed"
    assert np.isnan(own.alpha)


def test_a_window_is_cut_at_the_edges():
    assert np.flatnonzero(window_mask(5, 0, Window(-2, 1))).tolist() == [0, 1]
    assert np.flatnonzero(window_mask(5, 4, Window(0, 3))).tolist() == [4]


def fitted(make_panel, count):
    panel = make_panel(sessions=250, tickers=("AAA", "^IDX"), seed=7)
    frame = pd.DataFrame(
        {"id": f"e{i}", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
         "when": str(panel.sessions.date(80 + 25 * i))}
        for i in range(count)
    )  # fmt: skip
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"), returns="simple",
        estimation=(-60, -11), window=(-5, 5), cars=[(0, 1)],
    )  # fmt: skip
    return study.fit(ash.EventBook.from_frame(frame, calendar="XHKG"), panel)


def test_influence_leaves_each_event_out(make_panel):
    result = fitted(make_panel, 5)
    car = result.car.set_index("event")
    for row in result.influence.itertuples():
        rest = car.drop(row.event)
        assert row.n == 4
        assert row.caar == pytest.approx(rest["car"].mean())
        assert row.t == pytest.approx(bmp((rest["car"] / rest["se"]).to_numpy()))
    assert result.influence["event"].tolist() == [f"e{i}" for i in range(5)]


def test_with_three_events_nothing_can_be_left_out(make_panel):
    assert fitted(make_panel, 3).influence.empty


def test_every_p_value_of_the_table_stands_in_one_family(make_panel):
    result = fitted(make_panel, 4)
    p = np.sort(result.car["p_value"])
    holm = np.minimum(np.maximum.accumulate(p * [4, 3, 2, 1]), 1.0)
    bh = np.minimum.accumulate((p * 4 / [1, 2, 3, 4])[::-1])[::-1]
    car = result.car.sort_values("p_value")
    np.testing.assert_allclose(car["p_holm"], holm)
    np.testing.assert_allclose(car["p_bh"], bh)
    others = result.car_rows[result.car_rows["row"] != "default"]
    assert others[["p_holm", "p_bh"]].isna().all(axis=None)


def test_the_mean_cars_by_hand(make_panel):
    result = fitted(make_panel, 5)
    row, car = result.caar.iloc[0], result.car["car"]
    se = car.std(ddof=1) / np.sqrt(5)
    assert (row["start"], row["end"], row["n"]) == (0, 1, 5)
    assert row["caar"] == pytest.approx(car.mean())
    assert row["se"] == pytest.approx(se)
    assert row["detectable"] == pytest.approx((stats.t.ppf(0.975, 4) + stats.t.ppf(0.8, 4)) * se)
    assert row["median"] == pytest.approx(car.median())
    assert row["positive"] == (car > 0).mean() != 0.5
    assert row["bhar"] == pytest.approx(result.car["bhar"].mean())
    assert (result.aar["caar_se"].notna()).all()


def test_the_mean_abnormal_volume_by_hand(make_panel, make_bars):
    whole = make_panel(sessions=250, tickers=("AAA", "^IDX"), seed=7)
    rng = np.random.default_rng(44)
    volume = np.exp(12 + 0.4 * rng.standard_normal(250))
    volume[155] = 0.0  # no turnover on day 0 of the fourth event
    frames = {
        name: make_bars(whole.sessions.dates, whole.close[:, i], volume=volume if i == 0 else 0)
        for i, name in enumerate(whole.tickers)
    }
    result = fitted(lambda **_: ash.PricePanel.from_frames(frames, calendar="XHKG"), 5)
    with np.errstate(divide="ignore"):
        log = np.log(volume)
    found = [
        log[at : at + 2].mean() - log[at - 60 : at - 10][np.isfinite(log[at - 60 : at - 10])].mean()
        for at in (80, 105, 130, 180)
    ]
    row = result.caar.iloc[0]
    assert (row["n"], row["volume_n"]) == (5, 4)
    assert row["volume"] == pytest.approx(np.mean(found))
    test = result.tests.set_index("test").loc["abnormal volume, cross-sectional t"]
    reference = stats.ttest_1samp(found, 0.0)
    assert test["statistic"] == pytest.approx(reference.statistic)
    assert test["p_value"] == pytest.approx(reference.pvalue)
    assert (test["n"], test["dof"]) == (4, 3)


def test_a_stock_with_two_events_at_a_time_is_held_once(make_panel):
    """Two overlapping events of AAA: the portfolio is AAA, or AAA and BBB, never AAA twice."""
    panel = make_panel(sessions=140, tickers=("AAA", "BBB", "^IDX"), seed=8)
    rows = [
        {"id": name, "ticker": ticker, "kind": "announcement", "timing": "pre_open",
         "when": str(panel.sessions.date(at))}
        for name, ticker, at in (("a", "AAA", 90), ("b", "AAA", 95), ("c", "BBB", 97))
    ]  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"),
        returns="simple", estimation=(-60, -6), window=(-5, 20),
    )  # fmt: skip
    (found,) = study.fit(book, panel).calendar_time.itertuples()
    returns = panel.returns("simple")
    days = np.arange(90, 118)
    both = (days >= 97) & (days < 116)
    own = np.where(days < 116, returns[days, 0], returns[days, 1])
    own = np.where(both, returns[days, :2].mean(axis=1), own)
    x = np.column_stack([np.ones(28), returns[days, 2]])
    b, se = newey_west(own, x, 14)
    assert (found.sessions, found.lags) == (28, 14)
    assert found.mean_held == pytest.approx((28 + 19) / 28)
    assert found.alpha == pytest.approx(b[0], rel=1e-9)
    assert found.se == pytest.approx(se[0], rel=1e-9)
