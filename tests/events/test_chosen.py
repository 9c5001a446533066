"""How events came into the book: written, derived, and refused."""

from __future__ import annotations

import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import EventError
from aftershock.events.chosen import choice, counts, in_words, source_dates


def event(**changes):
    row = {"id": "x", "ticker": "A", "kind": "announcement", "when": "2026-07-08", **changes}
    return ash.EventBook.from_frame(pd.DataFrame([row]), calendar="XHKG")["x"]


@pytest.mark.parametrize(
    ("changes", "how", "reason"),
    [
        ({"known_at": "2025-12-30"}, "schedule", "known since 2025-12-30"),
        ({"known_at": "2026-07-08"}, "after", "the source has no date"),
        ({"source": "press reports"}, "after", "the source has no date"),
        ({"source": "Miaotou, 2026-06-25"}, "schedule", "in a source of 2026-06-25"),
        ({"source": "filing of 2026-07-08"}, "after", "the source is of the day itself"),
        ({"source": "A, 2026-08-01; B, 2026-07-20"}, "after", "the earliest source is of 2026-07-20"),
        ({"source": "A, 2026-08-01; B, 2026-07-01"}, "schedule", "in a source of 2026-07-01"),
        ({"when": "2026-07-06..2026-07-10", "source": "A, 2026-07-08"}, "after", "the source is of"),
        ({"chosen": "after", "known_at": "2025-12-30", "chosen_note": "why"}, "after", "why"),
    ],
)  # fmt: skip
def test_how_an_event_was_chosen(changes, how, reason):
    found = choice(event(**changes))
    assert found.how == how
    assert found.reason.startswith(reason)


def test_a_number_that_is_no_date_is_passed_over():
    assert source_dates("file 2026-13-45, of 2026-01-02") == [pd.Timestamp("2026-01-02").date()]


def test_a_rule_is_stated():
    assert choice(event(chosen="rule", rule="every release on its account")).how == "rule"
    with pytest.raises(EventError, match="chosen: rule needs the rule"):
        event(chosen="rule")
    with pytest.raises(EventError, match="write chosen: rule"):
        event(chosen="after", rule="every release")


RULED = """
- {id: a, kind: model_launch, product: A, ticker: X, when: 2026-01-05, chosen: rule, rule: every release}
- {id: b, kind: announcement, ticker: X, when: 2026-01-06}
"""


def test_a_rule_covers_every_event_of_its_kind_in_the_file(tmp_path):
    file = tmp_path / "launches.yaml"
    file.write_text(RULED, "utf-8")
    assert len(ash.load_events(file)) == 2
    more = "- {id: c, kind: model_launch, product: C, ticker: X, when: 2026-01-07}\n"
    file.write_text(RULED + more, "utf-8")
    with pytest.raises(EventError, match=r"launches.yaml:4: event 'c': the file takes its"):
        ash.load_events(file)


def test_this_workspaces_events_are_labelled_one_by_one(root):
    book = ash.load_events(root / "events")
    assert all(event.chosen and event.chosen_note for event in book)
    assert in_words(book) == "8 schedule, 0 rule, 29 after"
    facebook = ash.load_events(root / "examples" / "facebook-2012" / "events")
    assert counts(facebook) == {"schedule": 5, "rule": 0, "after": 0}


def test_a_backtest_says_how_the_events_it_traded_were_chosen(root):
    folder = root / "examples" / "facebook-2012"
    from aftershock.workspace.load import Workspace

    space = Workspace.open(folder)
    backtest = ash.Backtest(folder / "strategies" / "unlock_short.py", exchange=space.exchange())
    outcome = backtest.run(space.events(), space.prices(), benchmark="^GSPC", placebos=0)
    assert len(outcome.trades) == 5
    assert outcome.conventions["chosen"] == "5 schedule, 0 rule, 0 after"
