from __future__ import annotations

import pandas as pd
import pytest
from exchange_calendars.exchange_calendar_xmos import XMOSExchangeCalendar
from exchange_calendars.pandas_extensions.offsets import OrthodoxEaster
from pandas.tseries.offsets import BaseOffset

from aftershock import offsets


@pytest.fixture(autouse=True)
def completed():
    offsets.complete_offsets()


@pytest.fixture(scope="module")
def moscow():
    """Return Moscow's business day: 2000-05-06 was a working Saturday, 9 May a holiday."""
    return object.__new__(XMOSExchangeCalendar).day


def test_business_days_count_special_weekends_both_ways(moscow):
    friday, saturday = pd.Timestamp("2000-05-05"), pd.Timestamp("2000-05-06")
    assert friday + moscow == saturday
    assert saturday - moscow == friday
    assert saturday + moscow == pd.Timestamp("2000-05-08")
    assert friday + 3 * moscow == pd.Timestamp("2000-05-10")
    days = pd.date_range("2000-05-05", "2000-05-11", freq=moscow)
    assert days.strftime("%d").tolist() == ["05", "06", "08", "10", "11"]


def test_orthodox_easter_is_the_church_s():
    assert pd.Timestamp("2024-01-01") + OrthodoxEaster() == pd.Timestamp("2024-05-05")
    assert pd.Timestamp("2025-01-01") + OrthodoxEaster() == pd.Timestamp("2025-04-20")


def test_an_offset_with_an_answer_of_its_own_keeps_it():
    class Own(BaseOffset):
        def _add_datetime(self, day):
            return day

    answer = Own._add_datetime
    offsets._lend(Own, "_add_datetime", lambda _self, day: day + pd.Timedelta(days=1))
    assert Own._add_datetime is answer
