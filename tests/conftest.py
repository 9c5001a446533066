"""What every test can ask for: the shared data where it is, and small hand-made panels."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

import aftershock as ash
from aftershock.sessions import Sessions

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"

# the same examples in every run; pytest --hypothesis-profile=explore looks for new ones
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's store."""
    monkeypatch.setenv("AFTERSHOCK_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def shared():
    if not SHARED.is_dir():
        pytest.skip("the shared data folder does not stand beside the project")
    return SHARED


@pytest.fixture(scope="session")
def hk_ai(shared):
    tickers = ["2513.HK", "0100.HK", "^HSI", "0700.HK", "3690.HK", "9888.HK", "9988.HK"]
    return ash.load_prices(tickers, source=f"files:{shared / 'data' / 'hk_ai'}")


@pytest.fixture(scope="session")
def book():
    return ash.load_events(ROOT / "events", calendar="XHKG")


@pytest.fixture
def sessions():
    return Sessions.exchange("XHKG", dt.date(2026, 1, 2), dt.date(2026, 12, 31))


@pytest.fixture
def make_bars():
    return bars


@pytest.fixture
def make_panel():
    return panel


def bars(dates, closes, opens=None, highs=None, lows=None, volume=1_000_000):
    """Bars whose open is the close before, high and low the outer of the two."""
    closes = np.asarray(closes, dtype=float)
    opens = np.asarray(opens if opens is not None else np.r_[closes[:1], closes[:-1]], dtype=float)
    high = np.maximum(opens, closes) if highs is None else np.asarray(highs, dtype=float)
    low = np.minimum(opens, closes) if lows is None else np.asarray(lows, dtype=float)
    return pd.DataFrame(
        {"Open": opens, "High": high, "Low": low, "Close": closes, "Volume": volume},
        index=pd.DatetimeIndex(dates, name="Date"),
    )


def panel(start="2026-01-02", sessions=120, tickers=("AAA", "^IDX"), seed=0, sigma=0.02):
    """A random walk of every ticker over XHKG sessions, with gaps between close and open."""
    rng = np.random.default_rng(seed)
    first = dt.date.fromisoformat(start)
    days = Sessions.exchange("XHKG", first, first + dt.timedelta(days=2 * sessions)).dates[
        :sessions
    ]
    frames = {}
    for ticker in tickers:
        close = 100 * np.exp(np.cumsum(sigma * rng.standard_normal(sessions)))
        opened = np.r_[close[:1], close[:-1]] * np.exp(0.3 * sigma * rng.standard_normal(sessions))
        high = np.maximum(opened, close) * np.exp(
            0.3 * sigma * np.abs(rng.standard_normal(sessions))
        )
        low = np.minimum(opened, close) * np.exp(
            -0.3 * sigma * np.abs(rng.standard_normal(sessions))
        )
        frames[ticker] = bars(
            days, close.round(2), opened.round(2), high.round(2) + 0.01, low.round(2) - 0.01
        )
    return ash.PricePanel.from_frames(frames, calendar="XHKG")
