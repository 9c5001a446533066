"""What docs/events.md says of settings and events is what the code takes."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from aftershock.events.book import load_events
from aftershock.events.kinds import KINDS, Event, Nature
from aftershock.workspace.settings import Settings

ROW = re.compile(r"^\| (`.+?) \|", re.MULTILINE)
NAME = re.compile(r"`\[?(\w+)\]?`")


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "events.md").read_text("utf-8")


def first_column(text):
    return {name for cell in ROW.findall(text) for name in NAME.findall(cell)}


def test_every_setting_is_listed(page):
    settings = page[page.index("## Settings") : page.index("## Events")]
    assert first_column(settings) == set(Settings.model_fields)
    needed = re.findall(r"^\| `(\w+)` .*\| must be given \|$", settings, re.MULTILINE)
    assert set(needed) == {k for k, v in Settings.model_fields.items() if v.is_required()}


def test_every_key_of_an_event_is_listed(page):
    events = page[page.index("## Events") : page.index("| `when` | is")]
    assert first_column(events) == set(Event.model_fields)


def test_every_kind_is_listed_with_its_own_keys(page):
    rows = [
        line.split("|")[1:4]
        for line in page[page.index("| kind | is") :].splitlines()[2 : 2 + len(KINDS)]
    ]
    told = {NAME.search(kind).group(1): own for kind, _, own in rows}
    assert set(told) == set(KINDS)
    for kind, own in told.items():
        fields = {k: v for k, v in KINDS[kind].model_fields.items() if k not in Event.model_fields}
        names = {name for name in NAME.findall(own) if name not in ("hike", "cut")}
        assert names == set(fields), kind
        must = set(re.findall(r"`(\w+)` \(must\)", own))
        assert must == {
            k
            for k, v in fields.items()
            if v.is_required() and k not in ("direction", "participants")
        }, kind


def test_every_nature_of_holder_is_listed(page):
    said = page[page.index("`nature` is") :].partition(".")[0]
    assert set(NAME.findall(said)) - {"nature"} == set(get_args(Nature))


def test_the_written_forms_of_when_and_the_companies_are_read(page, tmp_path):
    table = page[page.index("| `when` | is") : page.index("| kind | is")]
    forms = [form for cell in ROW.findall(table)[1:] for form in re.findall("`([^`]+)`", cell)]
    assert len(forms) == 6
    entries = [
        f"- {{id: e{i}, kind: results, ticker: AAA, when: '{form}'}}"
        for i, form in enumerate(forms)
    ]
    (tmp_path / "events.yaml").write_text("\n".join(entries), "utf-8")
    (yaml,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "companies.yaml").write_text(yaml, "utf-8")
    book = load_events(tmp_path, calendar="XNYS")
    kinds = {event.id: event.when.precision for event in book}
    assert kinds == {
        "e0": "day", "e1": "minute", "e2": "minute", "e3": "approx", "e4": "month", "e5": "quarter",
    }  # fmt: skip
    assert book.companies["AAA"].floats[0].total == 200_000_000
