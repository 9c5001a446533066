"""Hostile inputs through every door: none ends in a wrong number, none in a foreign exception.

A row of the table says what is broken, where it was reported, and what is right: ``equal`` to
the unbroken input, ``told`` by a check or sentence in the result's warnings, or ``refused`` with
a sentence. The world is three series of one exchange; the study explains the stock by the
benchmark and the peer, so that each can be the broken one.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

import aftershock as ash
from aftershock.errors import AftershockError
from aftershock.prices.rates import RiskFree
from aftershock.sessions import Sessions

DAYS = Sessions.exchange("XNYS", dt.date(2025, 3, 3), dt.date(2025, 8, 29)).dates
N, DAY0, EX = len(DAYS), 100, 70
STOCK, PEER, INDEX = "AAA", "BBB", "^GSPC"
ROLES = (STOCK, PEER, INDEX)


def closes():
    rng = np.random.default_rng(11)
    market = 0.008 * rng.standard_normal(N)
    stock = 1.1 * market + 0.015 * rng.standard_normal(N)
    stock[DAY0] += 0.06
    peer = 0.9 * market + 0.012 * rng.standard_normal(N)
    return {
        name: level * np.exp(np.cumsum(moves))
        for name, level, moves in ((STOCK, 80.0, stock), (PEER, 40.0, peer), (INDEX, 5000.0, market))
    }  # fmt: skip


CLOSES = closes()


def bars(name, close=None):
    """One ticker's unbroken bars."""
    close = CLOSES[name] if close is None else close
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "Date": pd.DatetimeIndex(DAYS),
            "Open": close * 1.001,
            "High": close * 1.004,
            "Low": close * 0.996,
            "Close": close,
            "Volume": rng.integers(100_003, 999_983, N).astype(float),
        }
    )


# --- how the world is broken: each takes an unbroken frame and returns a broken one


def adjusted(value):
    """A column Adj Close of half the close, one value of it broken."""

    def broken(frame):
        column = frame["Close"] * 0.5
        column[60] = value
        return frame.assign(**{"Adj Close": column})

    return broken


def every(column, value):
    return lambda frame: frame.assign(**{column: value})


def one(column, value, row=60):
    def broken(frame):
        values = frame[column].copy() if column in frame else pd.Series(np.zeros(N))
        if isinstance(value, str):
            values = values.astype(object)
        values[row] = value
        return frame.assign(**{column: values})

    return broken


def listed(split=0.0, paid=0.0, raw=True, factor=None):
    """A split or dividend on the ex-date: in the closes or not, with an adjusted close or not."""

    def broken(frame):
        before = np.arange(N) < EX
        ratio = split or 1.0
        share = 1.0 - paid
        prices = ["Open", "High", "Low", "Close"]
        out = frame.copy()
        if raw:
            out[prices] = frame[prices].mul(np.where(before, ratio / share, 1.0), axis=0)
        cash = paid * float(out["Close"][EX - 1]) if paid else 0.0
        on = np.arange(N) == EX
        out = out.assign(
            **{"Stock Splits": np.where(on, split, 0.0), "Dividends": np.where(on, cash, 0.0)}
        )
        if factor == "right":
            out["Adj Close"] = frame["Close"]
        elif factor == "none":
            out["Adj Close"] = out["Close"]
        return out

    return broken


def scaled(factor, rows):
    def broken(frame):
        prices = ["Open", "High", "Low", "Close"]
        at = np.zeros(N, dtype=bool)
        at[rows] = True
        return frame.assign(**{c: np.where(at, frame[c] * factor, frame[c]) for c in prices})

    return broken


def text(column, form):
    return lambda frame: frame.assign(**{column: [form(value) for value in frame[column]]})


def dates(change):
    return lambda frame: frame.assign(Date=change(pd.DatetimeIndex(frame["Date"])))


def named(**names):
    return lambda frame: frame.rename(columns=names)


def rows(change):
    return lambda frame: change(frame).reset_index(drop=True)


def extra_sunday(frame):
    row = frame.iloc[[50]].assign(Date=pd.Timestamp("2025-05-11"))
    return pd.concat([frame, row]).sort_values("Date").reset_index(drop=True)


def flat_bar(frame):
    price = float(frame["Close"][59])
    out = frame.copy()
    out.loc[60, ["Open", "High", "Low", "Close"]] = price
    out.loc[60, "Volume"] = 0.0
    return out


