from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import PriceError, UnknownName
from aftershock.overrides import Overrides
from aftershock.prices.checks import CHECKS, SUSPENSION
from aftershock.prices.quality import Policies, examine, touched, write_findings
from aftershock.prices.sources import check_prices
from aftershock.sessions import Sessions

COLUMNS = ["Open", "High", "Low", "Close"]
NOW = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)


class Frames:
    """A source of hand-made frames."""

    def __init__(self, **frames):
        self.frames = frames

    def daily(self, tickers, start, end):
        return {ticker: self.frames[ticker] for ticker in tickers}


@pytest.fixture
def days():
    return Sessions.exchange("XHKG", dt.date(2026, 3, 2), dt.date(2026, 6, 30))


@pytest.fixture
def clean(days, make_bars):
    rng = np.random.default_rng(3)
    closes = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(len(days))))
    volume = rng.integers(1_000_001, 2_000_000, len(days)) | 1  # odd, so never round
    return make_bars(days.dates, closes, volume=volume.astype(float))


def check(**frames):
    return check_prices(list(frames), source=Frames(**frames), calendar="XHKG")[1]


def found(frame, ticker="T"):
    return {(item.check, item.days) for item in check(**{ticker: frame})}


def spoiled(frame, day, columns, values):
    out = frame.copy()
    out.loc[day, columns] = values
    return out


def test_clean_bars_have_no_finding(clean):
    assert found(clean) == set()


def test_placeholders_are_found(clean):
    flat = spoiled(clean, "2026-03-10", [*COLUMNS, "Volume"], [100.0] * 4 + [0])
    assert ("flat_zero_volume", "2026-03-10") in found(flat)
    zero = spoiled(clean, "2026-03-16", "Volume", 0)
    assert found(zero) == {("zero_volume", "2026-03-16")}
    round_number = spoiled(clean, "2026-03-16", "Volume", 1_780_000)
    assert found(round_number) == {("volume_placeholder", "2026-03-16")}
    low = round(float(clean.loc["2026-03-16", "Low"]), 1)
    like_a_price = spoiled(clean, "2026-03-16", ["Low", "Volume"], [low, low * 10_000])
    assert ("volume_placeholder", "2026-03-16") in found(like_a_price)


