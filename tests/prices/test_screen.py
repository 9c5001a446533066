"""Bars that cannot be, by every door prices come by and in every role a ticker has.

The right answer is the unbroken input's: refused by name, missing and said, or warned of.
"""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest
from yahoo_stub import LoopbackSession, Stub, serve

import aftershock as ash
from aftershock.errors import PriceError
from aftershock.prices.sources import check_prices
from aftershock.prices.store import Store
from aftershock.prices.yahoo import YahooSource
from aftershock.sessions import Sessions

SESSIONS = Sessions.exchange("XHKG", dt.date(2026, 1, 2), dt.date(2026, 6, 30))
DAYS = pd.DatetimeIndex(SESSIONS.dates, name="Date")
PRICES = ["Open", "High", "Low", "Close"]
NEWS = 80  # row of day 0
TICKERS = ["0001.HK", "^IDX", "0002.HK"]  # stock, benchmark, peer
DOORS = ["csv", "long csv", "parquet", "frames", "source", "yahoo"]


@pytest.fixture
def frames(make_bars):
    rng = np.random.default_rng(11)
    out = {}
    for ticker in TICKERS:
        closes = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal(len(DAYS))))
        volume = (rng.integers(1_000_001, 2_000_000, len(DAYS)) | 1).astype(float)
        out[ticker] = make_bars(DAYS, closes.round(3), volume=volume)
    return out


@pytest.fixture
def load(tmp_path):
    """Return a panel of frames that came by a door."""

    def write(frames, door):
        folder = tmp_path / door
        folder.mkdir(exist_ok=True)
        if door == "long csv":
            long = pd.concat(frames, names=["Ticker"]).reset_index()
            long.to_csv(folder / "all.csv", index=False)
            return f"files:{folder / 'all.csv'}"
        for ticker, frame in frames.items():
            if door == "csv":
                frame.to_csv(folder / f"{ticker}.csv")
            else:
                frame.to_parquet(folder / f"{ticker}.parquet")
        return f"files:{folder}"

    def by(frames, door, **options):
        if door == "frames":
            return ash.PricePanel.from_frames(frames, calendar="XHKG")
        if door == "yahoo":
            return by_yahoo(frames, tmp_path, **options)
        source = Desk(frames) if door == "source" else write(frames, door)
        return ash.load_prices(list(frames), source=source, calendar="XHKG", **options)

    return by


class Desk:
    """A source of one's own."""

    def __init__(self, frames):
        self.frames = frames

    def daily(self, tickers, start, end):
        return {ticker: self.frames[ticker] for ticker in tickers}


def by_yahoo(frames, tmp_path, **options):
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "zones"))
    stub = Stub()
    for ticker, frame in frames.items():
        stub.put(ticker, frame)
    with serve(stub) as port:
        source = YahooSource(LoopbackSession(port), Store(tmp_path / "store"))
        return ash.load_prices(list(frames), source=source, calendar="XHKG", **options)


def book():
    row = {"id": "news", "ticker": "0001.HK", "kind": "announcement",
           "when": str(SESSIONS.dates[NEWS]), "timing": "pre_open", "source": "made up"}  # fmt: skip
    return ash.EventBook.from_frame(pd.DataFrame([row]), calendar="XHKG")


def study(prices, model=None):
    return ash.Study(
        title="News", events=ash.select(kind="announcement"),
        model=model or ash.models.BenchmarksModel(["^IDX", "0002.HK"]), returns="simple",
        estimation=(-60, -11), window=(-5, 5), cars=[(0, 0), (-1, 1)], min_obs=30,
    ).fit(book(), prices)  # fmt: skip


def spoiled(frames, ticker, rows, change):
    out = {name: frame.copy() for name, frame in frames.items()}
    change(out[ticker], out[ticker].index[rows])
    return out


def times(factor):
    def change(frame, days):
        frame.loc[days, PRICES] *= factor

    return change


def units(panel):
    return [(item.ticker, item.days) for item in panel.flags if item.check == "unit_change"]


@pytest.mark.parametrize("door", DOORS)
def test_one_bar_a_hundred_times_its_neighbours_is_a_warning_of_the_result(frames, load, door):
    right = study(load(frames, door if door != "yahoo" else "frames"))
    assert not [text for text in right.warnings if "unit_change" in text]
    broken = load(spoiled(frames, "0001.HK", [NEWS], times(100)), door)
    day = str(DAYS[NEWS].date())
    assert units(broken) == [("0001.HK", day)]
    (text,) = [text for text in study(broken).warnings if "unit_change" in text]
    told = rf"0001\.HK {day} unit_change: close \S+, ([\d.]+) times the others, without a listed"
    assert float(re.match(told, text)[1]) == pytest.approx(100, rel=0.1)
    assert text.endswith("(used by news)")