EQUAL, TOLD, REFUSED = "equal", "told", "refused"
TEXT_DOORS = {"csv", "long csv", "frames", "own source"}
LOADED = {"csv", "long csv", "parquet", "own source"}  # what load_prices examines
PRICES = [
    # what, where reported, how, what is right, the check or sentence, doors (all where left out)
    ("adjusted close empty on a row", "yfinance PR#1543", adjusted(np.nan), TOLD, "adjustment_missing"),
    ("adjusted close 0 on a row", "py-futu-api#240", adjusted(0.0), TOLD, "adjustment_missing"),
    ("adjusted close negative on a row", "akshare#3109", adjusted(-4.0), TOLD, "adjustment_missing"),
    ("adjusted close infinite on a row", "yfinance#2856", adjusted(np.inf), TOLD, "adjustment_missing"),
    ("adjusted close empty throughout", "yfinance PR#1543", every("Adj Close", np.nan), REFUSED, "no value that can be used"),
    ("adjusted close 0 throughout", "akshare#1878", every("Adj Close", 0.0), REFUSED, "no value that can be used"),
    ("adjustment factor empty on a row", "own", one("Adjustment", np.nan), REFUSED, "no value that can be used"),
    ("dividend above the price", "yfinance#2554", one("Dividends", 1e6), REFUSED, "a dividend of"),
    ("dividend negative", "own", one("Dividends", -1.0), REFUSED, "a dividend of"),
    ("dividend infinite", "own", one("Dividends", np.inf), REFUSED, "a dividend of"),
    ("split negative", "own", one("Stock Splits", -2.0), REFUSED, "a split ratio of"),
    ("split infinite", "own", one("Stock Splits", np.inf), REFUSED, "a split ratio of"),
    ("raw closes, split listed, no adjusted close", "OpenBB PR#4195", listed(split=2.0), EQUAL, ""),
    ("raw closes, 3:2 listed, no adjusted close", "own", listed(split=1.5), EQUAL, ""),
    ("raw closes, 1:10 listed, no adjusted close", "yfinance#1531", listed(split=0.1), EQUAL, ""),
    ("raw closes, special dividend, no adjusted close", "alpaca-backtrader-api#125", listed(paid=0.3), EQUAL, ""),
    ("raw closes, split and adjusted close", "Yahoo", listed(split=4.0, factor="right"), EQUAL, ""),
    ("closes divided already, split listed", "yfinance#2076", listed(split=2.0, raw=False), EQUAL, ""),
    ("closes divided already, 1:10 listed", "yfinance#687", listed(split=0.1, raw=False), EQUAL, ""),
    ("split listed, adjusted close forgets it", "yfinance PR#1931", listed(split=2.0, factor="none"), EQUAL, ""),
    ("a split of 1 on every row", "Alpha Vantage", every("Stock Splits", 1.0), EQUAL, ""),
    ("a close of 0", "own", one("Close", 0.0), REFUSED, "not positive"),
    ("a negative close, CRSP's bid and ask", "CRSP", one("Close", -79.0), REFUSED, "not positive"),
    ("an open of 0 on one row", "own", one("Open", 0.0), REFUSED, "not positive"),
    ("an infinite close", "own", one("Close", np.inf), REFUSED, "above 1e\\+15"),
    ("a close of 1e308", "own", one("Close", 1e308), REFUSED, "above 1e\\+15"),
    ("a negative volume", "own", one("Volume", -5.0), EQUAL, ""),
    ("an infinite volume", "own", one("Volume", np.inf), EQUAL, ""),
    ("an empty volume", "own", one("Volume", np.nan), EQUAL, ""),
    ("a volume that is a word", "own", one("Volume", "halted"), EQUAL, "", TEXT_DOORS),
    ("volumes such as 1.234567M", "investing.com", text("Volume", lambda v: f"{v / 1e6:.6f}M"), EQUAL, "", TEXT_DOORS),
    ("prices with marks of thousands and decimals", "investing.com", text("Close", lambda v: f"{v:,.12f}"), EQUAL, "", TEXT_DOORS),
    ("prices with a dollar sign", "Nasdaq", text("Close", lambda v: f"${v:.12f}"), EQUAL, "", TEXT_DOORS),
    ("a close that is a word", "own", one("Close", "n.v."), REFUSED, "not a number", TEXT_DOORS),
    ("pence that become pounds", "yfinance#1106", scaled(0.01, slice(75, None)), TOLD, "unit_change"),
    ("pounds that become pence", "yfinance#280", scaled(100.0, slice(75, None)), TOLD, "unit_change"),
    ("one bar a hundredfold", "yfinance#280", scaled(100.0, slice(60, 61)), TOLD, "unit_change"),
    ("one bar a hundredth", "own", scaled(0.01, slice(60, 61)), TOLD, "unit_change"),
    ("a thousandfold stretch", "own", scaled(1000.0, slice(55, 65)), TOLD, "unit_change"),
    ("a day twice, alike", "own", rows(lambda f: pd.concat([f, f.iloc[[60]]]).sort_values("Date")), REFUSED, "stands? twice"),
    ("a day twice, unlike", "own", rows(lambda f: pd.concat([f, f.iloc[[60]].assign(Close=1.0)]).sort_values("Date")), REFUSED, "stands? twice"),
    ("bars a day early", "reports: UTC midnights", dates(lambda d: d - pd.Timedelta(days=1)), REFUSED, "a day early"),
    ("bars a day late", "own", dates(lambda d: d + pd.Timedelta(days=1)), REFUSED, "a day late"),
    ("newest first", "common vendors", rows(lambda f: f.iloc[::-1]), EQUAL, ""),
    ("in any order", "own", rows(lambda f: f.sample(frac=1.0, random_state=3)), EQUAL, ""),
    ("midnights of UTC that are labels", "own", dates(lambda d: d.tz_localize("UTC")), EQUAL, ""),
    ("midnights of New York", "yfinance", dates(lambda d: d.tz_localize("America/New_York")), EQUAL, ""),
    ("closes stamped in UTC", "own", dates(lambda d: (d + pd.Timedelta(hours=20)).tz_localize("UTC")), EQUAL, ""),
    ("dates such as 20250305", "Stooq", dates(lambda d: d.strftime("%Y%m%d").astype(int)), EQUAL, ""),
    ("pandas' own midnights", "reports", dates(lambda d: d.strftime("%Y-%m-%d 00:00:00")), EQUAL, ""),
    ("seconds since 1970", "common vendors", dates(lambda d: d.as_unit("s").asi8), EQUAL, ""),
    ("thousandths since 1970", "common vendors", dates(lambda d: d.as_unit("ms").asi8), EQUAL, ""),
    ("dates such as 5 Mar 2025", "own", dates(lambda d: d.strftime("%d %b %Y")), EQUAL, ""),
    ("dates such as 03/05/2025, months first", "investing.com", dates(lambda d: d.strftime("%m/%d/%Y")), EQUAL, ""),
    ("dates such as 05.03.2025", "investing.com, German", dates(lambda d: d.strftime("%d.%m.%Y")), EQUAL, ""),
    ("a year 0", "own", dates(lambda d: ["0000-03-03", *d.strftime("%Y-%m-%d")[1:]]), REFUSED, "."),
    ("a row without a date", "own", dates(lambda d: [None, *d.strftime("%Y-%m-%d")[1:]]), REFUSED, "no date"),
    ("columns in small letters", "common vendors", named(Close="close", Open="open", High="high", Low="low"), EQUAL, ""),
    ("Close/Last", "Nasdaq", named(Close="Close/Last"), EQUAL, ""),
    ("4. close", "Alpha Vantage", named(Close="4. close", Open="1. open"), EQUAL, ""),
    ("收盘", "akshare#927", named(Close="收盘", Open="开盘", High="最高", Low="最低"), EQUAL, ""),
    ("Price", "investing.com", named(Close="Price"), EQUAL, ""),
    ("two columns that are closes", "own", lambda f: f.assign(closing_price=f["Close"]), REFUSED, "several columns are Close"),
    ("no column of closes", "own", lambda f: f.drop(columns="Close"), REFUSED, "Date and Close"),
    ("closes of true and false", "reports: Parquet", every("Close", True), REFUSED, "true and false|not a number"),
    ("no rows", "own", lambda f: f.iloc[:0], REFUSED, "."),
    ("a bar on a Sunday", "own", extra_sunday, EQUAL, ""),
    ("a session without a bar", "yfinance#2925", rows(lambda f: f.drop(index=60)), TOLD, "gap", LOADED),
    ("a session with an empty close", "yfinance#974", one("Close", np.nan), TOLD, "gap", LOADED),
    ("a flat bar without volume", "yfinance-cache#34", flat_bar, TOLD, "flat_zero_volume", LOADED),
    ("decimal closes", "own", text("Close", lambda v: Decimal(repr(float(v)))), EQUAL, "", {"frames", "own source"}),
    ("closes and dates only", "own", lambda f: f[["Date", "Close"]], EQUAL, ""),
]  # fmt: skip


