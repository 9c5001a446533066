from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import PriceError, WorkspaceError
from aftershock.prices.tickers import canonical, canonical_keys, exchange_of, hint, yahoo_symbol
from aftershock.workspace.settings import read_settings


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("00100.hk", "0100.HK"), ("700.HK", "0700.HK"), ("80700.HK", "80700.HK"),
        (" ^hsi ", "^HSI"), ("brk-b", "BRK-B"), ("600519.ss", "600519.SS"), ("EURUSD=x", "EURUSD=X"),
    ],
)  # fmt: skip
def test_every_spelling_has_one(given, spelled):
    assert yahoo_symbol(given) == spelled


@pytest.mark.parametrize("given", ["", "  ", "0100 HK!", "^", "../etc", "A/B"])
def test_what_is_no_ticker_is_refused(given):
    with pytest.raises(PriceError, match="is no ticker; write it as Yahoo does"):
        yahoo_symbol(given)


def test_tickers_name_their_exchange():
    assert exchange_of(["0100.HK", "^HSI"]) == "XHKG"
    assert exchange_of(["AAPL"]) == "XNYS"
    for tickers in (["^HSI"], ["0100.HK", "AAPL"], ["X.ZZ"]):
        with pytest.raises(PriceError, match="cannot be told"):
            exchange_of(tickers)


def test_the_nearest_ticker_is_named():
    assert hint("0100.KH", []) == " did you mean 0100.HK?"
    assert hint("0100.HKK", []) == " did you mean 0100.HK?"
    assert hint("700", []) == " did you mean 0700.HK?"
    assert hint("HSI", ["^HSI", "0100.HK"]) == " did you mean ^HSI?"
    assert hint("APPL", ["AAPL", "MSFT"]) == " did you mean AAPL?"
    assert hint("9999.HK", ["AAPL"]) == ""


@pytest.mark.parametrize(
    "spelling",
    [
        "0100.HK", "00100.HK", "100.HK", "0100.hk", "100 HK Equity", "0100 hk equity", "100 HK",
        "HKG:0100", "HKEX:100", "0100:HK", "100:HKG", "HK.00100", "hk00100", "00100.XHKG",
        " 0100.HK ",
    ],
)  # fmt: skip
def test_one_ticker_of_hong_kong_has_one_spelling(spelling):
    assert canonical(spelling) == "0100.HK"


@pytest.mark.parametrize(
    ("spelling", "ticker"),
    [
        ("80700.HK", "80700.HK"), ("600519.SH", "600519.SS"), ("sh600519", "600519.SS"),
        ("600519.XSHG", "600519.SS"), ("1.SZ", "000001.SZ"), ("sz000001", "000001.SZ"),
        ("SHE:000001", "000001.SZ"), ("AAPL US Equity", "AAPL"), ("NASDAQ:AAPL", "AAPL"),
        ("AAPL.US", "AAPL"), ("BRK/B US Equity", "BRK-B"), ("VOD LN Equity", "VOD.L"),
        ("7203 JP Equity", "7203.T"), ("005930.KS", "005930.KS"), ("^hsi", "^HSI"),
    ],
)  # fmt: skip
def test_other_exchanges_have_one_spelling_too(spelling, ticker):
    assert canonical(spelling) == ticker
    assert canonical(ticker) == ticker


@pytest.mark.parametrize(
    "name",
    ["A", "a", "stock 1", "FB", "fb", "x.y", "S01", "100", "00100", "Mkt-RF", "A US", "a:b", "brk-b",
     "Facebook, Inc."],
)  # fmt: skip
def test_a_name_that_names_no_exchange_is_left_alone(name):
    assert canonical(name) == name


@pytest.mark.parametrize(
    ("name", "exchange", "ticker"),
    [
        ("100", "XHKG", "0100.HK"), ("00100", "XHKG", "0100.HK"), ("5", "XHKG", "0005.HK"),
        ("600519", "XSHG", "600519.SS"), ("000001", "XSHG", "000001.SZ"), ("7203", "XTKS", "7203.T"),
        ("100", "XNYS", "100"), ("100", None, "100"), ("A", "XHKG", "A"), ("000", "XHKG", "000"),
    ],
)  # fmt: skip
def test_a_bare_number_is_a_ticker_where_the_exchange_is_known(name, exchange, ticker):
    assert canonical(name, exchange) == ticker


