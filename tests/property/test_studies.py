"""What must not change a study, and what must change it in a known way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aftershock as ash

SESSIONS = 170
STOCKS = ["AAA", "BBB", "CCC", "DDD"]
INDEX = "^IDX"
CARS = [(0, 0), (-1, 1), (2, 4), (0, 4)]
AT = {"a": ("AAA", 100), "b": ("BBB", 101), "c": ("CCC", 120), "d": ("DDD", 140), "e": ("AAA", 145)}
NUMBERS = ["car", "se", "t", "dof", "p_value", "bhar", "alpha_part", "detectable"]
# bootstraps and drawn placebos go through the events in order
DRAWN = ["bootstrap t", "BHAR, skewness-adjusted bootstrap", "placebo, jointly"]

quick = settings(max_examples=6, deadline=None)
seeds = st.integers(0, 10_000)
engines = st.sampled_from(["statsmodels", "arrays"])


def wide(seed, first="2024-01-01"):
    """Returns of four stocks and an index, on rows of their own."""
    rng = np.random.default_rng(seed)
    market = 0.01 * rng.standard_normal(SESSIONS)
    beta = rng.uniform(0.3, 1.5, len(STOCKS))
    own = 0.0005 + market[:, None] * beta + 0.02 * rng.standard_t(5, (SESSIONS, len(STOCKS)))
    frame = pd.DataFrame(own, columns=STOCKS).assign(**{INDEX: market})
    return frame.set_index(pd.bdate_range(first, periods=SESSIONS))


def fit(frame, *, names=tuple(AT), shift=0, engine="statsmodels", select=None, model=None):
    rows = [
        {"id": name, "ticker": AT[name][0], "kind": "announcement", "timing": "pre_open",
         "when": str(frame.index[AT[name][1] + shift].date())}
        for name in names
    ]  # fmt: skip
    study = ash.Study(
        title="T", events=select or ash.select(), model=model or ash.MarketModel(benchmark=INDEX),
        returns="simple", estimation=(-80, -11), window=(-5, 5), cars=CARS, min_obs=30,
    )  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame(rows))
    return study.fit(book, ash.ReturnPanel.from_frame(frame, kind="simple"), engine=engine)


def cars(result, names=NUMBERS, row="default"):
    table = result.car_rows.query("row == @row").set_index(["event", "start", "end"])
    return table[names].sort_index()


def outcomes(result, *, drawn=False):
    table = result.tests.set_index(["test", "start", "end"])[["statistic", "p_value"]]
    keep = [drawn or name not in DRAWN for name, *_ in table.index]
    return table[keep].sort_index()


def same(one, other, rtol=1e-9, atol=1e-12):
    pd.testing.assert_frame_equal(one, other, rtol=rtol, atol=atol)


@quick
@given(seeds, st.integers(-4000, 4000))
def test_another_calendar_gives_the_same_numbers(seed, days):
    frame = wide(seed)
    moved = frame.set_index(frame.index + pd.Timedelta(days=days))
    one, other = fit(frame), fit(moved)
    same(cars(one), cars(other), rtol=0, atol=0)
    same(outcomes(one, drawn=True), outcomes(other, drawn=True), rtol=0, atol=0)


@quick
@given(seeds, st.integers(1, 60), engines)
def test_sessions_before_the_estimation_window_do_not_matter(seed, count, engine):
    frame = wide(seed)
    earlier = pd.bdate_range(end=frame.index[0] - pd.Timedelta(days=1), periods=count)
    noise = 0.05 * np.random.default_rng(seed + 1).standard_normal((count, frame.shape[1]))
    longer = pd.concat([pd.DataFrame(noise, earlier, frame.columns), frame])
    one, other = fit(frame, engine=engine), fit(longer, shift=count, engine=engine)
    same(cars(one), cars(other))
    same(outcomes(one), outcomes(other))


@quick
@given(seeds, engines)
def test_the_future_does_not_matter(seed, engine):
    frame = wide(seed)
    other = frame.copy()
    other.iloc[151:] *= -3.0  # the last event's window ends on 150
    same(cars(fit(frame, engine=engine)), cars(fit(other, engine=engine)), rtol=0, atol=0)


@quick
@given(seeds, st.floats(0.05, 5.0), engines)
def test_larger_returns_make_larger_cars_and_the_same_t(seed, factor, engine):
    frame = wide(seed)
    scaled = frame.copy()
    scaled[STOCKS] *= factor
    one, other = fit(frame, engine=engine), fit(scaled, engine=engine)
    for name in ("car", "se", "alpha_part", "detectable"):
        same(cars(one, [name]) * factor, cars(other, [name]))
    same(cars(one, ["t", "p_value", "dof"]), cars(other, ["t", "p_value", "dof"]))
    kept = [name for name, *_ in outcomes(one).index if "BHAR" not in name]
    same(outcomes(one).loc[kept], outcomes(other).loc[kept])


@quick
@given(seeds)
def test_returns_turned_over_turn_the_signs(seed):
    frame = wide(seed)
    turned = frame.copy()
    turned[STOCKS] *= -1.0
    one, other = fit(frame), fit(turned)
    same(-cars(one, ["car", "t"]), cars(other, ["car", "t"]))
    mirrored = [name for name in outcomes(one).index if name[0] != "Wilcoxon"]
    same(-outcomes(one).loc[mirrored, ["statistic"]], outcomes(other).loc[mirrored, ["statistic"]])
    same(outcomes(one)[["p_value"]], outcomes(other)[["p_value"]])


@quick
@given(seeds, st.floats(-0.02, 0.02), st.floats(-2.0, 2.0), engines)
def test_what_the_model_explains_is_no_car(seed, alpha, beta, engine):
    frame = wide(seed)
    moved = frame.copy()
    moved[STOCKS] += alpha + beta * frame[[INDEX]].to_numpy()
    one, other = fit(frame, engine=engine), fit(moved, engine=engine)
    kept = ["car", "se", "t", "dof", "p_value"]
    same(cars(one, kept), cars(other, kept), rtol=1e-7)


@quick
@given(seeds, st.permutations(list(AT)), st.permutations([*STOCKS, INDEX]), engines)
def test_the_order_of_events_and_tickers_does_not_matter(seed, names, columns, engine):
    frame = wide(seed)
    one = fit(frame, engine=engine)
    other = fit(frame[columns], names=tuple(names), engine=engine)
    same(cars(one), cars(other))
    same(outcomes(one), outcomes(other))
    same(
        one.single.set_index(["event", "start", "end", "test"])[["p_value", "n"]].sort_index(),
        other.single.set_index(["event", "start", "end", "test"])[["p_value", "n"]].sort_index(),
    )


@quick
@given(seeds, st.sampled_from(list(AT)), engines)
def test_an_event_alone_is_the_event_among_others(seed, name, engine):
    frame = wide(seed)
    together = cars(fit(frame, engine=engine)).loc[[name]]
    same(together, cars(fit(frame, engine=engine, select=ash.select(id=name))))


@quick
@given(seeds)
def test_windows_add_up(seed):
    result = fit(wide(seed))
    car = result.car.pivot_table(index="event", columns=["start", "end"], values="car")
    ar = result.ar
    for start, end in CARS:
        window = ar[list(range(start, end + 1))].sum(axis=1)
        np.testing.assert_allclose(car.loc[window.index, (start, end)], window, atol=1e-14)
    rest = car.loc[ar.index, (0, 4)] - car.loc[ar.index, (2, 4)]
    np.testing.assert_allclose(rest, ar[[0, 1]].sum(axis=1), atol=1e-14)


@quick
@given(seeds, st.integers(-80, -11), engines)
def test_a_missing_estimation_day_is_a_day_less(seed, offset, engine):
    frame = wide(seed)
    holed = frame.copy()
    holed.iloc[100 + offset, 0] = np.nan
    one, other = fit(frame, engine=engine), fit(holed, engine=engine)
    rows = [at for at in range(20, 90) if at != 100 + offset]
    beta, alpha = np.polyfit(frame[INDEX].iloc[rows], frame["AAA"].iloc[rows], 1)
    day = frame.iloc[100]
    own = cars(other).loc["a", 0, 0]
    assert own["car"] == pytest.approx(day["AAA"] - alpha - beta * day[INDEX], rel=1e-7)
    assert own["dof"] == 67
    others = ["b", "c", "d"]
    same(cars(one).loc[others], cars(other).loc[others])


@quick
@given(seeds, st.integers(-5, 5), engines)
def test_a_missing_event_day_empties_its_windows_and_no_other(seed, offset, engine):
    frame = wide(seed)
    holed = frame.copy()
    holed.iloc[120 + offset, 2] = np.nan
    one, other = fit(frame, engine=engine), fit(holed, engine=engine)
    if offset == 0:
        assert other.events.set_index("id")["status"]["c"] == "excluded"
        return
    for start, end in CARS:
        hit = start <= offset <= end
        assert np.isnan(cars(other).loc[("c", start, end), "car"]) == hit
        n = other.caar.set_index(["start", "end"]).loc[(start, end), "n"]
        assert n == len(AT) - hit
        if hit:  # the mean is that of the other four, not a sum over five
            rest = cars(one, ["car"]).drop(index="c").xs((start, end), level=("start", "end"))
            mean = other.caar.set_index(["start", "end"]).loc[(start, end), "caar"]
            assert mean == pytest.approx(float(rest["car"].mean()))
    same(cars(one).drop(index="c"), cars(other).drop(index="c"))


@quick
@given(seeds, st.integers(0, 100))
def test_a_stock_without_events_does_not_matter(seed, holes):
    frame = wide(seed)
    other = frame.assign(ZZZ=0.1 * np.random.default_rng(seed).standard_normal(SESSIONS))
    other.iloc[:holes, -1] = np.nan
    same(cars(fit(frame)), cars(fit(other)), rtol=0, atol=0)


@quick
@given(seeds, st.integers(1, SESSIONS - 2), st.sampled_from([0.1, 0.5, 2.0, 10.0]))
def test_a_stock_split_does_not_matter(seed, at, ratio):
    """The closes before a split stand in old shares; the adjusted ones make them comparable."""
    from aftershock.sessions import Sessions

    frame = wide(seed)
    days = Sessions.exchange(
        "XHKG", pd.Timestamp("2024-01-02").date(), pd.Timestamp("2025-03-31").date()
    )
    index = pd.DatetimeIndex(days.dates[:SESSIONS])
    closes = 100 * (1 + frame).cumprod().set_index(index)
    split = np.where(np.arange(SESSIONS) < at, ratio, 1.0)
    frames = {name: pd.DataFrame({"Close": closes[name]}) for name in closes}
    after = {
        **frames,
        "AAA": pd.DataFrame({"Close": closes["AAA"] * split, "Adj Close": closes["AAA"]}),
    }
    rows = [{"id": "a", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
             "when": str(index[100].date())}]  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark=INDEX), returns="log",
        estimation=(-80, -11), window=(-5, 5), cars=CARS,
    )  # fmt: skip
    one, other = (
        study.fit(book, ash.PricePanel.from_frames(own, calendar="XHKG")) for own in (frames, after)
    )
    same(cars(one), cars(other), rtol=1e-7)
