"""Files of the user's own: names of columns, formats of dates, long files, what is refused."""

from __future__ import annotations

import gzip
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import aftershock as ash
from aftershock.errors import PriceError
from aftershock.prices.files import read_bars

DAYS = ["2026-06-17", "2026-06-18", "2026-06-22", "2026-06-23"]
CLOSES = [10.0, 11.0, 12.0, 13.0]


def write(path, header, dates, mark=",", tail=""):
    lines = [f"{day}{mark}{close}" for day, close in zip(dates, CLOSES, strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n" + tail, "utf-8")
    return path


def load(folder, tickers=("0100.HK",)):
    return ash.load_prices(list(tickers), source=f"files:{folder}")


@pytest.mark.parametrize(
    "dates",
    [
        DAYS,
        [f"{day} 00:00:00+08:00" for day in DAYS],  # as yfinance writes it
        [f"{day}T01:30:00Z" for day in DAYS],  # as Yahoo stamps a Hong Kong bar
        [f"{day} 09:30:00+08:00" for day in DAYS],
        [day.replace("-", "") for day in DAYS],
        [day.replace("-", "/") for day in DAYS],
        ["2026-6-17", "2026-6-18", "2026-6-22", "2026-6-23"],
        ["17/06/2026", "18/06/2026", "22/06/2026", "23/06/2026"],
        ["06/17/2026", "06/18/2026", "06/22/2026", "06/23/2026"],
        ["17.06.2026", "18.06.2026", "22.06.2026", "23.06.2026"],
        ["17-06-2026", "18-06-2026", "22-06-2026", "23-06-2026"],
        ["06/17/2026 16:00", "06/18/2026 16:00", "06/22/2026 16:00", "06/23/2026 16:00"],
        ["2026年6月17日", "2026年6月18日", "2026年6月22日", "2026年6月23日"],
        ["46190", "46191", "46195", "46196"],  # a spreadsheet's days, whose weekdays tell
        ["1781659800", "1781746200", "1782091800", "1782178200"],  # 01:30 of each day, UTC
        [f"{day} 00:00:00" for day in DAYS],
        ["17 Jun 2026", "18 Jun 2026", "22 Jun 2026", "23 Jun 2026"],
        ["17-Jun-2026", "18-Jun-2026", "22-Jun-2026", "23-Jun-2026"],
        ['"Jun 17, 2026"', '"Jun 18, 2026"', '"Jun 22, 2026"', '"Jun 23, 2026"'],
    ],
    ids=lambda dates: dates[0],
)
def test_formats_of_dates_that_mean_one_day_are_read(tmp_path, dates):
    write(tmp_path / "0100.HK.csv", "Date,Close", dates)
    panel = load(tmp_path)
    assert [str(day) for day in panel.sessions.dates] == DAYS
    assert panel.close[:, 0].tolist() == CLOSES


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (["03/06/2026", "04/06/2026", "05/06/2026", "08/06/2026"],
         r"0100\.HK: '03/06/2026' can mean two days .day or month first., and no row tells which"),
        (["17/06/2026", "06/18/2026", "22/06/2026", "23/06/2026"], "stand in both orders"),
        (["17/06/26", "18/06/26", "22/06/26", "23/06/26"], "the year of '17/06/26' cannot be"),
        (["17/06/2026", "2026-06-18", "22/06/2026", "23/06/2026"], "several ways .*2026-06-18"),
        (["2026-06-17", "yesterday", "2026-06-22", "2026-06-23"], "dates are written 2026-07-08"),
        (["2026-06-17", "", "2026-06-22", "2026-06-23"], "1 row.s. have no date"),
        (["46190.5", "7", "46195", "46196"], "the column Date holds 46190.5, which is no date"),
    ],
)  # fmt: skip
def test_dates_that_could_mean_two_days_are_refused(tmp_path, dates, message):
    write(tmp_path / "0100.HK.csv", "Date,Close", dates)
    with pytest.raises(PriceError, match=message):
        load(tmp_path)


