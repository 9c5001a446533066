from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from yahoo_stub import LoopbackSession, Stub, serve

import aftershock as ash
from aftershock.errors import PriceError
from aftershock.prices.yahoo import YahooSource, as_traded


def test_splits_and_dividends_are_brought_back_to_the_day():
    # 2-for-1 on day 3, HK$1 dividend on day 4. What was traded: 100, 104, 52, 51.
    # Yahoo divides everything before the split by 2 and scales Adj Close by the dividend too:
    # factor before the ex-date 1 - 1/52.
    factor = 1 - 1 / 52
    yahoo = pd.DataFrame(
        {
            "Open": [50.0, 52.0, 52.0, 51.0],
            "High": [50.0, 52.0, 52.0, 51.0],
            "Low": [50.0, 52.0, 52.0, 51.0],
            "Close": [50.0, 52.0, 52.0, 51.0],
            "Adj Close": [50.0 * factor, 52.0 * factor, 52.0 * factor, 51.0],
            "Volume": [200.0, 200.0, 150.0, 100.0],
            "Dividends": [0.0, 0.0, 0.0, 1.0],
            "Stock Splits": [0.0, 0.0, 2.0, 0.0],
        },
        index=pd.to_datetime(["2026-06-15", "2026-06-16", "2026-06-17", "2026-06-18"]),
    )
    traded = as_traded(yahoo)
    assert traded["Close"].tolist() == [100.0, 104.0, 52.0, 51.0]
    assert traded["Volume"].tolist() == [100.0, 100.0, 150.0, 100.0]
    assert traded["Dividends"].tolist() == [0.0, 0.0, 0.0, 1.0]
    assert traded["Adjustment"].tolist() == pytest.approx([factor / 2, factor / 2, factor, 1.0])
    adjusted = traded["Close"] * traded["Adjustment"]
    returns = adjusted.pct_change().tolist()[1:]
    assert returns == pytest.approx([0.04, 0.0, 0.0], abs=1e-12)  # 51 + 1 over 52


@pytest.fixture
def yahoo(tmp_path):
    """The real yfinance against a loopback server."""
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path))
    stub = Stub()
    with serve(stub) as port:
        yield stub, YahooSource(LoopbackSession(port))


def test_the_real_yfinance_fills_a_panel(yahoo, make_bars):
    stub, source = yahoo
    days = ["2026-06-17", "2026-06-18", "2026-06-22"]
    stub.put("0100.HK", make_bars(days, [416.6, 497.6, 616.5]))
    stub.put("^HSI", make_bars(days[1:], [23924.81, 23768.52]))
    panel = ash.load_prices(["0100.HK", "^HSI"], source=source)
    assert panel.close[:, 0].tolist() == [416.6, 497.6, 616.5]
    assert [str(day) for day in panel.sessions.dates] == days
    assert str(panel.span("^HSI")[0]) == "2026-06-18"


def test_start_and_end_are_both_included(yahoo, make_bars):
    stub, source = yahoo
    days = ["2026-06-15", "2026-06-16", "2026-06-17", "2026-06-18"]
    stub.put("0100.HK", make_bars(days, [1.0, 2.0, 3.0, 4.0]))
    panel = ash.load_prices(
        ["0100.HK"], source=source, start=dt.date(2026, 6, 16), end=dt.date(2026, 6, 17)
    )
    assert panel.close[:, 0].tolist() == [2.0, 3.0]


def test_a_ticker_yahoo_does_not_have_is_named(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(["2026-06-17", "2026-06-18"], [1.0, 2.0]))
    with pytest.raises(
        PriceError, match=r"Yahoo returned no bars for 9999\.HK: check the spelling"
    ):
        ash.load_prices(["0100.HK", "9999.HK"], source=source)
