"""Numbers as people write them, each with the value worked out by hand."""

from __future__ import annotations

import decimal

import numpy as np
import pandas as pd
import pytest

from aftershock.errors import PriceError
from aftershock.prices.numbers import numbers


def read(**columns):
    out, notes = numbers("F", {name: pd.Series(values) for name, values in columns.items()})
    return {name: values.tolist() for name, values in out.items()}, notes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,861.10", 1861.10), ("1,234,567", 1234567.0), ("$12.34", 12.34), ("HK$1,234.50", 1234.5),
        ("US$5", 5.0), ("¥8.70", 8.7), ("12.50 HKD", 12.5), ("1.234.567,8", 1234567.8),
        ("12,5", 12.5), ("1 861,10", 1861.1), ("1\u00a0861,10", 1861.1), ("1'234.50", 1234.5),
        ("1’234.50", 1234.5), ("1,23,456.70", 123456.7), ("0,123", 0.123), ("1e3", 1000.0),
        ("(12.3)", -12.3), ("\u22125.5", -5.5), ("+7", 7.0), (".5", 0.5), ("12.", 12.0),
        (decimal.Decimal("8.70"), 8.7),
    ],
)  # fmt: skip
def test_a_price_has_one_value(text, value):
    assert read(Close=[text])[0] == {"Close": [value]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2M", 1_200_000), ("2.37M", 2_370_000), ("3.1B", 3_100_000_000), ("65.59K", 65_590),
        ("1.2万", 12_000), ("3亿", 300_000_000), ("1.5万亿", 1.5e12), ("2.3m", 2_300_000),
        ("1,234", 1234), ("1,234.5K", 1_234_500), ("12.5萬", 125_000),
    ],
)  # fmt: skip
def test_a_volume_may_be_short(text, value):
    assert read(Volume=[text]) == ({"Volume": [value]}, [])


@pytest.mark.parametrize("text", ["", "-", "—", "N/A", "null", "nan", None, pd.NA, np.nan])
def test_what_is_missing_is_missing(text):
    values, notes = read(Close=["1.5", text], Volume=["3", text])
    assert np.isnan(values["Close"][1])
    assert np.isnan(values["Volume"][1])
    assert notes == []


@pytest.mark.parametrize("text", ["12%", "1.2M", "12-13", "abc", "1,2,3", "12.3.4.", "--5", "1,23"])
def test_a_price_that_is_no_number_is_refused(text):
    with pytest.raises(PriceError, match="Close is not a number|follow a point in one place"):
        read(Close=["1,234.50", text])


def test_columns_of_one_hand_tell_what_a_comma_is():
    assert read(Close=["1,234"], Open=["12.5"])[0]["Close"] == [1234.0]
    assert read(Close=["1,234"], Open=["12,5"])[0]["Close"] == [1.234]
    assert read(Close=["1,234"], Open=[12.5])[0]["Close"] == [1234.0]
    assert read(Close=["12,5"], Volume=["1.234"])[0]["Volume"] == [1234.0]
    for columns in ({"Close": ["1,234"]}, {"Close": ["1,234"], "Open": [12.0]}):
        with pytest.raises(PriceError, match="F: Close '1,234' can be 1234 or 1.234"):
            read(**columns)


@pytest.mark.parametrize(
    ("close", "volume"), [("5", "1,234M"), ("12.5", "1,5M"), ("12,5", "1.5M"), ("5", "1,2,3")]
)
def test_a_volume_that_could_be_two_numbers_refuses_nothing(close, volume):
    values, notes = read(Close=[close], Volume=[volume])
    assert np.isfinite(values["Close"][0])
    assert np.isnan(values["Volume"][0])
    assert len(notes) == 1


def test_a_volume_that_cannot_be_read_is_missing_with_a_note():
    values, notes = read(Close=["1.5", "2"], Volume=["halt", "7"])
    assert values["Close"] == [1.5, 2.0]
    assert np.isnan(values["Volume"][0])
    assert notes == ["F: 1 of 2 volumes cannot be read ('halt'): missing"]


@pytest.mark.parametrize("column", [[True, False], pd.array([True, None], "boolean")])
def test_truth_is_no_number(column):
    with pytest.raises(PriceError, match="F: the column Close holds true and false"):
        read(Close=column)


def test_numbers_are_handed_through():
    values = pd.Series([1.5, np.nan, -99.99, -999.0])
    out, notes = numbers("F", {"Close": values, "Volume": pd.Series([1, None], dtype="Int64")})
    assert out["Close"] is values.to_numpy() or np.shares_memory(out["Close"], values.to_numpy())
    assert out["Volume"].tolist()[0] == 1.0
    assert notes == []
