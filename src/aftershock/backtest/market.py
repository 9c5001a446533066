"""What the market did in one session, as the broker and the array engine both read it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aftershock.backtest.money import exact, split_ratio
from aftershock.prices.actions import adjustment

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray
    from aftershock.prices.panel import PricePanel

MEMORY = 20  # sessions behind a volatility
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class Quote:
    """One ticker in one session, with what the sessions before left behind.

    Attributes
    ----------
    open, high, low, close, volume
        Of the session; NaN where there is none. The volume of an index is infinite.
    previous
        Last close before the session, in shares of the session and less the dividends since:
        what its open is compared with. NaN before the first.
    volatility
        Standard deviation of the last 20 log returns before the session; NaN below five.
    dividend, split
        Cash per share and new shares per old one on the ex-date; 0 where there is none.
    """

    open: float
    high: float
    low: float
    close: float
    volume: float
    previous: float
    volatility: float
    dividend: float
    split: float

    @property
    def is_halted(self) -> bool:
        """True where the session has no open, or no volume where volumes are known."""
        return not math.isfinite(self.open) or self.volume == 0

    @property
    def halt(self) -> str:
        """Why nothing fills in the session, empty where something can."""
        if not self.is_halted:
            return ""
        trades = math.isfinite(self.close) and self.volume != 0
        return "no open" if trades else "halted or no price"

    @property
    def gap(self) -> float:
        """The open against the close before it, a fraction; NaN before the first close."""
        return self.open / self.previous - 1.0


def quotes(panel: PricePanel, ticker: str, *, is_index: bool) -> list[Quote]:
    """Return one quote per session of a panel.

    Parameters
    ----------
    panel
        Raw prices.
    ticker
        One of its tickers.
    is_index
        An index has no volume of its own: a notional leg in it is never too large.
    """
    column = panel.column(ticker)
    close, dividend, split = (
        field[:, column] for field in (panel.close, panel.dividend, panel.split)
    )
    previous = _previous(close, dividend, split)
    volume = panel.volume[:, column]
    fields = (
        panel.open[:, column], panel.high[:, column], panel.low[:, column], close,
        np.full_like(volume, np.inf) if is_index else volume,
        previous, _volatility(close, previous), dividend, split,
    )  # fmt: skip
    return [Quote(*row) for row in zip(*(field.tolist() for field in fields), strict=True)]


def comparable(panel: PricePanel, ticker: str) -> FloatArray:
    """Return closes over which a holder's splits and reinvested dividends are made up for.

    The panel's own adjustment where it moves at all, else that of the splits and dividends that
    it lists: a fund whose file has a split and no adjusted close did not lose nine tenths.

    Returns
    -------
    ndarray, shape (S,)
        NaN on a session without a close.
    """
    column = panel.column(ticker)
    fields = (panel.close, panel.dividend, panel.split)
    close, dividend, split = (field[:, column] for field in fields)
    listed = (dividend > 0.0) | ((split > 0.0) & (split != 1.0))
    known = panel.adjustment[:, column][np.isfinite(close)]
    if not listed.any() or (known.size and np.ptp(known) != 0.0):
        return panel.adjusted_close()[:, column]
    return close * adjustment(close, dividend, split)


def _previous(close: FloatArray, dividend: FloatArray, split: FloatArray) -> FloatArray:
    """Return the last close before each session, less splits and dividends since, shape (S,).

    A dividend is per share of its day, so that a split of the same day comes first.
    """
    out = np.full_like(close, np.nan)
    last = np.nan
    for row in range(close.size):
        if math.isfinite(last) and (split[row] > 0.0 or dividend[row]):
            last = _restated(last, float(split[row]), float(dividend[row]))
        out[row] = last if last > 0.0 else np.nan
        last = close[row] if np.isfinite(close[row]) else last
    return out


def _restated(close: float, split: float, dividend: float) -> float:
    """Return a close in the shares of an ex-date and less its dividend, exactly."""
    ratio = split_ratio(split) if split > 0.0 else 1
    return float(exact(close) / ratio - exact(dividend))


def _volatility(close: FloatArray, previous: FloatArray) -> FloatArray:
    """Return the sample deviation of the last log returns before each session, shape (S,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = np.log(close / previous)
    known = np.flatnonzero(np.isfinite(moves))
    if not known.size:
        return np.full_like(close, np.nan)
    after = pd.Series(moves[known]).rolling(MEMORY, min_periods=_FEWEST).std().to_numpy("float64")
    behind = np.searchsorted(known, np.arange(close.size)) - 1  # the last one before each session
    return np.where(behind >= 0, after[behind], np.nan)
