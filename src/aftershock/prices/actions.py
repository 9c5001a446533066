"""Splits and dividends: prices as they were traded, and what makes them comparable over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aftershock.prices.evidence import CONTRADICTS, steps_of

if TYPE_CHECKING:
    import pandas as pd

    from aftershock.arrays import BoolArray, FloatArray

_PRICES = ["Open", "High", "Low", "Close"]
_CASH = {"Dividends", "Capital Gains"}


def as_traded(bars: pd.DataFrame) -> pd.DataFrame:
    """Undo Yahoo's division by later splits.

    Parameters
    ----------
    bars
        Yahoo's unadjusted bars (``auto_adjust=False``) up to the present, with ``Dividends``
        and ``Stock Splits`` (0 where there is none); ``Capital Gains`` of a fund.

    Returns
    -------
    DataFrame
        Prices, dividends and gains as of the day, volume in shares of the day. A split that is
        listed and that Yahoo has not divided by yet, as its closes show, is not undone.
    """
    split = bars["Stock Splits"].to_numpy("float64")
    later = later_splits(_divided_by(bars["Close"].to_numpy("float64"), split))
    out = bars.copy()
    out[_PRICES] = bars[_PRICES].mul(later, axis=0)
    out["Volume"] = bars["Volume"] / later
    for name in _CASH.intersection(bars):
        out[name] = bars[name] * later
    return out


def _divided_by(close: FloatArray, split: FloatArray) -> FloatArray:
    """Return the listed splits without those that closes were not divided by, shape (B,)."""
    out = np.where(split > 0.0, split, 0.0)
    logs = -np.log(np.where(out > 0.0, out, 1.0))
    for step in steps_of(close, logs, np.zeros_like(logs), None):
        if step.odds("split") > CONTRADICTS:
            out[step.before + 1 : step.row + 1] = 0.0
    return out


def later_splits(split: FloatArray) -> FloatArray:
    """Return what one share of each session has become by the last one, shape (B,).

    Parameters
    ----------
    split : ndarray, shape (B,)
        New shares per old one on the ex-date, 0 where there is none.
    """
    ratio = np.where(split > 0.0, split, 1.0)
    return np.append(np.cumprod(ratio[:0:-1])[::-1], 1.0)


def paid_out(
    close: FloatArray, dividend: FloatArray, split: FloatArray, gain: FloatArray
) -> FloatArray:
    """Return the cash a fund paid per share, gains that its dividends contain counted once.

    Parameters
    ----------
    close, dividend, split, gain : ndarray, shape (B,)
        As traded on the day: closes, listed dividends, split ratios and capital gains, 0 where
        there is none; a gain may be NaN where none is listed apart.

    Returns
    -------
    ndarray, shape (B,)
        Dividend and gain; the dividend alone where it is no smaller than the gain and the fall
        of the close is nearer to it than to the sum.

    Notes
    -----
    Yahoo lists the gains of some funds inside the dividend as well; yfinance's
    ``_repair_capital_gains`` tells them apart by the fall of the price, as is done here.
    """
    gain = np.nan_to_num(gain, nan=0.0)
    with np.errstate(invalid="ignore"):
        fall = previous_close(close, split) - close
        inside = (gain > 0.0) & (dividend >= gain)
        inside &= np.abs(fall - dividend) < np.abs(fall - dividend - gain)
    return np.asarray(dividend + np.where(inside, 0.0, gain))


def adjustment(close: FloatArray, dividend: FloatArray, split: FloatArray) -> FloatArray:
    """Return what each price is multiplied with to be comparable with the last one.

    Parameters
    ----------
    close, dividend, split : ndarray, shape (B,)
        Closes as traded, cash per share of that day and split ratio on the ex-date, 0 where
        there is none.

    Returns
    -------
    ndarray, shape (B,)
        The product over all later ex-dates of ``(1 - dividend / previous close) / split``, the
        previous close being the last one there is, in shares of the day; 1 on the last bar. A
        dividend before the first close counts for nothing.

    References
    ----------
    The factor of Yahoo's and CRSP's adjusted close.
    """
    ratio = np.where(split > 0.0, split, 1.0)
    with np.errstate(invalid="ignore"):
        lost = np.where(dividend > 0.0, dividend / previous_close(close, split), 0.0)
    step = np.where(np.isfinite(lost), 1.0 - lost, 1.0) / ratio
    return np.append(np.cumprod(step[:0:-1])[::-1], 1.0)


def previous_close(close: FloatArray, split: FloatArray) -> FloatArray:
    """Return the last close before each bar in shares of the bar, shape (B,).

    NaN before the first; what a dividend of that bar is paid out of.
    """
    ratio = np.where(split > 0.0, split, 1.0)
    at = np.maximum.accumulate(np.where(np.isfinite(close), np.arange(close.size), -1))
    at = np.append(-1, at[:-1])[: close.size]
    whole = np.cumprod(ratio)
    return np.where(at >= 0, close[at] * whole[at] / whole, np.nan)


def impossible(close: FloatArray, dividend: FloatArray, split: FloatArray) -> BoolArray:
    """Return which bars list an action that cannot be, shape (B,).

    A dividend that is negative, infinite or not below the close before it; a split ratio that
    is negative or infinite. 0 and NaN list none.
    """
    wrong = (dividend < 0.0) | np.isinf(dividend) | (split < 0.0) | np.isinf(split)
    if (dividend > 0.0).any():
        ratio = np.where(wrong, 0.0, split)
        with np.errstate(invalid="ignore"):
            wrong = wrong | (dividend >= previous_close(close, ratio))
    return np.asarray(wrong)


def impossible_words(row: int, close: FloatArray, dividend: FloatArray, split: FloatArray) -> str:
    """Return in words the dividend or split of a bar that cannot be."""
    if split[row] < 0.0 or np.isinf(split[row]):
        return f"a split ratio of {split[row]:g}"
    known = close[:row][np.isfinite(close[:row])]
    beside = f" on a close before it of {known[-1]:g}" if known.size and dividend[row] > 0.0 else ""
    return f"a dividend of {dividend[row]:g}{beside}"


def gains_inside(
    close: FloatArray, dividend: FloatArray, gain: FloatArray, factor: FloatArray
) -> BoolArray:
    """Return on which bars a fund's capital gain is already part of its dividend, shape (B,).

    Parameters
    ----------
    close, dividend, gain : ndarray, shape (B,)
        Closes and what is listed per share, as the source has them.
    factor : ndarray, shape (B,)
        The source's own adjustment, NaN where it states none: it tells, by taking out the
        dividend alone or both. Without it the two are taken as separate.
    """
    out = np.zeros(close.size, dtype=bool)
    before = previous_close(close, np.zeros_like(close))
    known = np.flatnonzero(np.isfinite(close) & np.isfinite(factor))
    for row in np.flatnonzero((gain > 0.0) & (gain <= dividend) & np.isfinite(before)):
        at = int(np.searchsorted(known, row))
        if at in {0, known.size} or known[at] != row:
            continue
        taken = 1.0 - factor[known[at - 1]] / factor[row]
        alone = dividend[row] / before[row]
        both = alone + gain[row] / before[row]
        out[row] = abs(taken - alone) < abs(taken - both)
    return out
