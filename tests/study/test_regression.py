"""All events of a stock in one regression, against the prediction-error t and by construction."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

import aftershock as ash
from aftershock.content import load_file
from aftershock.errors import StudyError
from aftershock.study.models import Design
from aftershock.study.models.estimate import ALPHA, least_squares
from aftershock.study.regression import event_regression

N = 80


@pytest.fixture
def data():
    rng = np.random.default_rng(21)
    market = 0.01 * rng.standard_normal(N)
    return 0.001 + 0.8 * market + 0.02 * rng.standard_normal(N), market


def design_of(market):
    x = np.column_stack([np.ones_like(market), market])
    return Design((ALPHA, "beta"), np.zeros_like(market), x)


def window(*rows):
    out = np.zeros(N, dtype=bool)
    out[list(rows)] = True
    return out


def test_one_day_is_the_prediction_error_t(data):
    y, market = data
    (own,) = event_regression(y, design_of(market), {"e": window(40)}).parameters
    rest = np.delete(np.arange(N), 40)
    x = design_of(market).regressors
    reference = least_squares((ALPHA, "beta"), y[rest], x[rest], np.zeros(1), x[[40]])
    assert own.car == pytest.approx(y[40] - reference.expected[0], rel=1e-10)
    assert own.se == pytest.approx(np.sqrt(reference.covariance[0, 0]), rel=1e-10)
    assert own.dof == N - 3
    assert own.p_value == pytest.approx(2 * stats.t.sf(abs(own.car / own.se), N - 3))


def test_overlapping_windows_are_separated():
    rng = np.random.default_rng(22)
    market = 0.01 * rng.standard_normal(N)
    y = 0.8 * market
    y[40:42] += 0.05  # first event
    y[41:43] += 0.03  # second, sharing a session
    y += 1e-6 * rng.standard_normal(N)
    windows = {"a": window(40, 41), "b": window(41, 42)}
    fit = event_regression(y, design_of(market), windows)
    cars = {own.event: own.car for own in fit.parameters}
    assert cars["a"] == pytest.approx(0.10, abs=1e-4)
    assert cars["b"] == pytest.approx(0.06, abs=1e-4)


def test_equal_windows_are_one_parameter(data):
    y, market = data
    fit = event_regression(
        y, design_of(market), {"a": window(40), "b": window(40), "c": window(50)}
    )
    assert [own.event for own in fit.parameters] == ["a + b", "c"]


def test_windows_that_add_up_have_no_estimate_and_the_rest_stands(data):
    y, market = data
    windows = {"a": window(40), "b": window(41), "ab": window(40, 41)}
    fit = event_regression(y, design_of(market), {**windows, "c": window(50, 51)})
    own = {parameter.event: parameter for parameter in fit.parameters}
    assert all(np.isnan(own[name].car) and np.isnan(own[name].p_value) for name in windows)
    alone = event_regression(
        y, design_of(market), {"a": window(40), "b": window(41), "c": window(50, 51)}
    )
    c = alone.parameters[2]
    assert own["c"].car == pytest.approx(c.car, rel=1e-9)
    assert own["c"].se == pytest.approx(c.se, rel=1e-9)
    assert own["c"].dof == c.dof == N - 5
    assert (fit.f, fit.f_dof) == (pytest.approx(alone.f), (3, N - 5))


def test_a_session_without_a_return_is_counted(data):
    y, market = data
    y[[41, 60]] = np.nan
    fit = event_regression(
        y, design_of(market), {"a": window(40, 41, 42), "gone": window(60), "c": window(50)}
    )
    assert [(own.event, own.sessions) for own in fit.parameters] == [("a", 2), ("c", 1)]
    assert fit.left_out == ("gone",)


def test_a_model_that_explains_everything_is_refused(data):
    _, market = data
    with pytest.raises(StudyError, match="explains every return exactly"):
        event_regression(2 * market, design_of(market), {"a": window(40)})
    with pytest.raises(StudyError, match="6 sessions cannot identify 7 parameters"):
        five = {str(row): window(row) for row in range(5)}
        event_regression(np.where(np.arange(N) < 6, market**2, np.nan), design_of(market), five)


def test_without_any_return_there_is_no_regression(data):
    y, market = data
    y[40] = np.nan
    with pytest.raises(StudyError, match="no event has a session with a return"):
        event_regression(y, design_of(market), {"a": window(40)})


def test_the_joint_test_compares_two_regressions(data):
    y, market = data
    x = design_of(market).regressors
    fit = event_regression(y, design_of(market), {"a": window(40), "b": window(50, 51)})
    dummies = np.column_stack([window(40), window(50, 51)]).astype(float)

    def rss(columns):
        return float(np.linalg.lstsq(columns, y, rcond=None)[1][0])

    full, small = rss(np.column_stack([x, dummies])), rss(x)
    f = (small - full) / 2 / (full / (N - 4))
    assert fit.f == pytest.approx(f, rel=1e-9)
    assert fit.f_dof == (2, N - 4)
    assert fit.f_p == pytest.approx(stats.f.sf(f, 2, N - 4))


@pytest.mark.parametrize("covariance", ["HAC", "HC3"])
def test_a_robust_covariance_is_refused_with_the_reason(data, covariance):
    y, market = data
    with pytest.raises(StudyError, match=f'"{covariance}" is refused: a dummied session has no'):
        event_regression(y, design_of(market), {"a": window(40)}, covariance=covariance)


def test_minimax_unlock_is_minus_1_85_and_not_minus_17(root, book, hk_ai):
    study = load_file(root / "studies" / "lockups.py").study
    result = study.fit(book, hk_ai)
    own = result.regression.query("event == 'minimax-lockup-2026-07' and start == 0 and end == 0")
    # facts/statistics: OLS -1.85; the Newey-West t that is refused is -17.2
    assert own["t"].iloc[0] == pytest.approx(-1.85, abs=0.005)
    session = result.events.set_index("id").loc["minimax-lockup-2026-07", "session"].date()
    returns = hk_ai.returns("simple")
    y, x = returns[:, hk_ai.column("0100.HK")], returns[:, hk_ai.column("^HSI")]
    rows = np.isfinite(y) & np.isfinite(x)
    dummy = (np.arange(y.size) == hk_ai.sessions.position(session)).astype(float)
    alone = sm.OLS(y[rows], sm.add_constant(np.column_stack([x, dummy]))[rows]).fit()
    assert alone.tvalues[2] == pytest.approx(-1.8, abs=0.05)
    for lags in (0, 4, 6):
        sandwich = alone.get_robustcov_results("HAC", maxlags=lags)
        assert -21 < sandwich.tvalues[2] < -15  # the day's own residual is 0


def test_a_study_reports_every_event_of_the_stock(make_panel):
    panel = make_panel(sessions=150, tickers=("AAA", "^IDX"), seed=5)
    rows = [
        {"id": name, "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
         "when": str(panel.sessions.date(at))}
        for name, at in (("x", 100), ("y", 101), ("z", 101))
    ]  # fmt: skip
    import pandas as pd

    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    study = ash.Study(
        title="T", events=ash.select(id="x"), model=ash.MarketModel(benchmark="^IDX"),
        returns="simple", estimation=(-60, -11), window=(-5, 5), cars=[(0, 0), (0, 1)],
    )  # fmt: skip
    found = study.fit(book, panel).regression
    assert found.query("start == 0 and end == 0")["event"].tolist() == ["x", "y + z", "all"]
    assert "not separable" in found.query("event == 'y + z'")["note"].iloc[0]
    assert found.query("event == 'all'")["note"].str.startswith("F(2, ").all()
