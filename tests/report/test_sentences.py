"""Sentences against hand-written files: never stronger than the numbers."""

from __future__ import annotations

import json

import pytest

from aftershock.report.cells import Folder
from aftershock.report.outcome import backtest_sentence
from aftershock.report.sentences import study_sentence
from aftershock.report.words import language

EVENTS = "id,ticker,kind,when,precision,timing,known_at,session,session_alt,n_obs,status,reason,confounders,source,title,group,note\n"
CAR = "event,session,first,last,start,end,row,car,se,t,dof,p_value,bhar,alpha_part,robust,p_holm,p_bh,detectable\n"
TESTS = "group,start,end,test,statistic,distribution,dof,p_value,n,null,note\n"
AAR = "group,offset,n,aar,se,caar,caar_se,caar_n\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "studies" / "s").mkdir(parents=True)
    return tmp_path


def write(folder, events, cars, tests="", aar=""):
    study = folder / "studies" / "s"
    (study / "events.csv").write_text(EVENTS + "".join(events), "utf-8")
    (study / "car.csv").write_text(CAR + "".join(cars), "utf-8")
    (study / "tests.csv").write_text(TESTS + tests, "utf-8")
    (study / "aar.csv").write_text(AAR + aar, "utf-8")


def event(name="e", session="2026-07-09", other="", status="used", confounders=""):
    return f"{name},A,news,{session},day,unknown,,{session},{other},50,{status},,{confounders},,Unlock of {name},all,\n"


def car(
    name="e", row="default", p=0.058, holm=0.6, robust="true", session="2026-07-09", value=-0.16534
):
    corrected = f"{holm},{holm}" if row == "default" else ","
    return f"{name},{session},{session},{session},0,0,{row},{value},0.085,-1.94,48,{p},{value},0,{robust},{corrected},0.2438\n"


def told(folder, market=True):
    said = study_sentence(Folder(folder), "studies/s", market, language("en")).striptags()
    return said.replace("\xa0", " ")


def test_an_estimate_is_told_with_all_that_weakens_it(folder):
    write(folder, [event(confounders="x:+1")], [car(robust="false"), car(row="alpha0", p=0.046)])
    assert told(folder) == (
        "1 of 1 event studied. Unlock of e: -16.5% on day 0; t = -1.94, p = 0.058;"
        " not distinguishable from zero at 5%; not robust: p = 0.046 with alpha at 0;"
        " a true move below 24.4% had less than an 80% chance of being seen;"
        " other events fall into its window."
    )


@pytest.mark.parametrize(
    ("p", "holm", "said", "not_said"),
    [
        (0.2, 1.0, "not distinguishable from zero at 5%", "Holm"),
        (0.01, 0.3, "p = 0.300 after Holm's correction", "too"),
        (0.001, 0.02, "below 5% after Holm's correction too, p = 0.020", "not distinguishable"),
        ("", "", "nothing is estimated, so there is no test", "p ="),
    ],
)
def test_the_verdict_follows_the_corrected_p(folder, p, holm, said, not_said):
    write(folder, [event()], [car(p=p, holm=holm)])
    assert said in told(folder)
    assert not_said not in told(folder).partition(" on day 0")[2]


def test_an_event_of_unknown_hour_is_told_from_both_days(folder):
    cars = [car(), car(session="2026-07-10", value=0.05, p=0.5)]
    write(folder, [event(other="2026-07-10")], cars)
    assert "its hour is unknown, and counted from 10 Jul 2026 it is +5.0%, p = 0.500" in told(
        folder
    )


def test_three_events_are_told_by_their_mean(folder):
    names = ("a", "b", "c")
    tests = "all,0,0,BMP,-3.1,t,2,0.03,3,null,\nall,0,1,BMP,-3.1,t,2,0.2,3,null,\n"
    write(
        folder,
        [event(n) for n in names],
        [car(n) for n in names],
        tests,
        "all,0,3,-0.02,0.01,-0.02,0.01,3\n",
    )
    assert told(folder) == (
        "3 of 3 events studied. Mean abnormal return of 3 events (all) on day 0: -2.0%;"
        " BMP test p = 0.030; distinguishable from zero at 5%; one of 2 windows, and not corrected for"
        " their number. p is below 5% in 0 of 3 single estimates, in 0 after Holm's correction."
    )


