from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from aftershock.prices.shifts import shift_of
from aftershock.sessions import Sessions

DAY = np.timedelta64(1, "D")


def sessions_of(code):
    return Sessions.exchange(code, dt.date(2024, 1, 2), dt.date(2024, 12, 20))


def week_from_sunday():
    """Sessions from Sunday to Thursday, as Tel Aviv held them."""
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-12-20"))
    weekday = (days.astype("int64") + 3) % 7
    kept = days[(weekday <= 3) | (weekday == 6)]
    return replace(Sessions.rows([day.item() for day in kept]), calendar="XTAE")


ALL = [
    *(sessions_of(code) for code in ("XHKG", "XNYS", "XLON", "XBOM", "XSAU")),
    week_from_sunday(),
]


@pytest.mark.parametrize("sessions", ALL, ids=lambda sessions: sessions.calendar)
def test_only_what_is_shifted_is_called_so(sessions):
    days = sessions.dates
    assert shift_of(days, sessions) == ""
    assert "a day early" in shift_of(days - DAY, sessions)
    assert "a day late" in shift_of(days + DAY, sessions)
    assert shift_of(days[::3], sessions) == ""  # a stock that trades now and then


@pytest.mark.parametrize("code", ["XLON", "XNYS"])
def test_a_shift_in_summer_only_is_found(code):
    """Midnight in London is 23:00 of the day before in UTC, from April to October."""
    sessions = sessions_of(code)
    days = sessions.dates.copy()
    summer = (days >= np.datetime64("2024-04-01")) & (days < np.datetime64("2024-10-27"))
    days[summer] -= DAY
    text = shift_of(days, sessions)
    assert "of the dates are Sundays, first 2024-04-07, and Fridays are missing" in text


def test_bars_of_every_day_are_not_shifted():
    """A currency or a coin on the calendar of a stock exchange."""
    sessions = sessions_of("XNYS")
    every = np.arange(sessions.dates[0], sessions.dates[-1])
    assert shift_of(every, sessions) == ""
    weekday = (every.astype("int64") + 3) % 7
    assert shift_of(every[weekday != 5], sessions) == ""  # currencies trade on Sunday evenings


@pytest.mark.parametrize("every", ["W-SUN", "W-SAT", "MS", "ME"])
def test_weekly_and_monthly_figures_are_not_shifted(every):
    """The Federal Reserve stamps a month with its first day, be it a Sunday."""
    days = pd.date_range("2020-01-01", "2024-12-20", freq=every).to_numpy().astype("datetime64[D]")
    sessions = Sessions.exchange("XNYS", dt.date(2020, 1, 2), dt.date(2024, 12, 20))
    assert shift_of(days, sessions) == ""


def test_a_stray_sunday_is_not_a_shift():
    sessions = sessions_of("XNYS")
    stray = np.append(sessions.dates, np.datetime64("2024-03-10"))
    assert shift_of(stray, sessions) == ""
    holed = stray[stray != np.datetime64("2024-03-08")]
    assert shift_of(holed, sessions) == ""
    assert shift_of(sessions.dates[:1], sessions) == ""
