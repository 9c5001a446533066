"""The event files of the repository say what the facts say."""

from __future__ import annotations

import re

import pytest


def test_every_event_has_a_source(book):
    assert [event.id for event in book if not event.source] == []


def test_one_file_per_catalyst(root):
    files = {path.stem for path in (root / "events").glob("*.yaml")}
    assert {
        "listings",
        "lockups",
        "model_launches",
        "price_changes",
        "musk_tang",
        "policy",
    } <= files


def test_the_articles_quotes_stand_with_their_events(book):
    quoted = {event.base_id for event in book if event.quote}
    assert {
        "zhipu-lockup-2026-07",
        "minimax-lockup-2026-07",
        "musk-tang",
        "glm-5.2",
        "anthropic-ban",
    } <= quoted


def test_inferred_dates_say_how(book):
    inferred = {event.base_id for event in book if event.inferred}
    assert {
        "minimax-lockup-2026-10",
        "zhipu-lockup-2027-01",
        "hstech-announcement",
        "minimax-m3-cut",
    } <= inferred


def test_lockups_are_known_from_the_prospectuses(book):
    assert str(book["zhipu-lockup-2026-07"].known_at) == "2025-12-30"
    assert str(book["minimax-lockup-2026-07"].known_at) == "2025-12-31"


def test_every_event_of_the_facts_is_there(book, shared):
    text = (shared / "facts" / "events.md").read_text("utf-8")
    table = text[text.index("## Events") : text.index("**Known when.**")]
    ids = re.findall(r"^\| ([a-z][\w.-]+) \|", table, re.MULTILINE)
    wanted = set(ids) - {"id"}
    assert len(wanted) > 25
    assert wanted - {event.base_id for event in book} == set()


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        ("zhipu-listing", "offer_price", 116.20),
        ("minimax-listing", "offer_price", 165.0),
        ("zhipu-lockup-2026-07", "shares", 25_681_600),
        ("zhipu-lockup-2026-07", "percent", 5.76),
        ("minimax-lockup-2026-07", "percent", 46.44),
        ("minimax-lockup-2026-10", "percent", 12.44),
        ("zhipu-placing-2026-07", "price", 1588),
        ("zhipu-placing-2026-09", "price", 714),
        ("zhipu-api-hike", "percent", 83),
        ("minimax-m3-cut", "percent", -50),
    ],
)
def test_numbers_are_the_published_ones(book, event, field, value):
    assert getattr(book[event], field) == value
