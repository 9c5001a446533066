"""unlock_short over every six-month expiry of the true listings, on shared capital.

The prices are adjusted, so there are no lots and no tick rule, costs are in basis points, and
what could be borrowed is a scenario. Entries and exits are looked up in the raw frames.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import aftershock as ash

SURVIVORS = "every stock of the sample was still listed on 2025-10-30: survivors only"
ADJUSTED = "prices are adjusted: no lots, no tick rule, costs in basis points"
DRAWS = 60


def backtest(root, **exchange):
    return ash.Backtest(
        root / "strategies" / "unlock_short.py",
        params={"entry": -10, "exit": 5, "stop": None, "weight": 0.05},
        exchange=ash.exchanges.PlainExchange(bps=25, **{"borrow": 0.05, **exchange}),
        start=dt.date(2018, 6, 1), end=dt.date(2021, 12, 31), caveats=[SURVIVORS, ADJUSTED],
    )  # fmt: skip


@pytest.fixture(scope="module")
def result(root, ipo_expiries, ipo_panel):
    return backtest(root).run(ipo_expiries, ipo_panel, benchmark="^HSI", placebos=DRAWS, seed=1)


def test_what_never_had_a_lockup_is_not_traded(result):
    excluded = result.events[result.events["reason"].str.contains("no IPO lock-up")]
    assert len(excluded) == 11
    assert not set(excluded["ticker"]) & set(result.trades["ticker"])
    assert len(result.events) == 65


def test_every_trade_is_where_the_frames_say(result, ipo_frames):
    assert len(result.trades) > 45
    calendar = ipo_frames["^HSI"].index
    for row in result.trades.itertuples():
        frame = ipo_frames[row.ticker]
        listed = frame.index[0]
        month = listed.replace(day=1) + pd.DateOffset(months=6)
        day = min(month + pd.Timedelta(days=listed.day - 1), month + pd.DateOffset(months=1))
        zero = calendar.searchsorted(day)
        assert row.entry_session == calendar[zero - 10]
        assert row.entry_price == frame["Open"][calendar[zero - 10]]
        if row.exit_session == calendar[zero + 5]:
            assert row.exit_price == frame["Open"][calendar[zero + 5]]
        earned = row.shares * (row.entry_price - row.exit_price)
        assert row.gross == pytest.approx(earned, abs=0.02 + 2e-4 * row.shares)
        fees = 0.0025 * row.shares * (row.entry_price + row.exit_price)
        assert row.fees == pytest.approx(fees, abs=0.02 + 1e-6 * row.shares)
    net = result.trades["net"].sum()
    assert result.metrics["end_equity"] - 1e7 == pytest.approx(net, abs=0.01)


def test_what_limits_the_data_stands_first(result):
    assert result.warnings[:2] == (SURVIVORS, ADJUSTED)
    assert "a scenario" in result.conventions["borrow"]


def test_the_placebo_says_what_it_can(result):
    row = result.luck.iloc[0]
    assert row["n"] == result.trades["event"].nunique()
    assert row["floor"] == 1 / (DRAWS + 1)
    beaten = np.sum(result.placebo["net"] >= row["statistic"])
    assert row["p_value"] == pytest.approx((1 + beaten) / (1 + DRAWS))
    said = result.summary()
    assert f"n = {row['n']}: mean net" in said
    assert "placebo p = " in said


def test_half_of_them_that_cannot_be_borrowed_are_refused(root, result, ipo_expiries, ipo_panel):
    """Shortability is a scenario: what nobody lends is refused, with the reason."""
    none = ((dt.date(2018, 1, 1), 0.0),)
    barred = sorted(set(result.trades["ticker"]))[::2]
    scenario = backtest(root, borrowable=dict.fromkeys(barred, none))
    found = scenario.run(ipo_expiries, ipo_panel, benchmark="^HSI", placebos=0)
    assert set(found.trades["ticker"]) == set(result.trades["ticker"]) - set(barred)
    reasons = found.orders.loc[found.orders["ticker"].isin(barred), "reason"]
    assert reasons.str.startswith("no borrow").all()
