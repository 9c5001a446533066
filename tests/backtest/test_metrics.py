"""Figures against empyrical and against formulas written out here."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from aftershock.backtest.metrics import Drawdown, blocks, drawdown, drawdowns, performance
from aftershock.backtest.versus import newey_west_lags, regress, relative

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical


@pytest.fixture
def curve():
    rng = np.random.default_rng(11)
    returns = np.zeros(252)
    returns[100:140] = 0.002 + 0.01 * rng.standard_normal(40)  # waits, trades, waits
    return 1_000_000 * np.cumprod(np.r_[1.0, 1 + returns])


def test_figures_keep_flat_days_like_empyrical(curve):
    own = performance(curve)
    returns = curve[1:] / curve[:-1] - 1
    assert own.total_return == pytest.approx(empyrical.cum_returns_final(returns))
    assert own.annual_return == pytest.approx(empyrical.annual_return(returns))
    assert own.annual_volatility == pytest.approx(empyrical.annual_volatility(returns))
    assert own.sharpe == pytest.approx(empyrical.sharpe_ratio(returns))
    assert own.sortino == pytest.approx(empyrical.sortino_ratio(returns))
    assert own.max_drawdown == pytest.approx(empyrical.max_drawdown(returns))
    assert own.calmar == pytest.approx(empyrical.calmar_ratio(returns))


SEVEN = {
    "total_return": empyrical.cum_returns_final,
    "annual_return": empyrical.annual_return,
    "annual_volatility": empyrical.annual_volatility,
    "sharpe": empyrical.sharpe_ratio,
    "sortino": empyrical.sortino_ratio,
    "max_drawdown": empyrical.max_drawdown,
    "calmar": empyrical.calmar_ratio,
}


def random_returns(seed):
    """Returns of a curve of 1 to 400 sessions: waiting, rising only, flat, steady or restless."""
    rng = np.random.default_rng([7, seed])
    n = int(rng.choice([1, 2, 3, 20, 60, 252, 400]))
    moves = 0.02 * rng.standard_t(4, n).clip(-10, 10)
    shape = seed % 5
    if shape == 1:
        moves[: n // 2] = 0.0
    if shape == 2:
        moves = np.abs(moves)
    if shape == 3 and seed % 2:
        moves = np.zeros(n)
    return moves


@pytest.mark.parametrize("name", SEVEN)
def test_seven_metrics_are_empyricals_on_a_thousand_curves(name):
    """Undefined where empyrical is undefined, and where it divides by nothing.

    The exceptions: returns that do not vary, and a Sortino ratio without a fall, are infinite
    or of the size of rounding there; a Calmar ratio of one return is a number there.
    """
    compared = 0
    for seed in range(1_000):
        returns = random_returns(seed)
        levels = 1_000.0 * np.cumprod(np.r_[1.0, 1.0 + returns])
        mine = getattr(performance(levels), name)
        with np.errstate(all="ignore"):
            other = float(SEVEN[name](returns))
        flat = np.ptp(returns) == 0.0
        if (name == "sharpe" and flat) or (name == "sortino" and not (returns < 0).any()):
            assert np.isnan(mine), seed
            continue
        if name == "calmar" and returns.size == 1:
            assert np.isnan(mine)
            continue
        assert mine == pytest.approx(other, rel=1e-7, abs=1e-12, nan_ok=True), seed
        compared += 1
    assert compared > 500


def test_a_run_that_never_trades_has_no_ratios():
    flat = performance(np.full(50, 100.0))
    assert flat.total_return == 0.0
    assert np.isnan([flat.sharpe, flat.sortino, flat.calmar]).all()


def test_drawdown_by_hand():
    np.testing.assert_allclose(
        drawdown(np.array([100.0, 120.0, 90.0, 96.0, 130.0])), [0, 0, -0.25, -0.2, 0]
    )


def test_blocks_are_unbroken_stretches():
    held = np.array([0, 1, 1, 0, 0, 1, 1, 1, 0, 1], dtype=bool)
    assert blocks(held) == 3
    assert blocks(np.zeros(5, dtype=bool)) == 0


def test_an_account_that_is_ruined_has_no_ratios():
    ruined = performance(np.array([100.0, 40.0, -20.0, 10.0]))
    assert ruined.total_return == pytest.approx(-0.9)
    assert np.isnan([ruined.sharpe, ruined.annual_return, ruined.max_drawdown]).all()


def test_newey_west_lags_follow_the_rule_and_the_holding():
    assert newey_west_lags(100, 0) == 4
    assert newey_west_lags(250, 3) == 4  # 4 * 2.5 ** (2/9) = 4.90
    assert newey_west_lags(250, 16) == 15
    assert newey_west_lags(10, 30) == 8


def newey_west_by_hand(y, x, lags):
    """Bartlett weights, n / (n - 2) correction; Newey and West (1987)."""
    design = np.column_stack([np.ones_like(x), x])
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    u = design * (y - design @ beta)[:, None]
    meat = u.T @ u
    for lag in range(1, lags + 1):
        cross = u[lag:].T @ u[:-lag]
        meat += (1 - lag / (lags + 1)) * (cross + cross.T)
    bread = np.linalg.inv(design.T @ design)
    n = len(y)
    covariance = bread @ meat @ bread * n / (n - 2)
    return beta, beta / np.sqrt(np.diag(covariance))


def test_alpha_and_beta_with_newey_west_errors():
    rng = np.random.default_rng(2)
    x = 0.01 * rng.standard_normal(300)
    held = np.tile(np.r_[np.ones(12, dtype=bool), np.zeros(8, dtype=bool)], 15)
    y = np.where(held, 0.001 - 0.8 * x + 0.01 * rng.standard_normal(300), 0.0)
    fit = regress(y, x, held, longest=12, only_in_market=False)
    beta, t = newey_west_by_hand(y, x, 11)
    assert (fit.lags, fit.blocks, fit.n) == (11, 15, 300)
    assert fit.alpha == pytest.approx(252 * beta[0], rel=1e-9)
    assert fit.beta == pytest.approx(beta[1], rel=1e-9)
    assert fit.alpha_t == pytest.approx(t[0], rel=1e-9)
    assert fit.beta_t == pytest.approx(t[1], rel=1e-9)
    inside = regress(y, x, held, longest=12, only_in_market=True)
    assert inside.n == 180
    assert inside.beta == pytest.approx(-0.8, abs=0.2)


def test_below_ten_blocks_there_is_no_inference():
    rng = np.random.default_rng(3)
    x = 0.01 * rng.standard_normal(100)
    held = np.zeros(100, dtype=bool)
    held[40:56] = True
    fit = regress(np.where(held, -x + 0.01, 0.0), x, held, longest=16, only_in_market=False)
    assert fit.note == "no inference: see placebo"
    assert np.isnan([fit.alpha_t, fit.alpha_p, fit.beta_t]).all()
    assert np.isfinite([fit.alpha, fit.beta]).all()


def test_a_strategy_never_in_the_market_says_so():
    nothing = np.zeros(100)
    x = np.random.default_rng(0).standard_normal(100)
    assert (
        regress(nothing, x, nothing.astype(bool), longest=0, only_in_market=True).note
        == "never in the market"
    )


def test_newey_west_is_that_of_statsmodels_own_formula():
    """Through ``get_robustcov_results`` on another fit, not the fit's own ``cov_type``."""
    from statsmodels.regression.linear_model import OLS

    rng = np.random.default_rng(12)
    x = 0.01 * rng.standard_normal(250)
    held = np.tile(np.r_[np.ones(6, dtype=bool), np.zeros(4, dtype=bool)], 25)
    y = np.where(held, 0.5 * x + 0.01 * rng.standard_normal(250), 0.0)
    own = regress(y, x, held, longest=6, only_in_market=False)
    plain = OLS(y, np.column_stack([np.ones(250), x])).fit()
    robust = plain.get_robustcov_results("HAC", maxlags=5, use_correction=True, use_t=True)
    assert own.lags == 5
    assert (own.alpha_t, own.beta_t) == pytest.approx(tuple(robust.tvalues), rel=1e-9)
    assert own.alpha_p == pytest.approx(robust.pvalues[0], rel=1e-9)


