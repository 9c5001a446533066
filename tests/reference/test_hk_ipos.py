"""Every Hong Kong listing of 2018 to 2020 that survived, six months on: a market-wide study.

The study's numbers are compared with a computation in pandas, statsmodels and scipy that shares
no code with it. Both are double precision; 1e-9 is what two such programs agree on.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import aftershock as ash

DOUBLE = 1e-9
WINDOWS = [(-1, 1), (0, 0), (0, 5)]
ESTIMATION = (-110, -11)
NO_LOCKUP = "listed elsewhere before or introduced: no IPO lock-up"
NOT_IPOS = ("9988", "9618", "9999", "9987", "1179", "9688", "2057", "9698", "9901", "6690", "6098")
SURVIVORS = "every stock of the sample was still listed on 2025-10-30: survivors only"


@pytest.fixture(scope="module")
def result(ipo_panel, ipo_expiries):
    study = ash.Study(
        title="Six-month lock-up expiries", events=ash.select(kind="lockup_expiry"),
        model=ash.MarketModel(benchmark="^HSI"), returns="simple", estimation=ESTIMATION,
        window=(-10, 10), cars=WINDOWS, min_obs=60, caveats=[SURVIVORS],
    )  # fmt: skip
    return study.fit(ipo_expiries, ipo_panel)


def first_free_day(listed):
    """The same day of the sixth month, or the first of the seventh where there is no such day."""
    month = listed.replace(day=1) + pd.DateOffset(months=6)
    return min(month + pd.Timedelta(days=listed.day - 1), month + pd.DateOffset(months=1))


@pytest.fixture(scope="module")
def by_hand(ipo_frames):
    """CARs, their standard errors and residuals, one OLS per stock."""
    close = pd.DataFrame({name: rows["Close"] for name, rows in ipo_frames.items()})
    returns = close.pct_change(fill_method=None)
    made = {}
    for name in returns.columns.drop("^HSI"):
        if name.removesuffix(".HK") in NOT_IPOS:
            continue
        zero = returns.index.searchsorted(first_free_day(close[name].first_valid_index()))
        past = returns.iloc[zero + ESTIMATION[0] : zero + ESTIMATION[1] + 1][
            [name, "^HSI"]
        ].dropna()
        x = sm.add_constant(past["^HSI"])
        fit = sm.OLS(past[name], x).fit()
        inverse = np.linalg.inv(x.T @ x)
        cars = {}
        for start, end in WINDOWS:
            days = returns.iloc[zero + start : zero + end + 1]
            w = np.column_stack([np.ones(len(days)), days["^HSI"]])
            v = fit.mse_resid * (np.eye(len(days)) + w @ inverse @ w.T)
            cars[start, end] = (days[name] - w @ fit.params).sum(), np.sqrt(v.sum())
        made[name] = (zero, fit, cars)
    return made


def table_of(by_hand, window):
    rows = [(name, zero, *cars[window]) for name, (zero, _, cars) in by_hand.items()]
    return pd.DataFrame(rows, columns=["ticker", "zero", "car", "se"]).set_index("ticker")


def statistic(result, test, window, column="statistic"):
    tests = result.tests.set_index(["test", "start", "end"])
    return tests.loc[(test, *window), column]


def test_what_never_was_locked_up_is_excluded_with_the_reason(result):
    events = result.events.set_index("ticker")
    assert len(events) == 65
    assert events["status"].value_counts().to_dict() == {"used": 54, "excluded": 11}
    excluded = events[events["status"] == "excluded"]
    assert set(excluded.index) == {f"{code}.HK" for code in NOT_IPOS}
    assert set(excluded["reason"]) == {NO_LOCKUP}
    assert (events.loc[events["status"] == "used", "n_obs"] >= 60).all()


def test_survivorship_stands_on_the_result(result):
    assert SURVIVORS in result.warnings
    assert SURVIVORS in result.summary()


def test_published_day_zero_returns(result):
    # facts/hong_kong: Xiaomi 2019-01-09 -6.85 %, Meituan 2019-03-20 -3.75 %
    day = result.abnormal_returns.query("offset == 0").set_index("event")
    for event, session, published in (
        ("1810.HK-lockup-6m", "2019-01-09", -0.0685),
        ("3690.HK-lockup-6m", "2019-03-20", -0.0375),
    ):
        assert str(day.loc[event, "session"].date()) == session
        assert day.loc[event, "ret"] == pytest.approx(published, abs=0.00005)


@pytest.mark.parametrize("window", WINDOWS)
def test_every_car_is_that_of_one_ols_per_stock(result, by_hand, window):
    expected = table_of(by_hand, window)
    own = result.car.query("start == @window[0] and end == @window[1]")
    own = own.set_index(own["event"].str.removesuffix("-lockup-6m")).loc[expected.index]
    assert len(own) == 54
    np.testing.assert_allclose(own["car"], expected["car"], rtol=DOUBLE, atol=1e-13)
    np.testing.assert_allclose(own["se"], expected["se"], rtol=DOUBLE)


@pytest.mark.parametrize("window", WINDOWS)
def test_tests_across_stocks(result, by_hand, window):
    own = table_of(by_hand, window)
    scar = own["car"] / own["se"]
    dof = np.array([fit.df_resid for _, fit, _ in by_hand.values()])
    cross = stats.ttest_1samp(own["car"], 0.0)
    assert statistic(result, "cross-sectional t", window) == pytest.approx(
        cross.statistic, rel=DOUBLE
    )
    assert statistic(result, "cross-sectional t", window, "p_value") == pytest.approx(cross.pvalue)
    patell = scar.sum() / np.sqrt((dof / (dof - 2)).sum())
    assert statistic(result, "Patell", window) == pytest.approx(patell, rel=DOUBLE)
    bmp = stats.ttest_1samp(scar, 0.0)
    assert statistic(result, "BMP", window) == pytest.approx(bmp.statistic, rel=DOUBLE)
    assert statistic(result, "BMP", window, "p_value") == pytest.approx(bmp.pvalue)
    positive = int((own["car"] > 0).sum())
    sign = stats.binomtest(positive, 54, 0.5)
    assert statistic(result, "sign", window, "p_value") == pytest.approx(sign.pvalue)
    wilcoxon = stats.wilcoxon(own["car"])
    assert statistic(result, "Wilcoxon", window, "p_value") == pytest.approx(wilcoxon.pvalue)


@pytest.mark.parametrize("window", WINDOWS)
def test_kolari_and_pynnonen_with_the_calendars_correlation(result, by_hand, window):
    own = table_of(by_hand, window)
    residuals = pd.DataFrame({name: fit.resid for name, (_, fit, _) in by_hand.items()})
    rho = residuals.corr(min_periods=3).fillna(0.0).to_numpy()
    length = window[1] - window[0] + 1
    apart = np.abs(own["zero"].to_numpy()[:, None] - own["zero"].to_numpy())
    shared = np.clip(length - apart, 0, None) / length
    pairs = np.triu_indices(54, 1)
    r = (rho * shared)[pairs].mean()
    assert (shared[pairs] > 0).any()
    bmp = stats.ttest_1samp(own["car"] / own["se"], 0.0).statistic
    expected = bmp * np.sqrt((1 - r) / (1 + 53 * r))
    assert statistic(result, "Kolari-Pynnonen", window) == pytest.approx(expected, rel=DOUBLE)


def test_volume_is_log_volume_over_its_own_mean(result, ipo_frames, by_hand):
    means = result.caar.set_index(["start", "end"])
    for window in WINDOWS:
        found = []
        for name, (zero, _, _) in by_hand.items():
            log = np.log(ipo_frames[name]["Volume"].replace(0, np.nan)).reindex(
                ipo_frames["^HSI"].index
            )
            past = log.iloc[zero + ESTIMATION[0] : zero + ESTIMATION[1] + 1].mean()
            found.append(
                (log.iloc[zero + window[0] : zero + window[1] + 1] - past).mean(skipna=False)
            )
        known = np.array(found)[np.isfinite(found)]
        assert means.loc[window, "volume"] == pytest.approx(known.mean(), rel=DOUBLE)
        assert means.loc[window, "volume_n"] == known.size
        test = statistic(result, "abnormal volume, cross-sectional t", window)
        assert test == pytest.approx(stats.ttest_1samp(known, 0.0).statistic, rel=DOUBLE)


def test_the_finding_is_goergen_mazouz_and_yins(result):
    """Hong Kong: no significant price change at the expiry, volume rises (facts/hong_kong)."""
    judged = result.tests[result.tests["p_value"].notna()]
    assert judged["test"].nunique() == 16
    joint = judged[judged["test"] == "placebo, jointly"].set_index(["start", "end"])["p_value"]
    others = {"abnormal volume, cross-sectional t", "placebo, jointly"}
    prices = judged[~judged["test"].isin(others)]
    assert (prices["p_value"] > 0.05).all()
    # days wilder than their neighbours, which a placebo cannot tell from a mean that moved
    assert joint[-1, 1] == pytest.approx(0.049, abs=0.006)
    assert (joint.drop((-1, 1)) > 0.05).all()
    means = result.caar.set_index(["start", "end"])
    assert means["caar"].round(4).to_dict() == {(-1, 1): -0.0124, (0, 0): -0.0006, (0, 5): 0.0040}
    assert (means["volume"] > 0.3).all()  # a third more in logs, 37 to 40 % more
    # a mean CAR of 2.6 % over (-1, 1) would have been seen four times in five
    assert means.loc[(-1, 1), "detectable"] == pytest.approx(0.0263, abs=0.0005)
