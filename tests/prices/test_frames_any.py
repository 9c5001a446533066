"""Frames of polars and pyarrow give what the same frame of pandas gives, to the byte."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import aftershock as ash
from aftershock.anyframe import is_frame, to_pandas
from aftershock.errors import PriceError
from aftershock.prices.rates import RiskFree

MAKERS = {
    "polars": pl.from_pandas,
    "polars, lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
}


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]


def bars(seed, rows=60):
    rng = np.random.default_rng(seed)
    days = pd.bdate_range("2024-01-02", periods=rows, unit="us")
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, rows)))
    frame = pd.DataFrame({"Date": days, "Close": close})
    frame["Volume"] = rng.integers(1, 10**6, rows)
    frame.loc[7, "Close"] = None
    return frame


def saved(result, folder):
    result.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


def study():
    return ash.Study(
        title="Any frame",
        events=ash.select(kind="results"),
        model=ash.MarketModel(benchmark="^GSPC"),
        returns="simple",
        estimation=(-30, -6),
        window=(-5, 5),
        cars=[(0, 0), (-1, 1)],
        min_obs=20,
    )


def events():
    return pd.DataFrame(
        {
            "id": ["a", "b"],
            "ticker": pd.Series(["FB", "FB"], dtype="category"),
            "kind": pd.Series(["results", "results"], dtype="string"),
            "when": [dt.date(2024, 3, 5), dt.date(2024, 3, 12)],
            "period": ["Q4", None],
            "endogenous": [True, False],
        }
    )


def test_a_study_is_the_same_from_every_library(make, tmp_path):
    frames = {"FB": bars(1), "^GSPC": bars(2)}
    book = ash.EventBook.from_frame(events(), calendar="XNYS")
    panel = ash.PricePanel.from_frames(frames, calendar="XNYS")
    expected = saved(study().fit(book, panel), tmp_path / "pandas")
    other_book = ash.EventBook.from_frame(make(events()), calendar="XNYS")
    assert [event.record for event in other_book] == [event.record for event in book]
    other = ash.PricePanel.from_frames(
        {ticker: make(frame) for ticker, frame in frames.items()}, calendar="XNYS"
    )
    assert other.fingerprint() == panel.fingerprint()
    assert np.isnan(other.close[7, 0])
    assert len(expected) > 5
    assert saved(study().fit(other_book, other), tmp_path / "other") == expected


def test_returns_come_with_a_column_of_dates(make):
    rng = np.random.default_rng(3)
    days = pd.bdate_range("2024-01-02", periods=30, unit="us")
    wide = pd.DataFrame(rng.normal(0, 0.01, (30, 2)), index=days.rename("Date"), columns=["A", "B"])
    wide.iloc[4, 1] = np.nan
    panel = ash.ReturnPanel.from_frame(wide, kind="simple")
    other = ash.ReturnPanel.from_frame(make(wide.reset_index()), kind="simple")
    assert other.fingerprint() == panel.fingerprint()
    assert other.tickers == ("A", "B")


def test_factors_come_with_a_column_of_dates(make):
    days = [dt.date(2024, 1, day) for day in (2, 3, 4)]
    frame = pd.DataFrame({"Date": days, "Mkt-RF": [0.01, None, -0.02], "RF": [0.0001] * 3})
    model = ash.models.FactorModel(["Mkt-RF"], make(frame), rf="RF")
    assert [day.date() for day in model.data.index] == days
    assert model.data["Mkt-RF"].tolist() == pytest.approx([0.01, np.nan, -0.02], nan_ok=True)


class Desk:
    def __init__(self, make):
        self.make = make

    def daily(self, tickers, start, end):
        return {"00100.hk": self.make(bars(1)), "^hsi": self.make(bars(2))}


def test_a_source_of_ones_own_may_return_any_frame(make):
    panel = ash.load_prices(["100 HK Equity", "^HSI"], source=Desk(make), calendar="XHKG")
    expected = ash.PricePanel.from_frames({"0100.HK": bars(1), "^HSI": bars(2)}, calendar="XHKG")
    assert panel.tickers == ("0100.HK", "^HSI")
    assert panel.close.tobytes() == expected.close.tobytes()


STAMPS = pd.DatetimeIndex(["2026-06-17 01:30", "2026-06-18 01:30", "2026-06-22 01:30"], tz="UTC")


@pytest.mark.parametrize(
    "dates",
    [
        STAMPS.tz_convert(None).normalize(),
        STAMPS,
        STAMPS.tz_convert("Asia/Hong_Kong"),
        list(STAMPS.date),
        ["2026-06-17", "2026-06-18", "2026-06-22"],
        pd.Categorical(["2026-06-17", "2026-06-18", "2026-06-22"]),
        [20260617, 20260618, 20260622],
    ],
    ids=["naive", "utc", "local", "days", "text", "categories", "numbers"],
)
def test_dates_of_every_type_are_the_same_days(make, dates):
    frame = pd.DataFrame({"Date": dates, "Close": [1.0, 2.0, 3.0], "Currency": ["HKD"] * 3})
    panel = ash.PricePanel.from_frames({"A": make(frame)}, calendar="XHKG")
    days = [str(day) for day in panel.sessions.dates[np.isfinite(panel.close[:, 0])]]
    assert days == ["2026-06-17", "2026-06-18", "2026-06-22"]
    assert panel.currency == ("HKD",)


def test_decimals_and_text_are_numbers(make):
    frame = pd.DataFrame(
        {"Date": STAMPS, "Close": ["$1,234.50", "$1,235.00", None], "Volume": [1, 2, None]}
    )
    panel = ash.PricePanel.from_frames({"A": make(frame)}, calendar="XHKG")
    assert panel.close[:2, 0].tolist() == [1234.5, 1235.0]
    money = pa.table({"Date": STAMPS, "Close": pa.array([1, 2, None], pa.decimal128(10, 2))})
    for table in (money, pl.from_arrow(money)):
        panel = ash.PricePanel.from_frames({"A": table}, calendar="XHKG")
        assert panel.close[:2, 0].tolist() == [1.0, 2.0]


def test_one_table_is_no_mapping(make):
    with pytest.raises(PriceError, match="from_frames takes a mapping from tickers to frames"):
        ash.PricePanel.from_frames(make(bars(1)), calendar="XNYS")


def test_what_is_no_frame_is_handed_back():
    assert to_pandas("a.csv") == "a.csv"
    assert not is_frame({"A": bars(1)})
    frame = bars(1)
    assert to_pandas(frame) is frame
    assert to_pandas(pl.Series("x", [1, 2])).tolist() == [1, 2]


MIDNIGHTS = ["2024-03-05 00:00:00", "2024-03-06 00:00:00", "2024-03-07 00:00:00"]
DAYS = [dt.date(2024, 3, 5), dt.date(2024, 3, 6), dt.date(2024, 3, 7)]


def test_a_midnight_as_pandas_writes_it_is_that_day_to_every_reader(tmp_path):
    frame = pd.DataFrame({"Date": MIDNIGHTS, "Close": [1.0, 2.0, 3.0]})
    panel = ash.PricePanel.from_frames({"A": frame}, calendar="XNYS")
    wide = pd.DataFrame({"Date": MIDNIGHTS, "A": [0.001, 0.002, -0.001]})
    returns = ash.ReturnPanel.from_frame(wide, kind="simple")
    factors = ash.models.FactorModel(["A"], wide)
    rates = tmp_path / "rates.csv"
    wide.to_csv(rates, index=False)
    held = RiskFree(file=rates, per="session").over(panel.sessions)
    rows = {"id": ["a"], "ticker": ["A"], "kind": ["results"], "when": MIDNIGHTS[:1]}
    book = ash.EventBook.from_frame(pd.DataFrame(rows))
    for days in (panel.sessions.dates, returns.sessions.dates, factors.data.index):
        assert [pd.Timestamp(day).date() for day in days] == DAYS
    assert held.tolist() == [0.001, 0.002, -0.001]
    assert (book["a"].when.precision, book["a"].when.first) == ("day", DAYS[0])
