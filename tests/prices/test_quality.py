from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from aftershock.prices.frames import normalise
from aftershock.prices.quality import check_bars, check_source
from aftershock.sessions import Sessions

HK = ZoneInfo("Asia/Hong_Kong")


@pytest.fixture
def days():
    return Sessions.exchange("XHKG", dt.date(2026, 3, 2), dt.date(2026, 6, 30))


@pytest.fixture
def clean(days, make_bars):
    rng = np.random.default_rng(3)
    closes = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(len(days))))
    return make_bars(days.dates, closes)


def found(frame, days):
    return {
        (item.check, str(item.session)) for item in check_bars("T", normalise("T", frame, HK), days)
    }


def test_clean_bars_have_no_finding(clean, days):
    assert found(clean, days) == set()


def test_each_defect_is_found_by_name(clean, days):
    columns = ["Open", "High", "Low", "Close"]
    spoiled = clean.copy()
    spoiled.loc["2026-03-10", [*columns, "Volume"]] = [100.0] * 4 + [0]
    assert ("flat_zero_volume", "2026-03-10") in found(spoiled, days)
    assert ("gap", "2026-03-11") in found(clean.drop(pd.Timestamp("2026-03-11")), days)
    extra = pd.concat([clean, clean.iloc[[5]].set_axis(pd.DatetimeIndex(["2026-04-03"]))])
    assert ("non_session", "2026-04-03") in found(extra, days)  # Good Friday
    twice = pd.concat([clean, clean.iloc[[5]]])
    assert ("duplicate", str(clean.index[5].date())) in found(twice, days)
    spoiled = clean.copy()
    spoiled.loc["2026-03-12", "High"] = spoiled.loc["2026-03-12", "Low"] - 1
    assert ("disordered_ohlc", "2026-03-12") in found(spoiled, days)
    spoiled = clean.copy()
    spoiled.loc["2026-03-13":, columns] *= 2.0
    assert found(spoiled, days) == {("jump", "2026-03-13")}
    spoiled = clean.copy()
    spoiled.iloc[-5:, :4] = 100.0
    assert ("stale_tail", str(clean.index[-5].date())) in found(spoiled, days)
    short = clean.iloc[:-7]
    assert ("stale_tail", str(short.index[-1].date())) in found(short, days)
    spoiled = clean.copy()
    spoiled.loc["2026-03-16", "Volume"] = 0
    assert ("zero_volume", "2026-03-16") in found(spoiled, days)
    spoiled = clean.copy()
    spoiled.loc["2026-03-17", "Low"] = -1.0
    assert ("not_positive", "2026-03-17") in found(spoiled, days)


def test_a_marked_split_is_no_jump(clean, days):
    split = clean.copy()
    split.loc["2026-03-13":, ["Open", "High", "Low", "Close"]] /= 2.0
    split["Adj Close"] = split["Close"]
    split.loc[:"2026-03-12", "Adj Close"] = split.loc[:"2026-03-12", "Close"] / 2.0
    assert found(split, days) == set()


def test_every_finding_says_where_what_and_what_to_do(clean, days):
    (finding,) = check_bars("T", normalise("T", clean.drop(pd.Timestamp("2026-03-11")), HK), days)
    assert (finding.ticker, finding.check, finding.severity) == ("T", "gap", "warning")
    assert finding.detail
    assert finding.remedy


def test_a_source_is_checked_as_it_stands(tmp_path):
    text = "Date,Close\n2026-06-17,1\n2026-06-17,2\n2026-06-19,2\n2026-06-22,2\n"
    (tmp_path / "A.csv").write_text(text, "utf-8")
    checks = {item.check for item in check_source(["A"], f"files:{tmp_path}", "XHKG")}
    assert checks == {"duplicate", "non_session", "gap"}
