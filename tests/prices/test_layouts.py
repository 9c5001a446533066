"""Vendors' exports read as they are: the same study, to the byte, as from a clean file.

The layouts are those the vendors document or write: yfinance 1.7 ``download().to_csv()``,
investing.com, Nasdaq, Alpha Vantage, Stooq (site and bulk), akshare ``stock_hk_hist``,
Tushare ``hk_daily``, spreadsheets.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import PriceError
from aftershock.prices.delimited import read_delimited
from aftershock.prices.rates import RiskFree
from aftershock.sessions import Sessions

TICKER, MARKET = "0100.HK", "^HSI"
FIELDS = ["Open", "High", "Low", "Close"]


@pytest.fixture(scope="module")
def bars():
    """Sixty sessions of prices above and below 1,000, volumes in ten thousands."""
    rng = np.random.default_rng(11)
    days = pd.DatetimeIndex(
        Sessions.exchange("XHKG", dt.date(2026, 3, 2), dt.date(2026, 5, 29)).dates
    ).as_unit("us")
    close = np.round(1000 * np.exp(np.cumsum(rng.normal(0, 0.03, len(days)))), 2)
    frame = pd.DataFrame({"Open": np.round(close * 1.01, 2)}, index=days.rename("Date"))
    frame["High"], frame["Low"] = np.round(close * 1.02, 2), np.round(close * 0.98, 2)
    frame["Close"] = close
    frame["Volume"] = rng.integers(1, 900, len(days)) * 10_000
    assert (close > 1000).any()
    assert (close < 1000).any()
    return frame


@pytest.fixture(scope="module")
def market(bars):
    rng = np.random.default_rng(12)
    close = np.round(25_000 * np.exp(np.cumsum(rng.normal(0, 0.01, len(bars)))), 2)
    return pd.DataFrame({"Close": close}, index=bars.index)


def lines(bars, header, row, order=1):
    return (
        "\n".join([header, *(row(day, bar) for day, bar in list(bars.iterrows())[::order])]) + "\n"
    )


def plain(bar, names=("Open", "High", "Low", "Close")):
    return ",".join(f"{bar[name]:.2f}" for name in names)


def clean(bars):
    return bars.to_csv()


def yfinance_single(bars):
    wide = bars[["Close", "High", "Low", "Open", "Volume"]]
    wide = wide.set_axis(
        pd.MultiIndex.from_product([wide, [TICKER]], names=["Price", "Ticker"]), axis=1
    )
    return wide.to_csv()


def yfinance_nameless(bars):
    wide = bars.assign(**{"Adj Close": bars["Close"]})
    return wide.set_axis(pd.MultiIndex.from_product([wide, [TICKER]]), axis=1).to_csv()


def yfinance_by_ticker(bars):
    wide = pd.concat({TICKER: bars, "MSFT": bars * 2}, axis=1, names=["Ticker", "Price"])
    return wide.to_csv()


def yfinance_several(bars):
    wide = pd.concat({TICKER: bars, "MSFT": bars.iloc[9:] * 2}, axis=1, names=["Ticker", "Price"])
    return wide.swaplevel(axis=1).sort_index(axis=1).to_csv()


def yfinance_history(bars):
    aware = bars.tz_localize("Asia/Hong_Kong").assign(**{"Dividends": 0.0, "Stock Splits": 0.0})
    return aware.to_csv()


def investing(bars):
    def row(day, bar):
        prices = ",".join(f'"{bar[name]:,.2f}"' for name in ("Close", "Open", "High", "Low"))
        volume = f"{bar.Volume / 1e6:.2f}M" if bar.Volume >= 1e6 else f"{bar.Volume / 1e3:.2f}K"
        return f'"{day:%m/%d/%Y}",{prices},"{volume}","-1.23%"'

    return "\ufeff" + lines(bars, '"Date","Price","Open","High","Low","Vol.","Change %"', row, -1)


def investing_german(bars):
    def number(value):
        return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))

    def row(day, bar):
        prices = ",".join(f'"{number(bar[name])}"' for name in ("Close", "Open", "High", "Low"))
        return f'"{day:%d.%m.%Y}",{prices},"{number(bar.Volume / 1e6)}M","1,23%"'

    return lines(bars, '"Datum","Zuletzt","Eröffn.","Hoch","Tief","Vol.","+/- %"', row, -1)


def nasdaq(bars):
    def row(day, bar):
        prices = ",".join(f"${bar[name]:.2f}" for name in ("Open", "High", "Low"))
        return f"{day:%m/%d/%Y},${bar.Close:.2f},{bar.Volume:.0f},{prices}"

    return lines(bars, "Date,Close/Last,Volume,Open,High,Low", row, -1)


def alpha_vantage(bars):
    header = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
    return lines(
        bars,
        header,
        lambda day, bar: f"{day.date()},{plain(bar)},{bar.Close:.2f},{bar.Volume:.0f},0.0000,1.0",
        -1,
    )


def alpha_vantage_json(bars):
    """The answer's mapping as pandas writes it: days unnamed, names numbered."""
    days = {
        f"{day.date()}": {
            "1. open": f"{bar.Open:.4f}",
            "2. high": f"{bar.High:.4f}",
            "3. low": f"{bar.Low:.4f}",
            "4. close": f"{bar.Close:.4f}",
            "5. adjusted close": f"{bar.Close:.4f}",
            "6. volume": f"{bar.Volume:.0f}",
            "7. dividend amount": "0.0000",
            "8. split coefficient": "1.0",
        }
        for day, bar in bars.iterrows()
    }
    return pd.DataFrame.from_dict(json.loads(json.dumps(days)), orient="index").to_csv()


