"""Calendar-time alpha and leave-one-out influence, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

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
    returns[25, 0] = np.nan  # one missing return leaves the other stock, not a zero
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
    assert own.mean_held == pytest.approx((9 + 2 * 15 + 10) / 34)


def test_short_holdings_use_the_rule_of_thumb(market):
    _, design = market
    returns = 0.02 * np.random.default_rng(43).standard_normal((100, 1))
    held = np.ones((100, 1), dtype=bool)
    assert calendar_time(returns, design, held, 2).lags == 4  # floor(4 (100/100)^(2/9))


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
    car = fitted(make_panel, 4).car
    p = np.sort(car["p_value"])
    assert car["p_holm"].min() == pytest.approx(min(4 * p[0], 1.0))
    assert (car["p_bh"] <= car["p_holm"]).all()
    assert (car["p_bh"] >= car["p_value"]).all()
