"""The array engine against statsmodels, which is the reference, to 1e-10."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import StudyError
from aftershock.study.engine import MANY, choose
from aftershock.study.windows import Window

TOLERANCE = 1e-10  # relative, between two double-precision solutions of one least squares

MODELS = {
    "mean": ash.MeanModel(),
    "market-adjusted": ash.MarketAdjusted(benchmark="^IDX"),
    "market": ash.MarketModel(benchmark="^IDX"),
    "peers": ash.PeerModel(["BBB", "CCC"]),
    "benchmarks": ash.models.BenchmarksModel(["^IDX", "CCC"]),
    "Dimson": ash.models.Dimson("^IDX"),
}


@pytest.fixture(scope="module")
def holed():
    """Thirty events of four stocks, with returns missing here and there."""
    rng = np.random.default_rng(61)
    days = pd.bdate_range("2020-01-01", periods=500)
    market = 0.01 * rng.standard_normal(500)
    wide = pd.DataFrame(
        0.001 + 0.9 * market[:, None] + 0.02 * rng.standard_normal((500, 5)),
        index=days,
        columns=["AAA", "BBB", "CCC", "DDD", "EEE"],
    )
    wide["^IDX"] = market
    wide = wide.mask(rng.random(wide.shape) < 0.02)
    wide.loc[days[:150], "EEE"] = np.nan  # listed late
    return ash.ReturnPanel.from_frame(wide, kind="simple")


@pytest.fixture(scope="module")
def book(holed):
    rng = np.random.default_rng(62)
    rows = [
        {"id": f"e{i}", "ticker": ("AAA", "DDD", "EEE")[i % 3], "kind": "announcement",
         "timing": "unknown" if i % 5 == 0 else "pre_open",
         "when": str(holed.sessions.date(int(rng.integers(130, 480))))}
        for i in range(30)
    ]  # fmt: skip
    rows.append(
        {"id": "range", "ticker": "AAA", "kind": "announcement",
         "when": f"{holed.sessions.date(300)}..{holed.sessions.date(303)}"}
    )  # fmt: skip
    return ash.EventBook.from_frame(pd.DataFrame(rows))


def study(model):
    return ash.Study(
        title="T", events=ash.select(), model=model, returns="simple", estimation=(-120, -11),
        window=(-10, 10), cars=[(0, 0), (-1, 1), (-10, 10)], min_obs=40,
    )  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_every_number_is_statsmodels(name, holed, book):
    one, other = (
        study(MODELS[name]).fit(book, holed, engine=engine) for engine in ("statsmodels", "arrays")
    )
    assert set(one.events["status"]) == {"used", "approx", "excluded"}
    for table in ("events", "estimates", "abnormal_returns", "car_rows", "aar", "single"):
        pd.testing.assert_frame_equal(
            getattr(one, table), getattr(other, table), rtol=TOLERANCE, atol=1e-14
        )
    assert set(one.car_rows["row"]) >= {"default", "masked"}


def test_which_engine_ran_is_on_record(holed, book):
    said = [
        study(MODELS["market"]).fit(book, holed, engine=engine).conventions["engine"]
        for engine in ("statsmodels", "arrays", "auto")
    ]
    assert said[0].startswith("statsmodels, one regression per event")
    assert said[1].startswith("arrays, all events at once")
    assert said[2] == said[0]


def test_many_linear_fits_go_to_the_arrays():
    model, window = MODELS["market"], Window(-60, -11)
    assert choose("auto", model, window, MANY) == "arrays"
    assert choose("auto", model, window, MANY - 1) == "statsmodels"
    assert choose("auto", ash.models.RobustModel("^IDX"), window, MANY) == "statsmodels"


def test_wrong_requests_explain_themselves(holed, book):
    with pytest.raises(StudyError, match='engine="numpy" is not known'):
        study(MODELS["market"]).fit(book, holed, engine="numpy")
    with pytest.raises(StudyError, match="the array engine cannot fit the robust market model"):
        study(ash.models.RobustModel("^IDX")).fit(book, holed, engine="arrays")


def test_a_constant_benchmark_is_a_reason_in_both_engines(holed, book):
    wide = pd.DataFrame(holed.values, index=holed.sessions.dates, columns=holed.tickers)
    wide["^IDX"] = 0.001
    flat = ash.ReturnPanel.from_frame(wide, kind="simple")
    for engine in ("statsmodels", "arrays"):
        events = study(MODELS["market"]).fit(book, flat, engine=engine).events
        reasons = events.loc[events["status"] == "excluded", "reason"]
        assert reasons.str.contains("alpha, beta are not identified: a benchmark is constant").any()


def test_more_regressors_than_returns_is_a_reason(holed, book):
    factors = pd.DataFrame(
        0.01 * np.random.default_rng(63).standard_normal((500, 45)),
        index=holed.sessions.dates,
        columns=[f"f{i}" for i in range(45)],
    )
    model = ash.models.FactorModel(list(factors.columns), factors)
    crowded = ash.Study(
        title="T", events=ash.select(id="e1"), model=model, returns="simple",
        estimation=(-41, -2), window=(0, 0), min_obs=30,
    )  # fmt: skip
    for engine in ("statsmodels", "arrays"):
        reason = crowded.fit(book, holed, engine=engine).events["reason"].iloc[0]
        assert "not identif" in reason or "cannot identify 46 coefficients" in reason
