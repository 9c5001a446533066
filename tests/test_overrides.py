from __future__ import annotations

import datetime as dt

import pytest

from aftershock.errors import SessionError
from aftershock.overrides import AS_LISTED, Overrides


def test_days_and_times_are_read_once_and_in_order():
    text = Overrides(
        closed=["2026-06-11", "2026-06-10", "2026-06-10"],
        open=["2026-06-20"],
        early_close={"2026-06-12": "14:00", "2026-06-09": "9:45"},
    )
    values = Overrides(
        closed=[dt.date(2026, 6, 10), dt.date(2026, 6, 11)],
        open=[dt.date(2026, 6, 20)],
        early_close={dt.date(2026, 6, 9): dt.time(9, 45), dt.date(2026, 6, 12): dt.time(14)},
    )
    assert text == values
    assert hash(text) == hash(values)
    assert len(text.days) == 5
    assert AS_LISTED.days == ()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"closed": "2026-06-10"}, "closed is '2026-06-10'; write a list of days"),
        ({"closed": 3}, "write a list of days"),
        ({"closed": ["someday"]}, "closed: 'someday' is no day"),
        ({"closed": [20260610]}, "closed: 20260610 is no day"),
        ({"closed": [dt.datetime(2026, 6, 10, 9)]}, "is no day"),
        ({"open": [True]}, "open: True is no day"),
        ({"early_close": ["2026-06-10"]}, "write days with local times"),
        ({"early_close": {"2026-06-10": 1400}}, "early_close: 1400 is no time"),
        ({"early_close": {"2026-06-10": "14:00:30"}}, "is no time"),
        ({"early_close": {"2026-06-10": "25:00"}}, "'25:00' is no time"),
        ({"early_close": {"2026-06-10": dt.time(14, tzinfo=dt.UTC)}}, "is no time"),
        ({"early_close": {"soon": "14:00"}}, "early_close: 'soon' is no day"),
        ({"closed": ["2026-06-10"], "open": ["2026-06-10"]}, "stands in closed and in open"),
        (
            {"closed": ["2026-06-10"], "early_close": {"2026-06-10": "14:00"}},
            "stands in closed and in early_close",
        ),
    ],
)
def test_what_is_no_day_or_time_is_one_sentence(keys, message):
    with pytest.raises(SessionError, match=message):
        Overrides(**keys)
