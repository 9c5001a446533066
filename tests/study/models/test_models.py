"""Each model against the closed form of its textbook, never against itself."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import aftershock as ash
from aftershock.errors import StudyError
from aftershock.sessions import Sessions
from aftershock.study.models import Market
from aftershock.study.models.estimate import least_squares


@pytest.fixture
def data():
    rng = np.random.default_rng(7)
    market = 0.012 * rng.standard_normal(80)
    stock = 0.001 + 1.3 * market + 0.02 * rng.standard_normal(80)
    peer = 0.5 * market + 0.01 * rng.standard_normal(80)
    return np.column_stack([stock, market, peer])


DAYS = Sessions.rows(dt.date(2026, 1, 1) + dt.timedelta(days=i) for i in range(80))
EST, WIN = np.arange(0, 60), np.arange(65, 72)


def design(model, data):
    return model.design(Market(data, {"S": 0, "M": 1, "P": 2}.__getitem__, DAYS))


def estimate(model, data):
    return model.estimate(design(model, data), data[:, 0], EST, WIN)


def test_market_model_is_mackinlays(data):
    fit = estimate(ash.MarketModel(benchmark="M"), data)
    y, x = data[EST, 0], data[EST, 1]
    n, x_bar = y.size, x.mean()
    s_xx = ((x - x_bar) ** 2).sum()
    beta = ((x - x_bar) * y).sum() / s_xx
    alpha = y.mean() - beta * x_bar
    s2 = ((y - alpha - beta * x) ** 2).sum() / (n - 2)
    assert fit.names == ("alpha", "beta")
    np.testing.assert_allclose(fit.coefficients, [alpha, beta], rtol=1e-12)
    assert fit.sigma == pytest.approx(np.sqrt(s2), rel=1e-12)
    assert fit.dof == n - 2
    w = data[WIN, 1]
    np.testing.assert_allclose(fit.expected, alpha + beta * w, rtol=1e-10)
    # MacKinlay (1997): s2 (1 + 1/n + (w - x_bar)^2 / s_xx) on the diagonal, and the shared
    # coefficients off it: s2 (1/n + (w_i - x_bar)(w_j - x_bar) / s_xx)
    shared = 1 / n + np.outer(w - x_bar, w - x_bar) / s_xx
    np.testing.assert_allclose(fit.covariance, s2 * (np.eye(w.size) + shared), rtol=1e-10)
    # variance of the CAR as the facts print it
    length = w.size
    v = s2 * (length + length**2 / n + (w - x_bar).sum() ** 2 / s_xx)
    assert fit.covariance.sum() == pytest.approx(v, rel=1e-10)


def test_constant_mean(data):
    fit = estimate(ash.MeanModel(), data)
    y = data[EST, 0]
    assert fit.alpha == pytest.approx(y.mean(), rel=1e-12)
    assert fit.sigma == pytest.approx(y.std(ddof=1), rel=1e-12)
    assert fit.dof == 59
    length = WIN.size
    assert fit.covariance.sum() == pytest.approx(
        y.var(ddof=1) * (length + length**2 / 60), rel=1e-12
    )


def test_market_adjusted_estimates_nothing(data):
    fit = estimate(ash.MarketAdjusted(benchmark="M"), data)
    excess = data[EST, 0] - data[EST, 1]
    assert fit.names == ()
    assert fit.dof == 60
    assert fit.sigma == pytest.approx(np.sqrt((excess**2).mean()), rel=1e-12)
    np.testing.assert_allclose(fit.expected, data[WIN, 1])
    np.testing.assert_allclose(fit.covariance, np.eye(7) * (excess**2).mean(), rtol=1e-12)


def test_peers_are_an_equal_weighted_basket(data):
    one = estimate(ash.PeerModel("P"), data)
    slope = np.polyfit(data[EST, 2], data[EST, 0], 1)
    np.testing.assert_allclose(one.coefficients[::-1], slope, rtol=1e-8)
    two = estimate(ash.PeerModel(["M", "P"]), data)
    slope = np.polyfit(data[EST, 1:].mean(axis=1), data[EST, 0], 1)
    np.testing.assert_allclose(two.coefficients[::-1], slope, rtol=1e-8)


def test_a_session_without_one_peer_has_no_basket(data):
    data[30, 2] = np.nan
    usable = design(ash.PeerModel(["M", "P"]), data).usable
    assert not usable[30]
    assert usable.sum() == 79


def test_alpha_forced_to_zero_is_a_regression_through_the_origin(data):
    model = ash.MarketModel(benchmark="M")
    fit = model.estimate(design(model, data).without_alpha(), data[:, 0], EST, WIN)
    y, x = data[EST, 0], data[EST, 1]
    beta = (x @ y) / (x @ x)
    np.testing.assert_allclose(fit.coefficients, [beta], rtol=1e-12)
    assert fit.dof == 59
    assert fit.sigma == pytest.approx(np.sqrt(((y - beta * x) ** 2).sum() / 59), rel=1e-12)
    assert fit.alpha == 0.0


def test_a_benchmark_that_does_not_vary_is_refused(data):
    data[:, 1] = 0.003
    with pytest.raises(StudyError, match="not identified: a benchmark is constant"):
        estimate(ash.MarketModel(benchmark="M"), data)


def test_more_regressors_than_returns_are_refused():
    with pytest.raises(StudyError, match="2 returns in the estimation window cannot identify 2"):
        least_squares(("alpha", "beta"), np.zeros(2), np.eye(2), np.zeros(1), np.ones((1, 2)))


def test_a_peer_model_needs_a_peer():
    with pytest.raises(StudyError, match="at least one peer"):
        ash.PeerModel([])


def test_leverage_sums_to_the_number_of_coefficients(data):
    assert estimate(ash.MarketModel(benchmark="M"), data).leverage.sum() == pytest.approx(2.0)


def test_standardised_residuals_are_statsmodels(data):
    import statsmodels.api as sm

    fit = estimate(ash.MarketModel(benchmark="M"), data)
    reference = sm.OLS(data[EST, 0], sm.add_constant(data[EST, 1])).fit().get_influence()
    np.testing.assert_allclose(fit.standardised, reference.resid_studentized_internal, rtol=1e-9)
