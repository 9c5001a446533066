"""Ex-dates in every convention a file can have give the returns of the file as it should be."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest
from floor import FREE

import aftershock as ash
from aftershock.errors import PriceError
from aftershock.prices.actions import adjustment, later_splits
from aftershock.prices.sources import check_prices
from aftershock.report.words import language
from aftershock.sessions import Sessions

DAYS = Sessions.exchange("XHKG", dt.date(2025, 7, 2), dt.date(2026, 8, 31)).dates
SPLIT, FIRST, SECOND = 150, 60, 220  # rows of a split and of two dividends
ROWS = len(DAYS)
WARNED = {"odd_action", "odd_adjustment", "odd_price_step"}


class Frames:
    """A source of one's own."""

    def __init__(self, frames):
        self.frames = frames

    def daily(self, tickers, start, end):
        return {ticker: self.frames[ticker] for ticker in tickers}


def wealth(seed=1, sigma=0.02, rows=ROWS):
    """What one unit becomes, dividends and splits included: what every convention must give."""
    rng = np.random.default_rng(seed)
    return 100.0 * np.exp(np.cumsum(sigma * rng.standard_normal(rows)))


def traded(path, splits=None, dividends=None):
    """Closes as traded, with dividends and splits, of a stock that earns a path."""
    split, dividend = np.zeros(path.size), np.zeros(path.size)
    for row, ratio in (splits or {}).items():
        split[row] = ratio
    close = path.copy()
    for row in range(1, path.size):
        before = close[row - 1] / (split[row] or 1.0)
        share = (dividends or {}).get(row, 0.0)  # of the close before
        dividend[row] = share * before
        close[row] = (before - dividend[row]) * path[row] / path[row - 1]
    return close, dividend, split


def frame(close, dividend=None, split=None, adjusted=None, start=0):
    opens = close * 0.998
    known = {"Dividends": dividend, "Stock Splits": split, "Adj Close": adjusted}
    columns = {
        "Open": opens,
        "High": np.maximum(opens, close) * 1.001,
        "Low": np.minimum(opens, close) * 0.999,
        "Close": close,
        "Volume": 1_000_000_003.0 + 10.0 * np.arange(close.size),
        **{name: values for name, values in known.items() if values is not None},
    }
    days = pd.DatetimeIndex(DAYS[start : start + close.size], name="Date")
    return pd.DataFrame(columns, index=days)


def conventions(close, dividend, split):
    """The same history as people have it in their files."""
    factor, later = adjustment(close, dividend, split), later_splits(split)
    total, apart, paid = close * factor, close / later, dividend / later
    return {
        "as it should be": frame(close, dividend, split, total),
        "no adjusted close": frame(close, dividend, split),
        "no actions": frame(close, adjusted=total),
        "auto_adjust=False": frame(apart, paid, split, total),
        "auto_adjust=True": frame(total, paid, split),
        "adjusted, twice the same": frame(total, paid, split, total),
        "adjusted close that is the close": frame(close, dividend, split, close),
        "pence": frame(
            close, np.where(dividend < 0.009 * close, dividend * 100, dividend), split, total
        ),
        "a thousand rows, one adjusted close 0": frame(
            close, dividend, split, np.where(np.arange(close.size) == 30, 0.0, total)
        ),
    }


HISTORY = {
    "split and dividends": ({SPLIT: 2.0}, {FIRST: 0.005, SECOND: 0.008}),
    "consolidation": ({SPLIT: 0.1}, {}),
    "special dividend": ({}, {FIRST: 0.3}),
    "two splits": ({FIRST: 3.0, SECOND: 10.0}, {SPLIT: 0.006}),
    "both on one day": ({SPLIT: 5.0}, {SPLIT: 0.02}),
}
NAMES = list(conventions(*traded(wealth())))


def panel_of(stock, index=None, **options):
    frames = {"AAA": stock, "^IDX": frame(wealth(9, 0.01)) if index is None else index}
    return ash.load_prices(list(frames), source=Frames(frames), calendar="XHKG", **options)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("history", HISTORY)
def test_every_convention_gives_the_returns_that_were_earned(history, name):
    path = wealth()
    panel = panel_of(conventions(*traded(path, *HISTORY[history]))[name])
    returns, earned = panel.returns("simple")[1:, 0], path[1:] / path[:-1] - 1.0
    usable = np.isfinite(returns)
    np.testing.assert_allclose(returns[usable], earned[usable], atol=1e-9)
    missing = np.flatnonzero(~usable) + 1
    assert missing.tolist() == ([30, 31] if "one adjusted close 0" in name else [])