@pytest.mark.parametrize("ticker", TICKERS)
@pytest.mark.parametrize("factor", [0.01, 100.0, 0.001, 1000.0])
def test_another_unit_from_one_day_on_is_warned_of_in_every_role(frames, load, ticker, factor):
    broken = load(spoiled(frames, ticker, slice(NEWS, None), times(factor)), "frames")
    (flag,) = [item for item in broken.flags if item.check == "unit_change"]
    assert (flag.ticker, flag.severity) == (ticker, "warning")
    assert flag.session == DAYS[NEWS].date()  # the fewer closes are in doubt
    assert any("unit_change" in text for text in study(broken).warnings)
    market = study(broken, ash.MarketModel(benchmark="^IDX"))
    assert any("unit_change" in text for text in market.warnings) == (ticker != "0002.HK")


def test_the_policy_decides_about_another_unit(frames, load):
    broken = spoiled(frames, "0001.HK", [NEWS + 1], times(100))
    with pytest.raises(PriceError, match=r"unit_change: close .* the policy is to fail"):
        load(broken, "csv", quality="fail")
    missing = {name: frame.copy() for name, frame in frames.items()}
    missing["0001.HK"] = frames["0001.HK"].drop(DAYS[NEWS + 1])
    dropped = load(broken, "source", quality={"unit_change": "drop"})
    assert dropped.notes == (
        f"0001.HK: bar dropped by policy, unit_change ({DAYS[NEWS + 1].date()})",
    )
    right = ash.PricePanel.from_frames(missing, calendar="XHKG")
    np.testing.assert_array_equal(dropped.close, right.close)
    pd.testing.assert_frame_equal(study(dropped).car, study(right).car)


def test_bars_in_another_unit_for_a_while_are_one_finding(frames, load):
    broken = load(spoiled(frames, "^IDX", slice(30, 50), times(0.01)), "frames")
    assert units(broken) == [("^IDX", f"{DAYS[30].date()}..{DAYS[49].date()}")]


class Hold(ash.EventStrategy):
    events = ash.select(kind="announcement")

    def on_offset(self, event, offset):
        if offset == 1:
            self.enter_short(event, weight=0.1)
        elif offset == 5:
            self.leave(event)


@pytest.mark.parametrize(("ticker", "rows"), [("0001.HK", slice(NEWS + 2, None)), ("^IDX", [100])])
def test_a_backtest_warns_of_another_unit_of_stock_and_benchmark(frames, load, ticker, rows):
    broken = load(spoiled(frames, ticker, rows, times(100)), "frames")
    outcome = ash.Backtest(Hold).run(book(), broken, benchmark="^IDX")
    assert len(outcome.trades) == 1
    (text,) = [text for text in outcome.warnings if "unit_change" in text]
    assert text.startswith(f"{ticker} ")
    right = ash.Backtest(Hold).run(book(), load(frames, "frames"), benchmark="^IDX")
    assert not [text for text in right.warnings if "unit_change" in text]


@pytest.mark.parametrize("factor", [0.37, 1.7, 0.1, 8.0, 0.03])
def test_an_ordinary_jump_stays_a_note(frames, load, factor):
    panel = load(spoiled(frames, "0001.HK", slice(NEWS, None), times(factor)), "frames")
    assert units(panel) == []
    moved = spoiled(frames, "0001.HK", slice(NEWS, None), times(factor))
    found = check_prices(TICKERS, source=Desk(moved), calendar="XHKG")[1]
    assert [item.check for item in found if item.session == DAYS[NEWS].date()] == ["jump"]


@pytest.mark.parametrize("ratio", [100.0, 0.01])
def test_a_listed_split_is_no_other_unit(frames, load, ratio):
    split = spoiled(frames, "0001.HK", slice(NEWS, None), times(1 / ratio))
    split["0001.HK"]["Stock Splits"] = 0.0
    split["0001.HK"].loc[DAYS[NEWS], "Stock Splits"] = ratio
    assert units(load(split, "frames")) == []
    adjusted = split["0001.HK"].drop(columns="Stock Splits")
    adjusted["Adj Close"] = frames["0001.HK"]["Close"]
    assert units(load({**split, "0001.HK": adjusted}, "frames")) == []


@pytest.mark.parametrize("door", ["csv", "frames"])
def test_an_open_a_hundred_times_its_close_is_said(frames, load, door):
    """High is lifted with it, so that the bar is in order; orders would fill there."""

    def change(frame, days):
        frame.loc[days, ["Open", "High"]] *= 100

    panel = load(spoiled(frames, "0001.HK", [NEWS], change), door)
    assert units(panel) == []
    found = [item for item in panel.flags if item.check == "disordered_ohlc"]
    assert [item.detail.split(" is ")[0].split()[0] for item in found] == ["open", "high"]
    assert {item.session for item in found} == {DAYS[NEWS].date()}


def test_wild_and_quiet_stocks_have_no_other_unit(make_bars):
    rng = np.random.default_rng(5)
    frames = {
        f"{n:04d}.HK": make_bars(DAYS, 50 * np.exp(np.cumsum(s * rng.standard_t(4, len(DAYS)))))
        for n, s in enumerate([0.0002, 0.002, 0.02, 0.06, 0.1])
    }
    assert units(ash.PricePanel.from_frames(frames, calendar="XHKG")) == []


def test_real_prices_have_no_other_unit(hk_ai):
    assert units(hk_ai) == []