# --- the doors


def through_csv(frames, folder):
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return ash.load_prices(list(frames), source=f"files:{folder}", calendar="XNYS")


def through_long_csv(frames, folder):
    path = folder / "long.csv"
    pd.concat([frame.assign(Ticker=name) for name, frame in frames.items()]).to_csv(
        path, index=False
    )
    return ash.load_prices(list(frames), source=f"files:{path}", calendar="XNYS")


def through_parquet(frames, folder):
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return ash.load_prices(list(frames), source=f"files:{folder}", calendar="XNYS")


def through_frames(frames, folder):
    del folder
    return ash.PricePanel.from_frames(frames, calendar="XNYS")


def through_polars(frames, folder):
    del folder
    return ash.PricePanel.from_frames(
        {name: pl.from_pandas(frame) for name, frame in frames.items()}, calendar="XNYS"
    )


class Own:
    def __init__(self, frames):
        self.frames = frames

    def daily(self, tickers, start, end):
        return {ticker: self.frames[ticker] for ticker in tickers}


def through_a_source(frames, folder):
    del folder
    return ash.load_prices(list(frames), source=Own(frames), calendar="XNYS")


DOORS = {
    "csv": through_csv,
    "long csv": through_long_csv,
    "parquet": through_parquet,
    "frames": through_frames,
    "polars": through_polars,
    "own source": through_a_source,
}


