"""Trade-to-trade returns over halts, by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import StudyError
from aftershock.study.halts import first_trade, trade_to_trade
from aftershock.study.models import Design
from aftershock.study.models.estimate import ALPHA

MARKET = np.array([np.nan, 0.01, 0.02, -0.01, 0.03, 0.01])
DESIGN = Design((ALPHA, "beta"), np.zeros(6), np.column_stack([np.ones(6), MARKET]))
CLOSE = np.array([100.0, 110.0, np.nan, np.nan, 99.0, 100.98])


def test_a_halt_is_one_return_over_its_sessions():
    y, design = trade_to_trade(CLOSE, DESIGN, "simple")
    np.testing.assert_allclose(y, [np.nan, 0.1, 0.0, 0.0, -0.1, 0.02])
    assert design.span is not None
    assert design.span.tolist() == [1, 1, 0, 0, 3, 1]
    compounded = 1.02 * 0.99 * 1.03 - 1
    np.testing.assert_allclose(design.regressors[4], [3.0, compounded])
    np.testing.assert_allclose(design.regressors[2:4], 0.0)
    np.testing.assert_allclose(design.regressors[5], [1.0, 0.01])


def test_log_returns_add_the_benchmark_up():
    y, design = trade_to_trade(CLOSE, DESIGN, "log")
    assert y[4] == pytest.approx(np.log(99 / 110))
    np.testing.assert_allclose(design.regressors[4], [3.0, 0.04])


def test_nothing_before_the_first_trade_or_after_the_last():
    y, _ = trade_to_trade(np.array([np.nan, 5.0, 6.0, np.nan, np.nan, np.nan]), DESIGN, "simple")
    assert np.isnan(y[[0, 1, 3, 4, 5]]).all()
    assert y[2] == pytest.approx(0.2)


def test_the_first_trade_behind_a_halt():
    assert first_trade(CLOSE, 2) == 4
    assert first_trade(CLOSE, 4) == 4
    assert first_trade(CLOSE[:4], 2) is None


def options(**changes):
    base = {
        "title": "T", "events": ash.select(), "model": ash.MarketModel(benchmark="^IDX"),
        "returns": "simple", "estimation": (-60, -11), "window": (-5, 5), "cars": [(0, 0)],
    }  # fmt: skip
    return {**base, **changes}


@pytest.fixture
def halted(make_panel, make_bars):
    whole = make_panel(sessions=150, tickers=("AAA", "^IDX"), seed=5)
    dates = whole.sessions.dates
    frames = {t: make_bars(dates, whole.close[:, i]) for i, t in enumerate(whole.tickers)}
    frames["AAA"] = frames["AAA"].drop(pd.DatetimeIndex(dates[[50, 51, 99, 100, 101]]))
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


def book(panel):
    row = {
        "id": "x", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
        "when": str(panel.sessions.date(100)),
    }  # fmt: skip
    return ash.EventBook.from_frame(pd.DataFrame([row]), calendar="XHKG")


def test_day_zero_moves_to_the_first_trade_and_says_so(halted):
    result = ash.Study(**options(halts="trade_to_trade")).fit(book(halted), halted)
    assert result.events["status"].tolist() == ["used"]
    assert "the first trade after" in result.events["note"].iloc[0]
    at = 102
    # weighted least squares by hand: a return over s sessions has variance s sigma^2
    close, index = halted.close[:, 0], halted.close[:, 1]
    y, x, span = [], [], []
    traded = np.flatnonzero(np.isfinite(close[: at + 1]))
    for before, now in pairwise(traded):
        y.append(close[now] / close[before] - 1)
        x.append([now - before, index[now] / index[before] - 1])
        span.append(now - before)
    y, x, span, rows = np.array(y), np.array(x), np.array(span), traded[1:]
    inside = (rows >= at - 60) & (rows <= at - 11)
    w = np.sqrt(span[inside])
    a, b = x[inside] / w[:, None], y[inside] / w
    coefficients, rss = np.linalg.lstsq(a, b, rcond=None)[:2]
    s2 = rss[0] / (inside.sum() - 2)
    ar = y[-1] - x[-1] @ coefficients
    variance = s2 * (span[-1] + x[-1] @ np.linalg.inv(a.T @ a) @ x[-1])
    car = result.car.iloc[0]
    assert span[-1] == 4
    assert car["car"] == pytest.approx(ar, rel=1e-8)
    assert car["se"] == pytest.approx(np.sqrt(variance), rel=1e-8)


def test_by_default_a_halt_on_day_zero_excludes(halted):
    result = ash.Study(**options()).fit(book(halted), halted)
    assert result.events["reason"].iloc[0].startswith("no price of AAA on")


def test_both_engines_bridge_alike(halted):
    study = ash.Study(**options(halts="trade_to_trade", cars=[(-1, 3)]))
    one, other = (study.fit(book(halted), halted, engine=e) for e in ("statsmodels", "arrays"))
    pd.testing.assert_frame_equal(one.car_rows, other.car_rows, rtol=1e-9)


def test_without_prices_halts_cannot_be_bridged(halted):
    wide = pd.DataFrame(halted.returns("simple"), halted.sessions.dates, halted.tickers)
    panel = ash.ReturnPanel.from_frame(wide, kind="simple", calendar="XHKG")
    with pytest.raises(StudyError, match="needs prices; the panel holds returns only"):
        ash.Study(**options(halts="trade_to_trade")).fit(book(halted), panel)
    with pytest.raises(StudyError, match="cannot be used in a contrast"):
        ash.Study(**options(halts="trade_to_trade", contrast=("AAA", "BBB")))
    with pytest.raises(StudyError, match="which the robust market model cannot; use a linear"):
        ash.Study(**options(halts="trade_to_trade", model=ash.models.RobustModel("^IDX")))
    with pytest.raises(StudyError, match='halts="fill" is not known'):
        ash.Study(**options(halts="fill"))


def test_sessions_inside_a_halt_have_no_rank(make_panel, make_bars):
    whole = make_panel(sessions=250, tickers=(*"ABCDEFGHIJKL", "^IDX"), seed=6)
    dates = whole.sessions.dates
    frames = {t: make_bars(dates, whole.close[:, i]) for i, t in enumerate(whole.tickers)}
    for ticker in "ABCDEFGHIJKL":
        frames[ticker] = frames[ticker].drop(pd.DatetimeIndex(dates[[151, 152]]))
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    rows = [
        {"id": t, "ticker": t, "kind": "announcement", "timing": "pre_open", "when": str(dates[150])}
        for t in "ABCDEFGHIJKL"
    ]  # fmt: skip
    study = ash.Study(**options(halts="trade_to_trade", cars=[(0, 3)], estimation=(-90, -11)))
    result = study.fit(ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG"), panel)
    judged = result.tests.set_index("test")
    for name in ("Corrado rank", "Corrado-Zivney rank", "GRANK-T", "crude dependence", "BMP"):
        assert 0 < judged.loc[name, "p_value"] <= 1, name
    assert result.ar[[1, 2]].isna().all(axis=None)
    assert result.aar.set_index("offset")["n"].loc[[0, 1, 2, 3]].tolist() == [12, 0, 0, 12]
    assert result.aar.set_index("offset")["caar_n"].loc[[0, 1, 2, 3]].tolist() == [12, 0, 0, 12]


def long_halt():
    """Sessions 200 to 205 without a price; day 0 is on 200, so the first trade is on 206."""
    rng = np.random.default_rng(3)
    market = 0.012 * rng.standard_normal(300)
    close = 50 * np.exp(np.cumsum(0.004 + 0.8 * market + 0.02 * rng.standard_normal(300)))
    close[200:206] = np.nan
    close[120:125] = np.nan
    return close, 100 * np.exp(np.cumsum(market))


@pytest.fixture(params=["statsmodels", "arrays"])
def behind_a_halt(request, make_panel):
    days = make_panel(sessions=300).sessions.dates
    close, index = long_halt()
    frames = {
        name: pd.Series(values, pd.DatetimeIndex(days)).dropna()
        for name, values in (("AAA", close), ("^IDX", index))
    }
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    row = {"id": "e", "ticker": "AAA", "kind": "announcement", "when": str(days[200]),
           "timing": "pre_open"}  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame([row]), calendar="XHKG")
    study = ash.Study(
        **options(
            halts="trade_to_trade", estimation=(-100, -11),
            cars=[(0, 0), (0, 2), (-1, 0), (-3, -1)],
        )
    )  # fmt: skip
    return study.fit(book, panel, engine=request.param)


def by_weighted_least_squares():
    """The market model over sessions 106 to 195, each return weighted by 1 over its sessions."""
    import statsmodels.api as sm

    close, index = long_halt()
    traded = np.flatnonzero(np.isfinite(close))
    pairs = [(a, b) for a, b in pairwise(traded) if 106 <= b <= 195]
    y = np.array([close[b] / close[a] - 1 for a, b in pairs])
    span = np.array([float(b - a) for a, b in pairs])
    x = np.column_stack([span, [index[b] / index[a] - 1 for a, b in pairs]])
    return [sm.WLS(y, z, weights=1 / span).fit() for z in (x, x[:, :1])]


def test_r2_is_what_the_market_adds_to_the_constant(behind_a_halt):
    fit, constant = by_weighted_least_squares()
    (r2,) = behind_a_halt.estimates["r2"]
    assert r2 == pytest.approx(1 - fit.ssr / constant.ssr, rel=1e-10)


def test_the_constant_counts_the_sessions_of_a_bridged_return(behind_a_halt):
    """The first trade is seven sessions after the last one before."""
    fit, _ = by_weighted_least_squares()
    part = behind_a_halt.car.set_index(["start", "end"])["alpha_part"]
    assert part[0, 0] == pytest.approx(7 * fit.params[0], rel=1e-10)
    assert part[0, 2] == pytest.approx(9 * fit.params[0], rel=1e-10)
    assert part[-1, 0] == pytest.approx(7 * fit.params[0], rel=1e-10)


def test_a_window_inside_a_halt_has_no_car(behind_a_halt):
    """Nothing traded in it: not a CAR of 0 that enters the mean."""
    car = behind_a_halt.car.set_index(["start", "end"])
    assert car.loc[(-3, -1), ["car", "se", "t", "p_value", "bhar"]].isna().all()
    assert np.isfinite(car.loc[(-1, 0), "car"])
    assert behind_a_halt.caar.set_index(["start", "end"])["n"].tolist() == [1, 1, 1, 0]


def test_volatility_counts_the_returns_there_are(behind_a_halt):
    """One return in (-1, 0), so F has one degree of freedom, in either engine."""
    found = behind_a_halt.outcomes.query("outcome == 'volatility'").set_index(["start", "end"])
    assert found.loc[(-1, 0), "dof"] == 1
    assert found.loc[(-1, 0), "estimate"] == found.loc[(0, 0), "estimate"]
