"""The weighted mean against statsmodels, by hand, and where its weights are equal."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from aftershock.study.inference.weighted import weighted_mean

CAR = np.array([0.04, -0.01, 0.03, 0.10, -0.02, 0.05])
W = np.array([1.0, 5.0, 2.0, 0.5, 3.0, 4.0])


def test_equal_weights_are_the_cross_sectional_t():
    own = weighted_mean(CAR, np.full(6, 3.0))
    reference = stats.ttest_1samp(CAR, 0.0)
    assert own.mean == pytest.approx(CAR.mean())
    assert own.t == pytest.approx(reference.statistic)
    assert own.dof == pytest.approx(5.0)
    assert own.n_effective == pytest.approx(6.0)


def test_the_standard_error_is_hc2_of_the_weighted_regression():
    """statsmodels: WLS on a constant with HC2, whose leverages are the weights."""
    own = weighted_mean(CAR, W)
    reference = sm.WLS(CAR, np.ones(6), weights=W).fit(cov_type="HC2")
    assert own.mean == pytest.approx(reference.params[0])
    assert own.se == pytest.approx(reference.bse[0])


def test_degrees_of_freedom_are_of_the_effective_n():
    own = weighted_mean(CAR, W)
    assert own.n_effective == pytest.approx(W.sum() ** 2 / (W**2).sum())
    assert own.dof == pytest.approx(own.n_effective - 1)


@pytest.mark.parametrize("slope", [-0.25, 0.0, 0.25])
@pytest.mark.parametrize("n", [10, 30])
def test_size_with_values_that_differ_fortyfold(n, slope):
    """Spreads that fall with value, do not know it, or rise with it; 20,000 replicates."""
    rng = np.random.default_rng(n)
    value = np.geomspace(1.0, 40.0, n)
    car = value**slope * rng.standard_t(5, (20_000, n))
    own = weighted_mean(car, value)
    p = 2 * stats.t.sf(np.abs(own.t), own.dof)
    assert 0.04 < (p < 0.05).mean() < 0.06


def test_scale_replicates_and_one_event():
    many = weighted_mean(np.stack([CAR, 2 * CAR]), 7 * W)
    one = weighted_mean(CAR, W)
    np.testing.assert_allclose(many.t, one.t)
    np.testing.assert_allclose(many.mean, [one.mean, 2 * one.mean])
    alone = weighted_mean(CAR[:1], W[:1])
    assert alone.mean == pytest.approx(0.04)
    assert np.isnan(alone.se)