@pytest.mark.parametrize("history", HISTORY)
def test_what_is_odd_is_told_and_only_that(history):
    files = conventions(*traded(wealth(), *HISTORY[history]))
    told = {name: {flag.check for flag in panel_of(file).flags} for name, file in files.items()}
    for name in ("as it should be", "no adjusted close", "no actions"):
        assert not told[name] & WARNED, name
    splits, dividends = HISTORY[history]
    if splits:
        assert told["auto_adjust=False"] == {"odd_action"}
    assert told["adjusted, twice the same"] == {"odd_action"}
    assert told["auto_adjust=True"] == {"odd_action"}
    assert "odd_adjustment" in told["adjusted close that is the close"]
    assert told["a thousand rows, one adjusted close 0"] == {"adjustment_missing"}
    assert splits or dividends


def written(folder, frames, door):
    """Bring frames to a door; return the panel behind it."""
    if door == "from_frames":
        return ash.PricePanel.from_frames(frames, calendar="XHKG")
    if door == "own source":
        return ash.load_prices(list(frames), source=Frames(frames), calendar="XHKG")
    place = folder / door
    place.mkdir()
    if door == "long csv":
        place = place / "long.csv"
        pd.concat(frames, names=["Ticker"]).to_csv(place)
    for ticker, one in frames.items():
        if door == "csv":
            one.to_csv(place / f"{ticker}.csv")
        elif door == "parquet":
            one.to_parquet(place / f"{ticker}.parquet")
    return ash.load_prices(list(frames), source=f"files:{place}", calendar="XHKG")


DOORS = ("from_frames", "own source", "csv", "long csv", "parquet")


@pytest.mark.parametrize("role", ["stock", "benchmark", "both"])
@pytest.mark.parametrize("door", DOORS)
def test_every_door_and_role_gives_one_study(tmp_path, door, role):
    files = conventions(*traded(wealth(), {SPLIT: 2.0}, {FIRST: 0.005, SECOND: 0.008}))
    index = conventions(*traded(wealth(9, 0.01), {SPLIT - 2: 4.0}, {FIRST + 3: 0.006}))
    clean = panel_of(files["as it should be"], index["as it should be"])
    whole = studied(clean)
    for name in ("no adjusted close", "auto_adjust=False", "auto_adjust=True"):
        stock = files[name if role != "benchmark" else "as it should be"]
        other = index[name if role != "stock" else "as it should be"]
        if door == "long csv" and set(stock) != set(other):
            stock, other = (one.assign(**{"Adj Close": repeated(one)}) for one in (stock, other))
        (tmp_path / name).mkdir()
        panel = written(tmp_path / name, {"AAA": stock, "^IDX": other}, door)
        result = studied(panel)
        pd.testing.assert_frame_equal(result.car, whole.car, rtol=1e-8, atol=1e-10)
        odd = [line for line in result.warnings if "odd_action" in line]
        assert bool(odd) == (name != "no adjusted close")


def repeated(one):
    """Return the adjusted closes a long file has for a ticker without any."""
    return one.get("Adj Close", one["Close"])


def events(row=SPLIT):
    table = [
        {"id": "x", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
         "when": str(DAYS[row]), "known_at": "2025-01-01"}
    ]  # fmt: skip
    return ash.EventBook.from_frame(pd.DataFrame(table), calendar="XHKG")


def studied(panel):
    study = ash.Study(
        title="ex-dates", events=ash.select(), model=ash.MarketModel(benchmark="^IDX"),
        returns="simple", estimation=(-80, -11), window=(-5, 5), cars=[(-1, 1), (0, 0)],
        min_obs=30,
    )  # fmt: skip
    return study.fit(events(), panel)


def shorted(panel, root):
    backtest = ash.Backtest(
        root / "strategies" / "unlock_short.py", params={"entry": -3, "exit": 3},
        exchange=FREE, cash=10_000_000,
    )  # fmt: skip
    table = events().to_frame()
    table["kind"], table["shares"] = "lockup_expiry", 1e6
    book = ash.EventBook.from_frame(table, calendar="XHKG")
    return backtest.run(book, panel, benchmark="^IDX")


@pytest.mark.parametrize("ratio", [2.0, 10.0, 0.1])
@pytest.mark.parametrize("name", NAMES[1:])
def test_a_short_over_a_split_earns_what_it_earns_on_a_clean_file(root, ratio, name):
    files = conventions(*traded(wealth(), {SPLIT: ratio}, {SPLIT + 1: 0.005}))
    clean, other = (shorted(panel_of(files[one]), root).trades for one in ("as it should be", name))
    assert len(clean) == 1
    held = clean["gross"].abs().iloc[0] + 1e-9
    if name == "no actions":  # its dividend is known to the adjusted close alone
        return
    # closes in today's shares are bought in other lots
    assert other["net"].iloc[0] == pytest.approx(clean["net"].iloc[0], abs=0.02 * held)