def test_two_names_of_one_ticker_are_refused_by_name():
    message = r"the columns '0100\.HK' and '100 HK Equity' are both 0100\.HK; keep one of them"
    with pytest.raises(PriceError, match=message):
        canonical_keys(["0100.HK", "100 HK Equity"], None, "columns")
    frame = pd.DataFrame({"Close": [1.0]}, index=pd.DatetimeIndex(["2026-06-17"]))
    with pytest.raises(PriceError, match="the frames '0100.HK' and '100' are both"):
        ash.PricePanel.from_frames({"0100.HK": frame, "100": frame}, calendar="XHKG")
    wide = pd.DataFrame({"0100.HK": [0.1], "00100.hk": [0.2]}, index=frame.index)
    with pytest.raises(PriceError, match="the columns .* are both 0100.HK"):
        ash.ReturnPanel.from_frame(wide, kind="simple")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "100.csv").write_text("Date,Close\n2026-06-17,1\n2026-06-18,2\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("asked", ["0100.HK", "00100.hk", "HKG:0100", "100 HK Equity"])
def test_a_file_is_found_however_it_is_spelled(folder, asked):
    panel = ash.load_prices([asked], source=f"files:{folder}")
    assert panel.tickers == ("0100.HK",)
    assert panel.column(asked) == 0
    assert ash.load_prices(["100"], source=f"files:{folder}", calendar="XHKG").tickers == (
        "0100.HK",
    )


def test_two_files_of_one_ticker_are_refused(folder):
    (folder / "00100.HK.csv").write_text("Date,Close\n2026-06-17,9\n", "utf-8")
    with pytest.raises(PriceError, match=r"several files of 0100\.HK \(00100\.HK\.csv, 100\.csv\)"):
        ash.load_prices(["0100.HK"], source=f"files:{folder}")


def test_two_labels_of_one_ticker_in_a_long_file_are_refused(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("Ticker,Date,Close\n0100.HK,2026-06-17,1\n100,2026-06-18,2\n", "utf-8")
    with pytest.raises(PriceError, match="are both 0100.HK"):
        ash.load_prices(["0100.HK"], source=f"files:{path}")


def test_events_selections_and_prices_mean_the_same_ticker():
    rng = np.random.default_rng(5)
    days = pd.bdate_range("2024-01-02", periods=90)
    closes = pd.DataFrame(
        np.exp(np.cumsum(rng.normal(0, 0.01, (90, 2)), axis=0)), index=days, columns=["S", "M"]
    )
    panel = ash.PricePanel.from_frames({"100": closes["S"], "^hsi": closes["M"]}, calendar="XHKG")
    rows = {
        "id": ["a@00100.HK", "b", "c", "d"],
        "ticker": ["100 HK Equity", "HKG:0100", "0100.hk", "100"],
        "kind": ["results"] * 4,
        "when": ["2024-04-02", "2024-04-09", "2024-04-16", "2024-04-23"],
    }
    for calendar, selection in (
        ("XHKG", ash.select(ticker="100")),
        ("XHKG", ash.select(id=["a@100", "b", "c", "d"], ticker="100.HK")),
        (None, ash.select(kind="results")),
    ):
        book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar=calendar)
        study = ash.Study(
            title="Spellings",
            events=selection,
            model=ash.MarketModel(benchmark="^hsi"),
            returns="simple",
            estimation=(-40, -6),
            window=(-2, 2),
            cars=[(0, 0)],
            min_obs=20,
        )
        result = study.fit(book, panel)
        assert set(result.events["ticker"]) == {"0100.HK"}
        assert result.events["status"].tolist() == ["used"] * 4
        assert "a@0100.HK" in set(result.events["id"])
    assert book["a@100.HK"].ticker == "0100.HK"


def test_models_spell_their_tickers_alike():
    assert ash.MarketModel("^hsi") == ash.MarketModel("^HSI")
    assert ash.MarketAdjusted("00100.HK").benchmark == "0100.HK"
    assert ash.PeerModel(["700 HK Equity", "x"]).peers == ("0700.HK", "x")
    assert ash.models.Dimson("^hsi", lags=1, leads=0).benchmark == "^HSI"
    assert ash.models.BenchmarksModel(["^hsi"]).tickers == ("^HSI",)


def test_event_files_companies_and_settings_are_spelled_alike(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "- id: x\n  kind: results\n  tickers: [100, 00700.HK]\n  when: 2026-06-17\n  title: t\n",
        "utf-8",
    )
    (tmp_path / "companies.yaml").write_text("- ticker: 00100\n  name: One\n", "utf-8")
    book = ash.load_events(tmp_path, calendar="XHKG")
    assert book.ids == ("x@0100.HK", "x@0700.HK")
    assert list(book.companies) == ["0100.HK"]
    (tmp_path / "aftershock.toml").write_text(
        'title = "t"\ncalendar = "XHKG"\nbenchmark = "^hsi"\ntickers = ["100", "0700.hk"]\n'
        'peers = ["9988 HK Equity"]\n',
        "utf-8",
    )
    settings = read_settings(tmp_path)
    assert settings.all_tickers == ("0100.HK", "0700.HK", "^HSI", "9988.HK")
    (tmp_path / "aftershock.toml").write_text(
        'title = "t"\ncalendar = "XHKG"\nbenchmark = "^HSI"\ntickers = ["100", "0100.HK"]\n',
        "utf-8",
    )
    with pytest.raises(WorkspaceError, match="tickers.* '100' and '0100.HK' are both 0100.HK"):
        read_settings(tmp_path)