def study(**options):
    values = {
        "title": "hostile", "events": ash.select(),
        "model": ash.models.BenchmarksModel([INDEX, PEER]), "returns": "simple",
        "estimation": (-60, -11), "window": (-5, 5), "cars": [(0, 0), (0, 5)], "min_obs": 20,
    }  # fmt: skip
    return ash.Study(**{**values, **options})


def book():
    row = {"id": "x", "ticker": STOCK, "kind": "announcement", "timing": "pre_open"}
    return ash.EventBook.from_frame(
        pd.DataFrame([{**row, "when": str(DAYS[DAY0])}]), calendar="XNYS"
    )


@pytest.fixture(scope="module")
def right():
    panel = ash.PricePanel.from_frames({name: bars(name) for name in ROLES}, calendar="XNYS")
    return study().fit(book(), panel).car["car"].tolist()


def cases():
    """Every row through every door as the stock, and as peer and benchmark through frames."""
    for name, _, broken, verdict, sign, *doors in PRICES:
        where = [door for door in DOORS if not doors or door in doors[0]]
        for door in where:
            yield pytest.param(broken, verdict, sign, door, STOCK, id=f"{name}-{door}")
        for role in (PEER, INDEX):
            yield pytest.param(broken, verdict, sign, "own source", role, id=f"{name}-{role}")


@pytest.mark.parametrize(("broken", "verdict", "sign", "door", "role"), list(cases()))
def test_no_wrong_number_and_no_foreign_exception(
    broken, verdict, sign, door, role, right, tmp_path
):
    frames = {name: bars(name) for name in ROLES}
    # one long file has one layout: there everybody's bars are broken alike
    for name in ROLES if door == "long csv" else (role,):
        frames[name] = broken(frames[name])
    if verdict == REFUSED:
        with pytest.raises(AftershockError, match=sign) as refusal:
            DOORS[door](frames, tmp_path)
        assert "\n" not in str(refusal.value)
        return
    result = study().fit(book(), DOORS[door](frames, tmp_path))
    if verdict == TOLD:
        told = [*result.warnings, *result.events["reason"], *result.events["note"]]
        assert any(sign in sentence for sentence in told), told
        return
    assert result.car["car"].tolist() == pytest.approx(right, rel=1e-9)


def test_the_table_is_long_enough():
    assert len(PRICES) >= 60
    assert len({row[0] for row in PRICES}) == len(PRICES)


# --- returns, factors, risk-free rates


def wide():
    frame = pd.DataFrame({name: pd.Series(CLOSES[name]).pct_change() for name in ROLES})
    return frame.set_axis(pd.DatetimeIndex(DAYS)).iloc[1:]


def put(column, value, row=59):
    def broken(frame):
        out = frame.copy()
        if isinstance(value, str):
            out[column] = out[column].astype(object)
        out.iloc[row, out.columns.get_loc(column)] = value
        return out

    return broken


