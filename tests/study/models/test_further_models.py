"""The further models against numpy, scipy, statsmodels or arch, which we did not write."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import aftershock as ash
from aftershock.errors import StudyError, UnknownName
from aftershock.sessions import Sessions
from aftershock.study.models import Market, NotEstimable
from aftershock.study.models.synthetic import simplex_weights

N = 260
DAYS = Sessions.rows(dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(N))
EST, WIN = np.arange(5, 220), np.arange(230, 236)


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    market = 0.01 * rng.standard_normal(N)
    market[1:] += 0.3 * market[:-1]
    other = 0.01 * rng.standard_normal(N)
    late = 0.4 * np.r_[0.0, market[:-1]]
    stock = 0.0005 + 0.7 * market + late + 0.005 * rng.standard_normal(N)
    return np.column_stack([stock, market, other])


def market_of(data):
    return Market(data, {"S": 0, "M": 1, "O": 2}.__getitem__, DAYS)


def fit(model, data):
    return model.estimate(model.design(market_of(data)), data[:, 0], EST, WIN)


def test_several_benchmarks(data):
    own = fit(ash.models.BenchmarksModel(["M", "O"]), data)
    x = np.column_stack([np.ones(EST.size), data[EST, 1], data[EST, 2]])
    np.testing.assert_allclose(
        own.coefficients, np.linalg.lstsq(x, data[EST, 0], rcond=None)[0], rtol=1e-9
    )
    assert own.names == ("alpha", "beta M", "beta O")
    assert own.dof == EST.size - 3


def test_factors_from_a_file_in_percent_with_rf(data, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"Mkt-RF": 100 * data[:, 1], "SMB": rng.standard_normal(N), "RF": 0.01},
        index=[int(str(day).replace("-", "")) for day in DAYS.dates],
    )
    path = tmp_path / "factors.csv"
    table.to_csv(path)
    own = fit(ash.models.FactorModel(["Mkt-RF", "SMB"], path, rf="RF", percent=True), data)
    x = np.column_stack([np.ones(EST.size), data[EST, 1], table["SMB"].to_numpy()[EST] / 100])
    expected = np.linalg.lstsq(x, data[EST, 0] - 0.0001, rcond=None)[0]
    np.testing.assert_allclose(own.coefficients, expected, rtol=1e-8)
    bare = fit(ash.models.FactorModel(["Mkt-RF"], path, intercept=False, percent=True), data)
    assert bare.names == ("Mkt-RF",)
    assert bare.coefficients[0] == pytest.approx(
        (data[EST, 1] @ data[EST, 0]) / (data[EST, 1] @ data[EST, 1])
    )


def test_wrong_factors_explain_themselves(tmp_path):
    table = pd.DataFrame(
        {"MKT": [1.2, -0.7, 0.9]}, index=["2024-01-01", "2024-01-02", "2024-01-03"]
    )
    with pytest.raises(StudyError, match="look like percent; say percent=True"):
        ash.models.FactorModel(["MKT"], table)
    with pytest.raises(UnknownName, match="unknown factor 'MKTT': did you mean 'MKT'"):
        ash.models.FactorModel(["MKTT"], table, percent=True)
    with pytest.raises(StudyError, match="cannot be read"):
        ash.models.FactorModel(["MKT"], tmp_path / "none.csv")
    with pytest.raises(StudyError, match="at least one factor"):
        ash.models.FactorModel([], table, percent=True)
    with pytest.raises(StudyError, match="give a frame or the path of a CSV file"):
        ash.models.FactorModel("MKT", 3)
    with pytest.raises(StudyError, match="starts with 0; it holds the dates"):
        ash.models.FactorModel("MKT", table.reset_index(drop=True), percent=True)
    twice = pd.concat([table, table.iloc[:1]])
    with pytest.raises(StudyError, match="the factors have 2024-01-01 twice"):
        ash.models.FactorModel("MKT", twice, percent=True)
    with pytest.raises(StudyError, match="whole numbers of sessions"):
        ash.models.Dimson("M", lags=1.5)


def test_a_stock_that_hardly_trades_has_no_median_deviation(data):
    data[:, 0] = 0.0
    data[::10, 0] = 0.02
    with pytest.raises(NotEstimable, match="median deviation is 0; use MarketModel"):
        fit(ash.models.RobustModel("M"), data)


def test_days_the_factors_do_not_have_are_not_used(data):
    table = pd.DataFrame({"MKT": data[:200, 1]}, index=pd.to_datetime(DAYS.dates[:200]))
    design = ash.models.FactorModel(["MKT"], table).design(market_of(data))
    assert design.usable.sum() == 200


def test_scholes_williams_by_hand(data):
    own = fit(ash.models.ScholesWilliams("M"), data)
    y, m = data[:, 0], data[:, 1]
    slopes = [np.polyfit(m[EST + shift], y[EST], 1)[0] for shift in (-1, 0, 1)]
    rho = np.corrcoef(m[EST], m[EST - 1])[0, 1]
    beta = sum(slopes) / (1 + 2 * rho)
    alpha = y[EST].mean() - beta * m[EST].mean()
    np.testing.assert_allclose(own.coefficients, [alpha, beta], rtol=1e-9)
    np.testing.assert_allclose(own.expected, alpha + beta * m[WIN], rtol=1e-9)
    assert beta == pytest.approx(1.1, abs=0.25)  # 0.7 the same day and 0.4 a day late
    residuals = y[EST] - alpha - beta * m[EST]
    x, w = (np.column_stack([np.ones(rows.size), m[rows]]) for rows in (EST, WIN))
    variance = residuals @ residuals / (EST.size - 2)
    spread = np.eye(WIN.size) + w @ np.linalg.inv(x.T @ x) @ w.T
    np.testing.assert_allclose(own.covariance, variance * spread, rtol=1e-9)
    assert own.sigma == pytest.approx(np.sqrt(variance))
    assert own.dof == EST.size - 2
    assert own.leverage.sum() == pytest.approx(2.0)
    assert own.r2 == pytest.approx(
        1 - residuals @ residuals / ((y[EST] - y[EST].mean()) ** 2).sum()
    )


def test_dimson_by_hand(data):
    own = fit(ash.models.Dimson("M"), data)
    m = data[:, 1]
    x = np.column_stack([np.ones(EST.size), m[EST - 1], m[EST], m[EST + 1]])
    expected = np.linalg.lstsq(x, data[EST, 0], rcond=None)[0]
    np.testing.assert_allclose(own.coefficients, expected, rtol=1e-8)
    assert dict(own.derived)["beta sum"] == pytest.approx(expected[1:].sum())
    assert dict(own.derived)["beta sum"] == pytest.approx(1.1, abs=0.3)
    with pytest.raises(StudyError, match="is the market model"):
        ash.models.Dimson("M", lags=0, leads=0)


def test_robust_is_statsmodels_rlm_and_shrugs_at_an_outlier(data):
    import statsmodels.api as sm

    own = fit(ash.models.RobustModel("M"), data)
    reference = sm.RLM(data[EST, 0], sm.add_constant(data[EST, 1])).fit()
    np.testing.assert_allclose(own.coefficients, reference.params, rtol=1e-9)
    assert own.sigma == pytest.approx(np.sqrt((reference.resid**2).sum() / (EST.size - 2)))
    w = sm.add_constant(data[WIN, 1])
    covariance = own.sigma**2 * np.eye(WIN.size) + w @ reference.cov_params() @ w.T
    np.testing.assert_allclose(own.covariance, covariance, rtol=1e-9)
    assert own.dof == EST.size - 2
    spoiled = data.copy()
    spoiled[EST[data[EST, 1].argmax()], 0] = 0.9
    plain = fit(ash.MarketModel(benchmark="M"), spoiled)
    again = fit(ash.models.RobustModel("M"), spoiled)
    np.testing.assert_allclose(again.coefficients, own.coefficients, atol=0.02)
    assert abs(plain.coefficients[1] - own.coefficients[1]) > 1
    assert again.sigma > 2 * own.sigma  # what happened once may happen in the window


def test_garch_is_archs_own_forecast():
    arch_univariate = pytest.importorskip("arch.univariate")
    rng = np.random.default_rng(8)
    n, h = 700, 1.0
    errors = np.empty(n)
    for t in range(n):
        errors[t] = np.sqrt(h) * (5.0 if t == 599 else rng.standard_normal())  # ends in a shock
        h = 0.1 + 0.15 * errors[t] ** 2 + 0.75 * h
    market = rng.standard_normal(n)
    data = np.column_stack([0.1 + 0.8 * market + errors, market]) / 100
    days = Sessions.rows(dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(n))
    model = ash.models.GarchModel("M")
    design = model.design(Market(data, {"S": 0, "M": 1}.__getitem__, days))
    est, win = np.arange(600), np.arange(600, 605)
    own = model.estimate(design, data[:, 0], est, win)
    reference = arch_univariate.LS(
        100 * data[est, 0], 100 * data[est, 1:], constant=True, rescale=False
    )
    reference.volatility = arch_univariate.GARCH(1, 0, 1)
    found = reference.fit(disp="off")
    x = {"x0": 100 * data[win, 1]}
    variance = found.forecast(
        horizon=5, x=np.stack(list(x.values()))[:, None, :], reindex=False
    ).residual_variance
    assert own.coefficients[1] == pytest.approx(found.params.iloc[1], rel=1e-4)
    np.testing.assert_allclose(np.diag(own.covariance), variance.to_numpy()[0] / 1e4, rtol=0.03)
    assert dict(own.derived)["garch"] == pytest.approx(0.75, abs=0.15)
    # off the diagonal stands what the days share, the coefficients' own uncertainty
    unit = np.diag([0.01, 1.0])
    coefficients = unit @ found.param_cov.to_numpy()[:2, :2] @ unit
    w = np.column_stack([np.ones(5), data[win, 1]])
    shared = w @ coefficients @ w.T
    np.testing.assert_allclose(own.covariance[0, 1:], shared[0, 1:], rtol=0.05)
    assert own.dof == 598


def test_garch_refuses_a_short_window(data):
    pytest.importorskip("arch")
    model = ash.models.GarchModel("M")
    with pytest.raises(NotEstimable, match="GARCH needs 100 returns, the estimation window has 60"):
        model.estimate(model.design(market_of(data)), data[:, 0], np.arange(5, 65), WIN)


def test_synthetic_weights_are_the_best_on_the_simplex():
    pytest.importorskip("cvxpy")
    rng = np.random.default_rng(9)
    donors = 0.02 * rng.standard_normal((80, 5))
    y = donors @ np.array([0.6, 0.4, 0.0, 0.0, 0.0]) + 0.004 * rng.standard_normal(80)
    weights = simplex_weights(y, donors)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    reference = minimize(
        lambda w: 1e4 * ((y - donors @ w) ** 2).sum(), np.full(5, 0.2), bounds=[(0, 1)] * 5,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, tol=1e-12,
    )  # fmt: skip
    np.testing.assert_allclose(weights, reference.x, atol=2e-3)
    assert ((y - donors @ weights) ** 2).sum() <= ((y - donors @ reference.x) ** 2).sum() * (
        1 + 1e-6
    )


def test_a_synthetic_control_tracks_and_places_placebos(data):
    pytest.importorskip("cvxpy")
    rng = np.random.default_rng(10)
    donors = 0.02 * rng.standard_normal((N, 4))
    stock = donors @ np.array([0.5, 0.5, 0.0, 0.0])
    stock[232] += 0.2
    panel = np.column_stack([stock, donors])
    names = {name: i for i, name in enumerate("SABCD")}
    model = ash.models.SyntheticControl(list("ABCD"))
    design = model.design(Market(panel, names.__getitem__, DAYS))
    own = model.estimate(design, stock, EST, WIN)
    np.testing.assert_allclose(own.coefficients, [0.5, 0.5, 0, 0], atol=1e-3)
    assert (stock[WIN] - own.expected)[2] == pytest.approx(0.2, abs=1e-3)
    active = int((own.coefficients > 1e-6).sum())
    assert own.dof == EST.size - (active - 1)
    assert own.sigma == pytest.approx(np.sqrt((own.residuals @ own.residuals) / own.dof))
    np.testing.assert_allclose(own.covariance, own.sigma**2 * np.eye(6))
    ar, sigma = model.placebo(design, EST, WIN)
    assert ar.shape == (4, 6)
    weights = simplex_weights(donors[EST, 0], donors[EST, 1:])
    gap = donors[:, 0] - donors[:, 1:] @ weights
    np.testing.assert_allclose(ar[0], gap[WIN], atol=1e-6)
    assert sigma[0] == pytest.approx(np.sqrt((gap[EST] ** 2).mean()), rel=1e-4)
    with pytest.raises(StudyError, match="at least two donors"):
        ash.models.SyntheticControl(["A"])


@pytest.mark.parametrize(
    ("model", "coefficients"),
    [
        (lambda: ash.models.ScholesWilliams("^IDX"), {"alpha", "beta"}),
        (lambda: ash.models.RobustModel("^IDX"), {"alpha", "beta"}),
        (lambda: ash.models.GarchModel("^IDX"), {"alpha", "beta", "omega", "arch", "garch"}),
        (lambda: ash.models.SyntheticControl(["BBB", "CCC", "^IDX"]), {"w BBB", "w CCC", "w ^IDX"}),
    ],
)
def test_every_model_runs_a_whole_study(make_panel, model, coefficients):
    pytest.importorskip("arch")
    pytest.importorskip("cvxpy")
    panel = make_panel(
        sessions=260, tickers=("AAA", "BBB", "CCC", "^IDX"), seed=11, start="2025-01-02"
    )
    frame = pd.DataFrame(
        {"id": f"e{i}", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
         "when": str(panel.sessions.date(170 + 20 * i))}
        for i in range(3)
    )  # fmt: skip
    study = ash.Study(
        title="T", events=ash.select(), model=model(), returns="simple", estimation=(-150, -11),
        window=(-5, 5), cars=[(0, 0), (0, 5)], min_obs=120,
    )  # fmt: skip
    result = study.fit(ash.EventBook.from_frame(frame, calendar="XHKG"), panel)
    assert result.events["status"].tolist() == ["used"] * 3
    assert coefficients <= set(result.estimates.columns)
    assert result.car[["car", "se", "t", "p_value"]].notna().all(axis=None)
    assert result.tests.query("test == 'BMP'")["note"].tolist() == ["", ""]
    assert result.conventions["engine"] == "one event at a time"
    if isinstance(study.model, ash.models.SyntheticControl):
        across = result.single.query("test == 'placebo across donors'")
        assert across["n"].tolist() == [4] * 6
        assert (across["floor"] == 0.25).all()
        assert across["p_value"].between(0.25, 1.0).all()
        over_time = result.single.query("test == 'conformal placebo'")
        assert over_time["n"].tolist() == [141, 146] * 3
        np.testing.assert_allclose(over_time["floor"], 1 / over_time["n"])
        np.testing.assert_allclose(over_time["one_day_floor"], [1 / 141, 6 / 146] * 3)
        ranks = over_time["p_value"] * over_time["n"]
        np.testing.assert_allclose(ranks, ranks.round(), atol=1e-9)
        assert (over_time["note"] == "").all()