def test_a_bad_bar_of_real_prices_is_found(shared):
    """1969.HK closes at 413.117 on 2025-01-10, between 4.14 and 4.18 in that file."""
    path = shared / "data" / "hk_ipos" / "prices_2018_2020_listings.csv.gz"
    names = sorted(set(pd.read_csv(path, usecols=["Ticker"])["Ticker"]))
    panel = ash.load_prices(names, source=f"files:{path}")
    assert units(panel) == [("1969.HK", "2025-01-10")]


@pytest.mark.parametrize("value", [-1.0, -99.0, np.inf, 1e308])
@pytest.mark.parametrize("door", [door for door in DOORS if door != "yahoo"])
def test_an_impossible_volume_is_missing_and_refuses_no_study(frames, load, door, value):
    def change(frame, days):
        frame.loc[days, "Volume"] = value

    panel = load(spoiled(frames, "0001.HK", [NEWS], change), door)
    assert np.isnan(panel.volume[NEWS, 0])
    (flag,) = panel.flags
    assert str(flag) == (
        f"0001.HK {DAYS[NEWS].date()} impossible_volume: volume {value:g} became missing"
    )
    pd.testing.assert_frame_equal(study(panel).car, study(load(frames, "frames")).car)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e308, 0.0, -5.0])
@pytest.mark.parametrize("column", ["Close", "High"])
@pytest.mark.parametrize("door", [door for door in DOORS if door != "yahoo"])
def test_an_impossible_price_is_refused_with_its_day_and_value(frames, load, door, column, value):
    def change(frame, days):
        frame.loc[days, column] = value

    broken = spoiled(frames, "^IDX", [NEWS], change)
    day, told = DAYS[NEWS].date(), re.escape(f"{value:g}")
    with pytest.raises(PriceError, match=rf"\^IDX: 1 bar\(s\) .* first on {day} \({told}\)"):
        load(broken, door)
    found = check_prices(TICKERS, source=Desk(broken), calendar="XHKG")[1]
    assert [(i.ticker, i.days, i.check) for i in found if i.check == "not_positive"] == [
        ("^IDX", str(day), "not_positive")
    ]


def test_crsps_negative_prices_are_told_what_they_are(frames, load):
    broken = spoiled(frames, "0001.HK", slice(NEWS, NEWS + 3), times(-1))
    with pytest.raises(PriceError, match="CRSP writes the mean of bid and ask .* absolute value"):
        load(broken, "csv")


def moved(frame, days):
    return frame.set_axis(frame.index + pd.Timedelta(days=days), axis=0).rename_axis("Date")


@pytest.mark.parametrize(("days", "weekday"), [(-1, "Sundays"), (1, "Saturdays")])
@pytest.mark.parametrize("ticker", TICKERS)
@pytest.mark.parametrize("door", [door for door in DOORS if door != "yahoo"])
def test_dates_a_day_off_are_refused_with_the_remedy(frames, load, door, ticker, days, weekday):
    broken = {**frames, ticker: moved(frames[ticker], days)}
    with pytest.raises(PriceError) as caught:
        load(broken, door)
    text = str(caught.value)
    assert text.startswith(f"{ticker}: shifted by a day: ")
    assert f"are {weekday}, first " in text
    assert 'tz_localize("UTC").tz_convert("Asia/Hong_Kong")' in text


def test_midnights_written_in_utc_are_a_day_early_and_the_remedy_heals_them(frames):
    """Midnight in Hong Kong is 16:00 of the day before in UTC."""
    utc = DAYS.tz_localize("Asia/Hong_Kong").tz_convert("UTC")
    naive = {t: frame.set_axis(utc.tz_localize(None), axis=0) for t, frame in frames.items()}
    with pytest.raises(PriceError, match="shifted by a day"):
        ash.PricePanel.from_frames(naive, calendar="XHKG")
    healed = {t: frame.set_axis(utc, axis=0) for t, frame in frames.items()}
    right = ash.PricePanel.from_frames(frames, calendar="XHKG")
    panel = ash.PricePanel.from_frames(healed, calendar="XHKG")
    assert panel.fingerprint() == right.fingerprint()


def test_a_check_names_what_is_shifted_once(frames):
    broken = {**frames, "^IDX": moved(frames["^IDX"], -1)}
    panel, found = check_prices(TICKERS, source=Desk(broken), calendar="XHKG")
    assert [(item.ticker, item.check) for item in found] == [("^IDX", "shifted")]
    assert panel.tickers == ("0001.HK", "0002.HK")
    with pytest.raises(PriceError, match="shifted by a day"):
        check_prices(["^IDX"], source=Desk(broken), calendar="XHKG")


def test_returns_a_day_off_are_refused_and_doubted_without_an_exchange(frames):
    closes = pd.DataFrame({ticker: frame["Close"] for ticker, frame in frames.items()})
    wide = moved(closes.pct_change().dropna(), -1)
    with pytest.raises(PriceError, match="the returns are shifted by a day"):
        ash.ReturnPanel.from_frame(wide, kind="simple", calendar="XHKG")
    (note,) = ash.ReturnPanel.from_frame(wide, kind="simple").notes
    assert note.startswith("rows stand on Sundays and none on Fridays")
