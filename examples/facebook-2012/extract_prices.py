"""Write prices/FB.csv and prices/^GSPC.csv from two permissively licensed packages.

Facebook is in bokeh_sampledata (BSD-3-Clause), the S&P 500 in arch (NCSA); both come from
Yahoo. Run it with both installed: ``python examples/facebook-2012/extract_prices.py``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from arch.data import sp500
from bokeh_sampledata.stocks import FB

PRICES = Path(__file__).parent / "prices"
FIRST, LAST = "2012-01-03", "2013-03-01"
COLUMNS = ["Open", "High", "Low", "Close", "Adj Close", "Volume"]


def write(ticker: str, frame: pd.DataFrame) -> None:
    """Write one ticker's bars between the two dates."""
    bars = frame.set_axis(pd.DatetimeIndex(frame.index, name="Date"), axis=0).sort_index()
    path = PRICES / f"{ticker}.csv"
    bars.loc[FIRST:LAST, COLUMNS].to_csv(path, lineterminator="\n")
    print(f"{path}: {len(bars.loc[FIRST:LAST])} bars")


def main() -> None:
    """Write both files."""
    facebook = pd.DataFrame(FB).rename(columns=lambda name: name.replace("_", " ").title())
    write("FB", facebook.set_index(pd.to_datetime(facebook.pop("Date"))))
    write("^GSPC", sp500.load())


if __name__ == "__main__":
    main()