def test_volumes_that_are_always_round_are_no_placeholder(clean):
    lots = clean.assign(Volume=(clean["Volume"] // 1000) * 1000)
    assert found(lots) == set()
    assert found(spoiled(lots, "2026-03-16", "Volume", 10_000_000)) == {
        ("volume_placeholder", "2026-03-16")
    }


def test_missing_sessions_are_gaps_and_long_ones_suspensions(clean, days):
    assert found(clean.drop(pd.Timestamp("2026-03-11"))) == {("gap", "2026-03-11")}
    halt = days.dates[20 : 20 + SUSPENSION]
    span = f"{halt[0]}..{halt[-1]}"
    assert ("suspension", span) in found(clean.drop(pd.DatetimeIndex(halt)))
    assert not [item for item in found(clean.drop(pd.DatetimeIndex(halt))) if item[0] == "gap"]
    # as Yahoo writes it: the last close again and again, nothing traded
    last = float(clean.loc[str(days.dates[19]), "Close"])
    repeated = clean.copy()
    repeated.loc[pd.DatetimeIndex(halt), COLUMNS] = last
    repeated.loc[pd.DatetimeIndex(halt), "Volume"] = 0.0
    names = found(repeated)
    assert ("suspension", span) in names
    assert not [item for item in names if item[0] == "flat_zero_volume"]


def test_rows_that_cannot_stand_are_found(clean):
    twice = pd.concat([clean, clean.iloc[[5]]])
    assert found(twice) == {("duplicate", str(clean.index[5].date()))}
    negative = spoiled(clean, "2026-03-17", "Low", -1.0)
    assert ("not_positive", "2026-03-17") in found(negative)
    extra = pd.concat([clean, clean.iloc[[5]].set_axis(pd.DatetimeIndex(["2026-04-03"]))])
    assert found(extra) == {("non_session", "2026-04-03")}  # Good Friday


def test_disordered_bars_are_found(clean):
    low = float(clean.loc["2026-03-12", "Low"])
    assert found(spoiled(clean, "2026-03-12", "High", low - 1)) == {
        ("disordered_ohlc", "2026-03-12")
    }


def test_jumps_are_notes(clean):
    jumped = clean.copy()
    jumped.loc["2026-03-13":, COLUMNS] *= 2.0
    assert found(jumped) == {("jump", "2026-03-13")}
    split = clean.copy()
    split.loc["2026-03-13":, COLUMNS] /= 2.0
    split["Adj Close"] = split["Close"]
    split.loc[:"2026-03-12", "Adj Close"] = split.loc[:"2026-03-12", "Close"] / 2.0
    assert found(split) == set()  # a split that is marked is no jump


def test_the_ends_of_a_history_are_looked_at(clean, days):
    tail = clean.copy()
    tail.iloc[-5:, :4] = 100.0
    assert ("stale_tail", f"{days.dates[-5]}..{days.last}") in found(tail)
    short = {(item.ticker, item.check) for item in check(A=clean, B=clean.iloc[:-7])}
    assert short == {("B", "stale_tail")}
    late = {(item.ticker, item.check) for item in check(A=clean, B=clean.iloc[7:])}
    assert late == {("B", "late_listing")}  # a note, and no gap
    lone = {(item.ticker, item.check) for item in check(A=clean, B=clean.iloc[[-1]])}
    assert ("B", "single_bar") in lone


def test_a_newest_bar_still_forming_is_found(clean, days):
    assert found(spoiled(clean, days.dates[-1], "Volume", 0)) == {("unfinished", str(days.last))}
    panel = ash.PricePanel.from_frames({"T": clean}, calendar="XHKG")
    close = days.close(-1)
    during = examine(panel, now=close - dt.timedelta(hours=1))
    assert [(item.check, item.days) for item in during] == [("unfinished", str(days.last))]
    assert examine(panel, now=close + dt.timedelta(hours=1)) == []


def test_missing_high_and_low_are_one_stretch(clean, days):
    lost = clean.copy()
    lost.loc[: str(days.dates[9]), ["High", "Low"]] = np.nan
    assert found(lost) == {("high_low_missing", f"{days.first}..{days.dates[9]}")}
    assert found(clean[["Close"]]) == set()  # closes alone are a choice of the source


def test_a_half_day_is_named(clean, days, make_bars):
    year = Sessions.exchange("XHKG", dt.date(2026, 1, 2), dt.date(2026, 3, 31))
    rng = np.random.default_rng(4)
    bars = make_bars(year.dates, 500 * np.exp(0.01 * rng.standard_normal(len(year))))
    bars.loc["2026-02-16", [*COLUMNS, "Volume"]] = [502.5] * 4 + [0]
    (finding,) = [item for item in check(T=bars) if item.check == "flat_zero_volume"]
    assert str(finding.session) == "2026-02-16"
    assert "all 502.5, volume 0, on a half day" in finding.detail


def test_a_typhoon_is_a_setting(clean):
    holed = clean.drop(pd.Timestamp("2026-06-10"))
    source = Frames(T=holed)
    assert [item.check for item in check(T=holed)] == ["gap"]
    panel, items = check_prices(
        ["T"], source=source, calendar="XHKG", overrides=Overrides(closed=["2026-06-10"])
    )
    assert items == []
    assert len(panel.sessions) == len(holed)


def test_the_defects_seen_in_hong_kong_data_are_found_by_name(hk_ai, shared):
    """facts/yahoo.md: rebuilt in copies of the supplied files, which do not have them."""
    folder = shared / "data" / "hk_ai"
    frames = {
        ticker: pd.read_csv(folder / f"{ticker}.csv", index_col="Date", parse_dates=True)
        for ticker in ("2513.HK", "0100.HK", "^HSI")
    }
    zhipu, index = frames["2513.HK"], frames["^HSI"]
    assert zhipu.loc["2026-02-16", "Close"] == 508.0
    zhipu.loc["2026-02-16", [*COLUMNS, "Volume"]] = [502.5] * 4 + [0]
    index = index.drop(pd.DatetimeIndex(["2026-07-14", "2026-08-17"]))
    index.loc["2026-08-04", COLUMNS] = index.loc["2026-08-04", "Close"]
    index.loc["2026-08-04", "Volume"] = 0
    frames["0100.HK"].loc["2026-09-30", "Volume"] = 0
    frames["^HSI"] = index
    items = {
        (item.ticker, item.check, item.days) for item in check_all(frames) if item.check != "jump"
    }
    assert {
        ("2513.HK", "flat_zero_volume", "2026-02-16"),
        ("^HSI", "gap", "2026-07-14"),
        ("^HSI", "gap", "2026-08-17"),
        ("^HSI", "flat_zero_volume", "2026-08-04"),
        ("0100.HK", "unfinished", "2026-09-30"),
        ("^HSI", "high_low_missing", "2025-06-02..2025-12-05"),
        ("2513.HK", "volume_placeholder", "2026-06-30"),
        ("0100.HK", "volume_placeholder", "2026-06-30"),
        ("^HSI", "stale_tail", "2026-08-31..2026-09-30"),
        ("2513.HK", "late_listing", "2026-01-08"),
        ("0100.HK", "late_listing", "2026-01-09"),
    } == items
    lone = {"0100.HK": frames["0100.HK"].loc[["2026-03-26"]], "^HSI": index}
    assert ("0100.HK", "single_bar", "2026-03-26") in {
        (item.ticker, item.check, item.days) for item in check_all(lone)
    }


def check_all(frames):
    return check_prices(list(frames), source=Frames(**frames), calendar="XHKG")[1]


def load(frame, quality, **options):
    return ash.load_prices(["T"], source=Frames(T=frame), calendar="XHKG", quality=quality)


def test_keep_flags_what_drop_takes_out_and_fail_refuses(clean, days):
    flat = spoiled(clean, "2026-03-10", [*COLUMNS, "Volume"], [100.0] * 4 + [0])
    row = days.position(dt.date(2026, 3, 10))
    kept = load(flat, "keep")
    assert kept.close[row, 0] == 100.0
    assert [(item.check, item.severity) for item in kept.flags] == [("flat_zero_volume", "warning")]
    dropped = load(flat, "drop")
    assert np.isnan(dropped.close[row, 0])
    assert dropped.flags == ()
    assert dropped.notes == ("T: bar dropped by policy, flat_zero_volume (2026-03-10)",)
    assert np.isfinite(np.delete(dropped.close[:, 0], row)).all()
    with pytest.raises(PriceError, match=r"T 2026-03-10 flat_zero_volume: .*the policy is to fail"):
        load(flat, "fail")


def test_a_policy_can_be_named_for_one_check(clean, days):
    both = spoiled(clean, "2026-03-10", [*COLUMNS, "Volume"], [100.0] * 4 + [0])
    both.loc["2026-03-16", "Volume"] = 0
    panel = load(both, {"flat_zero_volume": "drop"})
    assert [item.check for item in panel.flags] == ["zero_volume"]
    panel = load(both, {"default": "drop", "flat_zero_volume": "keep"})
    assert [item.check for item in panel.flags] == ["flat_zero_volume"]
    row = days.position(dt.date(2026, 3, 16))
    assert np.isnan(panel.volume[row, 0])
    assert np.isfinite(panel.close[row, 0])  # only the volume was in doubt
    with pytest.raises(UnknownName, match="unknown quality check 'flat_zero'"):
        load(both, {"flat_zero": "drop"})
    with pytest.raises(PriceError, match="'remove' is no policy for default; write drop, keep"):
        load(both, "remove")


def test_a_jump_is_dropped_only_when_it_is_named(clean):
    """An event study lives on jumps: a policy for all must not take the event away."""
    jumped = clean.copy()
    jumped.loc["2026-03-13":, COLUMNS] *= 2.0
    assert load(jumped, "drop").fingerprint() == load(jumped, "keep").fingerprint()
    load(jumped, "fail")
    assert Policies("drop").of("jump") == "keep"


def test_rows_that_cannot_stand_are_refused_or_dropped(clean):
    again = pd.concat([clean, clean.iloc[[5]]])
    with pytest.raises(PriceError, match="1 date stands twice"):
        load(again, "keep")
    assert load(again, "drop").close[5, 0] == clean["Close"].iloc[5]  # the same bar, once
    other = clean.iloc[[5]].assign(Close=99.0)
    panel = load(pd.concat([clean, other]), "drop")
    assert np.isnan(panel.close[5, 0])  # nobody knows which is right
    assert any("duplicate" in note for note in panel.notes)
    negative = spoiled(clean, "2026-03-17", "Low", -1.0)
    with pytest.raises(PriceError, match="not positive"):
        load(negative, "keep")
    assert np.isnan(load(negative, "drop").close[11, 0])


def test_what_a_result_touches(clean, days):
    flat = spoiled(clean, "2026-03-10", [*COLUMNS, "Volume"], [100.0] * 4 + [0])
    flat.loc["2026-03-16", "Volume"] = 0
    panel = load(flat, "keep")
    first, last = dt.date(2026, 3, 9), dt.date(2026, 3, 17)
    names = [item.check for item in touched(panel, "T", first, last, closes=False)]
    assert names == ["flat_zero_volume", "zero_volume"]
    names = [item.check for item in touched(panel, "T", first, last, closes=True)]
    assert names == ["flat_zero_volume"]
    assert touched(panel, "T", dt.date(2026, 3, 11), last, closes=True) == []
    assert touched(panel, "U", first, last, closes=False) == []


def test_findings_are_written(clean, tmp_path):
    items = check(T=clean.drop(pd.Timestamp("2026-03-11")))
    path = write_findings(items, tmp_path / "results")
    table = pd.read_csv(path)
    assert table.loc[0, ["ticker", "session", "check", "severity"]].tolist() == [
        "T", "2026-03-11", "gap", "warning",
    ]  # fmt: skip
    assert write_findings([], tmp_path / "results").read_text("utf-8").startswith("ticker,session")


def test_the_documentation_has_every_check_with_its_severity(root):
    text = (root / "docs" / "prices.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (error|warning|note) \|", text, flags=re.MULTILINE)
    assert rows == [(name, item.severity) for name, item in CHECKS.items()]
    assert all(item.remedy for item in CHECKS.values())


def test_a_flagged_bar_is_carried_to_a_study_and_a_backtest(make_bars):
    rng = np.random.default_rng(8)
    sessions = Sessions.exchange("XHKG", dt.date(2026, 1, 2), dt.date(2026, 6, 30))
    frames = {}
    for ticker in ("AAA.HK", "^IDX"):
        closes = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal(len(sessions))))
        frames[ticker] = make_bars(sessions.dates, closes)
    frames["AAA.HK"].loc["2026-04-08", [*COLUMNS, "Volume"]] = [100.0] * 4 + [0]
    frames["AAA.HK"].loc["2026-06-25", [*COLUMNS, "Volume"]] = [101.0] * 4 + [0]
    prices = ash.load_prices(list(frames), source=Frames(**frames), calendar="XHKG")
    table = pd.DataFrame(
        [{"id": "news", "ticker": "AAA.HK", "kind": "announcement", "when": "2026-04-13",
          "timing": "pre_open", "source": "made up"}]
    )  # fmt: skip
    book = ash.EventBook.from_frame(table, calendar="XHKG")
    study = ash.Study(
        title="News", events=ash.select(kind="announcement"),
        model=ash.MarketModel(benchmark="^IDX"), returns="simple", estimation=(-40, -6),
        window=(-5, 5), min_obs=20,
    )  # fmt: skip
    said = [text for text in study.fit(book, prices).warnings if "flat_zero_volume" in text]
    flat = "AAA.HK 2026-04-08 flat_zero_volume: open, high, low and close all 100, volume 0"
    assert said == [f"{flat} (used by news)"]

    class Hold(ash.EventStrategy):
        events = ash.select(kind="announcement")

        def on_offset(self, event, offset):
            if offset == 2:
                self.enter_short(event, weight=0.1)
            elif offset == 5:
                self.leave(event)

    outcome = ash.Backtest(Hold).run(book, prices, benchmark="^IDX")
    assert len(outcome.trades) == 1
    assert not [text for text in outcome.warnings if "flat_zero_volume" in text]
    flagged = ash.load_prices(list(frames), source=Frames(**{
        **frames, "AAA.HK": spoiled(frames["AAA.HK"], "2026-04-16", "Volume", 0),
    }), calendar="XHKG")  # fmt: skip
    outcome = ash.Backtest(Hold).run(book, flagged, benchmark="^IDX")
    assert "AAA.HK 2026-04-16 zero_volume: volume 0 although the price moved" in outcome.warnings
