from __future__ import annotations

import pandas as pd
import pytest

from aftershock.prices.yahoo import as_traded


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
