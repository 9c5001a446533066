"""Splits and dividends: prices as they were traded, and what makes them comparable over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from aftershock.arrays import FloatArray

_PRICES = ["Open", "High", "Low", "Close"]


def as_traded(bars: pd.DataFrame, after: float = 1.0) -> pd.DataFrame:
    """Undo Yahoo's division by later splits.

    Parameters
    ----------
    bars
        Yahoo's unadjusted bars (``auto_adjust=False``) with ``Dividends`` and
        ``Stock Splits`` (0 where there is none).
    after
        Product of the splits after the last of these bars.

    Returns
    -------
    DataFrame
        Prices and dividends as of the day, volume in shares of the day.
    """
    ratio = bars["Stock Splits"].where(bars["Stock Splits"] > 0, 1.0)
    later = ratio[::-1].cumprod()[::-1] / ratio * after  # splits strictly after each row
    out = bars.copy()
    out[_PRICES] = bars[_PRICES].mul(later, axis=0)
    out["Volume"] = bars["Volume"] / later
    out["Dividends"] = bars["Dividends"] * later
    return out


def adjustment(close: FloatArray, dividend: FloatArray, split: FloatArray) -> FloatArray:
    """Return what each price is multiplied with to be comparable with the last one.

    Parameters
    ----------
    close, dividend, split : ndarray, shape (B,)
        Closes as traded, cash per share and split ratio on the ex-date, 0 where there is none.

    Returns
    -------
    ndarray, shape (B,)
        The product over all later ex-dates of ``(1 - dividend / previous close) / split``,
        1 on the last bar. A dividend on the first bar has no previous close and counts for
        nothing.

    References
    ----------
    The factor of Yahoo's and CRSP's adjusted close.
    """
    step = np.ones_like(close)
    step[1:] -= dividend[1:] / close[:-1]
    step /= np.where(split > 0, split, 1.0)
    return np.append(np.cumprod(step[:0:-1])[::-1], 1.0)