@pytest.mark.parametrize(
    "header",
    ["date,close", "DATE,PX_LAST", "Trade Date,Closing Price", "timestamp,Adj Close,Close",
     "Datetime,Close*", "\ufeffDate,Close"],
)  # fmt: skip
def test_variants_of_column_names_are_known(tmp_path, header):
    rows = [
        f"{day},{close}" + (f",{close}" if "Adj" in header else "")
        for day, close in zip(DAYS, CLOSES, strict=True)
    ]
    (tmp_path / "0100.HK.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")
    assert load(tmp_path).close[:, 0].tolist() == CLOSES


def test_other_separators_are_read(tmp_path):
    write(tmp_path / "0100.HK.csv", "Date;Close", DAYS, mark=";")
    assert load(tmp_path).close[:, 0].tolist() == CLOSES
    write(tmp_path / "0100.HK.csv", "Date\tClose", DAYS, mark="\t")
    assert load(tmp_path).close[:, 0].tolist() == CLOSES


def test_two_columns_of_one_meaning_are_refused(tmp_path):
    (tmp_path / "A.HK.csv").write_text("Date,Vol,Volume,Close\n2026-06-17,1,2,3\n", "utf-8")
    with pytest.raises(PriceError, match="several columns are Volume"):
        load(tmp_path, ["A.HK"])


def long_table():
    return pd.DataFrame(
        {
            "Symbol": ["0100.HK", "0700.HK"] * 4,
            "Date": [day for day in DAYS for _ in range(2)],
            "Close": [value for close in CLOSES for value in (close, 2 * close)],
            "Volume": range(8),
        }
    )


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize("order", ["Date", "Symbol"])
def test_one_long_file_is_read(tmp_path, ending, order):
    path = tmp_path / f"prices.{ending}"
    table = long_table().sort_values(order, kind="stable")
    if ending == "parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
    panel = load(path, ["0700.HK", "0100.HK"])
    assert panel.close[:, 0].tolist() == [2 * close for close in CLOSES]
    assert panel.close[:, 1].tolist() == CLOSES
    assert panel.volume[:, 1].tolist() == [0, 2, 4, 6]
    with pytest.raises(PriceError, match=r"no prices for 0101\.HK .*did you mean 0100\.HK"):
        load(path, ["0101.HK"])


def test_tickers_of_digits_keep_their_zeros(tmp_path):
    table = long_table().assign(Symbol=["0005", "0700"] * 4)
    table.to_csv(tmp_path / "prices.csv", index=False)
    panel = ash.load_prices(["0005"], source=f"files:{tmp_path / 'prices.csv'}", calendar="XHKG")
    assert panel.close[:, 0].tolist() == CLOSES


def test_a_long_file_without_tickers_is_refused(tmp_path):
    path = write(tmp_path / "prices.csv", "Date,Close", DAYS)
    with pytest.raises(PriceError, match="has no column Ticker .Date, Close."):
        load(path)


def test_dates_of_a_long_file_can_be_instants(tmp_path):
    table = long_table()
    table["Date"] = pd.to_datetime(table["Date"] + " 01:30").dt.tz_localize("UTC")
    table.to_parquet(tmp_path / "prices.parquet", index=False)
    panel = load(tmp_path / "prices.parquet")
    assert [str(day) for day in panel.sessions.dates] == DAYS


def test_a_column_can_name_the_currency(tmp_path):
    table = long_table().assign(Currency=["HKD", "CNY"] * 4)
    table.to_csv(tmp_path / "prices.csv", index=False)
    panel = load(tmp_path / "prices.csv", ["0100.HK", "0700.HK"])
    assert panel.currency == ("HKD", "CNY")
    assert panel.currency_of("0700.HK") == "CNY"
    table.assign(Currency=["HKD", "CNY", "USD", "CNY"] * 2).to_csv(
        tmp_path / "prices.csv", index=False
    )
    with pytest.raises(PriceError, match=r"0100\.HK: bars in several currencies .HKD, USD."):
        load(tmp_path / "prices.csv", ["0100.HK"])


def test_a_damaged_gz_is_one_sentence(tmp_path):
    data = gzip.compress(b"Date,Close\n2026-06-17,1\n" * 100)
    (tmp_path / "0100.HK.csv.gz").write_bytes(data[:40])
    with pytest.raises(PriceError, match="cannot be read"):
        load(tmp_path)


