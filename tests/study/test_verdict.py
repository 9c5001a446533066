"""Verdicts: classes, what they hang on, who speaks, and how often they err."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.study.evidence import Check, Evidence, Strand, evidence
from aftershock.study.verdict import Judged, Page, verdicts

DAYS = pd.bdate_range("2024-01-02", "2025-12-31")


def item(**changes):
    """An estimate that passes everything."""
    values = {
        "study": "s", "group": "all", "event": "e", "start": 0, "end": 0, "length": 1, "n": 1,
        "estimate": 0.2, "se": 0.03, "dof": 48.0, "p_value": 1e-6, "holm": 1e-5,
        "detectable": 0.09, "test": "t", "placebo_p": 0.005, "strands": (),
        "checks": tuple(Check(True, words) for words in ("alpha = 0", "placebo", "picked")),
        "chosen": "schedule",
    }  # fmt: skip
    return Evidence(**{**values, **changes})


def judged(page_p=0.01, page_floor=0.02, m=5, **changes):
    return Judged(item(**changes), page_p, 40, page_floor, m)


def test_an_estimate_that_passes_everything_is_clear():
    one = judged()
    assert (one.verdict, one.reason) == ("clear", "survives everything beside it")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"page_p": 0.59}, "page p = 0.590"),
        ({"page_p": float("nan")}, "not checked: page p"),
        ({"page_floor": 0.06}, "not checked: page floor 0.060"),
        ({"checks": (Check(False, "picked afterwards"),)}, "picked afterwards"),
        ({"checks": (Check(None, "not checked: placebo"),)}, "not checked: placebo"),
        ({"checks": (Check(False, "a wilder day (variance x 3.9)"),)}, "a wilder day (variance x 3.9)"),
    ],
)  # fmt: skip
def test_whatever_fails_or_was_not_checked_makes_it_fragile_and_is_named(changes, reason):
    one = judged(**changes)
    assert (one.verdict, one.reason) == ("fragile", reason)


def test_the_page_floor_is_of_a_day_and_not_of_longer_windows():
    assert judged(page_floor=0.06, length=3, end=2).verdict == "clear"


def test_fragile_is_significant_among_the_studys_own_estimates():
    assert judged(page_p=0.5, p_value=0.009, m=5).verdict == "fragile"
    one = judged(page_p=0.5, p_value=0.011, m=5)
    assert one.verdict == "cannot tell"
    assert one.reason == (
        "p = 0.011 by itself, 0.055 counting the study's 5; a true move under 9.0% would likely"
        " be missed"
    )


def test_the_interval_is_simultaneous_over_the_study():
    low, high = judged(m=1).interval
    assert (low, high) == pytest.approx((0.2 - 2.0106 * 0.03, 0.2 + 2.0106 * 0.03), abs=1e-5)
    assert judged(m=12).interval[0] < low


def test_estimates_without_a_ring_have_no_page_p():
    z = np.random.default_rng(1).normal(size=100)
    strand = Strand("A", 50, 50, z)
    page = Page.of([item(strands=(strand,)), item()], seed=0)
    assert np.isfinite(page.p).tolist() == [True, False]
    assert page.counted == 1
    assert page.floor[0] == 0.01


def make_world(seed, *, effect=0.0, events=10, stocks=("A",), known=True, sigma=0.02):
    rng = np.random.default_rng(seed)
    sessions = ash.PricePanel.from_frames(
        {"M": pd.Series(1.0, index=DAYS)}, calendar="XNYS"
    ).sessions.dates
    market = 0.01 * rng.standard_normal(len(sessions))
    frames, rows = {"M": market}, []
    for stock in stocks:
        returns = market + sigma * rng.standard_normal(len(sessions))
        at = np.sort(rng.choice(np.arange(90, len(sessions) - 10), events, replace=False))
        returns[at[0]] += effect * sigma
        frames[stock] = returns
        rows += [
            {
                "id": f"{stock}{i}", "ticker": stock, "kind": "announcement",
                "when": str(sessions[row]), "timing": "pre_open",
                "known_at": "2023-12-01" if known else None,
            }
            for i, row in enumerate(at)
        ]  # fmt: skip
    index = pd.DatetimeIndex(sessions)
    panel = ash.PricePanel.from_frames(
        {name: pd.Series(100 * np.exp(np.cumsum(r)), index=index) for name, r in frames.items()},
        calendar="XNYS",
    )
    return ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XNYS"), panel


def study(title="q", **options):
    values = {
        "title": title, "events": ash.select(), "model": ash.MarketModel(benchmark="M"),
        "returns": "simple", "estimation": (-60, -6), "window": (-5, 5), "cars": [(0, 0)],
    }  # fmt: skip
    return ash.Study(**{**values, **options})


def test_one_true_dated_day_stands_out_beside_a_mean_that_says_nothing():
    book, panel = make_world(3, effect=8.0)
    table = study().fit(book, panel).verdict
    assert table["event"].tolist() == ["", "A0"]
    assert table["class"].tolist() == ["cannot tell", "clear"]
    row = table.iloc[1]
    assert row["page_p"] <= 0.05
    assert row["page_n"] == row["m"]  # the page is this study alone
    assert row["page_floor"] == pytest.approx(10 / (len(panel.sessions) - 1))
    assert row["chosen"] == "schedule"
    assert row["m"] == 11  # ten events and their mean


def test_an_event_picked_afterwards_is_at_most_fragile():
    book, panel = make_world(3, effect=8.0, known=False)
    table = study().fit(book, panel).verdict
    row = table[table["event"] == "A0"].iloc[0]
    assert row["class"] == "fragile"
    assert row["reason"] == "picked afterwards"


def test_a_missing_robustness_row_is_not_checked():
    book, panel = make_world(3, effect=8.0)
    table = study(model=ash.MarketAdjusted(benchmark="M")).fit(book, panel).verdict
    row = table[table["event"] == "A0"].iloc[0]
    assert row["class"] == "fragile"
    assert "not checked: alpha = 0" in row["reason"]


def test_a_window_that_a_day_cannot_move_is_not_clear():
    book, panel = make_world(3, effect=8.0)
    window = {"window": (-5, 30), "cars": [(0, 29)]}
    rows = evidence(study(**window).fit(book, panel))
    single = [one for one in rows if one.event == "A0"]
    assert any(c.words.startswith("not checked: a move of one day") for c in single[0].checks)


def test_two_events_neither_of_which_is_seen_both_speak():
    book, panel = make_world(11, events=2)
    table = study().fit(book, panel).verdict
    assert sorted(table["event"]) == ["A0", "A1"]
    assert set(table["class"]) == {"cannot tell"}
    assert table["reason"].str.contains("would likely be missed").all()


def test_questions_are_ordered_by_class_and_page_p():
    book, panel = make_world(3, effect=8.0, stocks=("A", "B"))
    studies = [
        study("nothing", events=ash.select(ticker="B")),
        study("something", events=ash.select(id=["A0", "A1"])),
    ]
    table = verdicts([one.fit(book, panel) for one in studies])
    assert table["question"].tolist()[0] == "something"
    page = table.set_index("question")["page_p"]
    assert page["something"].max() < page["nothing"].min()


def test_a_study_that_estimates_nothing_has_no_test():
    book, panel = make_world(5, events=2)
    table = study(model=ash.MarketAdjusted(benchmark="M"), estimation=None).fit(book, panel).verdict
    assert table["class"].tolist() == ["no test"]
    assert table["reason"].tolist() == ["nothing is estimated before these events"]


def test_nothing_studied_says_the_commonest_reason():
    book, panel = make_world(5, events=3)
    table = study(min_obs=55, estimation=(-60, -6)).fit(book, panel.between(None, None)).verdict
    assert len(table)
    early = study().fit(book, panel.between(pd.Timestamp("2025-12-22").date(), None))
    assert early.verdict["class"].tolist() == ["no test"]
    assert early.verdict["reason"].iloc[0].startswith("none of 3 events could be studied: ")


def test_a_sample_has_no_verdict_word():
    book, panel = make_world(3, effect=8.0)
    origin = replace(panel.origin, is_market_data=False, notice="reconstructed")
    table = study().fit(book, replace(panel, origin=origin)).verdict
    assert set(table["class"]) == {"sample"}