@pytest.mark.parametrize("name", ["no adjusted close", "auto_adjust=False", "auto_adjust=True"])
def test_a_benchmark_over_its_own_ex_dates_is_one_line(root, name):
    """The benchmark of equity, versus and drawdowns: total returns, whatever the file holds."""
    stock = conventions(*traded(wealth()))["as it should be"]
    index = conventions(*traded(wealth(9, 0.01), {SPLIT: 4.0}, {SPLIT + 2: 0.01}))
    clean, other = (shorted(panel_of(stock, index[one]), root) for one in ("as it should be", name))
    levels = clean.equity["benchmark"].to_numpy()
    np.testing.assert_allclose(other.equity["benchmark"].to_numpy(), levels, rtol=1e-8)
    pd.testing.assert_frame_equal(other.versus, clean.versus, rtol=1e-6)
    assert abs(levels[-1] / levels[0] - 1.0) < 0.5


def test_a_flat_stock_with_a_split_that_is_in_the_closes_costs_nothing(root):
    flat = np.full(ROWS, 100.0)
    split = np.zeros(ROWS)
    split[SPLIT] = 4.0
    result = shorted(panel_of(frame(flat, np.zeros(ROWS), split)), root)
    assert result.trades["net"].tolist() == [0.0]
    assert any("odd_action" in line for line in result.warnings)


@pytest.mark.parametrize("seed", range(25))
def test_random_histories_are_the_same_in_every_convention(seed):
    """Splits of 1.5 and more and ordinary dividends; told or not, returns are what was earned."""
    rng = np.random.default_rng(seed)
    sigma = rng.uniform(0.008, 0.03)
    path = wealth(seed, sigma)
    rows = rng.choice(np.arange(40, ROWS - 20), 6, replace=False)
    splits = dict(zip(rows[:2].tolist(), rng.choice([1.5, 2, 3, 10, 0.2, 0.1], 2), strict=True))
    dividends = dict(zip(rows[2:].tolist(), rng.uniform(0.002, 0.02, 4), strict=True))
    files = conventions(*traded(path, splits, dividends))
    earned = path[1:] / path[:-1] - 1.0
    for name in ("as it should be", "no adjusted close", "auto_adjust=False", "auto_adjust=True"):
        returns = panel_of(files[name]).returns("simple")[1:, 0]
        np.testing.assert_allclose(returns, earned, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("seed", range(40))
def test_clean_prices_with_ordinary_dividends_have_no_finding(seed):
    rng = np.random.default_rng(seed)
    path = wealth(seed, rng.uniform(0.005, 0.09))
    rows = rng.choice(np.arange(5, ROWS), 5, replace=False).tolist()
    close, dividend, split = traded(path, {}, dict.fromkeys(rows, rng.uniform(0.001, 0.05)))
    total = np.round(close * adjustment(close, dividend, split), 4)
    for one in (frame(close, dividend, split, total), frame(close, dividend, split)):
        assert {flag.check for flag in panel_of(one).flags} <= {"assumed_action"}


@pytest.mark.parametrize("adjusts", [True, False])
@pytest.mark.parametrize("off", [-3, -1, 1, 4])
def test_a_split_listed_some_days_off_is_used_where_the_close_shows_it(off, adjusts):
    path = wealth()
    close, dividend, split = traded(path, {SPLIT: 2.0}, {FIRST: 0.005})
    total = close * adjustment(close, dividend, split) if adjusts else None
    panel = panel_of(frame(close, dividend, np.roll(split, off), total))
    np.testing.assert_allclose(panel.returns("simple")[1:, 0], path[1:] / path[:-1] - 1.0)
    assert np.flatnonzero(panel.split[:, 0]).tolist() == [SPLIT]
    assert [flag.check for flag in panel.flags if flag.severity != "note"] == ["odd_action"]


@pytest.mark.parametrize("ratio", [4.0, 0.1])
def test_a_ratio_upside_down_is_turned(ratio):
    path = wealth()
    close, dividend, split = traded(path, {SPLIT: ratio})
    wrong = np.where(split > 0.0, 1.0 / ratio, 0.0)
    panel = panel_of(frame(close, dividend, wrong))
    np.testing.assert_allclose(panel.returns("simple")[1:, 0], path[1:] / path[:-1] - 1.0)
    assert panel.split[SPLIT, 0] == pytest.approx(ratio)
    assert [flag.check for flag in panel.flags] == ["odd_action"]


def test_a_dividend_listed_twice_is_paid_once():
    path = wealth()
    close, dividend, split = traded(path, {SPLIT: 2.0}, {FIRST: 0.005, SECOND: 0.01})
    total = close * adjustment(close, dividend, split)
    panel = panel_of(frame(close, dividend + np.roll(dividend, 1), split, total))
    np.testing.assert_allclose(panel.dividend[:, 0], dividend, atol=1e-12)
    assert [flag.check for flag in panel.flags] == ["odd_action", "odd_action"]


def test_a_hundredfold_dividend_is_not_used():
    """50 listed on 106 where the adjusted close moves half a percent: half a dollar was paid."""
    path = wealth()
    close, dividend, split = traded(path, {}, {SPLIT: 0.005})
    total = close * adjustment(close, dividend, split)
    panel = panel_of(frame(close, dividend * 100, split, total))
    np.testing.assert_allclose(panel.dividend[:, 0], dividend, atol=1e-9)
    (flag,) = panel.flags
    assert (flag.check, str(flag.session)) == ("odd_action", str(DAYS[SPLIT]))
    alone = panel_of(frame(close, dividend * 100, split))  # no adjusted close: the price tells
    assert alone.dividend.sum() == 0.0
    assert [flag.check for flag in alone.flags] == ["odd_action"]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("Dividends", 1353.0, "a dividend of 1353"),
        ("Dividends", -1.0, "a dividend of -1"),
        ("Dividends", np.inf, "a dividend of inf"),
        ("Stock Splits", -2.0, "a split ratio of -2"),
        ("Stock Splits", np.inf, "a split ratio of inf"),
    ],
)
@pytest.mark.parametrize("door", DOORS)
def test_actions_that_cannot_be_are_refused_in_one_sentence(tmp_path, door, column, value, words):
    path = wealth()
    close, dividend, split = traded(path)
    bad = frame(close, dividend, split)
    bad.iloc[SPLIT, bad.columns.get_loc(column)] = value
    with pytest.raises(PriceError, match=words) as refused:
        written(tmp_path, {"AAA": bad}, door)
    assert str(DAYS[SPLIT]) in str(refused.value)
    panel = panel_of(bad, quality={"impossible_action": "drop"})
    np.testing.assert_allclose(panel.returns("simple")[1:, 0], path[1:] / path[:-1] - 1.0)
    assert any("action dropped by policy, impossible_action" in note for note in panel.notes)


