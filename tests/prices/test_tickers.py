from __future__ import annotations

import pytest

from aftershock.errors import PriceError
from aftershock.prices.tickers import exchange_of, hint, yahoo_symbol


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
