from __future__ import annotations

import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import EventError, UnknownName
from aftershock.events.kinds import KINDS, LockupExpiry, custom_kind

GOOD = """\
- id: hike
  kind: price_change
  ticker: 0100.HK
  when: 2026-06-01
  product: M3
  percent: 100
"""


def load(tmp_path, text, **options):
    path = tmp_path / "events.yaml"
    path.write_text(text, "utf-8")
    return ash.load_events(path, **options)


def test_a_good_event_is_complete(tmp_path):
    (event,) = load(tmp_path, GOOD)
    assert (event.id, event.ticker, event.precision, event.timing) == (
        "hike",
        "0100.HK",
        "day",
        "unknown",
    )
    assert event.sign == "hike"
    assert event.attributes["percent"] == 100.0


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("percent: 100", "percnt: 100"), 6, "unknown key 'percnt': did you mean 'percent'"),
        (("ticker:", "tikcer:"), 3, r"unknown key 'tikcer': did you mean 'ticker'\? .and 1 more"),
        (("2026-06-01", "2026-02-30"), 4, "2026-02-30 is no date"),
        (("2026-06-01", "2026-06-01 09:30"), 4, "no zone"),
        (("percent: 100", "percent: -120"), 6, "greater than or equal to -100, not -120"),
        (("percent: 100", "percent: 0"), 6, "0 percent is no change"),
        (
            ("percent: 100", "percent: 100\n  direction: cut"),
            1,
            "direction is cut, but percent is 100",
        ),
        (
            ("price_change", "price_chnge"),
            2,
            "unknown kind 'price_chnge': did you mean 'price_change'",
        ),
        (("when: 2026-06-01", "when: 2026-06-01\n  precision: approx"), 5, "is written as day"),
        (("percent: 100", "percent: 100\n  percent: 50"), 7, "the key 'percent' stands twice"),
        (("product: M3", "product: [M3"), 6, "expected ',' or ']'"),
        (("product: M3", "product: &a M3\n  title: *a"), 6, "anchors are not supported"),
        (("  ticker: 0100.HK", "  tickers: []"), 3, "write ticker: A, or tickers:"),
        (("0100.HK", "Coca Cola"), 3, "ticker is 'Coca Cola'; a ticker holds no space"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path, change, line, message):
    with pytest.raises(EventError, match=message) as caught:
        load(tmp_path, GOOD.replace(*change))
    assert f"events.yaml:{line}:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_list_is_refused(tmp_path):
    with pytest.raises(EventError, match=r"events\.yaml:1: an event file is a list"):
        load(tmp_path, "id: hike\nkind: price_change\n")
    with pytest.raises(EventError, match=r"events\.yaml:1: event '\?': 'kind' is missing"):
        load(tmp_path, "- ticker: A\n")
    with pytest.raises(EventError, match=r"events\.yaml:2: an event is a mapping"):
        load(tmp_path, "\n- just text\n")


def test_percent_of_an_unlock_stays_within_a_hundred(tmp_path):
    text = "- id: x\n  kind: lockup_expiry\n  ticker: A\n  when: 2026-06-01\n  percent: 146\n"
    with pytest.raises(EventError, match=r"events\.yaml:5:.*less than or equal to 100, not 146"):
        load(tmp_path, text)


def test_an_id_stands_once_over_all_files(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "b.yaml").write_text(GOOD, "utf-8")
    with pytest.raises(EventError, match=r"b\.yaml:1: the id 'hike' stands in .*a\.yaml:1 too"):
        ash.load_events(tmp_path)


def test_yaml_reads_what_is_written(tmp_path):
    # YAML 1.1 would make NO false, 0700 octal, 12:30 sexagesimal and 2026-06-01 a date
    text = GOOD.replace("M3", "NO").replace("0100.HK", "0700") + "  note: 12:30\n  quote: yes\n"
    (event,) = load(tmp_path, text)
    assert (event.ticker, event.attributes["product"], event.note, event.quote) == (
        "0700",
        "NO",
        "12:30",
        "yes",
    )


def test_code_in_yaml_is_not_run(tmp_path):
    with pytest.raises(EventError):
        load(tmp_path, GOOD + "  note: !!python/object/apply:os.system ['true']\n")


def test_several_tickers_make_several_events(tmp_path):
    book = load(tmp_path, GOOD.replace("ticker: 0100.HK", "tickers: [0100.HK, 2513.HK]"))
    assert book.ids == ("hike@0100.HK", "hike@2513.HK")
    assert len(book.select(ash.select(id="hike"))) == 2
    assert len(book.select(ash.select(id="hike@2513.HK"))) == 1