@pytest.mark.parametrize("value", [np.nan, 0.0, -3.0, np.inf, -np.inf])
@pytest.mark.parametrize("column", ["Adj Close", "Adjustment"])
@pytest.mark.parametrize("door", DOORS)
def test_a_factor_that_cannot_be_is_missing_and_never_one(tmp_path, door, column, value):
    """The factor is one half before row 150: a missing one taken as 1 would be +100 %."""
    path = wealth()
    close, _, split = traded(path, {SPLIT: 2.0})
    factor = adjustment(close, np.zeros(ROWS), split)
    bad = frame(close)
    bad[column] = factor if column == "Adjustment" else close * factor
    bad.iloc[100, bad.columns.get_loc(column)] = value
    panel = written(tmp_path, {"AAA": bad}, door)
    returns, earned = panel.returns("log")[1:, 0], np.diff(np.log(path))
    assert np.flatnonzero(np.isnan(returns)).tolist() == [99, 100]
    usable = np.isfinite(returns)
    np.testing.assert_allclose(returns[usable], earned[usable], atol=1e-9)
    (flag,) = panel.flags
    assert (flag.check, str(flag.session)) == ("adjustment_missing", str(DAYS[100]))
    bad[column] = value
    with pytest.raises(PriceError, match=f"column {column} has no value that can be used"):
        written(tmp_path, {"AAA": bad, "BBB": bad}, "from_frames")


def test_a_session_without_a_bar_needs_no_adjustment():
    path = wealth()
    close, dividend, split = traded(path, {SPLIT: 2.0})
    whole = frame(close, dividend, split, close * adjustment(close, dividend, split))
    gone = whole.copy()
    gone.iloc[40] = np.nan
    for one in (gone, whole.drop(whole.index[40])):
        assert {flag.check for flag in panel_of(one).flags} == {"gap"}
    assert panel_of(gone).fingerprint() == panel_of(whole.drop(whole.index[40])).fingerprint()