def stooq(bars):
    return lines(
        bars,
        "Date,Open,High,Low,Close,Volume",
        lambda day, bar: f"{day.date()},{plain(bar)},{bar.Volume:.0f}",
    )


def stooq_bulk(bars):
    header = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"
    return lines(
        bars,
        header,
        lambda day, bar: f"100.HK,D,{day:%Y%m%d},000000,{plain(bar)},{bar.Volume:.0f},0",
    )


def stooq_warned(bars):
    return "Warning: Division by zero in download.inc on line 102\n\n" + stooq(bars)


def stooq_polish(bars):
    return stooq(bars).replace(
        "Date,Open,High,Low,Close,Volume", "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen"
    )


def akshare(bars):
    return lines(
        bars,
        "日期,开盘,收盘,最高,最低,成交量,成交额,振幅,涨跌幅,涨跌额,换手率",
        lambda day, bar: (
            f"{day.date()},{plain(bar, ('Open', 'Close', 'High', 'Low'))},{bar.Volume:.0f},"
            f"{bar.Volume * bar.Close:.1f},4.0,-1.1,-0.5,0.2"
        ),
    )


def tushare(bars):
    header = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount"
    return lines(
        bars,
        header,
        lambda day, bar: (
            f"00100.HK,{day:%Y%m%d},{plain(bar)},{bar.Open:.2f},-0.1,-1.1,{bar.Volume:.1f},1.0"
        ),
        -1,
    )


def epoch(unit):
    def write(bars):
        opens = (bars.index + pd.Timedelta(hours=9.5)).tz_localize("Asia/Hong_Kong")
        stamps = opens.tz_convert("UTC").tz_localize(None).astype(f"datetime64[{unit}]")
        return bars.set_index(stamps.astype("int64").rename("timestamp")).to_csv()

    return write


def spreadsheet(bars):
    days = (bars.index - pd.Timestamp("1899-12-30")).days
    return bars.set_index(days.rename("Date")).to_csv()


def european(bars):
    def row(day, bar):
        cells = [f"{bar[name]:.2f}".replace(".", ",") for name in FIELDS]
        return ";".join([f"{day:%d.%m.%Y}", *cells, f"{bar.Volume:,.0f}".replace(",", ".")])

    return lines(bars, "Date;Open;High;Low;Close;Volume", row)


def midnights(bars):
    stamps = bars.index.strftime("%Y-%m-%d 00:00:00")
    return bars.set_index(stamps.rename("Date")).to_csv()


LAYOUTS = {
    "yfinance, one ticker": yfinance_single,
    "yfinance, levels without names": yfinance_nameless,
    "yfinance, grouped by ticker": yfinance_by_ticker,
    "yfinance, several tickers": yfinance_several,
    "yfinance history": yfinance_history,
    "investing.com": investing,
    "investing.com, German": investing_german,
    "Nasdaq": nasdaq,
    "Alpha Vantage": alpha_vantage,
    "Alpha Vantage, numbered": alpha_vantage_json,
    "Stooq": stooq,
    "Stooq, bulk": stooq_bulk,
    "Stooq, with a warning above": stooq_warned,
    "Stooq, Polish": stooq_polish,
    "akshare": akshare,
    "Tushare": tushare,
    "seconds": epoch("s"),
    "milliseconds": epoch("ms"),
    "spreadsheet": spreadsheet,
    "decimal commas": european,
    "midnights as pandas writes them": midnights,
}


