"""The wild cluster bootstrap against one that runs every regression anew."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm

from aftershock.study.inference.wild import SIX, webb_weights, wild_cluster_p

CLUSTER = np.array([0] * 3 + [1] * 5 + [2] * 4 + [3] * 6 + [4] * 2)


@pytest.fixture
def data():
    rng = np.random.default_rng(12)
    shift = rng.standard_normal(5)[CLUSTER]
    x = np.column_stack([np.ones(20), rng.standard_normal(20) + shift, rng.standard_normal(20)])
    y = 0.02 * rng.standard_normal(20) + 0.01 * shift
    return y, x


def clustered_t(y, x, j):
    """statsmodels' own t."""
    fit = sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": CLUSTER})
    return float(fit.tvalues[j])


@pytest.mark.parametrize("j", [0, 1])
def test_every_rademacher_assignment_by_statsmodels(data, j):
    """Five clusters, 32 assignments, each a regression of its own (Cameron and others 2008)."""
    y, x = data
    rest = np.delete(x, j, axis=1)
    fitted = rest @ np.linalg.lstsq(rest, y, rcond=None)[0]
    weights = np.array(list(product((-1.0, 1.0), repeat=5)))
    drawn = np.array([clustered_t(fitted + w[CLUSTER] * (y - fitted), x, j) for w in weights])
    share = (np.abs(drawn) >= abs(clustered_t(y, x, j)) * (1 - 1e-9)).mean()
    assert 2 / 32 <= share < 1
    assert wild_cluster_p(y, x, CLUSTER, j, weights) == pytest.approx(share)


def test_webbs_weights_have_mean_zero_and_variance_one():
    assert SIX.mean() == pytest.approx(0.0)
    assert (SIX**2).mean() == pytest.approx(1.0)
    assert np.abs(SIX) == pytest.approx(np.sqrt([1.5, 1, 0.5, 0.5, 1, 1.5]))


def test_few_clusters_are_enumerated_and_more_are_drawn():
    weights, complete = webb_weights(5, seed=0)
    assert (weights.shape, complete) == ((7776, 5), True)
    assert len(np.unique(weights, axis=0)) == 7776
    weights, complete = webb_weights(6, seed=0)
    assert (weights.shape, complete) == ((10_000, 6), False)
    assert (weights[0] == 1).all()
    np.testing.assert_array_equal(weights, webb_weights(6, seed=0)[0])


def test_its_size_with_six_clusters_where_student_t_rejects_too_often():
    """A regressor that varies between clusters only: 400 samples, p by 999 draws each."""
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(6), 5)
    x = np.column_stack([np.ones(30), np.array([0.0, 0, 0, 0, 1, 1])[cluster]])
    y = rng.standard_normal((400, 6))[:, cluster] + rng.standard_normal((400, 30))
    weights = np.concatenate([np.ones((1, 6)), rng.choice(SIX, size=(999, 6))])
    p = wild_cluster_p(y, x, cluster, 1, weights)
    assert p.shape == (400,)
    assert (p <= 0.05).mean() < 0.09
    plain = [
        sm.OLS(row, x).fit(cov_type="cluster", cov_kwds={"groups": cluster}, use_t=True).pvalues[1]
        for row in y[:200]
    ]
    assert np.mean(np.array(plain) < 0.05) > 0.1


def test_the_package_wildboottest_says_the_same():
    """Eight clusters. wildboottest 0.3.2, null imposed: Webb .12524 of 99,999 draws; Rademacher
    32 of 256, which counts what is larger only, not the two assignments that repeat the data."""
    rng = np.random.default_rng(12)
    cluster = np.repeat(np.arange(8), [3, 5, 4, 6, 2, 4, 5, 3])
    shift = rng.standard_normal(8)[cluster]
    x = np.column_stack([np.ones(32), rng.standard_normal(32) + shift])
    y = 0.02 * rng.standard_normal(32) + 0.012 * shift
    both = np.array(list(product((-1.0, 1.0), repeat=8)))
    assert wild_cluster_p(y, x, cluster, 1, both) == pytest.approx((32 + 2) / 256)
    p = wild_cluster_p(y, x, cluster, 1, webb_weights(8, seed=0)[0])
    assert p == pytest.approx(0.12524, abs=0.01)  # 3 standard errors of 10,000 draws


def test_replicates_and_scale(data):
    y, x = data
    weights, _ = webb_weights(5, seed=0)
    own = wild_cluster_p(np.stack([y, 3 * y]), x, CLUSTER, 1, weights)
    np.testing.assert_allclose(own, wild_cluster_p(y, x, CLUSTER, 1, weights))
