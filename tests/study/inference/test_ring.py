"""The ring against loops over sessions, statsmodels' dummy t, and the published oracle."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from aftershock.study.inference.ring import (
    Ring,
    around,
    local_scale,
    null_residuals,
    rank_p,
    scaled_ring,
    scaled_sums,
    too_short,
    unscaled_ring,
)

N, L, START = 110, 11, 99


@pytest.fixture(scope="module")
def series():
    """The series of the oracle's own main: t(4) errors, a drift in the last eleven sessions."""
    rng = np.random.default_rng(20)
    market = rng.normal(size=N)
    y = market + 0.03 * rng.standard_t(4, N)
    y[START:] += 0.02
    return y, np.column_stack([np.ones(N), market])


def test_sums_go_round_the_ring_term_by_term():
    values = np.array([1e16, 1.0, -1e16, 2.0])
    # a running total would lose the 1 and the 2
    assert around(values, 2).tolist() == [1e16 + 1.0, 1.0 - 1e16, -1e16 + 2.0, 2.0 + 1e16]
    assert around(np.arange(4.0), 3).tolist() == [3.0, 6.0, 5.0, 4.0]


def test_the_unscaled_p_is_the_oracles(series):
    y, x = series
    ring = unscaled_ring(null_residuals(y, x), START, L)
    # printed by the oracle's main
    assert ring.p_value == pytest.approx(0.09090909090909091, abs=0)
    assert (ring.n, ring.floor, ring.one_day_floor) == (110, 1 / 110, 0.1)


def test_the_unscaled_statistic_ranks_as_the_dummys_t_does(series):
    y, x = series
    ring = unscaled_ring(null_residuals(y, x), START, L)
    t = []
    for k in range(N):
        dummy = np.zeros(N)
        dummy[(START + k + np.arange(L)) % N] = 1.0
        t.append(sm.OLS(y, np.column_stack([x, dummy])).fit().tvalues[-1])
    assert np.argsort(np.abs(ring.z)).tolist() == np.argsort(np.abs(t)).tolist()


def test_the_local_scale_is_the_mean_of_both_sides_and_of_one_at_the_ends(series):
    y, x = series
    u = null_residuals(y, x).u
    by_hand = [
        np.mean([abs(u[s]) for s in range(N) if L <= abs(s - t) <= L + 19]) for t in range(N)
    ]
    np.testing.assert_allclose(local_scale(u, L), by_hand, rtol=1e-13)


def test_a_session_of_a_window_never_scales_another_of_it(series):
    y, x = series
    u = null_residuals(y, x).u
    wild = u.copy()
    wild[START] *= 100.0
    inside = slice(START, START + L)
    np.testing.assert_array_equal(local_scale(wild, L)[inside], local_scale(u, L)[inside])


def test_residuals_are_those_of_least_squares(series):
    y, x = series
    residuals = null_residuals(y, x)
    np.testing.assert_allclose(residuals.u, sm.OLS(y, x).fit().resid, atol=1e-14)
    total = x[START:].sum(axis=0)
    h = total @ np.linalg.inv(x.T @ x) @ total
    assert (residuals.basis[START:].sum(axis=0) ** 2).sum() == pytest.approx(h, rel=1e-12)


def test_nothing_fitted_leaves_the_returns_themselves(series):
    y, _ = series
    np.testing.assert_array_equal(null_residuals(y, np.zeros((N, 0))).u, y)


def test_replicates_are_the_series_one_by_one(series):
    _, x = series
    many = np.random.default_rng(3).normal(size=(4, N))
    for ring in (scaled_ring, unscaled_ring):
        together = ring(null_residuals(many, x), START, L).p_value
        alone = [float(ring(null_residuals(y, x), START, L).p_value) for y in many]
        assert together.tolist() == alone


def test_ties_count_against_the_event_and_it_counts_itself():
    assert float(rank_p(np.array([2.0, -2.0, 1.0, 3.0]))) == 0.75
    assert float(rank_p(np.array([9.0, 1.0, np.nan, 2.0]))) == pytest.approx(1 / 3)
    assert np.isnan(rank_p(np.array([np.nan, 1.0])))


def test_windows_that_hold_a_session_without_scale_leave_the_ring():
    u = np.zeros(60)
    u[:25] = np.random.default_rng(1).normal(size=25)
    z = scaled_sums(u, 1)
    assert np.isnan(z[45:]).all()  # nothing moved within twenty sessions of them
    assert np.isfinite(z[:44]).all()
    assert Ring(z, 1).n == np.isfinite(z).sum()


def test_where_nothing_varies_there_is_no_statistic():
    still = null_residuals(np.full(60, 0.01), np.ones((60, 1)))
    assert np.isnan(unscaled_ring(still, 50, 3).p_value)
    assert np.isnan(scaled_ring(still, 50, 3).p_value)


@pytest.mark.parametrize(("n", "length", "whole"), [(19, 1, False), (20, 1, True), (32, 11, False)])
def test_a_ring_holds_twenty_sessions_and_three_windows(n, length, whole):
    assert (too_short(n, length) == "") is whole


@pytest.mark.parametrize("length", [1, 5, 11])
@pytest.mark.parametrize("start", [10, 55, 109])
def test_size_where_the_spread_falls_from_12_to_5_percent(length, start):
    rng = np.random.default_rng(length)
    runs, n = 2_000, 120
    start = min(start, n - length)
    sigma = np.linspace(0.12, 0.05, n)
    market = rng.normal(size=n)
    y = 0.2 * market + sigma * rng.standard_t(4, size=(runs, n)) / np.sqrt(2)
    p = scaled_ring(null_residuals(y, np.column_stack([np.ones(n), market])), start, length).p_value
    assert 0.025 < (p <= 0.05).mean() < 0.075  # 4 Monte Carlo errors of .005 around .03 to .07
