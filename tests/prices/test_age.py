"""How old the newest price is, by hand from Hong Kong's calendar."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

import aftershock as ash
from aftershock.prices.age import age_of


@pytest.fixture
def panel():
    """AAA to Friday 3 July 2026, the index to Thursday."""
    days = pd.DatetimeIndex(["2026-06-30", "2026-07-02", "2026-07-03"])  # 1 July is a holiday
    frames = {"AAA": pd.Series([1.0, 2.0, 3.0], days), "^IDX": pd.Series([1.0, 2.0], days[:2])}
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


@pytest.mark.parametrize(
    ("now", "days", "sessions", "sentence"),
    [
        ("2026-07-03 09:00", 0, 0, "newest price 2026-07-03, of today, 0 sessions have closed since"),
        ("2026-07-05 03:00", 2, 0, "newest price 2026-07-03, 2 days old, 0 sessions have closed since"),
        # Monday's session closes at 16:08 in Hong Kong, 08:08 UTC
        ("2026-07-06 07:59", 3, 0, "newest price 2026-07-03, 3 days old, 0 sessions have closed since"),
        ("2026-07-06 08:30", 3, 1, "newest price 2026-07-03, 3 days old, 1 session has closed since"),
        ("2026-07-03 16:30", 1, 0, "newest price 2026-07-03, 1 day old, 0 sessions have closed since"),
        ("2026-07-17 12:00", 14, 10, "newest price 2026-07-03, 14 days old, 10 sessions have closed since"),
        ("2026-07-01 12:00", -2, 0, "newest price 2026-07-03, which lies after today, 2026-07-01"),
    ],
)  # fmt: skip
def test_the_age_of_the_newest_price(panel, now, days, sessions, sentence):
    age = age_of(panel, dt.datetime.fromisoformat(f"{now}+00:00"))
    assert (age.days, age.sessions, age.sentence) == (days, sessions, sentence)
    assert age.newest == {"AAA": dt.date(2026, 7, 3), "^IDX": dt.date(2026, 7, 2)}
