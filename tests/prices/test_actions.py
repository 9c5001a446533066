"""Yahoo's actions: what it divides by, what it lists and cannot be, gains counted twice."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from yahoo_stub import LoopbackSession, Stub, serve

import aftershock as ash
from aftershock.prices.actions import adjustment, as_traded, gains_inside, impossible, later_splits
from aftershock.prices.store import Store
from aftershock.prices.yahoo import YahooSource
from aftershock.sessions import Sessions

DAYS = Sessions.exchange("XHKG", dt.date(2025, 9, 1), dt.date(2026, 6, 30)).dates
SPLIT, PAID = 90, 140


@pytest.fixture
def asked(tmp_path):
    """Put a frame into a loopback Yahoo, and load it."""
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "zones"))
    stub = Stub()
    with serve(stub) as port:

        def load(frame, splits, dividends):
            stub.put("0100.HK", frame, splits=splits, dividends=dividends)
            source = YahooSource(LoopbackSession(port), Store(tmp_path / "store"), pause=0.01)
            return ash.load_prices(["0100.HK"], source=source, calendar="XHKG")

        yield load


@pytest.fixture
def history():
    """What was earned, and closes, dividends and splits as they were traded."""
    rng = np.random.default_rng(8)
    path = 100.0 * np.exp(np.cumsum(0.02 * rng.standard_normal(len(DAYS))))
    split, dividend, close = np.zeros(path.size), np.zeros(path.size), path.copy()
    split[SPLIT] = 4.0
    close[SPLIT:] /= 4.0
    dividend[PAID] = 0.01 * close[PAID - 1]
    close[PAID:] *= 0.99
    return path, close, dividend, split


def yahoo_frame(closes, adjusted):
    return pd.DataFrame(
        {
            "Open": closes, "High": closes * 1.01, "Low": closes * 0.99, "Close": closes,
            "Volume": 1_000_000_003.0 + 10.0 * np.arange(closes.size), "Adj Close": adjusted,
        },
        index=pd.DatetimeIndex(DAYS, name="Date"),
    )  # fmt: skip


def returns_of(panel):
    return panel.returns("simple")[1:, 0]


def events(dividend):
    return {str(DAYS[SPLIT]): 4.0}, {str(DAYS[PAID]): float(dividend[PAID])}


def test_yahoo_as_it_should_be(asked, history):
    path, close, dividend, split = history
    total = close * adjustment(close, dividend, split)
    panel = asked(yahoo_frame(close / later_splits(split), total), *events(dividend))
    np.testing.assert_allclose(returns_of(panel), path[1:] / path[:-1] - 1.0, atol=1e-9)
    np.testing.assert_allclose(panel.close[:, 0], close, rtol=1e-9)
    assert (panel.flags, panel.notes) == ((), ())


def test_a_split_that_yahoo_lists_and_has_not_divided_by(asked, history):
    """Its closes are still those that were traded: they are not multiplied by the split."""
    path, close, dividend, split = history
    adjusted = close * adjustment(close, dividend, np.zeros_like(split))
    panel = asked(yahoo_frame(close, adjusted), *events(dividend))
    np.testing.assert_allclose(returns_of(panel), path[1:] / path[:-1] - 1.0, atol=1e-9)
    np.testing.assert_allclose(panel.close[:, 0], close, rtol=1e-9)
    assert panel.split[SPLIT, 0] == 4.0
    (note,) = panel.notes
    assert "the listed events are used" in note


def test_a_split_that_yahoo_divided_by_twice(asked, history):
    path, close, dividend, split = history
    twice = np.where(np.arange(close.size) < SPLIT, close / 16.0, close)
    total = twice * adjustment(close, dividend, np.zeros_like(split))
    panel = asked(yahoo_frame(twice, total), *events(dividend))
    np.testing.assert_allclose(returns_of(panel), path[1:] / path[:-1] - 1.0, atol=1e-9)
    assert [flag.check for flag in panel.flags] == ["odd_price_step"]


@pytest.mark.parametrize("amount", [1353.0, 12.0])
def test_a_dividend_that_yahoo_lists_in_another_unit_is_not_used(asked, history, amount):
    path, close, _, split = history
    apart = close / later_splits(split)
    close[PAID:] /= 0.99  # nothing was paid
    frame = yahoo_frame(close / later_splits(split), apart)
    frame["Adj Close"] = frame["Close"]
    panel = asked(frame, {str(DAYS[SPLIT]): 4.0}, {str(DAYS[PAID]): amount})
    np.testing.assert_allclose(returns_of(panel), path[1:] / path[:-1] - 1.0, atol=1e-9)
    assert panel.dividend.sum() == 0.0
    (flag,) = panel.flags
    assert flag.check == ("impossible_action" if amount > 1000 else "odd_price_step")
    assert str(flag.session) == str(DAYS[PAID])


def test_a_gain_in_the_dividend_is_told_by_the_adjusted_close():
    close, dividend, gain = (
        np.array([100.0, 95.0, 95.0]),
        np.array([0, 5.0, 0]),
        np.array([0, 3.0, 0]),
    )
    alone, both = np.array([0.95, 1.0, 1.0]), np.array([0.92, 1.0, 1.0])
    assert gains_inside(close, dividend, gain, alone).tolist() == [False, True, False]
    assert not gains_inside(close, dividend, gain, both).any()
    assert not gains_inside(close, dividend, gain, np.full(3, np.nan)).any()


def test_what_an_action_cannot_be():
    close = np.array([10.0, 5.0, 5.0, np.nan, 5.0])
    dividend = np.array([20.0, 5.0, 4.9, np.nan, 5.0])
    split = np.array([0.0, 2.0, -1.0, np.nan, 0.0])
    # the first has no close before it; 5 is the whole of a close of 5, after a two-for-one too
    assert impossible(close, dividend, split).tolist() == [False, True, True, False, True]


def test_a_few_bars_are_enough_to_tell_an_undivided_split():
    index = pd.DatetimeIndex(DAYS[:3])
    bars = pd.DataFrame(
        {
            "Open": 50.0, "High": 50.0, "Low": 50.0, "Close": [100.0, 50.0, 50.5], "Volume": 1.0,
            "Dividends": 0.0, "Stock Splits": [0.0, 2.0, 0.0],
        },
        index=index,
    )  # fmt: skip
    assert as_traded(bars)["Close"].tolist() == [100.0, 50.0, 50.5]
    divided = bars.assign(Close=[50.0, 50.0, 50.5])
    assert as_traded(divided)["Close"].tolist() == [100.0, 50.0, 50.5]
