"""The July 2026 lock-ups on real closes, against numbers computed independently."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.content import load_file

# Double precision leaves about 1e-15; the table promises 1e-8.
TOLERANCE = 1e-8


@pytest.fixture(scope="module")
def result(root, book, hk_ai):
    return load_file(root / "studies" / "lockups.py").study.fit(book, hk_ai)


def test_every_number_of_the_table(result, shared):
    expected = pd.read_csv(shared / "reference" / "hk_ai_lockups_expected.csv")
    cars = expected.merge(result.car, on=["event", "start", "end"], suffixes=("_e", ""))
    assert len(cars) == len(expected) == 10
    for name in ("car", "se", "t", "dof", "p_value"):
        np.testing.assert_allclose(cars[name], cars[f"{name}_e"], rtol=0, atol=TOLERANCE)
    fits = expected.drop_duplicates("event").merge(
        result.estimates, on="event", suffixes=("_e", "")
    )
    for name in ("alpha", "beta", "sigma"):
        np.testing.assert_allclose(fits[name], fits[f"{name}_e"], rtol=0, atol=TOLERANCE)
    events = result.events.set_index("id")
    assert events.loc[expected["event"].unique(), "n_obs"].tolist() == [50, 50]


def test_published_figures_of_the_two_unlocks(result):
    # facts: AR day 0 +10.3 %, t 0.87 and -16.5 %, t -1.94, p 0.058; of Zhipu's CAR(0,10) of
    # -43.9 % 28.6 points are extrapolated alpha
    car = result.car.set_index(["event", "start", "end"])
    zhipu, minimax = "zhipu-lockup-2026-07", "minimax-lockup-2026-07"
    assert car.loc[(zhipu, 0, 0), "car"] == pytest.approx(0.103, abs=0.0005)
    assert car.loc[(zhipu, 0, 0), "t"] == pytest.approx(0.87, abs=0.005)
    assert car.loc[(minimax, 0, 0), "car"] == pytest.approx(-0.165, abs=0.0005)
    assert car.loc[(minimax, 0, 0), "p_value"] == pytest.approx(0.058, abs=0.0005)
    assert car.loc[(zhipu, 0, 10), "car"] == pytest.approx(-0.439, abs=0.0005)
    assert car.loc[(zhipu, 0, 10), "alpha_part"] == pytest.approx(0.286, abs=0.0005)
    assert car.loc[(minimax, 0, 0), "robust"] == "false"


def test_day_zero_returns(result):
    day_zero = result.abnormal_returns.query("offset == 0").set_index("event")["ret"]
    assert day_zero["zhipu-lockup-2026-07"] == pytest.approx(0.1335, abs=0.00005)
    assert day_zero["minimax-lockup-2026-07"] == pytest.approx(-0.1798, abs=0.00005)


def test_what_cannot_be_studied_says_why(root, book, hk_ai, result):
    reasons = result.events.set_index("id")["reason"]
    assert (
        reasons["minimax-lockup-2026-10"]
        == "no prices: session 2026-10-09 is after the last, 2026-09-30"
    )
    prices = load_file(root / "studies" / "price_changes.py").study.fit(book, hk_ai)
    assert prices.events.set_index("id").loc["zhipu-api-hike", "reason"] == "a quarter has no day 0"


def test_the_ban_and_glm_5_2_are_declared_inseparable(root, book, hk_ai):
    launches = load_file(root / "studies" / "model_launches.py").study.fit(book, hk_ai)
    policy = load_file(root / "studies" / "policy.py").study.fit(book, hk_ai)
    assert (
        "glm-5.2: not separable from anthropic-ban@2513.HK: the same session" in launches.warnings
    )
    assert "anthropic-ban@2513.HK: not separable from glm-5.2: the same session" in policy.warnings


@pytest.mark.parametrize(
    ("study", "event", "sessions"),
    [
        ("musk_tang", "musk-tang", ["2026-06-18", "2026-06-22"]),
        ("model_launches", "glm-5", ["2026-02-11", "2026-02-12"]),
    ],
)
def test_an_unknown_hour_gives_both_sessions(root, book, hk_ai, study, event, sessions):
    result = load_file(root / "studies" / f"{study}.py").study.fit(book, hk_ai)
    own = result.car[result.car["event"] == event]
    assert [str(day.date()) for day in own["session"].unique()] == sessions
    assert {(0, 0), (0, 1)} <= set(zip(own["start"], own["end"], strict=True))


def test_the_correlation_of_the_two_and_how_little_the_index_explains(hk_ai):
    returns = pd.DataFrame(hk_ai.returns("simple"), columns=hk_ai.tickers).loc[
        lambda frame: frame["0100.HK"].notna()
    ]
    # facts: 0.67 between the two on closes to 2026-08-31
    assert returns["2513.HK"].corr(returns["0100.HK"]) == pytest.approx(0.67, abs=0.02)


def test_peers_explain_more_than_the_index(book, hk_ai):
    def r2(model):
        study = ash.Study(
            title="r2", events=ash.select(id="minimax-lockup-2026-07"), model=model, returns="simple",
            estimation=(-60, -11), window=(-1, 1),
        )  # fmt: skip
        return study.fit(book, hk_ai).estimates["r2"].iloc[0]

    assert r2(ash.PeerModel("2513.HK")) > 0.3
    assert r2(ash.MarketModel(benchmark="^HSI")) < 0.1
