"""Prices from Yahoo through yfinance, brought back to what was traded on the day.

Yahoo's prices and volumes are divided by every later split; here the splits are taken out
again, so that orders and lots see the price of the day. ``Adjustment`` carries splits and
dividends for whoever compares prices over time.
"""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from aftershock.errors import PriceError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PRICES = ["Open", "High", "Low", "Close"]


@dataclass(frozen=True, slots=True)
class YahooSource:
    """Daily bars from Yahoo.

    Attributes
    ----------
    session
        A curl_cffi session for yfinance to use instead of its own.
    """

    session: Any = None

    def daily(
        self, tickers: Sequence[str], start: dt.date | None, end: dt.date | None
    ) -> dict[str, pd.DataFrame]:
        """Download the bars of ``tickers``.

        Raises
        ------
        PriceError
            Yahoo has no bars for a ticker, or could not be reached.
        """
        table = self._download(tickers, start, end)
        frames = {ticker: _own(table, ticker) for ticker in tickers}
        empty = [ticker for ticker, frame in frames.items() if frame.empty]
        if empty:
            raise PriceError(
                f"Yahoo returned no bars for {', '.join(empty)}: check the spelling (0100.HK, ^HSI)"
                " and the connection, or use --source files:DIR"
            )
        return {ticker: as_traded(frame) for ticker, frame in frames.items()}

    def _download(
        self, tickers: Sequence[str], start: dt.date | None, end: dt.date | None
    ) -> pd.DataFrame:
        import yfinance as yf

        when: dict[str, Any] = {"period": "max"} if start is None else {"start": start}
        if end is not None:
            when["end"] = end + dt.timedelta(days=1)  # yfinance leaves the end out
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # yfinance 1.7 under pandas 3
            table: pd.DataFrame | None = yf.download(
                list(tickers),
                **when,
                auto_adjust=False,
                actions=True,
                group_by="ticker",
                multi_level_index=True,
                progress=False,
                threads=False,
                session=self.session,
            )
        return pd.DataFrame() if table is None else table


def as_traded(frame: pd.DataFrame) -> pd.DataFrame:
    """Undo Yahoo's division by later splits.

    Parameters
    ----------
    frame
        Yahoo's unadjusted bars (``auto_adjust=False``) with ``Adj Close``, ``Dividends`` and
        ``Stock Splits`` (0 where there is none).

    Returns
    -------
    DataFrame
        Prices and dividends as of the day, volume in shares of the day, and ``Adjustment``.
    """
    ratio = frame["Stock Splits"].where(frame["Stock Splits"] > 0, 1.0)
    later = ratio[::-1].cumprod()[::-1] / ratio  # splits strictly after each row
    out = frame.copy()
    out[_PRICES] = frame[_PRICES].mul(later, axis=0)
    out["Volume"] = frame["Volume"] / later
    out["Dividends"] = frame["Dividends"] * later
    out["Adjustment"] = frame["Adj Close"] / out["Close"]
    return out.drop(columns="Adj Close")


def _own(table: pd.DataFrame, ticker: str) -> pd.DataFrame:
    if ticker not in table.columns.get_level_values(0):
        return pd.DataFrame()
    own = pd.DataFrame(table[ticker])
    return own[own["Close"].notna()]
