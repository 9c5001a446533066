from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import PriceError
from aftershock.prices.sources import open_source

CSV = "Date,Open,High,Low,Close,Volume\n2026-06-17,1,2,1,2,100\n2026-06-18,2,3,2,3,100\n"


def write(folder, name, text=CSV):
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_csv_gz_and_parquet_give_the_same_panel(tmp_path):
    write(tmp_path, "0100.HK.csv")
    frame = pd.read_csv(tmp_path / "0100.HK.csv")
    for folder in ("gz", "parquet"):
        (tmp_path / folder).mkdir()
    frame.to_csv(tmp_path / "gz" / "0100.HK.csv.gz", index=False)
    frame.to_parquet(tmp_path / "parquet" / "0100.HK.parquet")
    prints = {
        ash.load_prices(["0100.HK"], source=f"files:{folder}").fingerprint()
        for folder in (tmp_path, tmp_path / "gz", tmp_path / "parquet")
    }
    assert len(prints) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; it needs a header with Date and Close"),
        ("Date,Close\n", "has a header and no rows"),
        ("Date,Open\n2026-06-17,1\n", "no closing prices"),
        ("Date,Close\nyesterday,1\n", "dates are written 2026-07-08"),
        ("Date,Close\n2026-06-17,abc\n", "column Close is not a number"),
    ],
)
def test_an_unreadable_file_is_one_sentence(tmp_path, text, message):
    write(tmp_path, "0100.HK.csv", text)
    with pytest.raises(PriceError, match=message):
        ash.load_prices(["0100.HK"], source=f"files:{tmp_path}")


def test_bytes_that_are_no_text_are_one_sentence(tmp_path):
    (tmp_path / "0100.HK.csv").write_bytes(b"\xff\x80\x00\x01")
    with pytest.raises(PriceError, match="cannot be read"):
        ash.load_prices(["0100.HK"], source=f"files:{tmp_path}")
    (tmp_path / "0700.HK.parquet").write_bytes(b"not parquet")
    with pytest.raises(PriceError, match="cannot be read"):
        ash.load_prices(["0700.HK"], source=f"files:{tmp_path}")


def test_a_missing_ticker_is_named_with_the_nearest(tmp_path):
    write(tmp_path, "0100.HK.csv")
    with pytest.raises(PriceError, match=r"no prices for 0100\.HKK.*did you mean 0100\.HK"):
        ash.load_prices(["0100.HKK"], source=f"files:{tmp_path}")
    with pytest.raises(PriceError, match="does not exist"):
        ash.load_prices(["0100.HK"], source=f"files:{tmp_path / 'nowhere'}")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("yaho", "did you mean 'yahoo'"),
        ("files:", "there are sample, yahoo, files:DIR"),
        ("samples", "did you mean 'sample'"),
    ],
)
def test_an_unknown_source_is_refused(spec, message):
    with pytest.raises(PriceError, match=message):
        open_source(spec)


def test_any_object_with_a_daily_method_is_a_source():
    class Mine:
        def daily(self, tickers, start, end):
            closes = pd.Series([1.0, 2.0], index=pd.to_datetime(["2026-06-17", "2026-06-18"]))
            return dict.fromkeys(tickers, closes)

    panel = ash.load_prices(["A.HK"], source=Mine())
    np.testing.assert_array_equal(panel.close[:, 0], [1.0, 2.0])
    assert panel.origin.source == "Mine"
    assert panel.origin.is_market_data


def test_one_ticker_as_text_is_refused():
    with pytest.raises(PriceError, match="needs a list of tickers"):
        ash.load_prices("0100.HK", source="sample")
