"""Every shape a window can have around a halt: which CAR it has, and what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash

DAY0 = 200
CLOSED = (202, 203, 204)  # sessions without a price
SHAPES = {
    # window: the window of the same CAR without the halt's own sessions, and the note
    (0, 1): ((0, 1), ""),
    (-1, 5): ((-1, 5), ""),  # contains the halt
    (0, 2): (None, "ends inside a halt, without a close on {2}: no CAR of its own"),
    (0, 4): (None, "ends inside a halt, without a close on {4}: no CAR of its own"),
    (2, 4): (None, "ends inside a halt, without a close on {4}: no CAR of its own"),
    (3, 3): (None, "ends inside a halt, without a close on {3}: no CAR of its own"),
    (2, 5): ((2, 5), ""),  # begins with the halt: its return starts from the window's own close
    (3, 6): ((2, 6), "begins inside a halt: its first return is from the close of {1} on"),
    (5, 6): ((2, 6), "begins inside a halt: its first return is from the close of {1} on"),
    (6, 8): ((6, 8), ""),
}  # fmt: skip


def closes():
    rng = np.random.default_rng(12)
    index = 0.012 * rng.standard_normal(260)
    stock = 0.9 * index + 0.02 * rng.standard_normal(260)
    return 50 * np.exp(np.cumsum(stock)), 100 * np.exp(np.cumsum(index))


@pytest.fixture(params=["statsmodels", "arrays"])
def fitted(request, make_panel):
    """The study over the halt, and the panel's sessions."""
    days = make_panel(sessions=260).sessions.dates
    close, index = closes()
    close[list(CLOSED)] = np.nan
    panel = ash.PricePanel.from_frames(
        {
            "AAA": pd.Series(close, pd.DatetimeIndex(days)).dropna(),
            "^IDX": pd.Series(index, pd.DatetimeIndex(days)),
        },
        calendar="XHKG",
    )
    row = {"id": "e", "ticker": "AAA", "kind": "announcement", "when": str(days[DAY0]),
           "timing": "pre_open"}  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame([row]), calendar="XHKG")
    study = ash.Study(
        title="T", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"), returns="simple",
        estimation=(-100, -11), window=(-5, 10), cars=list(SHAPES), halts="trade_to_trade",
    )  # fmt: skip
    return study.fit(book, panel, engine=request.param), days


def by_hand(window):
    """CAR of the bridged returns of a window, from least squares on the unbroken estimation window."""
    close, index = closes()
    stock, market = close[1:] / close[:-1] - 1, index[1:] / index[:-1] - 1  # row t - 1 is session t
    past = slice(DAY0 - 101, DAY0 - 11)
    beta, alpha = np.polyfit(market[past], stock[past], 1)
    total, at = 0.0, DAY0 + window[0]
    while at <= DAY0 + window[1]:
        end = at + len(CLOSED) if at == CLOSED[0] else at
        sessions = end - at + 1
        moved, bench = close[end] / close[at - 1] - 1, index[end] / index[at - 1] - 1
        total += moved - sessions * alpha - beta * bench
        at = end + 1
    return total


@pytest.mark.parametrize("window", list(SHAPES))
def test_a_window_around_a_halt(fitted, window):
    result, days = fitted
    same, note = SHAPES[window]
    rows = result.car_rows.set_index(["start", "end"]).loc[[window]]
    assert set(rows["row"]) == {"default", "alpha0", "masked"}
    expected = note.format(*days[DAY0 : DAY0 + 9])
    assert set(rows["note"]) == {expected}
    default = rows[rows["row"] == "default"].iloc[0]
    if same is None:
        assert rows[["car", "se", "t", "p_value", "bhar", "detectable"]].isna().all(axis=None)
    else:
        assert default["car"] == pytest.approx(by_hand(same), rel=1e-9)
        assert default["se"] > 0
    told = [text for text in result.warnings if f"CAR({window[0]},{window[1]})" in text]
    assert bool(told) == (same is None)
    pooled = result.caar.set_index(["start", "end"]).loc[window]
    assert pooled["n"] == (0 if same is None else 1)
    singles = result.single.set_index(["start", "end"])
    if same is None:  # no placebo of a CAR that there is not
        assert singles.loc[[window], "p_value"].isna().all()
        assert set(singles.loc[[window], "note"]) == {"a bridged halt inside the window"}


def test_offsets_inside_the_halt_are_missing(fitted):
    result, _ = fitted
    table = result.abnormal_returns.set_index("offset")
    inside = table.loc[[2, 3, 4], ["ret", "expected", "ar", "se", "car", "car_se"]]
    assert inside.isna().all(axis=None)
    assert (
        table.loc[[1, 5, 6], ["ret", "expected", "ar", "se", "car", "car_se"]]
        .notna()
        .all(axis=None)
    )
    assert table.loc[10, "car"] == pytest.approx(by_hand((-5, 10)), rel=1e-9)
    aar = result.aar.set_index("offset")
    assert aar.loc[[1, 2, 3, 4, 5], "n"].tolist() == [1, 0, 0, 0, 1]
    assert aar.loc[[2, 3, 4], ["aar", "caar"]].isna().all(axis=None)
    assert aar.loc[5, "caar"] == pytest.approx(by_hand((-5, 5)), rel=1e-9)