def test_two_events_make_no_mean_even_where_a_test_was_made(folder):
    tests = 'all,0,0,"placebo, jointly",2.9,placebo,,0.03,2,null,\n'
    write(
        folder, [event("a"), event("b")], [car("a"), car("b")], tests, "all,0,2,-0.02,,-0.02,,2\n"
    )
    assert "Mean" not in told(folder)
    assert "distinguishable from zero at 5%;" in told(folder)  # as "not distinguishable"
    assert told(folder).count("not distinguishable") == 2


def test_on_a_reconstruction_only_counts_are_told(folder):
    write(folder, [event()], [car(p=0.0001, holm=0.0001)])
    assert told(folder, market=False) == "1 of 1 event studied."


def test_nothing_studied_is_said(folder):
    write(folder, [event(status="excluded")], [])
    assert told(folder) == "The only event could not be studied; the reason stands below."


def backtest(folder, metrics, p="", luck=""):
    where = folder / "backtests" / "b"
    where.mkdir(parents=True)
    record = {
        "trades": 2,
        "total_return": 0.0765,
        "sessions": 158,
        "time_in_market": 0.108,
        "max_drawdown": -0.0162,
        **metrics,
    }
    (where / "metrics.json").write_text(json.dumps(record), "utf-8")
    rows = "held: total_return,0.0765,0.0384,-0.0384,\nheld: beyond,0.1149,,,\n"
    rows += f"total_return,0.0765,-0.0223,-0.0384,\nfull sample: alpha a year,0.0624,,,\nfull sample: alpha p,{p},,,\n"
    (where / "versus.csv").write_text("metric,strategy,benchmark,same_side,note\n" + rows, "utf-8")
    (where / "trades.csv").write_text("trade,break_even_borrow\n1,6.38\n2,0.31\n", "utf-8")
    if luck:
        (where / "luck.csv").write_text("check,statistic,p_value,floor,n,note\n" + luck, "utf-8")
    said = backtest_sentence(Folder(folder), "backtests/b", True, "^IDX", language("en"))
    return said.striptags().replace("\xa0", " ")


def test_a_backtest_is_told_beside_the_benchmark(tmp_path):
    assert backtest(tmp_path, {}) == (
        "2 trades: +7.6% in all over 158 sessions, of which 10.8% in the market; with the same"
        " money over the sessions held ^IDX made +3.8% bought and -3.8% on the same side, which"
        " leaves +11.5% to the strategy; deepest fall -1.6%;"
        " the first short is without profit at a borrow rate of 31.0% a year."
    )


def test_luck_and_ruin_are_told(tmp_path):
    luck = "bootstrap,1,,0.001,999,too few\nplacebo,765466,0.31,0.001,999,\n"
    said = backtest(tmp_path, {"ruined": "2026-03-05", "break_even_borrow": 0.42}, 0.2, luck)
    assert "alpha +6.2% a year, p = 0.200" in said
    assert "n = 999: no inference" not in said
    assert "placebo p = 0.310 (floor 0.001)" in said
    assert "its profit is gone at a borrow rate of 42.0% a year" in said
    assert said.endswith("ruined on 5 Mar 2026.")


def test_two_trades_infer_nothing(tmp_path):
    luck = "bootstrap,,,,2,n = 2: no inference\nplacebo,765466,0.123,0.012,2,\n"
    said = backtest(tmp_path, {}, luck=luck)
    assert "; n = 2: no inference; placebo p = 0.123 (floor 0.012); " in said


@pytest.mark.parametrize("even", [-1.69, 0.0])
def test_no_borrow_rate_is_told_where_there_was_no_profit(tmp_path, even):
    assert "borrow rate" not in backtest(tmp_path, {"break_even_borrow": even})
