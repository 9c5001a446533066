"""The arithmetic of the share structure, on the article's figures and on one base."""

from __future__ import annotations

import pytest

from aftershock.errors import EventError
from aftershock.events.book import EventBook
from aftershock.events.check import check_book
from aftershock.events.companies import Company
from aftershock.events.kinds import KINDS
from aftershock.events.supply import company_steps, supply_steps, tranche_by_nature
from aftershock.events.valuation import price_to_sales, years_to_digest


@pytest.fixture
def steps(book):
    return {(step.event, step.basis): step for step in supply_steps(book)}


# before, after, multiple: rounded as the facts print them
@pytest.mark.parametrize(
    ("event", "basis", "before", "after", "multiple"),
    [
        ("zhipu-lockup-2026-07", "reported", 0.0267, 0.0843, 3.2),
        ("zhipu-lockup-2026-07", "one_base", 0.0389, 0.0965, 2.48),
        ("minimax-lockup-2026-07", "reported", 0.05, 0.514, 10.3),
        ("minimax-lockup-2026-10", "reported", 0.514, 0.639, 1.24),
        ("minimax-lockup-2026-07", "one_base", 0.0544, 0.542, 9.97),
    ],
)
def test_float_before_and_after(steps, event, basis, before, after, multiple):
    step = steps[event, basis]
    assert step.before == pytest.approx(before, abs=0.0005)
    assert step.after == pytest.approx(after, abs=0.0005)
    assert step.multiple == pytest.approx(multiple, rel=0.02)
    assert step.after == pytest.approx(step.before + step.added)


def test_the_october_float_is_the_articles_about_65_percent(steps):
    # 5.44 + 46.44 + 12.44 = 64.32 and 5 + 46.44 + 12.44 = 63.88
    assert steps["minimax-lockup-2026-10", "reported"].after == pytest.approx(0.6388)


def test_holders_by_nature(steps):
    zhipu = steps["zhipu-lockup-2026-07", "one_base"].holders
    assert zhipu["state"] == pytest.approx(0.467, abs=0.0005)  # JSC holds 46.7 % of the tranche
    assert sum(zhipu.values()) == pytest.approx(1.0)
    assert steps["minimax-lockup-2026-07", "one_base"].holders == {"financial": pytest.approx(1.0)}
    assert steps["minimax-lockup-2026-10", "reported"].holders == {"unknown": pytest.approx(1.0)}


def company(**floats):
    return Company(ticker="T", name="T", floats=floats["floats"])


def unlock(name, when, **size):
    return KINDS["lockup_expiry"](id=name, ticker="T", when=when, **size)


def test_a_newer_float_is_the_start_of_later_unlocks():
    floats = [
        {"date": "2026-01-02", "basis": "reported", "percent": 10.0},
        {"date": "2026-05-01", "basis": "reported", "percent": 40.0},
    ]
    unlocks = [unlock("a", "2026-03-02", percent=5.0), unlock("b", "2026-07-01", percent=20.0)]
    steps = company_steps(company(floats=floats), unlocks, "reported")
    assert [(round(step.before, 6), round(step.after, 6)) for step in steps] == [
        (0.1, 0.15),
        (0.4, 0.6),
    ]


def test_after_an_unlock_of_unknown_size_the_float_is_unknown():
    floats = [{"date": "2026-01-02", "basis": "reported", "percent": 10.0}]
    unlocks = [unlock("a", "2026-03-02"), unlock("b", "2026-07-01", percent=20.0)]
    assert company_steps(company(floats=floats), unlocks, "reported") == []


def test_holders_cannot_have_more_than_the_tranche():
    with pytest.raises(ValueError, match="120 percent of the tranche"):
        unlock(
            "a",
            "2026-03-02",
            percent=5.0,
            holders=[{"name": "x", "percent": 70}, {"name": "y", "percent": 50}],
        )
    with pytest.raises(ValueError, match="the holders have 900 shares, the tranche 800"):
        unlock("a", "2026-03-02", shares=800, holders=[{"name": "x", "shares": 900}])


def test_holders_without_a_size_share_the_rest_if_they_are_of_one_kind():
    same = [
        {"name": "x", "nature": "state", "percent": 40},
        {"name": "y", "nature": "financial"},
        {"name": "z", "nature": "financial"},
    ]
    assert tranche_by_nature(unlock("a", "2026-03-02", percent=5.0, holders=same)) == pytest.approx(
        {"state": 0.4, "financial": 0.6}
    )
    same[2]["nature"] = "founder"
    assert tranche_by_nature(unlock("a", "2026-03-02", percent=5.0, holders=same)) == pytest.approx(
        {"state": 0.4, "unknown": 0.6}
    )


def test_a_fraction_in_place_of_a_percentage_is_remarked():
    book = EventBook((unlock("a", "2026-03-02", percent=0.4644),))
    assert any("below one" in remark.text for remark in check_book(book))


def test_discrepancies_are_shown(book):
    remarks = [remark.text for remark in check_book(book, ["2513.HK", "0100.HK"])]
    assert any("do not add" in text for text in remarks)
    assert any("48.8 %" in text for text in remarks)
    assert any("HK$193.4bn" in text for text in remarks)
    assert any("no day 0" in text for text in remarks)
    assert any(
        "is not among the workspace's tickers" in r.text for r in check_book(book, ["2513.HK"])
    )


def test_the_discrepancies_are_right():
    assert pytest.approx(193.4, abs=0.05) == 616.5 * 313.64e6 / 1e9
    assert pytest.approx(0.488, abs=0.0005) == 153 / 313.64
    assert pytest.approx(0.0389, abs=0.0001) == 17_350_800 / 445_843_090


@pytest.mark.parametrize(
    ("multiple", "target", "growth", "years"),
    [(450, 30, 1.0, 3.91), (450, 30, 2.0, 2.46), (450, 20, 1.0, 4.49), (450, 20, 2.0, 2.83)],
)
def test_years_for_a_multiple_to_be_digested(multiple, target, growth, years):
    assert years_to_digest(multiple, target, growth) == pytest.approx(years, abs=0.005)


def test_price_to_sales_in_one_and_in_two_currencies():
    # HK$1tn over RMB 1.7bn + 0.534bn: 447.6 mixed, about 387 in one currency at 0.865
    assert price_to_sales(1000, 2.234) == pytest.approx(447.6, abs=0.05)
    assert price_to_sales(1000, 2.234, rate=0.865) == pytest.approx(387, abs=0.5)
    assert price_to_sales(1000, 0.724) == pytest.approx(1381, abs=0.5)


@pytest.mark.parametrize(
    ("multiple", "target", "growth"), [(30, 450, 1.0), (450, 30, 0.0), (450, 0, 1.0)]
)
def test_what_cannot_be_digested_is_refused(multiple, target, growth):
    with pytest.raises(EventError):
        years_to_digest(multiple, target, growth)
