"""Calendars, each answer from exchange_calendars' own answer files or from a source named here."""

from __future__ import annotations

import csv
import datetime as dt

import exchange_calendars
import pytest

from aftershock.calendars import FACTS, canonical_code, check_overrides, schedule
from aftershock.errors import SessionError, UnknownName
from aftershock.overrides import Overrides
from aftershock.sessions import Sessions


def day(text):
    return dt.date.fromisoformat(text)


def is_session(code, text):
    return (
        Sessions.exchange(code, day(text[:4] + "-01-01"), day(text[:4] + "-12-31")).find(day(text))
        is not None
    )


def close(code, text, **overrides):
    """Return the local time at which a day's session closes."""
    sessions = Sessions.exchange(code, day(text), day(text), overrides=Overrides(**overrides))
    return f"{sessions.close(0).astimezone(sessions.zone):%H:%M}"


@pytest.mark.parametrize(
    ("code", "text", "open_"),
    [
        ("ASEX", "2024-05-03", False),  # Orthodox Good Friday; raised under pandas 3.1
        ("ASEX", "2024-05-02", True),
        ("XBEL", "2024-05-06", False),  # Orthodox Easter Monday
        ("XBSE", "2024-05-03", False),
        ("XCYS", "2024-05-03", False),
        ("XTAE", "2019-03-21", False),  # Purim
        ("XTAE", "2019-04-21", True),  # a Sunday of Passover week
        ("XTAE", "2026-04-10", True),  # Fridays, no Sundays, from January 2026
        ("XTAE", "2026-04-12", False),
        ("XKRX", "1986-01-04", True),  # Saturdays until 1998; dropped under pandas 3.1
        ("XKRX", "1999-01-09", False),
        ("XMOS", "2000-05-06", True),  # a working Saturday
        ("XMOS", "2000-05-13", False),
        ("XBOM", "2024-01-20", True),  # Saturday of the disaster recovery drill
        ("XBOM", "2025-02-01", True),  # Saturday of the union budget
        ("XBOM", "2024-01-27", False),
    ],
)
def test_what_pandas_broke_is_as_the_answer_files_have_it(code, text, open_):
    assert is_session(code, text) is open_


def test_the_table_of_differences_is_what_there_is(root):
    with (root / "tests" / "reference" / "calendars.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["session"]]
    assert len(rows) >= 6
    for row in rows:
        at = schedule(row["calendar"], int(row["session"][:4]), int(row["session"][:4]))
        found = at.find(day(row["session"]))
        assert row["here"] == (
            "no session" if found is None else f"{at.closes[found].item():%Y-%m-%d %H:%M}"
        )


def test_facts_are_applied_under_every_name_of_an_exchange():
    assert canonical_code("HKEX") == "XHKG"
    for code in ("XHKG", "HKEX"):
        assert not is_session(code, "2023-09-01")
        assert close(code, "2019-07-31") == "13:55"  # Wipha: signal No. 8 at 13:40
    assert not is_session("XTAI", "2024-10-31")
    assert not is_session("XKRX", "2026-06-03")
    assert not is_session("XJSE", "2024-05-29")


def test_facts_name_calendars_and_can_be_true():
    for code, facts in FACTS.items():
        assert code in exchange_calendars.get_calendar_names(include_aliases=False)
        assert facts.days


def test_an_extra_session_has_the_ordinary_hours_of_its_day():
    assert close("XHKG", "2026-06-20", open=["2026-06-20"]) == "16:00"
    assert close("XNYS", "2026-06-20", open=["2026-06-20"]) == "16:00"
    early = {"2026-06-20": "12:30"}
    assert close("XHKG", "2026-06-20", open=["2026-06-20"], early_close=early) == "12:30"
    # Tokyo closes at 15:30 since November 2024; the hours of the day hold
    assert close("XTKS", "2020-05-09", open=["2020-05-09"]) == "15:00"
    assert close("XTKS", "2025-05-10", open=["2025-05-10"]) == "15:30"


def test_overrides_change_their_own_days_only():
    plain = schedule("XHKG", 2026, 2026)
    changed = schedule(
        "XHKG",
        2026,
        2026,
        Overrides(closed=["2026-06-10"], open=["2026-06-20"], early_close={"2026-06-11": "14:00"}),
    )
    before = dict(zip(plain.dates.tolist(), plain.closes.tolist(), strict=True))
    after = dict(zip(changed.dates.tolist(), changed.closes.tolist(), strict=True))
    assert sorted(after) == list(after)
    assert before.keys() - after.keys() == {day("2026-06-10")}
    assert after.keys() - before.keys() == {day("2026-06-20")}
    moved = {one for one in before.keys() & after.keys() if before[one] != after[one]}
    assert moved == {day("2026-06-11")}
    assert len(changed.opens) == len(changed.dates)
    assert not changed.closes.flags.writeable


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"open": ["2026-06-10"]}, "open: 2026-06-10 is a session of XHKG already"),
        ({"early_close": {"2026-06-20": "14:00"}}, "2026-06-20 is no session of XHKG; correct"),
        (
            {"early_close": {"2026-06-10": "16:30"}},
            "2026-06-10 at 16:30 is outside the hours of XHKG, which trades from 09:30 to 16:00",
        ),
        ({"early_close": {"2026-06-10": "09:30"}}, "outside the hours"),
        ({"early_close": {"2026-02-16": "14:00"}}, "from 09:30 to 12:00"),  # a half day
        ({"early_close": {"2019-07-31": "14:30"}}, "from 09:30 to 13:55"),
        ({"early_close": {"2023-09-01": "14:00"}}, "no session"),
        ({"open": ["1890-01-02"]}, "XHKG is known from"),
    ],
)
def test_overrides_that_cannot_be_true_are_one_sentence(overrides, message):
    with pytest.raises(SessionError, match=message):
        # whichever years are asked for
        Sessions.exchange(
            "XHKG", day("2024-01-02"), day("2024-01-31"), overrides=Overrides(**overrides)
        )


def test_a_closed_day_that_the_calendar_has_learned_of_is_no_fault():
    check_overrides("XHKG", Overrides(closed=["2023-09-01", "2026-06-20"]))


def test_a_calendar_that_cannot_be_made_is_one_sentence(monkeypatch):
    def broken(*_args, **_options):
        raise NotImplementedError("implemented by subclasses")

    monkeypatch.setattr(exchange_calendars, "get_calendar", broken)
    with pytest.raises(SessionError, match=r"the calendar XWAR cannot be made by exchange_cal"):
        schedule("XWAR", 1997, 1997)


def test_an_unknown_calendar_is_named():
    with pytest.raises(UnknownName, match="did you mean 'XNYS'"):
        canonical_code("XNYSE")
