"""Studies on small hand-made panels: what is studied, what is excluded, and what is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import aftershock as ash
from aftershock.errors import RunError, StudyError
from aftershock.study.result import FILES, StudyResult


def study(**changes):
    options = {
        "title": "T",
        "events": ash.select(),
        "model": ash.MarketModel(benchmark="^IDX"),
        "returns": "simple",
        "estimation": (-60, -11),
        "window": (-5, 5),
        "cars": [(0, 0), (-1, 1)],
        "min_obs": 30,
    }
    return ash.Study(**{**options, **changes})


def book(*rows, **defaults):
    base = {"kind": "announcement", "ticker": "AAA", "timing": "pre_open", **defaults}
    return ash.EventBook.from_frame(
        pd.DataFrame([{**base, **row} for row in rows]), calendar="XHKG"
    )


@pytest.fixture
def panel(make_panel):
    return make_panel(sessions=150, tickers=("AAA", "BBB", "^IDX"), seed=5)


def day(panel, position):
    return str(panel.sessions.date(position))


def test_a_car_by_hand(panel):
    at = 100
    result = study().fit(book({"id": "x", "when": day(panel, at)}), panel)
    returns = panel.returns("simple")
    y, x = returns[at - 60 : at - 10, 0], returns[at - 60 : at - 10, 2]
    beta, alpha = np.polyfit(x, y, 1)
    s2 = ((y - alpha - beta * x) ** 2).sum() / 48
    w = returns[at - 1 : at + 2]
    car = (w[:, 0] - alpha - beta * w[:, 2]).sum()
    v = s2 * (3 + 9 / 50 + (w[:, 2] - x.mean()).sum() ** 2 / ((x - x.mean()) ** 2).sum())
    row = result.car.set_index(["start", "end"]).loc[(-1, 1)]
    assert row["car"] == pytest.approx(car, rel=1e-9)
    assert row["se"] == pytest.approx(np.sqrt(v), rel=1e-9)
    assert row["dof"] == 48
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(car) / np.sqrt(v), 48), rel=1e-9)
    bhar = np.prod(1 + w[:, 0]) - np.prod(1 + alpha + beta * w[:, 2])
    assert row["bhar"] == pytest.approx(bhar, rel=1e-9)
    assert row["alpha_part"] == pytest.approx(3 * alpha, rel=1e-9)
    assert str(row["first"].date()) == day(panel, at - 1)
    assert str(row["last"].date()) == day(panel, at + 1)


def test_abnormal_returns_have_their_prediction_error(panel):
    result = study().fit(book({"id": "x", "when": day(panel, 100)}), panel)
    assert result.ar.shape == (1, 11)
    assert list(result.ar.columns) == list(range(-5, 6))
    sigma = result.estimates["sigma"].iloc[0]
    assert (
        result.ar_se.to_numpy() > sigma
    ).all()  # always above sigma: the coefficients are estimated
    path = result.abnormal_returns
    assert path["car"].iloc[-1] == pytest.approx(path["ar"].sum())


def test_the_path_is_the_car_to_each_session(panel):
    ends = range(-5, 6)
    result = study(cars=[(-5, end) for end in ends]).fit(
        book({"id": "x", "when": day(panel, 100)}), panel
    )
    path, car = result.abnormal_returns.set_index("offset"), result.car.set_index("end")
    np.testing.assert_allclose(path.loc[ends, "car"], car.loc[ends, "car"], rtol=1e-9)
    np.testing.assert_allclose(path.loc[ends, "car_se"], car.loc[ends, "se"], rtol=1e-9)


def test_the_power_curve_runs_from_nothing_to_five_standard_errors(panel):
    result = study().fit(book({"id": "x", "when": day(panel, 100)}), panel)
    row = result.car.query("start == -1").iloc[0]
    curve = result.power("x", window=(-1, 1))
    assert curve["effect"].iloc[[0, -1]].tolist() == pytest.approx([0.0, 5 * row["se"]])
    assert curve["power"].iloc[0] == pytest.approx(0.05)
    assert curve["power"].is_monotonic_increasing
    at = np.interp(row["detectable"], curve["effect"], curve["power"])
    assert at == pytest.approx(0.8, abs=0.01)


def test_robustness_rows_stand_beside_the_default(panel):
    rows = book({"id": "x", "when": day(panel, 100)}, {"id": "y", "when": day(panel, 70)})
    result = study(events=ash.select(id="x")).fit(rows, panel)
    day_zero = result.car_rows.query("start == 0 and end == 0").set_index("row")
    assert list(day_zero.index) == ["default", "alpha0", "masked"]
    assert day_zero.loc["alpha0", "dof"] == 49
    assert day_zero.loc["alpha0", "alpha_part"] == 0.0
    assert day_zero.loc["masked", "dof"] == 45  # three sessions around y are left out of fifty
    assert "row" not in result.car.columns


def test_a_p_value_that_crosses_five_percent_is_not_robust(make_bars, panel):
    # a drift of 0.6 % a day: with alpha the day-0 move is ordinary, without it is not
    rng = np.random.default_rng(1)
    n = 150
    market = 0.004 * rng.standard_normal(n)
    own = 0.006 + 0.004 * rng.standard_normal(n)
    own[100] = 0.012
    dates = panel.sessions.dates
    frames = {
        "AAA": make_bars(dates, 100 * np.cumprod(1 + own)),
        "^IDX": make_bars(dates, 100 * np.cumprod(1 + market)),
    }
    drifting = ash.PricePanel.from_frames(frames, calendar="XHKG")
    result = study(cars=[(0, 2)]).fit(book({"id": "x", "when": str(dates[100])}), drifting)
    p = result.car_rows.set_index("row")["p_value"]
    assert p["default"] > 0.05 > p["alpha0"]
    assert result.car["robust"].tolist() == ["false"]
    assert any("not robust" in warning for warning in result.warnings)


def test_a_new_listing_shrinks_the_estimation_window(panel):
    result = study(min_obs=20).fit(book({"id": "x", "when": day(panel, 40)}), panel)
    (event,) = result.events.itertuples()
    assert (event.status, event.n_obs) == ("used", 29)  # returns 1 to 29
    assert "holds 29 of 50 returns" in event.note


def test_below_min_obs_the_event_is_excluded_with_the_reason(panel):
    result = study().fit(book({"id": "x", "when": day(panel, 40)}), panel)
    (event,) = result.events.itertuples()
    assert event.status == "excluded"
    assert event.reason == "29 returns in the estimation window (-60,-11), at least 30 needed"
    assert result.car.empty
    assert any("no event could be studied" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"when": "2026-10"}, "a month has no day 0"),
        ({"when": "2026-Q1"}, "a quarter has no day 0"),
        ({"when": "2028-01-05"}, "is after the last"),
        ({"when": "2025-01-06"}, "is before the first"),
        ({"when": "2026-06-01", "ticker": "CCC"}, "no prices for CCC"),
        ({"when": "2026-06-01", "ticker": "^IDX"}, "its own benchmark"),
    ],
)
def test_every_exclusion_has_its_reason(panel, fields, reason):
    result = study().fit(book({"id": "x", **fields}), panel)
    (event,) = result.events.itertuples()
    assert event.status == "excluded"
    assert reason in event.reason


def test_a_missing_price_on_day_zero_or_before_excludes(make_bars, panel):
    frames = {
        t: make_bars(panel.sessions.dates, panel.close[:, panel.column(t)]) for t in panel.tickers
    }
    frames["AAA"] = frames["AAA"].drop(pd.Timestamp(day(panel, 100)))
    holed = ash.PricePanel.from_frames(frames, calendar="XHKG")
    rows = book({"id": "on", "when": day(panel, 100)}, {"id": "after", "when": day(panel, 101)})
    reasons = study().fit(rows, holed).events.set_index("id")["reason"]
    assert reasons["on"] == f"no price of AAA on {day(panel, 100)}"
    assert reasons["after"] == f"no price of AAA on the session before {day(panel, 101)}"


def test_a_missing_return_makes_its_windows_empty_not_smaller(make_bars, panel):
    frames = {
        t: make_bars(panel.sessions.dates, panel.close[:, panel.column(t)]) for t in panel.tickers
    }
    frames["AAA"] = frames["AAA"].drop(pd.Timestamp(day(panel, 102)))
    holed = ash.PricePanel.from_frames(frames, calendar="XHKG")
    result = study(cars=[(0, 1), (0, 5)]).fit(book({"id": "x", "when": day(panel, 100)}), holed)
    cars = result.car.set_index("end")["car"]
    assert np.isfinite(cars[1])
    assert np.isnan(cars[5])
    assert "2 of 11 sessions of the event window have no return" in result.events["note"].iloc[0]


@pytest.mark.parametrize("engine", ["statsmodels", "arrays"])
def test_a_benchmark_that_repeats_the_stock_is_a_reason(panel, make_bars, engine):
    frames = {
        t: make_bars(panel.sessions.dates, panel.close[:, panel.column(t)]) for t in panel.tickers
    }
    twins = ash.PricePanel.from_frames({**frames, "TWIN": frames["AAA"]}, calendar="XHKG")
    rows = book({"id": "x", "when": day(panel, 100)})
    for model in (ash.MarketModel(benchmark="TWIN"), ash.MarketAdjusted(benchmark="TWIN")):
        result = study(model=model).fit(rows, twins, engine=engine)
        reason = result.events["reason"].iloc[0]
        assert reason.startswith(f"the {model.label} explains every return of the estimation")
        assert "the benchmark repeats the stock" in reason


@pytest.mark.parametrize("engine", ["statsmodels", "arrays"])
def test_a_stock_that_does_not_move_is_a_reason(panel, make_bars, engine):
    frames = {t: make_bars(panel.sessions.dates, panel.close[:, 2]) for t in ("AAA", "^IDX")}
    frames["AAA"] = make_bars(panel.sessions.dates, np.full(150, 7.0))
    still = ash.PricePanel.from_frames(frames, calendar="XHKG")
    rows = book({"id": "x", "when": day(panel, 100)})
    reason = study().fit(rows, still, engine=engine).events["reason"].iloc[0]
    assert "or the stock does not move" in reason


def test_one_event_has_no_cross_section(panel):
    result = study().fit(book({"id": "x", "when": day(panel, 100)}), panel)
    tests = result.tests[result.tests["test"] != "placebo, jointly"]
    volume = tests["test"].str.contains("volume")  # constant here, and so in no event
    assert (tests.loc[~volume, "n"] == 1).all()
    assert tests["note"].str.startswith("n too small").all()
    assert tests[["statistic", "p_value"]].isna().all(axis=None)
    assert "n too small (cross-sectional t, " in result.summary()
    means = result.caar.iloc[0]
    assert means["n"] == 1
    assert np.isnan(means["se"])


def test_confounders_stand_with_their_distance(panel):
    rows = book(
        {"id": "x", "when": day(panel, 100)},
        {"id": "later", "when": day(panel, 103)},
        {"id": "before", "when": day(panel, 99)},
        {"id": "far", "when": day(panel, 110)},
        {"id": "other", "when": day(panel, 101), "ticker": "BBB"},
    )
    result = study(events=ash.select(id="x")).fit(rows, panel)
    assert result.events["confounders"].iloc[0] == "before:-1;later:+3"


def test_events_on_one_session_are_not_separable_and_count_once(panel):
    rows = book(*({"id": name, "when": day(panel, 100 + 10 * (name == "c"))} for name in "abc"))
    result = study().fit(rows, panel)
    notes = result.events.set_index("id")["note"]
    assert "not separable from b: the same session" in notes["a"]
    assert "enters means and tests once, as a" in notes["b"]
    assert any(warning.startswith("a: not separable") for warning in result.warnings)
    assert set(result.aar["n"]) == {2}


def test_a_benchmark_with_an_event_of_its_own_is_flagged(panel):
    rows = book(
        {"id": "x", "when": day(panel, 100)}, {"id": "p", "when": day(panel, 102), "ticker": "BBB"}
    )
    result = study(model=ash.PeerModel("BBB"), events=ash.select(id="x")).fit(rows, panel)
    assert "x: the benchmark has its own event p at +2" in result.warnings
    assert result.events["confounders"].iloc[0] == "p:+2"


def test_an_unknown_hour_gives_both_sessions_and_the_first_enters_means(panel):
    rows = book({"id": "x", "when": day(panel, 100)}, timing="unknown")
    result = study(cars=[(0, 0)]).fit(rows, panel)
    assert result.car[["start", "end"]].drop_duplicates().to_numpy().tolist() == [[0, 0], [0, 1]]
    sessions = [str(stamp.date()) for stamp in result.car["session"].unique()]
    assert sessions == [day(panel, 100), day(panel, 101)]
    first, second = result.car.query("end == 0")["car"]
    both = result.car.query("end == 1")["car"].iloc[0]
    assert both == pytest.approx(first + second, abs=0.02)  # estimation windows differ by a day
    assert result.aar.query("offset == 0")["aar"].iloc[0] == pytest.approx(first)


def test_a_range_is_one_car_and_enters_no_mean(panel):
    rows = book({"id": "x", "when": f"{day(panel, 100)}..{day(panel, 102)}"}, timing="unknown")
    result = study(cars=[(0, 0), (-1, 1)]).fit(rows, panel)
    assert result.events["status"].tolist() == ["approx"]
    spans = [(str(row.first.date()), str(row.last.date())) for row in result.car.itertuples()]
    assert spans == [(day(panel, 100), day(panel, 102)), (day(panel, 99), day(panel, 103))]
    assert result.aar.empty
    assert result.tests.empty


def test_opposite_signs_are_never_pooled(panel):
    rows = book(
        *(
            {"id": f"e{i}", "when": day(panel, 70 + 12 * i), "percent": p}
            for i, p in enumerate([10, -10, 20, -5, 30])
        ),
        kind="price_change",
        product="P",
    )
    for by in ("sign", None):
        result = study(by=by).fit(rows, panel)
        tests = result.tests.query("test == 'BMP'")
        assert set(tests["group"]) == {"hike", "cut"}
        assert tests.query("group == 'hike'")["n"].unique().tolist() == [3]
        assert tests.query("group == 'cut'")["note"].unique().tolist() == ["n too small"]


def test_groups_by_any_attribute(panel):
    rows = book(
        *(
            {"id": f"e{i}", "when": day(panel, 70 + 12 * i), "ticker": t}
            for i, t in enumerate(["AAA", "BBB", "AAA"])
        )
    )
    assert set(study(by="ticker").fit(rows, panel).tests["group"]) == {"AAA", "BBB"}


def test_a_contrast_is_the_difference_of_the_two(panel):
    rows = book(
        {"id": "both@AAA", "when": day(panel, 100)},
        {"id": "both@BBB", "when": day(panel, 100), "ticker": "BBB"},
        {"id": "one", "when": day(panel, 110)},
    )
    contrast = study(contrast=("AAA", "BBB")).fit(rows, panel)
    single = study().fit(rows, panel)
    assert contrast.events.set_index("id")["status"].to_dict() == {
        "both": "used",
        "one": "excluded",
    }
    assert contrast.events.set_index("id")["reason"]["one"] == "not an event of both AAA and BBB"
    parts = single.car.query("start == 0 and end == 0").set_index("event")["car"]
    own = contrast.car.query("start == 0 and end == 0")["car"].iloc[0]
    assert own == pytest.approx(parts["both@AAA"] - parts["both@BBB"], rel=1e-9)  # OLS is linear


def test_a_listing_starts_from_the_offer_price(make_bars, panel):
    dates = panel.sessions.dates
    frames = {
        "NEW": make_bars(dates[50:], panel.close[50:, 0]),
        "^IDX": make_bars(dates, panel.close[:, 2]),
    }
    listed = ash.PricePanel.from_frames(frames, calendar="XHKG")
    rows = book(
        {"id": "ipo", "when": str(dates[50]), "ticker": "NEW", "offer_price": 80.0}, kind="listing"
    )
    options = {
        "model": ash.MarketAdjusted(benchmark="^IDX"),
        "estimation": None,
        "window": (0, 20),
        "cars": [(0, 0), (0, 20)],
    }
    result = study(**options).fit(rows, listed)
    index = panel.close[:, 2]
    first = panel.close[50, 0] / 80.0 - 1 - (index[50] / index[49] - 1)
    car = result.car.set_index("end")
    assert car.loc[0, "car"] == pytest.approx(first, rel=1e-9)
    held = panel.close[70, 0] / 80.0 - index[70] / index[49]
    assert car.loc[20, "bhar"] == pytest.approx(held, rel=1e-9)
    assert car[["se", "t", "p_value"]].isna().all(axis=None)


def test_log_returns_add_up(panel):
    result = study(returns="log", cars=[(0, 5)]).fit(
        book({"id": "x", "when": day(panel, 100)}), panel
    )
    (row,) = result.car.itertuples()
    raw = np.log(panel.close[105, 0] / panel.close[99, 0])
    expected = result.abnormal_returns.query("0 <= offset <= 5")["expected"].sum()
    assert row.car == pytest.approx(raw - expected, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"estimation": (-60, -5)}, r"overlaps window=\(-5,5\); it must end at -6 or before"),
        ({"window": (5, -5)}, "must run forward"),
        ({"window": (0,)}, "write two offsets"),
        ({"window": (0.5, 2)}, "whole numbers"),
        ({"cars": [(0, 9)]}, r"the window \(0,9\) of cars reaches beyond window=\(-5,5\)"),
        ({"min_obs": 2}, "at least 3 returns"),
        ({"min_obs": 60}, "fewer than min_obs=60"),
        (
            {"estimation": None},
            "leaves nothing to estimate the market model with; use MarketAdjusted",
        ),
        ({"returns": "net"}, 'returns="net" is not known'),
        ({"events": "lockups"}, "events is not a selection"),
        ({"model": "market"}, "model is not a model"),
        ({"model": ash.MarketModel(["^IDX"])}, r"has \['\^IDX'\] as benchmark; name one ticker"),
        ({"cars": (0, 0)}, "cars is .0, 0.; write a list of windows"),
        ({"cars": []}, "write a list of windows"),
        ({"cars": [(0, 0), (0, 0)]}, "one window stands twice"),
        ({"min_obs": "30"}, "min_obs is '30'; at least 3 returns"),
        ({"title": ""}, "a study is called something"),
        ({"by": 3}, "by is 3; write the name of an attribute"),
        ({"contrast": "AAA"}, "contrast is 'AAA'; write two different tickers"),
        ({"contrast": ("AAA", "AAA")}, "write two different tickers"),
        ({"depth": (-1, 5)}, "must start on day 0"),
    ],
)
def test_wrong_requests_explain_themselves(changes, message):
    with pytest.raises(StudyError, match=message):
        study(**changes)


def test_prices_without_the_benchmark_are_refused(panel):
    rows = book({"id": "x", "when": day(panel, 100)})
    with pytest.raises(StudyError, match=r"needs \^GSPC as benchmark and the prices hold only AAA"):
        study(model=ash.MarketModel(benchmark="^GSPC")).fit(rows, panel)


def test_fit_says_what_it_takes(panel):
    rows = book({"id": "x", "when": day(panel, 100)})
    with pytest.raises(StudyError, match="fit takes an EventBook and a panel, in this order"):
        study().fit(panel, rows)
    with pytest.raises(StudyError, match="seed is 'x'; it is a whole number"):
        study().fit(rows, panel, seed="x")
    assert repr(rows) == "<EventBook 1 event of 1 ticker on XHKG sessions>"


def test_one_caveat_may_be_text(panel):
    result = study(caveats="survivors only").fit(book({"id": "x", "when": day(panel, 100)}), panel)
    assert "survivors only" in result.warnings


def test_a_return_panel_gives_the_same_result(panel):
    rows = book({"id": "x", "when": day(panel, 100)})
    wide = pd.DataFrame(panel.returns("simple"), index=panel.sessions.dates, columns=panel.tickers)
    returns = ash.ReturnPanel.from_frame(wide, kind="simple", calendar="XHKG")
    one, other = study().fit(rows, panel), study().fit(rows, returns)
    pd.testing.assert_frame_equal(one.car_rows, other.car_rows)


def test_a_result_is_saved_and_read_back(panel, tmp_path):
    rows = book({"id": "x", "when": day(panel, 100)}, {"id": "y", "when": "2026-10"})
    result = study().fit(rows, panel)
    paths = result.save(tmp_path)
    assert {path.name for path in paths} == {
        "events.csv", "estimates.csv", "abnormal_returns.csv", "car.csv", "aar.csv", "caar.csv", "tests.csv",
        "single.csv", "regression.csv", "outcomes.csv", "influence.csv", "calendar_time.csv",
        "attributes.csv", "depth.csv", "placebo.csv", "verdict.csv",
    }  # fmt: skip
    again = StudyResult.read(tmp_path, result.record)
    for name in FILES:
        pd.testing.assert_frame_equal(
            getattr(again, name), getattr(result, name), check_dtype=False
        )
    assert again.summary() == result.summary()
    (tmp_path / "caar.csv").unlink()
    with pytest.raises(
        RunError, match=r"caar\.csv is missing: the run is incomplete or of another"
    ):
        StudyResult.read(tmp_path, result.record)


def test_the_files_have_the_contracts_columns(panel, tmp_path):
    study().fit(book({"id": "x", "when": day(panel, 100)}), panel).save(tmp_path)
    contract = {
        "events.csv": "id ticker kind when precision timing known_at session session_alt n_obs"
        " status reason confounders source",
        "estimates.csv": "event alpha beta sigma r2 dof first last",
        "abnormal_returns.csv": "event offset session ret expected ar se",
        "car.csv": "event session first last start end row car se t dof p_value",
        "aar.csv": "group offset n aar se caar caar_se",
        "tests.csv": "group start end test statistic distribution dof p_value n null note",
    }
    for name, columns in contract.items():
        written = (tmp_path / name).read_text().splitlines()[0].split(",")
        assert written[: len(columns.split())] == columns.split(), name


def test_plots_return_axes_with_what_the_result_holds(panel):
    result = study().fit(book({"id": "x", "when": day(panel, 100)}), panel)
    ax = result.plot(event="x")
    (line,) = [line for line in ax.get_lines() if line.get_label() == "CAR"]
    np.testing.assert_allclose(line.get_ydata(), result.abnormal_returns["car"])
    assert result.plot().get_title(loc="left") == "T"
    with pytest.raises(LookupError, match="unknown event 'z'"):
        result.plot(event="z")