def test_a_gain_that_is_in_the_dividend_already_is_paid_once():
    path = wealth()
    close, dividend, split = traded(path, {}, {SPLIT: 0.05})
    total = close * adjustment(close, dividend, split)
    gain = np.where(dividend > 0.0, 0.6 * dividend, 0.0)
    inside = frame(close, dividend, split, total).assign(**{"Capital Gains": gain})
    panel = panel_of(inside)
    np.testing.assert_allclose(panel.dividend[:, 0], dividend)
    assert [flag.check for flag in panel.flags] == ["odd_action"]
    beside = frame(close, dividend - gain, split, total).assign(**{"Capital Gains": gain})
    panel = panel_of(beside)
    np.testing.assert_allclose(panel.dividend[:, 0], dividend)
    assert panel.flags == ()


def test_an_additive_adjustment_is_told():
    """Closes less a constant: some turn negative and are missing, the others drift."""
    close = wealth(4, 0.02)
    constant = float(np.quantile(close, 0.1))
    panel = panel_of(frame(close, adjusted=close - constant))
    checks = {flag.check for flag in panel.flags}
    assert {"adjustment_drifts", "adjustment_missing"} <= checks
    assert np.isnan(panel.adjusted_close()[:, 0]).tolist() == (close <= constant).tolist()


def test_findings_are_told_in_chinese_too():
    close, dividend, split = traded(wealth(), {SPLIT: 2.0}, {FIRST: 0.005, SECOND: 0.008})
    files = list(conventions(close, dividend, split).values())
    files.append(frame(close, dividend, np.roll(split, 1)))
    files.append(frame(close, dividend, np.where(split > 0, 0.5, 0.0)))
    files.append(frame(close, adjusted=close - 0.8 * close.min()))
    told = {str(flag) for one in files for flag in panel_of(one).flags}
    assert len(told) > 12
    for line in told:
        chinese = language("zh").phrase(f"{line} (used by x)")
        assert not re.search("[a-z]{2}", chinese), chinese


def test_policies_decide():
    files = conventions(*traded(wealth(), {SPLIT: 2.0}))
    with pytest.raises(PriceError, match="odd_action: a split of 2 is listed"):
        panel_of(files["auto_adjust=True"], quality={"odd_action": "fail"})
    panel = panel_of(files["auto_adjust=True"], quality={"odd_action": "drop"})
    assert np.flatnonzero(np.isnan(panel.close[:, 0])).tolist() == [SPLIT]
    assert any(str(DAYS[SPLIT]) in note for note in panel.notes)


def test_where_the_price_cannot_tell_it_is_said_what_is_assumed():
    """A dividend of 2 % on a stock that moves 9 % a day."""
    close, dividend, split = traded(wealth(2, 0.09), {}, {SPLIT: 0.02})
    panel = panel_of(frame(close, dividend, split))
    assert {flag.severity for flag in panel.flags} == {"note"}
    np.testing.assert_allclose(panel.dividend[:, 0], dividend)
    frames = {"AAA": frame(close, dividend, split)}
    found = check_prices(["AAA"], source=Frames(frames), calendar="XHKG")[1]
    assert [str(item.session) for item in found if item.check == "assumed_action"] == [
        str(DAYS[SPLIT])
    ]


def test_prices_off_the_grid_before_the_last_dividend_were_adjusted():
    """Traded closes have two decimals, yfinance's adjusted ones have not."""
    close, dividend, split = traded(wealth(5), {}, {FIRST: 0.011, SPLIT: 0.012, SECOND: 0.013})
    close = np.round(close, 2)
    factor = adjustment(close, dividend, split)
    panel = panel_of(frame(close * factor, dividend, split))
    assert panel.dividend.sum() == 0.0
    assert {flag.check for flag in panel.flags} == {"odd_action"}
    assert {flag.severity for flag in panel_of(frame(close, dividend, split)).flags} == {"note"}


def test_a_split_on_a_day_off_shows_on_the_next_close():
    path = wealth()
    close, dividend, split = traded(path, {SPLIT: 2.0})
    off = frame(close, dividend, split)
    off.iloc[SPLIT, off.columns.get_loc("Close")] = np.nan
    panel = panel_of(off, quality={"high_low_missing": "keep"})
    level = panel.adjusted_close()[:, 0]
    assert level[SPLIT + 1] / level[SPLIT - 1] == pytest.approx(path[SPLIT + 1] / path[SPLIT - 1])
    assert panel.split[SPLIT, 0] == 2.0