def test_figures_beside_a_benchmark_like_empyrical():
    rng = np.random.default_rng(5)
    market = 0.01 * rng.standard_normal(250)
    own = np.where(np.arange(250) % 5 == 0, -0.4 * market + 0.012 * rng.standard_normal(250), 0.0)
    everything = np.ones(250, dtype=bool)
    found = relative(own, market, everything)
    beyond = own - market
    assert found.tracking_error == pytest.approx(empyrical.annual_volatility(beyond))
    assert found.information_ratio == pytest.approx(
        empyrical.excess_sharpe(own, market) * np.sqrt(252)
    )
    # "yearly" is empyrical's way of saying a geometric mean a period, not compounded to a year
    assert found.up_capture == pytest.approx(empyrical.up_capture(own, market, period="yearly"))
    assert found.down_capture == pytest.approx(empyrical.down_capture(own, market, period="yearly"))


def test_captures_by_hand():
    market = np.array([0.01, 0.01, -0.02, 0.0, np.nan])
    own = np.array([0.005, 0.005, 0.01, 0.3, 0.3])
    found = relative(own, market, np.ones(5, dtype=bool))
    assert found.up_capture == pytest.approx(0.5)
    assert found.down_capture == pytest.approx(-0.5)
    rising = relative(own[:2], market[:2], np.ones(2, dtype=bool))
    assert np.isnan(rising.down_capture)
    assert np.isnan(rising.information_ratio)  # always half a percent below: no variation
    assert np.isnan(relative(own, market, np.zeros(5, dtype=bool)).tracking_error)


def test_drawdowns_by_hand():
    """100 120 90 96 130: one regained; 117 130 is a tenth; 65 is open at the end."""
    curve = np.array([100.0, 120, 90, 96, 130, 117, 130, 104, 65, 78])
    assert drawdowns(curve) == [
        Drawdown(6, 8, None, -0.5, 3),
        Drawdown(1, 2, 4, -0.25, 3),
        Drawdown(4, 5, 6, pytest.approx(-0.1), 2),
    ]
    assert drawdowns(curve, most=1)[0].depth == -0.5
    assert drawdowns(np.array([1.0, 2.0, 2.0, 3.0])) == []
    assert drawdowns(np.array([2.0, 1.0, 1.0])) == [Drawdown(0, 1, None, -0.5, 2)]


def test_the_deepest_drawdown_is_empyricals(curve):
    returns = curve[1:] / curve[:-1] - 1
    assert drawdowns(curve)[0].depth == pytest.approx(empyrical.max_drawdown(returns))
