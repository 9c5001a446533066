"""An event without prices is due once its day has passed, and ahead until then."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

import aftershock as ash
from aftershock.events.day_zero import day_zero
from aftershock.events.standing import standing


@pytest.mark.parametrize(
    ("when", "now", "newest", "state"),
    [
        ("2026-07-08", "2026-07-08 12:00", "2026-07-08", ""),
        ("2026-07-08", "2026-07-08 12:00", "2026-07-07", "due, no prices"),
        ("2026-07-08", "2026-07-08 12:00", None, "due, no prices"),
        ("2026-07-08", "2026-07-08 03:00", "2026-07-07", "ahead"),  # its session is on
        ("2026-07-11", "2026-07-12 12:00", "2026-07-10", "ahead"),  # a Saturday, day 0 is Monday
        ("2026-07-11", "2026-07-13 12:00", "2026-07-10", "due, no prices"),
        ("2026-07-08..2026-07-10", "2026-07-09 12:00", "2026-07-08", "ahead"),
        ("2026-07-08..2026-07-10", "2026-07-10 12:00", "2026-07-08", "due, no prices"),
        ("2026-07", "2026-07-31 15:00", "2026-07-30", "ahead"),  # 23:00 in Hong Kong
        ("2026-07", "2026-07-31 16:00", "2026-07-30", "due, no prices"),
        ("2026-07", "2026-08-03 12:00", "2026-07-31", ""),
    ],
)
def test_where_an_event_stands(sessions, when, now, newest, state):
    row = {"id": "e", "ticker": "AAA", "kind": "policy", "when": when, "timing": "pre_open"}
    (event,) = ash.EventBook.from_frame(pd.DataFrame([row]), calendar="XHKG")
    day = None if newest is None else dt.date.fromisoformat(newest)
    instant = dt.datetime.fromisoformat(f"{now}+00:00")
    assert standing(event, day_zero(event, sessions), sessions, day, instant) == state
