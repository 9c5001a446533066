from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from aftershock.errors import SessionError, UnknownName
from aftershock.overrides import Overrides
from aftershock.sessions import Sessions

HK = ZoneInfo("Asia/Hong_Kong")


def day(text):
    return dt.date.fromisoformat(text)


def hk(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=HK)


def test_days_without_trading_are_taken_out():
    sessions = Sessions.exchange("XHKG", day("2023-08-28"), day("2023-09-12"))
    assert sessions.find(day("2023-09-01")) is None  # typhoon Saola
    assert sessions.find(day("2023-09-08")) is None  # black rainstorm
    assert sessions.find(day("2023-09-04")) is not None


def test_holidays_and_half_days_of_2026(sessions):
    closed = ["2026-02-17", "2026-02-18", "2026-02-19", "2026-04-03", "2026-04-06", "2026-04-07"]
    closed += ["2026-05-01", "2026-05-25", "2026-06-19", "2026-07-01", "2026-10-01", "2026-10-19"]
    assert [text for text in closed if sessions.find(day(text)) is not None] == []
    for half in ("2026-02-16", "2026-12-24", "2026-12-31"):
        close = sessions.close(sessions.position(day(half)))
        assert close.astimezone(HK).hour == 12
    assert sessions.close(sessions.position(day("2026-07-08"))).astimezone(HK).hour == 16


@pytest.mark.parametrize(
    ("instant", "session"),
    [
        ("2026-07-08T00:00", "2026-07-08"),
        ("2026-07-08T15:59:59", "2026-07-08"),
        ("2026-07-08T16:00", "2026-07-09"),  # the close itself belongs to the next session
        ("2026-02-16T11:59", "2026-02-16"),  # half day
        ("2026-02-16T12:00", "2026-02-20"),  # after a half day and a three-day holiday
        ("2026-06-13T14:19", "2026-06-15"),  # a Saturday
        ("2026-06-18T16:30", "2026-06-22"),  # before a holiday and a weekend
    ],
)
def test_an_instant_belongs_to_the_session_that_closes_after_it(sessions, instant, session):
    assert sessions.date(sessions.closing_after(hk(instant))) == day(session)


def test_an_instant_after_the_last_close_has_no_session(sessions):
    assert sessions.closing_after(hk("2027-01-05T10:00")) is None


def test_an_instant_without_zone_is_refused(sessions):
    with pytest.raises(SessionError, match="no time zone"):
        sessions.closing_after(dt.datetime(2026, 7, 8, 10))


def test_a_day_that_is_no_session_names_the_next(sessions):
    with pytest.raises(SessionError, match=r"2026-06-19 is not a session of XHKG.*2026-06-22"):
        sessions.position(day("2026-06-19"))


def test_an_unknown_exchange_is_named_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'XHKG'"):
        Sessions.exchange("XHKK", day("2026-01-01"), day("2026-02-01"))


def test_a_calendar_reaches_years_ahead_for_long_lockups():
    sessions = Sessions.exchange("XHKG", day("2026-01-02"), day("2026-01-09"))
    wide = sessions.covering(day("2025-12-30"), day("2028-01-10"))
    assert wide.first == day("2025-12-30")
    assert wide.last == day("2028-01-10")
    assert sessions.covering(day("2026-01-05"), day("2026-01-06")) is sessions


def test_further_closed_days_survive_widening():
    overrides = Overrides(closed=["2026-03-10"])
    sessions = Sessions.exchange("XHKG", day("2026-03-02"), day("2026-03-31"), overrides=overrides)
    assert sessions.find(day("2026-03-10")) is None
    assert sessions.covering(day("2026-01-05"), day("2026-06-30")).find(day("2026-03-10")) is None


def test_rows_of_a_data_set_are_sessions_of_their_own():
    sessions = Sessions.rows([day("2001-09-17"), day("2001-09-10"), day("2001-09-18")])
    assert [sessions.date(i) for i in range(3)] == [
        day("2001-09-10"),
        day("2001-09-17"),
        day("2001-09-18"),
    ]
    assert sessions.date(sessions.closing_after(sessions.day_start(day("2001-09-11")))) == day(
        "2001-09-17"
    )
    assert sessions.covering(day("2000-01-01"), day("2002-01-01")) is sessions


def test_new_york_was_closed_for_the_storm_of_2012():
    sessions = Sessions.exchange("XNYS", day("2012-10-01"), day("2012-11-30"))
    assert sessions.find(day("2012-10-29")) is None
    assert sessions.find(day("2012-10-30")) is None
    assert sessions.find(day("2012-10-31")) is not None


def test_arrays_cannot_be_written(sessions):
    with pytest.raises(ValueError, match="read-only"):
        sessions.dates[0] = sessions.dates[1]
