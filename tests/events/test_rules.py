"""Generated events: lock-up arithmetic by the prospectuses, crossings by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import aftershock as ash
from aftershock.errors import EventError
from aftershock.events.companies import Company


@pytest.mark.parametrize(
    ("listed", "months", "last"),
    [
        # facts/hong_kong: "until 2027-01-07" for a 2026-01-08 listing is inclusive
        ("2026-01-08", 12, "2027-01-07"),
        ("2026-01-08", 6, "2026-07-07"),
        ("2026-01-09", 6, "2026-07-08"),
        ("2018-07-09", 6, "2019-01-08"),  # Xiaomi: first free session 2019-01-09
        ("2018-09-20", 6, "2019-03-19"),  # Meituan: 2019-03-20
        ("2025-08-31", 6, "2026-02-28"),  # the month ends first
        ("2023-08-31", 6, "2024-02-29"),
        ("2025-03-01", 12, "2026-02-28"),
        ("2025-12-01", 1, "2025-12-31"),
    ],
)
def test_the_last_locked_day_is_inclusive(listed, months, last):
    found = ash.rules.last_locked_day(dt.date.fromisoformat(listed), months)
    assert found == dt.date.fromisoformat(last)


def test_expiries_are_events_known_from_the_listing_on():
    listings = {"AAA": dt.date(2025, 4, 8), "BBB": dt.date(2025, 5, 2)}
    book = ash.rules.lockup_expiries(
        listings, months=6, exchange="XHKG", exclude={"BBB": "introduction, no lock-up"}
    )
    first, second = book
    assert first.id == "AAA-lockup-6m"
    assert str(first.when) == "2025-10-08"
    assert str(first.known_at) == "2025-04-08"
    assert first.timing == "pre_open"
    assert "6 calendar months, the listing day included" in first.inferred
    assert second.exclude == "introduction, no lock-up"
    with pytest.raises(EventError, match="0 listings and 6 months make no expiries"):
        ash.rules.lockup_expiries({}, months=6, exchange="XHKG")


@pytest.fixture
def walk(make_panel, make_bars):
    whole = make_panel(sessions=8, tickers=("AAA",))
    closes = [90.0, 99.0, 101.0, 105.0, np.nan, 98.0, 98.0, 100.0]
    frame = make_bars(whole.sessions.dates, closes).dropna(subset=["Close"])
    return ash.PricePanel.from_frames({"AAA": frame}, calendar="XHKG")


def test_price_crossings_are_closes_and_their_day_zero_is_the_next_session(walk):
    book = ash.rules.price_crossings(walk, "AAA", 100.0)
    days = [walk.sessions.date(row) for row in (2, 5, 7)]
    assert list(book.ids) == [
        f"AAA-crossing-up-{days[0]}", f"AAA-crossing-down-{days[1]}", f"AAA-crossing-up-{days[2]}",
    ]  # fmt: skip
    assert all(event.endogenous for event in book)
    assert len(ash.rules.price_crossings(walk, "AAA", 100.0, direction="down")) == 1
    from aftershock.study.units import Diary

    diary = Diary.of(book, walk.sessions)
    assert diary.zeros[book.ids[0]].session == walk.sessions.date(3)


def test_a_level_that_is_no_price_is_refused(walk):
    with pytest.raises(EventError, match="the level of price -5 must be positive"):
        ash.rules.price_crossings(walk, "AAA", -5.0)


def test_cap_crossings_use_the_count_of_the_day(walk):
    company = Company.model_validate(
        {"ticker": "AAA", "name": "A", "shares": [
            {"date": dt.date(2025, 1, 1), "total": 1_000, "source": "s"},
            {"date": walk.sessions.date(3), "total": 500, "source": "s"},
        ]}
    )  # fmt: skip
    # values: 90, 99, 101, 52.5, -, 49, 49, 50 thousand
    book = ash.rules.cap_crossings(walk, company, 100_000.0)
    assert [event.id.split("-")[2] for event in book] == ["up", "down"]
    bare = Company.model_validate({"ticker": "AAA", "name": "A"})
    with pytest.raises(EventError, match="no share count of AAA is known"):
        ash.rules.cap_crossings(walk, bare, 1.0)


def test_the_two_hundred_billion_threshold_of_minimax(book, hk_ai):
    """The last close above RMB 200bn, about HK$231bn, was before the lock-up expired."""
    company = book.companies["0100.HK"]
    found = ash.rules.cap_crossings(hk_ai, company, 231e9, direction="down")
    last = found.ids[-1]
    close = hk_ai.close[:, hk_ai.column("0100.HK")]
    day = dt.date.fromisoformat(last.removeprefix("0100.HK-crossing-down-"))
    assert day < dt.date(2026, 7, 9)
    at = hk_ai.sessions.position(day)
    shares = [entry.total for entry in company.shares if entry.date <= day][-1]
    assert close[at] * shares < 231e9
    later = close[at:]
    assert np.nanmax(later) * max(entry.total for entry in company.shares) < 231e9 * 1.2
