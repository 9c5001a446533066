"""Stocks that stop trading inside a window: named, and with a final value counted.

Hand values: least squares over the estimation window by ``numpy.polyfit``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash

DAY0, LAST = 200, 202  # the stock's last close is two sessions after day 0
SIZE = 240


def closes(seed):
    rng = np.random.default_rng(seed)
    index = 0.012 * np.random.default_rng(1).standard_normal(SIZE)
    stock = 0.8 * index + 0.02 * rng.standard_normal(SIZE)
    return 50 * np.exp(np.cumsum(stock)), 100 * np.exp(np.cumsum(index))


@pytest.fixture
def days(make_panel):
    return make_panel(sessions=SIZE).sessions.dates


def panel_of(days):
    """A stock that stops on session 202 of 240, and one that lasts."""
    (gone, index), (lasts, _) = closes(2), closes(3)
    frames = {"GONE": pd.Series(gone, pd.DatetimeIndex(days)).iloc[: LAST + 1]}
    frames["LASTS"] = pd.Series(lasts, pd.DatetimeIndex(days))
    frames["^IDX"] = pd.Series(index, pd.DatetimeIndex(days))
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


def book_of(days, **delisting):
    rows = [
        {"id": f"e@{ticker}", "ticker": ticker, "kind": "announcement", "timing": "pre_open",
         "when": str(days[DAY0])}
        for ticker in ("GONE", "LASTS")
    ]  # fmt: skip
    if delisting:
        at = delisting.pop("at", LAST + 1)
        rows.append(
            {"id": "end", "ticker": "GONE", "kind": "delisting", "when": str(days[at]), **delisting}
        )
    return ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")


def study_of(**changes):
    options = {
        "title": "T", "events": ash.select(kind="announcement"),
        "model": ash.MarketModel(benchmark="^IDX"), "returns": "simple", "estimation": (-100, -11),
        "window": (-5, 10), "cars": [(0, 1), (0, 3), (0, 6), (4, 6)], **changes,
    }  # fmt: skip
    return ash.Study(**options)


def by_hand(seed, end, final=None, row=LAST + 1):
    """CAR(0, end), the final return on ``row``, nothing after it."""
    close, index = closes(seed)
    if final is not None:
        close = np.append(close[: LAST + 1], final)
        stop = LAST
    else:
        stop = SIZE
    past = np.arange(DAY0 - 100, DAY0 - 10)
    stock, market = (values[past] / values[past - 1] - 1 for values in (close, index))
    beta, alpha = np.polyfit(market, stock, 1)
    total = 0.0
    for at in range(DAY0, min(DAY0 + end, stop) + 1):
        total += close[at] / close[at - 1] - 1 - alpha - beta * (index[at] / index[at - 1] - 1)
    if final is not None and row <= DAY0 + end:
        moved, bench = final / close[LAST] - 1, index[row] / index[LAST] - 1
        total += moved - (row - LAST) * alpha - beta * bench
    return total


def car(result, event, window):
    return result.car.set_index(["event", "start", "end"]).loc[(event, *window)]


HALTS = pytest.mark.parametrize("halts", ["missing", "trade_to_trade"])
ENGINES = pytest.mark.parametrize("engine", ["statsmodels", "arrays"])


@HALTS
@ENGINES
def test_without_a_final_value_it_is_named_beside_the_mean_of_those_that_lasted(
    days, halts, engine
):
    result = study_of(halts=halts).fit(book_of(days), panel_of(days), engine=engine)
    assert np.isfinite(car(result, "e@GONE", (0, 1))["car"])
    gone = car(result, "e@GONE", (0, 6))
    assert np.isnan(gone["car"])
    assert gone["note"] == f"no return on {days[LAST + 1]}"
    lasted = by_hand(3, 6)
    sentence = (
        f"GONE: no trading to the end of CAR(0,6) of all, the mean over 1 event that lasted is"
        f" {lasted:+.2%}, and no final value is given (an event of kind delisting)"
    )
    assert sentence in result.warnings
    assert not any("CAR(0,1)" in text and "no trading" in text for text in result.warnings)
    mean = result.caar.set_index(["start", "end"]).loc[(0, 6)]
    assert (mean["n"], mean["caar"]) == (1, pytest.approx(lasted, rel=1e-9))
    (note,) = result.events.loc[result.events["id"] == "e@GONE", "note"]
    assert f"GONE has no close after {days[LAST]}, and sessions go on to {days[-1]}" in note


@HALTS
@ENGINES
@pytest.mark.parametrize("final", [{"value": 20.0}, {"value": 0.0}, {"percent": -30.0}])
def test_a_final_value_enters_and_nothing_is_held_after_it(days, halts, engine, final):
    result = study_of(halts=halts).fit(book_of(days, **final), panel_of(days), engine=engine)
    worth = final.get("value", closes(2)[0][LAST] * 0.7)
    for end in (3, 6):
        row = car(result, "e@GONE", (0, end))
        assert row["car"] == pytest.approx(by_hand(2, end, worth), rel=1e-9)
        assert row["note"] == ""
    assert car(result, "e@GONE", (0, 3))["se"] == car(result, "e@GONE", (0, 6))["se"] > 0
    close, index = closes(2)
    held = worth / close[DAY0 - 1] - 1
    estimate = result.estimates.set_index("event").loc["e@GONE"]
    normal = [
        1 + estimate["alpha"] + estimate["beta"] * (index[t] / index[t - 1] - 1)
        for t in range(DAY0, LAST + 2)
    ]
    assert car(result, "e@GONE", (0, 6))["bhar"] == pytest.approx(held - (np.prod(normal) - 1))
    after = car(result, "e@GONE", (4, 6))
    assert np.isnan(after["car"])
    assert after["note"] == f"begins after the final value of {days[LAST + 1]}"
    both, lasted = np.mean([by_hand(2, 6, worth), by_hand(3, 6)]), by_hand(3, 6)
    assert result.caar.set_index(["start", "end"]).loc[(0, 6), "caar"] == pytest.approx(both)
    assert any(
        f"that lasted is {lasted:+.2%}, with final values it is {both:+.2%} over 2" in text
        for text in result.warnings
    )
    aar = result.aar.set_index("offset")
    assert aar.loc[[2, 3, 4], "n"].tolist() == [2, 2, 1]
    assert aar.loc[[3, 4, 6], "caar_n"].tolist() == [2, 2, 2]


@ENGINES
def test_a_final_value_after_a_halt_is_one_return_where_halts_are_bridged(days, engine):
    book, panel = book_of(days, value=20.0, at=LAST + 3), panel_of(days)
    bridged = study_of(halts="trade_to_trade").fit(book, panel, engine=engine)
    found = car(bridged, "e@GONE", (0, 6))
    assert found["car"] == pytest.approx(by_hand(2, 6, 20.0, row=LAST + 3), rel=1e-9)
    assert car(bridged, "e@GONE", (0, 3))["note"].startswith("ends inside a halt")
    missing = study_of().fit(book, panel, engine=engine)
    assert np.isnan(car(missing, "e@GONE", (0, 6))["car"])


def test_the_last_day_of_trading_may_be_given_as_the_day(days):
    on_last, day_after = (
        study_of().fit(book_of(days, percent=-30.0, at=at), panel_of(days))
        for at in (LAST, LAST + 1)
    )
    pd.testing.assert_frame_equal(on_last.car, day_after.car)


def test_log_returns_take_the_log_of_the_final_value_and_refuse_a_total_loss(days):
    made = study_of(returns="log").fit(book_of(days, percent=-30.0), panel_of(days))
    table = made.abnormal_returns.set_index(["event", "offset"])
    assert table.loc[("e@GONE", 3), "ret"] == pytest.approx(np.log(0.7))
    lost = study_of(returns="log").fit(book_of(days, value=0.0), panel_of(days))
    assert np.isnan(car(lost, "e@GONE", (0, 6))["car"])
    assert 'end: its final value is not used: a value of 0 has no log return (write returns="simple")' in lost.warnings  # fmt: skip


def test_a_delisting_before_the_last_close_is_told_and_not_used(days):
    result = study_of().fit(book_of(days, percent=-30.0, at=LAST - 5), panel_of(days))
    assert "end: its final value is not used: GONE has closes after it" in result.warnings
    assert np.isnan(car(result, "e@GONE", (0, 6))["car"])


def test_returns_alone_take_no_final_value(days):
    panel = panel_of(days)
    wide = pd.DataFrame(panel.returns("simple"), pd.DatetimeIndex(days), panel.tickers)
    returns = ash.ReturnPanel.from_frame(wide, kind="simple", calendar="XHKG")
    result = study_of().fit(book_of(days, percent=-30.0), returns)
    assert any("needs prices, and the panel holds returns only" in text for text in result.warnings)


def test_a_delisting_can_be_studied_itself_and_an_event_after_it_cannot(days):
    panel, book = panel_of(days), book_of(days, percent=-30.0)
    itself = study_of(events=ash.select(kind="delisting"), cars=[(0, 0)]).fit(book, panel)
    table = itself.abnormal_returns.set_index("offset")
    assert table.loc[0, "ret"] == pytest.approx(-0.3)
    late = {"id": "late", "ticker": "GONE", "kind": "announcement", "timing": "pre_open",
            "when": str(days[LAST + 5])}  # fmt: skip
    frame = pd.DataFrame([late, {"id": "end", "ticker": "GONE", "kind": "delisting",
                                 "when": str(days[LAST + 1]), "percent": -30.0}])  # fmt: skip
    result = study_of().fit(ash.EventBook.from_frame(frame, calendar="XHKG"), panel)
    assert result.events.set_index("id").loc["late", "reason"] == f"delisted on {days[LAST + 1]}"


@pytest.mark.parametrize("model", [ash.models.RobustModel("^IDX"), ash.models.ScholesWilliams("^IDX"),
                                   ash.MeanModel(), ash.MarketAdjusted(benchmark="^IDX")])  # fmt: skip
def test_every_model_holds_nothing_after_the_final_value(days, model):
    result = study_of(model=model).fit(book_of(days, percent=-30.0), panel_of(days))
    short, long = (car(result, "e@GONE", window) for window in ((0, 3), (0, 6)))
    assert short["car"] == pytest.approx(long["car"], rel=1e-12)
    assert short["se"] == pytest.approx(long["se"], rel=1e-12)
    assert short["se"] > 0
