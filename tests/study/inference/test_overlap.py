"""Tests over overlapping windows: the oracle's values, and sizes where the usual ones fail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from aftershock.study.inference.overlap import (
    Calendar,
    calendar_covariance_t,
    calendar_day_t,
    chain_t,
    row_permutation,
)
from aftershock.study.inference.standardised import bmp


def staggered(rng, runs=None, stocks=3, apart=1, length=5, t=60, rho=0.0):
    """Stocks with one event each, some sessions apart."""
    days = (stocks - 1) * apart + length
    weights = np.zeros((days, stocks))
    for stock in range(stocks):
        weights[stock * apart : stock * apart + length, stock] = 1 / stocks
    shape = (t + days, stocks) if runs is None else (runs, t + days, stocks)
    market = rng.normal(size=t + days)
    common = rng.normal(size=(*shape[:-1], 1))
    errors = np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.normal(size=shape)
    returns = market[:, None] + errors
    x = np.column_stack([np.ones(t + days), market])
    return Calendar(returns[..., :t, :], x[:t], returns[..., t:, :], x[t:], weights)


def test_the_calendar_statistics_are_the_oracles():
    # the oracle's main: seed 20, after its first series, three stocks a session apart
    rng = np.random.default_rng(20)
    rng.normal(size=110)
    rng.standard_t(4, 110)
    market = rng.normal(size=90)
    returns = market[:, None] + rng.normal(size=(90, 3))
    weights = np.zeros((7, 3))
    for stock in range(3):
        weights[stock : stock + 5, stock] = 1 / 3
    x = np.column_stack([np.ones(90), market])
    calendar = Calendar(returns[10:70], x[10:70], returns[80:87], x[80:87], weights)
    day, covariance = calendar_day_t(calendar), calendar_covariance_t(calendar)
    assert (day.dof, covariance.dof) == (6, 58)
    expected = reference(returns, x, weights)
    assert (float(day.t), float(covariance.t)) == pytest.approx(expected, rel=1e-12)


def reference(returns, x, weights):
    """Both statistics written out with explicit inverses."""
    before, inside = slice(10, 70), slice(80, 87)
    inverse = np.linalg.inv(x[before].T @ x[before])
    b = inverse @ x[before].T @ returns[before]
    e = returns[before] - x[before] @ b
    s = np.sqrt((e**2).sum(axis=0) / 58)
    c = (e / s).T @ (e / s) / 58
    a = (returns[inside] - x[inside] @ b) / s
    own = sum(w @ c @ w for w in weights)
    g = x[inside].T @ weights
    shared = sum(c[i, j] * g[:, i] @ inverse @ g[:, j] for i in range(3) for j in range(3))
    y = (a * weights).sum(axis=1)
    day = y.sum() / (np.sqrt(1 + shared / own) * np.sqrt(7) * y.std(ddof=1))
    return day, y.sum() / np.sqrt(own + shared)


def test_chains_without_overlap_are_bmp():
    scar = np.random.default_rng(2).normal(size=8)
    found = chain_t(scar, np.arange(8))
    assert float(found.t) == pytest.approx(float(bmp(scar)))
    assert found.dof == 7


def test_a_chain_is_one_observation():
    scar = np.array([1.0, 2.0, -1.0, 0.5])
    sums = np.array([3.0, -1.0, 0.5])
    found = chain_t(scar, np.array([0, 0, 1, 2]))
    assert float(found.t) == pytest.approx(float(stats.ttest_1samp(sums, 0.0).statistic))


def rejections(found):
    return float((2 * stats.t.sf(np.abs(found.t), found.dof) < 0.05).mean())


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_sizes_for_ten_stocks_a_session_apart(rho):
    calendar = staggered(np.random.default_rng(7), runs=3_000, stocks=10, length=11, rho=rho)
    error = 4 * np.sqrt(0.05 * 0.95 / 3_000)
    assert rejections(calendar_day_t(calendar)) < 0.06 + error
    assert abs(rejections(calendar_covariance_t(calendar)) - 0.05) < error
    # what BMP does there is why it refuses
    single = (calendar.window_returns * (calendar.weights > 0)).sum(axis=-2)
    if rho:
        scar = single / single.std(axis=0)
        t = bmp(scar)
        assert (2 * stats.t.sf(np.abs(t), 9) < 0.05).mean() > 0.15


def test_the_row_permutation_agrees_with_the_covariance_t_where_its_assumption_holds():
    calendar = staggered(np.random.default_rng(11), stocks=5, length=7)
    _, p = row_permutation(calendar, seed=1)
    found = calendar_covariance_t(calendar)
    assert abs(p - 2 * stats.t.sf(abs(float(found.t)), found.dof)) < 0.1
    assert row_permutation(calendar, seed=1) == row_permutation(calendar, seed=1)
