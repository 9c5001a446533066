"""That what is simulated is what the models compute, and a sample of the simulation."""

from __future__ import annotations

import datetime as dt

import model_sizes
import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.sessions import Sessions
from aftershock.study.models import Market
from aftershock.study.models.synthetic import simplex_weights
from aftershock.study.singles import conformal_ring

T, LENGTH = 60, 5
DAYS = Sessions.rows(dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(T + LENGTH))
SOME = 4_000


def band(replicates):
    """Three Monte Carlo deviations of a share of 5 %."""
    return 3 * np.sqrt(0.05 * 0.95 / replicates)


@pytest.mark.parametrize("errors", ["t(4)", "5 % of five sigmas"])
def test_the_simulated_t_is_the_models(errors):
    rng = np.random.default_rng(1)
    market = 0.01 * rng.standard_normal((8, T + LENGTH))
    y = 0.001 + 0.8 * market + 0.02 * model_sizes.ERRORS[errors](rng, market.shape)
    x = np.stack([np.ones_like(market), market], axis=-1)
    simulated = model_sizes.robust_t(y, x, T)
    model = ash.models.RobustModel("M")
    for i in range(8):
        data = np.column_stack([y[i], market[i]])
        design = model.design(Market(data, {"S": 0, "M": 1}.__getitem__, DAYS))
        own = model.estimate(design, y[i], np.arange(T), np.arange(T, T + LENGTH))
        car = (y[i, T:] - own.expected).sum()
        assert simulated[i] == pytest.approx(car / np.sqrt(own.covariance.sum()), rel=1e-5)


@pytest.mark.parametrize("errors", ["t(4)", "5 % of three sigmas"])
@pytest.mark.parametrize("length", [1, 11])
def test_size_of_the_robust_t(errors, length):
    """The deviation that weighs the estimation would reject 7 to 12 % here."""
    size = model_sizes.robust_size(errors, T, length, SOME)
    assert 0.04 - band(SOME) < size < 0.065 + band(SOME)


def test_the_simulated_mix_is_the_models():
    pytest.importorskip("cvxpy")
    rng = np.random.default_rng(2)
    donors = rng.standard_normal((5, T, 4))
    y = donors @ np.array([0.7, 0.3, 0.0, 0.0]) + rng.standard_normal((5, T))
    many = model_sizes.mixes(y, donors)
    for i in range(5):
        np.testing.assert_allclose(many[i], simplex_weights(y[i], donors[i]), atol=1e-5)


def slow_p(residuals, first, length):
    """Roll the series one place at a time and look at the last ``length`` (the paper's words)."""
    n = residuals.size
    ordered = np.array([residuals[(first + length + i) % n] for i in range(n)])
    sums = []
    for shift in range(n):
        permuted = [ordered[(i + shift) % n] for i in range(n)]
        sums.append(abs(sum(permuted[n - length :])) / length**0.5)
    return sum(value >= sums[0] - 1e-12 for value in sums) / n


@pytest.mark.parametrize(("first", "length"), [(60, 1), (60, 5), (55, 3), (0, 11)])
def test_the_conformal_p_is_a_slow_loops(first, length):
    residuals = np.random.default_rng(3).standard_t(4, 65)
    residuals[first : first + length] += 0.8
    ring = conformal_ring(residuals, first, length)
    assert float(ring.p_value) == pytest.approx(slow_p(residuals, first, length))
    assert int(ring.n) == 65
    assert float(ring.floor) == pytest.approx(1 / 65)


def test_size_of_the_conformal_placebo():
    for length in (1, 5, 11):
        size = model_sizes.conformal_size("t(4)", T, length, SOME)
        attainable = np.floor(0.05 * (T + length)) / (T + length)
        assert abs(size - attainable) < band(SOME) + 0.005


def test_a_study_prints_the_conformal_p_of_its_own_rows(make_panel, make_bars):
    """Weights on estimation rows and window together, by hand; an effect of 20 % is at the floor."""
    pytest.importorskip("cvxpy")
    panel = make_panel(sessions=120, tickers=("AAA", "BBB", "CCC", "DDD"), seed=4)
    close = panel.close.copy()
    close[100:, 0] *= 1.2
    frames = {
        name: make_bars(panel.sessions.dates, close[:, i]) for i, name in enumerate(panel.tickers)
    }
    own = ash.PricePanel.from_frames(frames, calendar="XHKG")
    when = str(own.sessions.date(100))
    event = {"id": "e", "ticker": "AAA", "kind": "announcement", "timing": "pre_open", "when": when}
    book = ash.EventBook.from_frame(pd.DataFrame([event]), calendar="XHKG")
    study = ash.Study(
        title="T", events=ash.select(), model=ash.models.SyntheticControl(["BBB", "CCC", "DDD"]),
        returns="simple", estimation=(-80, -11), window=(-5, 5), cars=[(0, 2), (0, 5)],
    )  # fmt: skip
    rows = study.fit(book, own).single.query("test == 'conformal placebo'").set_index("end")
    returns = own.returns("simple")
    at = np.r_[20:90, 100:103]
    residuals = returns[at, 0] - returns[at, 1:] @ simplex_weights(returns[at, 0], returns[at, 1:])
    assert rows.loc[2, "p_value"] == pytest.approx(slow_p(residuals, 70, 3))
    assert rows.loc[2, "n"] == 73
    assert rows.loc[2, "one_day_floor"] == pytest.approx(3 / 73)
    assert rows.loc[5, "note"] == ""
    assert rows.loc[2, "p_value"] <= 3 / 73 + 1e-12
