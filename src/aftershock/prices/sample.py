"""A reconstruction of daily bars that passes through published figures; not market data.

Between two published closes the log price is a Brownian bridge with the ticker's daily sigma,
correlated across tickers; before the first and after the last it is a random walk. The figures
are in ``published.csv`` with their sources, everything invented is in ``sample.toml``, and the
seed is fixed, so the sample is the same everywhere.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.prices.panel import Origin
from aftershock.sessions import Sessions

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from aftershock.arrays import FloatArray

NOTICE = "reconstructed sample, not market data"

_OVERNIGHT = 0.4  # share of the daily sigma that falls between close and open
_WICK = 0.3  # reach of high and low beyond open and close, in daily sigmas
_VOLUME_SIGMA = 0.5


@dataclass(frozen=True, slots=True)
class SampleSource:
    """The embedded reconstruction; needs no network and no files of the user."""

    origin: ClassVar[Origin] = Origin("sample", is_market_data=False, notice=NOTICE)

    def daily(
        self, tickers: Sequence[str], start: dt.date | None, end: dt.date | None
    ) -> dict[str, pd.DataFrame]:
        """Return the reconstructed bars of ``tickers``; the panel cuts ``start`` and ``end``.

        Raises
        ------
        PriceError
            A ticker is not in the sample.
        """
        del start, end
        bars = reconstruct()
        absent = [ticker for ticker in tickers if ticker not in bars]
        if absent:
            raise PriceError(
                f"the sample has no {', '.join(absent)}; it has {', '.join(bars)}."
                " For any other ticker use --source yahoo or --source files:DIR"
            )
        return {ticker: bars[ticker] for ticker in tickers}


def published_figures() -> pd.DataFrame:
    """Return the published prices: ticker, date, field, value, source."""
    with resources.files(__package__).joinpath("published.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, parse_dates=["date"])


def reconstruct() -> dict[str, pd.DataFrame]:
    """Return every ticker's reconstructed bars, with ``Published`` true on published closes."""
    recipe = tomllib.loads(
        resources.files(__package__).joinpath("sample.toml").read_text(encoding="utf-8")
    )
    sessions = Sessions.exchange(recipe["calendar"], recipe["first"], recipe["last"])
    figures = published_figures()
    rng = np.random.default_rng(recipe["seed"])
    factor = np.linalg.cholesky(np.array(recipe["correlation"]["matrix"]))
    shocks = rng.standard_normal((len(sessions), len(recipe["tickers"]))) @ factor.T
    return {
        entry["name"]: _bars(entry, sessions, figures, shocks[:, column], rng)
        for column, entry in enumerate(recipe["tickers"])
    }


def _bars(
    entry: dict[str, Any],
    sessions: Sessions,
    figures: pd.DataFrame,
    shocks: FloatArray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    first = sessions.position(entry["first"]) if "first" in entry else 0
    index = pd.DatetimeIndex(sessions.dates[first:]).as_unit("us")
    known = _known(figures, entry["name"], index)
    anchors = np.log(known["close"])
    if "start" in entry:
        anchors[0] = np.log(entry["start"])
    sigma = entry["sigma"]
    close = np.exp(bridge(anchors, sigma * shocks[first:]))
    bars = _around(close, known, sigma, rng)
    bars["Volume"] = np.round(
        entry["volume"] * np.exp(_VOLUME_SIGMA * rng.standard_normal(len(index))), -2
    )
    bars["Published"] = np.isfinite(known["close"])
    return bars.set_index(index)


def _known(figures: pd.DataFrame, ticker: str, index: pd.DatetimeIndex) -> dict[str, FloatArray]:
    own = figures[figures["ticker"] == ticker]
    outside = own[~own["date"].isin(index)]
    if len(outside):
        raise PriceError(
            f"published figure of {ticker} on {outside['date'].iloc[0].date()}: no session"
        )
    table = own.pivot_table(index="date", columns="field", values="value").reindex(index)
    empty = np.full(len(index), np.nan)
    return {
        name: table[name].to_numpy("float64", copy=True) if name in table else empty.copy()
        for name in ("open", "high", "close")
    }


def bridge(anchors: FloatArray, steps: FloatArray) -> FloatArray:
    """Return a path that follows ``steps`` and passes through every finite anchor.

    Parameters
    ----------
    anchors : ndarray, shape (S,)
        Levels to pass through, NaN where free; at least one is finite.
    steps : ndarray, shape (S,)
        Increments of the unconditioned walk.

    Returns
    -------
    ndarray, shape (S,)
        Between two anchors the gap between walk and anchors is closed evenly, which is the
        Brownian bridge; outside them the walk runs free.
    """
    at = np.flatnonzero(np.isfinite(anchors))
    walk = np.cumsum(steps)
    gap = anchors[at] - walk[at]
    return walk + np.interp(np.arange(len(anchors)), at, gap)


def _around(
    close: FloatArray, known: dict[str, FloatArray], sigma: float, rng: np.random.Generator
) -> pd.DataFrame:
    noise = rng.standard_normal((3, len(close)))
    before = np.concatenate([close[:1], close[:-1]])
    opened = before * np.exp(_OVERNIGHT * sigma * noise[0])
    opened = np.where(np.isfinite(known["high"]), np.minimum(opened, known["high"]), opened)
    opened = np.where(np.isfinite(known["open"]), known["open"], opened)
    high = np.maximum(opened, close) * np.exp(_WICK * sigma * np.abs(noise[1]))
    high = np.where(np.isfinite(known["high"]), known["high"], high)
    low = np.minimum(opened, close) * np.exp(-_WICK * sigma * np.abs(noise[2]))
    return pd.DataFrame({"Open": opened, "High": high, "Low": low, "Close": close}).round(2)
