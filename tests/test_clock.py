"""The clock that is passed in."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from aftershock.clock import SYSTEM, Clock


def test_a_stopped_clock_stands_in_its_zone():
    evening = dt.datetime(2025, 12, 31, 23, 30, tzinfo=ZoneInfo("America/New_York"))
    clock = Clock.stopped(evening)
    assert clock.local() == evening
    assert clock.today() == dt.date(2025, 12, 31)
    assert clock.now() == dt.datetime(2026, 1, 1, 4, 30, tzinfo=dt.UTC)
    assert clock.now().tzinfo is dt.UTC


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="names no zone"):
        Clock.stopped(dt.datetime(2026, 1, 1))


def test_the_machines_clock_has_a_zone_and_moves_on():
    first, second = SYSTEM.now(), SYSTEM.now()
    assert first <= second
    assert SYSTEM.local().utcoffset() is not None
