from __future__ import annotations

import datetime as dt

import pytest

from aftershock.events.when import When, parse_when


@pytest.mark.parametrize(
    ("text", "precision", "first", "last"),
    [
        ("2026-06-18", "day", "2026-06-18", "2026-06-18"),
        ("2026-06-18 00:00:00", "day", "2026-06-18", "2026-06-18"),  # as pandas writes a day
        ("2026-06-18T00:00:00.000", "day", "2026-06-18", "2026-06-18"),
        ("2026-06-05..2026-06-10", "approx", "2026-06-05", "2026-06-10"),
        ("2026-06-05 .. 2026-06-10", "approx", "2026-06-05", "2026-06-10"),
        ("2026-10", "month", "2026-10-01", "2026-10-31"),
        ("2026-02", "month", "2026-02-01", "2026-02-28"),
        ("2026-Q1", "quarter", "2026-01-01", "2026-03-31"),
        ("2026-q4", "quarter", "2026-10-01", "2026-12-31"),
    ],
)
def test_each_form_has_its_precision(text, precision, first, last):
    when = parse_when(text)
    assert (when.precision, str(when.first), str(when.last)) == (precision, first, last)
    assert parse_when(str(when)) == when


@pytest.mark.parametrize(
    "text",
    ["2026-06-13 14:19 +08:00", "2026-06-13T14:19+0800", "2026-06-13 14:19 Asia/Hong_Kong"],
)
def test_an_instant_carries_its_zone(text):
    when = parse_when(text)
    assert when.precision == "minute"
    assert when.instant.astimezone(dt.UTC) == dt.datetime(2026, 6, 13, 6, 19, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-02-30", "2026-02-30 is no date"),
        ("2026-06-13 00:00", "no zone; add one, such as"),  # a person's midnight is an hour
        ("2026-06-13 14:19", "no zone; add one, such as"),
        ("2026-06-13 25:00 +08:00", "25:00 is no time of day"),
        ("2026-06-13 14:19 Mars/Olympus", "is no time zone"),
        ("2026-06-10..2026-06-05", "must run forward"),
        ("2026-13", "2026-13 is no month"),
        ("2026-Q5", "is not a time; write"),
        ("soon", "is not a time; write"),
        (None, "is not a time; write"),
    ],
)
def test_what_is_no_time_is_refused_with_the_forms(text, message):
    with pytest.raises(ValueError, match=message):
        parse_when(text)


def test_python_dates_are_taken_as_they_are():
    assert parse_when(dt.date(2026, 6, 18)) == parse_when("2026-06-18")
    aware = dt.datetime(2026, 6, 13, 6, 19, tzinfo=dt.UTC)
    assert parse_when(aware).instant == aware
    midnight = dt.datetime(2026, 6, 18)
    assert parse_when(midnight).precision == "day"
    with pytest.raises(ValueError, match="no zone"):
        parse_when(dt.datetime(2026, 6, 18, 9, 30))
    assert parse_when(When("day", dt.date(2026, 1, 1), dt.date(2026, 1, 1))).precision == "day"