def study():
    return ash.Study(
        title="Layouts",
        events=ash.select(kind="announcement"),
        model=ash.MarketModel(benchmark=MARKET),
        returns="simple",
        estimation=(-30, -6),
        window=(-5, 5),
        cars=[(0, 0), (-1, 1)],
        min_obs=20,
    )


def written(panel, folder):
    frame = pd.DataFrame(
        {"id": ["a"], "ticker": [TICKER], "kind": ["announcement"], "when": ["2026-05-06"]}
    )
    book = ash.EventBook.from_frame(frame, calendar="XHKG")
    study().fit(book, panel).save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


def loaded(folder, market):
    market.to_csv(folder / f"{MARKET}.csv")
    return ash.load_prices([TICKER, MARKET], source=f"files:{folder}", calendar="XHKG")


@pytest.fixture(scope="module")
def reference(bars, market, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    (folder / f"{TICKER}.csv").write_text(clean(bars), "utf-8")
    panel = loaded(folder, market)
    assert panel.close[:, 0].tolist() == bars["Close"].tolist()
    return panel, written(panel, folder / "out")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_the_same_study_to_the_byte(layout, bars, market, reference, tmp_path):
    panel, files = reference
    (tmp_path / "00100.hk.csv").write_text(LAYOUTS[layout](bars), "utf-8")
    other = loaded(tmp_path, market)
    assert other.tickers == (TICKER, MARKET)
    assert other.fingerprint() == panel.fingerprint()
    assert len(files) > 5
    assert written(other, tmp_path / "out") == files
    assert other.notes == panel.notes


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_chinese_exports_are_read_in_their_encodings(encoding, bars, market, reference, tmp_path):
    (tmp_path / "0100.HK.csv").write_bytes(akshare(bars).encode(encoding))
    assert loaded(tmp_path, market).fingerprint() == reference[0].fingerprint()


@pytest.mark.parametrize("layout", ["yfinance, several tickers", "Stooq, bulk", "Tushare"])
def test_a_layout_with_tickers_is_a_long_file(layout, bars, tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(LAYOUTS[layout](bars), "utf-8")
    panel = ash.load_prices(["100 HK Equity"], source=f"files:{path}", calendar="XHKG")
    assert panel.tickers == (TICKER,)
    assert panel.close[:, 0].tolist() == bars["Close"].tolist()
    assert panel.volume[:, 0].tolist() == bars["Volume"].tolist()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_frame_read_from_a_layout_is_read_too(layout, bars, market, reference, tmp_path):
    """What a user reads with pandas and hands over as a frame."""
    text = LAYOUTS[layout](bars)
    if layout.startswith(("yfinance, grouped", "Stooq, with", "decimal")):
        pytest.skip("pandas itself does not read it without being told how")
    levels = {"header": [0, 1], "index_col": 0} if layout.startswith("yfinance, ") else {}
    frame = pd.read_csv(io.StringIO(text.removeprefix("\ufeff")), **levels)
    if str(frame.columns[0]).startswith("Unnamed"):
        frame = frame.set_index(frame.columns[0])
    panel = ash.PricePanel.from_frames({"00100.HK": frame, MARKET: market}, calendar="XHKG")
    assert panel.close[:, 0].tolist() == bars["Close"].tolist()
    assert panel.tickers == (TICKER, MARKET)


def test_a_table_as_yfinance_downloads_it_holds_every_ticker(bars):
    table = pd.concat({TICKER: bars, "MSFT": bars * 2}, axis=1).swaplevel(axis=1).sort_index(axis=1)
    panel = ash.PricePanel.from_frames(dict.fromkeys(["100.HK", "MSFT"], table), calendar="XHKG")
    assert panel.tickers == (TICKER, "MSFT")
    assert (panel.close[:, 1] == 2 * panel.close[:, 0]).all()
    with pytest.raises(PriceError, match="make {ticker: table for ticker in tickers}"):
        ash.PricePanel.from_frames(table, calendar="XHKG")
    with pytest.raises(PriceError, match="two levels of columns and AAPL in neither"):
        ash.PricePanel.from_frames({"AAPL": table}, calendar="XHKG")


def test_tushares_and_akshares_mainland_volumes_are_lots_of_100(tmp_path):
    """Tushare's ``daily``: vol in lots, amount in thousands; ``stock_zh_a_hist``: lots, yuan."""
    header = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n"
    row = "000001.SZ,20180718,8.75,8.85,8.69,8.70,8.72,-0.02,-0.23,525152.77,460697.377\n"
    (tmp_path / "000001.SZ.csv").write_text(header + row, "utf-8")
    row = "2018-07-18,000001,8.75,8.70,8.85,8.69,525153,460697377.0,1.8,-0.2,-0.0,0.3\n"
    header = "日期,股票代码,开盘,收盘,最高,最低,成交量,成交额,振幅,涨跌幅,涨跌额,换手率\n"
    (tmp_path / "sz000002.csv").write_text((header + row).replace("000001", "000002"), "utf-8")
    panel = ash.load_prices(["1.SZ", "000002.SZ"], source=f"files:{tmp_path}")
    assert panel.tickers == ("000001.SZ", "000002.SZ")
    assert panel.volume[0].tolist() == pytest.approx([52_515_277, 52_515_300])
    assert panel.close[0].tolist() == [8.70, 8.70]


@pytest.mark.parametrize(
    ("header", "cells", "volume", "notes"),
    [
        ("日期,收盘,成交量(手)", "2026-06-17,10.0,12", 1200, 0),
        ("日期,收盘,成交量(股)", "2026-06-17,10.0,12", 12, 0),
        ("日期,收盘,成交量", "2026-06-17,10.0,12", 12, 1),
        ("日期,收盘,成交量,成交额", "2026-06-17,10.0,12,12000", 1200, 0),
        ("日期,收盘,成交量,成交额", "2026-06-17,10.0,12,120", 12, 0),
        ("日期,收盘,成交量,成交额", "2026-06-17,10.0,12,777", 12, 1),
    ],
)
def test_lots_are_told_by_the_header_or_the_money(tmp_path, header, cells, volume, notes):
    (tmp_path / "600519.SS.csv").write_text(f"{header}\n{cells}\n", "utf-8")
    panel = ash.load_prices(["600519.SH"], source=f"files:{tmp_path}")
    assert panel.volume[0, 0] == volume
    assert sum("taken as shares" in note for note in panel.notes) == notes


def test_a_split_coefficient_of_one_is_none_and_of_two_is_one(tmp_path):
    (tmp_path / "IBM.csv").write_text(
        "timestamp,close,adjusted_close,dividend_amount,split_coefficient\n"
        "2026-06-15,20.0,9.9,0,1.0\n2026-06-16,10.0,9.9,0,2.0\n2026-06-17,10.0,10.0,0.1,1.0\n",
        "utf-8",
    )
    panel = ash.load_prices(["IBM"], source=f"files:{tmp_path}")
    assert panel.split[:, 0].tolist() == [0.0, 2.0, 0.0]
    assert panel.dividend[:, 0].tolist() == [0.0, 0.0, 0.1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Date,Close,Close\n2026-06-17,1,2\n", "several columns are Close; keep one of each"),
        ("Date,Close,收盘\n2026-06-17,1,2\n", "several columns are Close"),
        ('Date,Close\n2026-06-17,"1,234"\n2026-06-18,"1,235"\n',
         "Close '1,234' can be 1234 or 1.234, and no number beside it tells which"),
        ("Date;Close\n2026-06-17;12,345\n", "can be 12345 or 12.345"),
        ("Date;Open;Close\n2026-06-17;12,5;12.5\n", "follow a point in one place"),
        ("Date,Close\n2026-06-17,12,5\n", "2 has 3 cells and the header 2; a comma inside a number"),
        ("Date,Close\n0000-06-17,1\n", "'0000-06-17' has no year that prices are from"),
        ("Date,Close\n-2026-06-17,1\n", "'-2026-06-17' has no year"),
        ("Date,Close\n1026-06-17,1\n", "in the year 1026 or like it"),
        ("Date,Close\n46190,1\n46191,2\n", "can be 2026-06-17 or 2030-06-18, and the weekdays"),
        ("Date,Close\n3,1\n", "the column Date holds 3, which is no date"),
        ("Date,Close\n2026-06-17,1.2K\n", "column Close is not a number: '1.2K'"),
        ("Date,Close,Ticker\n2026-06-17,1,0005.HK\n", "named after 0100.HK and its column Ticker"),
    ],
)  # fmt: skip
def test_what_could_be_two_things_is_one_sentence(tmp_path, text, message):
    (tmp_path / "0100.HK.csv").write_text(text, "utf-8")
    with pytest.raises(PriceError, match=message.replace("(", r"\(")):
        ash.load_prices(["0100.HK"], source=f"files:{tmp_path}")


def test_closes_that_are_true_and_false_are_refused(tmp_path):
    frame = pd.DataFrame({"Date": pd.to_datetime(["2026-06-17"]), "Close": [True]})
    frame.to_parquet(tmp_path / "0100.HK.parquet")
    with pytest.raises(PriceError, match="the column Close holds true and false"):
        ash.load_prices(["0100.HK"], source=f"files:{tmp_path}")


@pytest.mark.parametrize("quoted", ['"1,234"', "n.a. (halt)", "12 apples"])
def test_a_volume_that_cannot_be_read_is_missing_and_refuses_no_study(tmp_path, quoted):
    (tmp_path / "0100.HK.csv").write_text(
        f"Date,Close,Volume\n2026-06-17,1,500\n2026-06-18,2,{quoted}\n", "utf-8"
    )
    panel = ash.load_prices(["0100.HK"], source=f"files:{tmp_path}")
    assert panel.close[:, 0].tolist() == [1.0, 2.0]
    if quoted == '"1,234"':
        assert panel.volume[:, 0].tolist() == [500.0, 1234.0]
    else:
        assert np.isnan(panel.volume[1, 0])
        assert panel.notes == (f"0100.HK: 1 of 2 volumes cannot be read ('{quoted}'): missing",)


FRENCH = (
    "This file was created by using the 202605 CRSP database.\n"
    "The 1-month TBill rate data until 202405 are from Ibbotson Associates.\n"
    "\n"
    ",Mkt-RF,SMB,HML,RF\n"
    "20260615,   0.50,  -0.25,   0.10,   0.010\n"
    "20260616,  -0.40, -99.99,  -0.20,   0.010\n"
    "20260617,   0.30,   0.05,-999,   0.010\n"
)
MONTHLY_TAIL = "\n  Monthly Factors\n,Mkt-RF,SMB,HML,RF\n202606,   1.50,  -0.25,   0.10,   0.21\n"
COPYRIGHT = "\nCopyright 2026 Eugene F. Fama and Kenneth R. French\n"


@pytest.mark.parametrize("tail", ["", COPYRIGHT, MONTHLY_TAIL, MONTHLY_TAIL + COPYRIGHT])
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_frenchs_own_files_are_factors_and_rates(tmp_path, tail, zipped, ends):
    path = tmp_path / "F-F_Research_Data_Factors_daily.CSV"
    data = (FRENCH + tail).replace("\n", ends).encode("latin-1")
    path.write_bytes(data)
    if zipped:
        path = path.with_suffix(".zip")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("F-F_Research_Data_Factors_daily.CSV", data)
    model = ash.models.FactorModel(["Mkt-RF"], path, rf="RF", percent=True)
    assert [str(day.date()) for day in model.data.index] == [
        "2026-06-15",
        "2026-06-16",
        "2026-06-17",
    ]
    assert model.data["Mkt-RF"].tolist() == pytest.approx([0.005, -0.004, 0.003])
    sessions = Sessions.exchange("XNYS", dt.date(2026, 6, 15), dt.date(2026, 6, 17))
    rate = RiskFree(file=path, column="RF", per="session", percent=True).over(sessions)
    assert rate.tolist() == pytest.approx([0.0001] * 3)


def test_frenchs_codes_of_missing_values_come_through_the_reader():
    frame = read_delimited("french.csv", io.BytesIO((FRENCH + COPYRIGHT).encode()))
    assert frame["SMB"].tolist() == [-0.25, -99.99, 0.05]
    assert frame["HML"].tolist() == [0.10, -0.20, -999.0]
    assert frame["Date"].tolist() == [20260615, 20260616, 20260617]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FRENCH + "\n Equal Weighted\n,Mkt-RF,SMB,HML,RF\n20260615,1,2,3,4\n", "days go on below a break"),
        (FRENCH.replace("20260617", "2026-06-17"), "days go on below a break"),
        (",Mkt-RF,RF\n202606,1.0,0.2\n202607,1.0,0.2\n", "holds months .202606.; daily returns"),
    ],
)  # fmt: skip
def test_a_french_file_that_is_not_one_daily_table_is_refused(tmp_path, text, message):
    path = tmp_path / "french.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ash.errors.StudyError, match=message):
        ash.models.FactorModel(["Mkt-RF"], path, percent=True)


def test_a_zip_of_several_files_is_refused(tmp_path):
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", FRENCH)
        archive.writestr("b.csv", FRENCH)
    with pytest.raises(ash.errors.StudyError, match="holds a.csv, b.csv; a zip is read where"):
        ash.models.FactorModel(["Mkt-RF"], path, percent=True)
    path.write_bytes(b"no archive")
    with pytest.raises(ash.errors.StudyError, match="cannot be read"):
        ash.models.FactorModel(["Mkt-RF"], path, percent=True)
