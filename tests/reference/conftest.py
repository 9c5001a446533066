"""The 65 Hong Kong listings of 2018 to 2020, as a panel and as a book of expiries."""

from __future__ import annotations

import pandas as pd
import pytest

import aftershock as ash

NO_LOCKUP = "listed elsewhere before or introduced: no IPO lock-up"
NOT_IPOS = ("9988", "9618", "9999", "9987", "1179", "9688", "2057", "9698", "9901", "6690", "6098")


@pytest.fixture(scope="session")
def ipo_frames(shared):
    """One frame of adjusted bars per stock, and the index."""
    folder = shared / "data" / "hk_ipos"
    table = pd.read_csv(folder / "prices_2018_2020_listings.csv.gz", parse_dates=["Date"])
    own = {name: rows.set_index("Date") for name, rows in table.groupby("Ticker")}
    index = pd.read_csv(folder / "^HSI.csv", parse_dates=["Date"], index_col="Date")
    return {name: rows.drop(columns="Ticker") for name, rows in own.items()} | {"^HSI": index}


@pytest.fixture(scope="session")
def ipo_panel(ipo_frames):
    return ash.PricePanel.from_frames(ipo_frames, calendar="XHKG")


@pytest.fixture(scope="session")
def ipo_expiries(ipo_frames):
    listings = {name: rows.index[0].date() for name, rows in ipo_frames.items() if name != "^HSI"}
    reasons = {f"{code}.HK": NO_LOCKUP for code in NOT_IPOS}
    return ash.rules.lockup_expiries(listings, months=6, exchange="XHKG", exclude=reasons)
