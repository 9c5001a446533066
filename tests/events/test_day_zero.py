from __future__ import annotations

import datetime as dt

import pytest

import aftershock as ash
from aftershock.events.day_zero import day_zero, known_at, spanning
from aftershock.sessions import Sessions

# From the facts of the first workspace: id, day 0, second candidate, end of a range.
EXPECTED = [
    ("zhipu-listing", "2026-01-08", None, None),
    ("minimax-listing", "2026-01-09", None, None),
    ("glm-5", "2026-02-11", "2026-02-12", None),
    ("glm-coding-plan-reprice", "2026-02-11", None, "2026-02-12"),
    ("glm-coding-plan-apology", "2026-02-23", None, None),
    ("glm-5-turbo", "2026-03-16", None, None),
    ("minimax-m2.7", "2026-03-18", "2026-03-19", None),
    ("zhipu-api-hike", None, None, None),
    ("zhipu-fy2025-results", "2026-03-31", "2026-04-01", None),
    ("zhipu-api-hike-disclosed", "2026-03-31", "2026-04-01", None),
    ("glm-5.1", "2026-04-08", "2026-04-09", None),
    ("hstech-announcement@2513.HK", "2026-05-15", None, "2026-05-22"),
    ("minimax-m3", "2026-06-01", "2026-06-02", None),
    ("minimax-m3-hike", "2026-06-01", "2026-06-02", None),
    ("hstech-inclusion@0100.HK", "2026-06-08", None, None),
    ("minimax-m3-cut", "2026-06-05", None, "2026-06-10"),
    ("anthropic-ban@2513.HK", "2026-06-15", None, None),
    ("glm-5.2", "2026-06-15", None, None),
    ("zhipu-star-acceptance", "2026-06-17", "2026-06-18", None),
    ("musk-tang", "2026-06-18", "2026-06-22", None),
    ("zhipu-lockup-2026-07", "2026-07-08", None, None),
    ("minimax-lockup-2026-07", "2026-07-09", None, None),
    ("zhipu-placing-2026-07", "2026-07-09", "2026-07-10", None),
    ("kimi-k3@0100.HK", "2026-07-16", None, "2026-07-17"),
    ("minimax-raise-2026-07", "2026-07-20", None, "2026-07-24"),
    ("glm-5.3-flash", "2026-08-26", "2026-08-27", None),
    ("zhipu-h1-results", "2026-09-01", None, None),
    ("zhipu-placing-2026-09", "2026-09-14", None, None),
    ("minimax-lockup-2026-10", "2026-10-09", None, None),
    ("zhipu-lockup-2027-01", "2027-01-08", None, None),
]


def text(day):
    return None if day is None else str(day)


@pytest.mark.parametrize(("event", "session", "alt", "last"), EXPECTED)
def test_day_zero_of_the_first_workspace(book, sessions, event, session, alt, last):
    zero = day_zero(book[event], spanning(sessions, book))
    assert (text(zero.session), text(zero.session_alt), text(zero.last)) == (session, alt, last)
    assert bool(zero.reason) == (session is None)


def one(**fields):
    record = {"id": "x", "kind": "announcement", "ticker": "A", **fields}
    import pandas as pd

    return ash.EventBook.from_frame(pd.DataFrame([record]), calendar="XHKG").events[0]


@pytest.mark.parametrize(
    ("when", "timing", "session"),
    [
        ("2026-02-16", "intraday", "2026-02-16"),
        ("2026-02-16", "after_close", "2026-02-20"),  # half day, then three holidays
        ("2026-06-18", "after_close", "2026-06-22"),
        ("2026-06-18", "pre_open", "2026-06-18"),
        ("2026-06-19", "pre_open", "2026-06-22"),  # a holiday
        ("2026-02-16 12:00 +08:00", "unknown", "2026-02-20"),
        ("2026-02-16 11:59 +08:00", "unknown", "2026-02-16"),
        ("2026-07-07 16:00 +08:00", "unknown", "2026-07-08"),
    ],
)
def test_what_is_known_of_the_hour_decides(sessions, when, timing, session):
    zero = day_zero(one(when=when, timing=timing), sessions)
    assert (text(zero.session), zero.session_alt) == (session, None)


@pytest.mark.parametrize(
    ("fields", "instant"),
    [
        ({"when": "2026-06-18"}, "2026-06-18T15:59:59.999999"),  # the end of the Hong Kong day
        ({"when": "2026-06-18", "timing": "pre_open"}, "2026-06-17T16:00"),
        ({"when": "2026-06-18", "timing": "intraday"}, "2026-06-18T08:00"),  # the close
        ({"when": "2026-02-16", "timing": "intraday"}, "2026-02-16T04:00"),  # of a half day
        ({"when": "2026-06-18", "timing": "after_close"}, "2026-06-18T15:59:59.999999"),
        ({"when": "2026-06-13 14:19 +08:00"}, "2026-06-13T06:19"),
        ({"when": "2026-06-05..2026-06-10"}, "2026-06-10T15:59:59.999999"),
        ({"when": "2026-07-08", "known_at": "2025-12-30"}, "2025-12-30T15:59:59.999999"),
        ({"when": "2026-07-08", "known_at": "2026-01-02 09:00 +08:00"}, "2026-01-02T01:00"),
    ],
)
def test_what_is_known_when(sessions, fields, instant):
    expected = dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC)
    assert known_at(one(**fields), sessions) == expected


def test_known_at_never_moves_day_zero(sessions):
    early = one(when="2026-07-08", timing="pre_open", known_at="2025-12-30")
    assert text(day_zero(early, sessions).session) == "2026-07-08"


def test_a_closed_new_york_moves_the_expiry_to_wednesday():
    sessions = Sessions.exchange("XNYS", dt.date(2012, 10, 1), dt.date(2012, 11, 30))
    zero = day_zero(one(when="2012-10-29", timing="pre_open"), sessions)
    assert text(zero.session) == "2012-10-31"
    unknown = day_zero(one(when="2012-10-29"), sessions)
    assert (text(unknown.session), unknown.session_alt) == ("2012-10-31", None)


def test_news_after_a_typhoon_ended_the_day_belongs_to_the_next():
    sessions = Sessions.exchange("XHKG", dt.date(2019, 7, 1), dt.date(2019, 8, 30))
    days = {
        hour: text(day_zero(one(when=f"2019-07-31 {hour} +08:00"), sessions).session)
        for hour in ("13:54", "13:55", "15:00")
    }
    assert days == {"13:54": "2019-07-31", "13:55": "2019-08-01", "15:00": "2019-08-01"}