def test_selections_narrow(book):
    lockups = book.select(ash.select(kind="lockup_expiry"))
    assert [event.id for event in lockups] == [
        "zhipu-lockup-2026-07", "minimax-lockup-2026-07", "minimax-lockup-2026-10", "zhipu-lockup-2027-01",
    ]  # fmt: skip
    assert (
        len(book.select(ash.select(kind="lockup_expiry", ticker="0100.HK", until="2026-09-30")))
        == 1
    )
    assert len(book.select(ash.select(since="2026-12-01"))) == 1
    with pytest.raises(UnknownName, match="did you mean 'musk-tang'"):
        book.select(ash.select(id="musk-tan"))
    with pytest.raises(UnknownName, match="did you mean 'lockup_expiry'"):
        book.select(ash.select(kind="lockup_expirys"))


def test_a_table_makes_a_book():
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "ticker": ["FB", "FB"],
            "kind": ["lockup_expiry", "announcement"],
            "when": [pd.Timestamp("2012-08-16"), pd.Timestamp("2012-10-23 16:05", tz="US/Eastern")],
            "shares": [271_000_000, None],
            "note": [None, "after the close"],
        }
    )
    book = ash.EventBook.from_frame(frame, calendar="XNYS")
    assert isinstance(book["a"], LockupExpiry)
    assert book["a"].shares == 271_000_000
    assert book["b"].precision == "minute"
    again = book.to_frame()
    assert again["id"].tolist() == ["a", "b"]
    assert again["shares"].iloc[0] == 271_000_000
    with pytest.raises(UnknownName, match="unknown event 'c'"):
        book["c"]


def test_a_wrong_row_of_a_table_is_named():
    frame = pd.DataFrame(
        {"id": ["a"], "ticker": ["FB"], "kind": ["model_launch"], "when": ["2012-08-16"]}
    )
    with pytest.raises(EventError, match="row:1: event 'a': 'product' is missing"):
        ash.EventBook.from_frame(frame)


def test_a_workspace_adds_kinds_of_its_own(tmp_path):
    kinds = {**KINDS, "recall": custom_kind("recall", ("units",))}
    text = "- id: x\n  kind: recall\n  ticker: A\n  when: 2026-06-01\n  units: 4000\n"
    (event,) = load(tmp_path, text, kinds=kinds)
    assert event.attributes == {"units": 4000.0}
    with pytest.raises(EventError, match="unknown key 'unitz': did you mean 'units'"):
        load(tmp_path, text.replace("units", "unitz"), kinds=kinds)


def test_every_kind_of_the_contract_exists():
    assert set(KINDS) == {
        "listing", "lockup_expiry", "model_launch", "price_change", "public_exchange", "policy",
        "listing_step", "index_inclusion", "share_issue", "results", "competitor_launch", "announcement",
        "delisting",
    }  # fmt: skip


def test_a_folder_without_events_says_what_to_write(tmp_path):
    with pytest.raises(EventError, match="has no event files; write one"):
        ash.load_events(tmp_path)


def test_company_files_are_checked_too(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")
    companies = tmp_path / "companies.yaml"
    companies.write_text("- ticker: 0100.HK\n  name: M\n  lots: 20\n", "utf-8")
    with pytest.raises(
        EventError,
        match=r"companies\.yaml:3: company '0100\.HK': unknown key 'lots': did you mean 'lot'",
    ):
        ash.load_events(tmp_path)
    companies.write_text("- ticker: A\n  name: M\n- ticker: A\n  name: N\n", "utf-8")
    with pytest.raises(EventError, match="company 'A' stands twice"):
        ash.load_events(tmp_path)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("value: 2.5, percent: -30", "a delisting has a value or a percent, not both"),
        ("value: -1", "value: Input should be greater than or equal to 0"),
        ("percent: -101", "percent: Input should be greater than or equal to -100"),
        ("price: 2", "unknown key 'price'"),
    ],
)
def test_a_delisting_has_one_final_value_at_most(tmp_path, keys, message):
    path = tmp_path / "e.yaml"
    path.write_text(f"- {{id: d, kind: delisting, ticker: A, when: 2024-05-10, {keys}}}\n", "utf-8")
    with pytest.raises(EventError, match=message):
        ash.load_events(path)


def test_a_delisting_is_before_the_open_of_its_day(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_text("- {id: d, kind: delisting, ticker: A, when: 2024-05-10, value: 0}\n", "utf-8")
    (event,) = ash.load_events(path)
    assert (event.timing, event.attributes["value"], event.attributes["percent"]) == ("pre_open", 0, None)  # fmt: skip