def test_the_panel_is_the_same_from_every_kind_of_file(tmp_path):
    rng = np.random.default_rng(6)
    days = pd.bdate_range("2025-01-02", "2025-12-30")
    bars = pd.DataFrame(100 + rng.random((len(days), 4)), columns=["Open", "High", "Low", "Close"])
    bars["High"], bars["Low"] = bars.max(axis=1), bars.min(axis=1)
    bars["Volume"] = rng.integers(1, 10**9, len(days)).astype(float)
    bars.insert(0, "Date", days)
    prints = set()
    for name, save in (
        ("csv", lambda p: bars.to_csv(p / "AAPL.csv", index=False)),
        ("gz", lambda p: bars.to_csv(p / "AAPL.csv.gz", index=False)),
        ("parquet", lambda p: bars.to_parquet(p / "AAPL.parquet", index=False)),
        ("indexed", lambda p: bars.set_index("Date").to_parquet(p / "AAPL.parquet")),
        ("backwards", lambda p: bars[::-1].to_csv(p / "AAPL.csv", index=False)),
    ):
        (tmp_path / name).mkdir()
        save(tmp_path / name)
        prints.add(load(tmp_path / name, ["AAPL"]).fingerprint())
    bars.assign(Ticker="AAPL").to_parquet(tmp_path / "long.parquet", index=False)
    prints.add(load(tmp_path / "long.parquet", ["AAPL"]).fingerprint())
    assert len(prints) == 1


def once(monkeypatch, owner, name, then):
    """Do something right after the first call of a function."""
    real = getattr(owner, name)

    def call(*args, **kwargs):
        made = real(*args, **kwargs)
        monkeypatch.setattr(owner, name, real)
        then()
        return made

    monkeypatch.setattr(owner, name, call)


def test_a_file_replaced_while_it_is_read_is_the_old_one(tmp_path, monkeypatch):
    path = write(tmp_path / "0100.HK.csv", "Date,Close", DAYS)
    other = write(tmp_path / "other", "Date;Close", DAYS[::-1], mark=";")  # separator and dates
    once(monkeypatch, pd, "read_csv", lambda: other.replace(path))
    frame = read_bars(path)
    assert frame["Close"].tolist() == CLOSES
    assert frame["Date"].tolist() == DAYS
    assert not other.exists()


def test_a_long_parquet_file_replaced_while_it_is_read_is_the_old_one(tmp_path, monkeypatch):
    def long(name, closes):
        table = pd.DataFrame({"Date": pd.DatetimeIndex(DAYS), "Ticker": "0100.HK", "Close": closes})
        table.to_parquet(tmp_path / name)
        return tmp_path / name

    path, other = long("long.parquet", CLOSES), long("other", [1.0, 2.0, 3.0, 4.0])
    once(monkeypatch, pq, "ParquetFile", lambda: other.replace(path))
    assert read_bars(path)["Close"].tolist() == CLOSES


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_file_written_to_while_it_is_read_is_refused(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"0100.HK{suffix}"
    pd.DataFrame({"Date": DAYS, "Close": CLOSES}).to_csv(path, index=False)

    def append():
        with path.open("ab") as file:
            file.write(b"x")

    once(monkeypatch, pd, "read_csv", append)
    with pytest.raises(PriceError, match=r"0100.HK.* was written to while it was read: wait until"):
        load(tmp_path)


def test_a_parquet_file_cut_short_while_it_is_read_ends_no_process(tmp_path):
    """Mapped into memory, it would end it by a signal."""
    path = tmp_path / "0100.HK.parquet"
    rng = np.random.default_rng(0)
    days = pd.date_range("1900-01-01", periods=40_000)
    pd.DataFrame({"Date": days, "Close": rng.random(40_000)}).to_parquet(path)
    code = (
        "import os, sys, pathlib, pyarrow.parquet as pq; path = sys.argv[1]\n"
        "read = pq.ParquetFile.read\n"
        "pq.ParquetFile.read = lambda *a, **k: (os.truncate(path, 100), read(*a, **k))[1]\n"
        "from aftershock.prices.files import read_bars\n"
        "read_bars(pathlib.Path(path))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "PriceError" in done.stderr.splitlines()[-1]


def test_a_home_that_nobody_has_is_one_sentence():
    with pytest.raises(PriceError, match="~nobody-of-that-name/prices: there is no such home"):
        load("~nobody-of-that-name/prices")