RETURNS = [
    ("one stock in percent", lambda f: f.assign(**{STOCK: f[STOCK] * 100}), REFUSED, STOCK),
    ("the benchmark in percent", lambda f: f.assign(**{INDEX: f[INDEX] * 100}), REFUSED, "GSPC"),
    ("everything in percent", lambda f: f * 100, REFUSED, "percent|divide"),
    ("CRSP's -99", put(STOCK, -99.0), TOLD, "missing value"),
    ("CRSP's -66", put(INDEX, -66.0), TOLD, "missing value"),
    ("CRSP's letter C", put(STOCK, "C"), TOLD, "missing value"),
    ("French's -99.99", put(PEER, -99.99), TOLD, "missing value"),
    ("a return of -100 %", put(STOCK, -1.0), TOLD, "is no return"),
    ("an infinite return", put(STOCK, np.inf), TOLD, "is no return"),
    ("a return of 1e308", put(INDEX, 1e308), TOLD, "is no return"),
    ("a word", put(STOCK, "halted"), REFUSED, "not a number"),
    ("dates in a column", lambda f: f.rename_axis("Date").reset_index(), EQUAL, ""),
    ("newest first", lambda f: f.iloc[::-1], EQUAL, ""),
    ("dates a day early", lambda f: f.set_axis(f.index - pd.Timedelta(days=1)), REFUSED, "a day early"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "verdict", "sign"), [pytest.param(*row[1:], id=row[0]) for row in RETURNS]
)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_of_returns(broken, verdict, sign, library, right):
    frame = broken(wide())
    if library == "polars":
        if "Date" not in frame:
            frame = frame.rename_axis("Date").reset_index()
        text_columns = {c: frame[c].astype(str) for c in frame if frame[c].dtype == object}
        frame = pl.from_pandas(frame.assign(**text_columns))
    if verdict == REFUSED:
        with pytest.raises(AftershockError, match=sign):
            ash.ReturnPanel.from_frame(frame, kind="simple", calendar="XNYS")
        return
    panel = ash.ReturnPanel.from_frame(frame, kind="simple", calendar="XNYS")
    result = study().fit(book(), panel)
    if verdict == TOLD:
        assert any(sign in sentence for sentence in result.warnings), result.warnings
    else:
        assert result.car["car"].tolist() == pytest.approx(right, rel=1e-9)


def factors():
    frame = wide()[[INDEX, PEER]].set_axis(["Mkt", "HML"], axis=1)
    return frame.assign(RF=0.0001)


FACTORS = [
    ("percent undeclared", lambda f: f * 100, False, "percent"),
    ("decimals declared percent", lambda f: f, True, "percent"),
    ("the rate in percent beside decimals", lambda f: f.assign(RF=f["RF"] * 10_000), False, "RF"),
    ("one factor in percent", lambda f: f.assign(HML=f["HML"] * 100), False, "HML"),
    ("a word", put("HML", "halted"), False, "not a number"),
    ("a day twice", lambda f: pd.concat([f, f.iloc[[3]]]), False, "twice"),
]


@pytest.mark.parametrize(
    ("broken", "percent", "sign"), [pytest.param(*row[1:], id=row[0]) for row in FACTORS]
)
@pytest.mark.parametrize("door", ["frame", "csv"])
def test_factors(broken, percent, sign, door, tmp_path):
    data = broken(factors())
    if door == "csv":
        data.to_csv(tmp_path / "factors.csv", index_label="Date")
        data = str(tmp_path / "factors.csv")
    with pytest.raises(AftershockError, match=sign):
        ash.models.FactorModel(["Mkt", "HML"], data, rf="RF", percent=percent)


def test_a_factors_missing_value_code_is_missing_and_said():
    model = ash.models.FactorModel(["Mkt"], put("Mkt", -99.99)(factors()))
    assert any("missing value" in note for note in model.remarks)
    assert int(model.data["Mkt"].isna().sum()) == 1


@pytest.mark.parametrize(
    ("rates", "options", "sign"),
    [
        ([3.5, 3.6], {}, "looks like percent"),
        ([0.03, np.inf], {}, "."),
        (["three", "four"], {}, "not a number"),
        ([0.03, 0.04], {"per": "session"}, "looks like percent"),
        ([0.03, -1.0], {}, "."),
    ],
)
def test_risk_free_rates(rates, options, sign, tmp_path):
    path = tmp_path / "rates.csv"
    pd.DataFrame({"Date": [str(DAYS[0]), str(DAYS[50])], "rate": rates}).to_csv(path, index=False)
    sessions = Sessions.exchange("XNYS", DAYS[0].item(), DAYS[-1].item())
    with pytest.raises(AftershockError, match=sign):
        RiskFree(file=path, **options).over(sessions)
