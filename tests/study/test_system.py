"""The seemingly unrelated system against the equations one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import StudyError

pytest.importorskip("linearmodels")


@pytest.fixture
def panel(make_panel):
    return make_panel(sessions=150, tickers=("AAA", "BBB", "^IDX"), seed=5)


def shared_book(panel, *rows):
    frame = pd.DataFrame(
        {"id": f"{base}@{ticker}", "ticker": ticker, "kind": "announcement", "timing": "pre_open",
         "when": str(panel.sessions.date(at))}
        for base, ticker, at in rows
    )  # fmt: skip
    return ash.EventBook.from_frame(frame, calendar="XHKG")


def study(**changes):
    options = {
        "title": "T", "events": ash.select(), "model": ash.MarketModel(benchmark="^IDX"),
        "returns": "simple", "estimation": (-60, -11), "window": (-5, 5),
    }  # fmt: skip
    return ash.Study(**{**options, **changes})


SHARED = [("e", "AAA", 100), ("e", "BBB", 100), ("f", "AAA", 120), ("f", "BBB", 120)]


def test_with_equal_regressors_the_system_is_ols_per_equation(panel):
    import statsmodels.api as sm

    own = study().fit_system(shared_book(panel, *SHARED), panel, tickers=["AAA", "BBB"])
    returns = panel.returns("simple")[1:]
    dummies = np.zeros((149, 2))
    dummies[[99, 119], [0, 1]] = 1.0
    x = np.column_stack([np.ones(149), returns[:, 2], dummies])
    table = own.parameters.set_index(["ticker", "event"])
    for i, ticker in enumerate(("AAA", "BBB")):
        fit = sm.OLS(returns[:, i], x).fit()
        for j, event in enumerate("ef"):
            row = table.loc[(ticker, event)]
            assert row["car"] == pytest.approx(fit.params[2 + j], rel=1e-9)
            assert row["se"] == pytest.approx(fit.bse[2 + j], rel=1e-9)
    residuals = [sm.OLS(returns[:, i], x).fit().resid for i in range(2)]
    assert own.correlation.loc["AAA", "BBB"] == pytest.approx(np.corrcoef(residuals)[0, 1])


def test_the_joint_tests_are_hotellings(panel):
    """For one dummied day the joint F is Hotelling's T2 of the day's errors, in closed form."""
    own = study().fit_system(shared_book(panel, *SHARED[:2]), panel, tickers=["AAA", "BBB"])
    returns = panel.returns("simple")[1:]
    rest = np.delete(np.arange(149), 99)
    x = np.column_stack([np.ones(149), returns[:, 2]])
    b = np.linalg.lstsq(x[rest], returns[rest, :2], rcond=None)[0]
    e = returns[rest, :2] - x[rest] @ b
    sigma = e.T @ e / (149 - 3)
    h = x[99] @ np.linalg.inv(x[rest].T @ x[rest]) @ x[99]
    ar = returns[99, :2] - x[99] @ b
    f = ar @ np.linalg.inv(sigma * (1 + h)) @ ar / 2
    joint = own.joint.set_index("null")
    assert joint.loc["no stock moved", "f"] == pytest.approx(f, rel=1e-6)
    difference = (ar[0] - ar[1]) ** 2 / ((sigma[0, 0] + sigma[1, 1] - 2 * sigma[0, 1]) * (1 + h))
    assert joint.loc["all moved alike", "f"] == pytest.approx(difference, rel=1e-6)


def test_an_event_of_one_stock_only_is_left_out(panel):
    rows = [*SHARED[:2], ("own", "AAA", 110)]
    own = study().fit_system(shared_book(panel, *rows), panel, tickers=["AAA", "BBB"])
    assert own.parameters["event"].unique().tolist() == ["e"]


def test_what_cannot_be_in_the_system_says_why(panel):
    rows = [
        *SHARED,
        ("same", "AAA", 100),
        ("same", "BBB", 100),
        ("early", "AAA", 0),
        ("early", "BBB", 0),
    ]
    own = study().fit_system(shared_book(panel, *rows), panel, tickers=["AAA", "BBB"])
    assert own.parameters["event"].unique().tolist() == ["e", "f"]
    first = panel.sessions.date(0)
    assert own.left_out == {
        "early": f"not every stock and benchmark has a return on {first}",
        "same": "not separable from e: the same session",
    }


@pytest.mark.parametrize(
    ("tickers", "message"),
    [
        (["AAA"], "at least two different tickers"),
        (["AAA", "AAA"], "at least two different tickers"),
        (["AAA", "^IDX"], r"no selected event with a day 0 happened to all of AAA, \^IDX"),
    ],
)
def test_wrong_requests_explain_themselves(panel, tickers, message):
    with pytest.raises(StudyError, match=message):
        study().fit_system(shared_book(panel, *SHARED), panel, tickers=tickers)


def test_the_two_july_unlocks_are_a_day_apart_and_the_ban_is_shared(book, hk_ai):
    own = study(events=ash.select(id="anthropic-ban"), model=ash.MarketModel(benchmark="^HSI"))
    found = own.fit_system(book, hk_ai, tickers=["2513.HK", "0100.HK"])
    assert found.parameters["event"].unique().tolist() == ["anthropic-ban"]
    assert len(found.parameters) == 2
    assert 0.4 < found.correlation.iloc[0, 1] < 0.8
