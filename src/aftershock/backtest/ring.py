"""Sessions closed to a ring, on which a strategy's events are put at every other place.

After its last session a ticker goes on with its own first sessions, every price rescaled so
that closes join. Then a holding can start at any session that has a close before it, and one
that starts near the end has somewhere to go. Where returns do not depend on when, no place of
the ring is different from another, and the rank of the events' own place is uniform.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.arrays import read_only
from aftershock.backtest.metrics import known_span
from aftershock.prices.align import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.prices.panel import PricePanel
    from aftershock.sessions import Sessions

PRICES = ("open", "high", "low", "close", "dividend")  # rescaled by the factor that joins closes
FEWEST = 20  # starts
LEAST_RATIO = 3  # starts to sessions held


@dataclass(frozen=True, slots=True)
class Ring:
    """The sessions of some tickers, closed to a ring of places.

    Attributes
    ----------
    first, last
        Rows of the first and the last session on which all of them are listed. The first has
        no close before it, so that it is no place itself: place 0 is the row after it.
    """

    first: int
    last: int

    @classmethod
    def of(cls, closes: FloatArray) -> Ring:
        """Return the ring of some tickers' closes, shape (S, K), NaN where there is none."""
        spans = [known_span(column) for column in closes.T]
        first = max(span.start for span in spans)
        return cls(first, max(min(span.stop for span in spans) - 1, first))

    @property
    def size(self) -> int:
        """Number of places."""
        return self.last - self.first

    def place(self, row: int) -> int:
        """Return the place of a row; below 0 or beyond the last where it is not on the ring."""
        return row - self.first - 1

    def rows(self, places: IntArray) -> IntArray:
        """Return the rows of some places."""
        return self.first + 1 + places


def starts(
    ring: Ring, own: Sequence[tuple[int, int, str]], others: Iterable[tuple[int, int, str]]
) -> IntArray:
    """Return the places at which a cluster's first holding may start, ascending.

    Parameters
    ----------
    ring
        The sessions.
    own
        First row, last row and ticker of each holding of the cluster.
    others
        The same of every other event that the strategy selects. A start at which a holding
        would share a session with one of its own ticker is left out; the cluster's own place
        always stays.

    Returns
    -------
    ndarray, shape (n,)
    """
    entry = min(first for first, _, _ in own)
    free: BoolArray = np.ones(ring.size, dtype=bool)
    others = list(others)
    for first, last, ticker in own:
        taken = _taken(ring, [held for held in others if held[2] == ticker])
        length = last - first + 1
        shared = np.lib.stride_tricks.sliding_window_view(
            np.resize(taken, ring.size + length - 1), length
        ).any(axis=1)
        free &= ~np.roll(shared, -(first - entry))
    free[ring.place(entry)] = True
    return np.flatnonzero(free)


def _taken(ring: Ring, held: Iterable[tuple[int, int, str]]) -> BoolArray:
    """Return the places on which one of some holdings lies, shape (size,)."""
    taken: BoolArray = np.zeros(ring.size, dtype=bool)
    for first, last, _ in held:
        taken[max(ring.place(first), 0) : max(ring.place(last) + 1, 0)] = True
    return taken


def extended(panel: PricePanel, ring: Ring, sessions: int) -> PricePanel:
    """Return a panel that goes on past the ring's last session with its first ones.

    Parameters
    ----------
    panel
        Raw prices.
    ring
        Rows to go on after, and with.
    sessions
        How many to add.

    Notes
    -----
    Each column has one factor, its last close over the close the ring starts from, for open,
    high, low, close and dividends; volumes are divided by it, so that the money traded stays.
    The adjustment goes on likewise. Days are weekdays: no exchange's holidays are asked for.
    """
    rows = ring.first + 1 + np.arange(sessions) % ring.size
    turns = 1.0 + np.arange(sessions) // ring.size
    factor = _joins(panel.close, ring)[None, :] ** turns[:, None]
    adjusted = _joins(panel.adjustment, ring)[None, :] ** turns[:, None]
    scale = {**dict.fromkeys(PRICES, factor), "volume": 1.0 / factor, "adjustment": adjusted}
    arrays: dict[str, Any] = {}
    for name in FIELDS:
        values = getattr(panel, name)
        more = values[rows] * scale.get(name, 1.0)
        arrays[name] = read_only(np.concatenate([values[: ring.last + 1], more]))
    for name in ("published", "risk_free"):
        whole = getattr(panel, name)
        arrays[name] = (
            None if whole is None else np.concatenate([whole[: ring.last + 1], whole[rows]])
        )
    days = weekdays_after(panel.sessions.part(0, ring.last + 1), sessions)
    return replace(panel, sessions=days, flags=(), **arrays)


def only_tickers(panel: PricePanel, tickers: Iterable[str]) -> PricePanel:
    """Return a panel with some of its columns, in its own order."""
    kept = [panel.column(ticker) for ticker in panel.tickers if ticker in set(tickers)]
    names = [*FIELDS, *(["published"] if panel.published is not None else [])]
    arrays: dict[str, Any] = {name: getattr(panel, name)[:, kept] for name in names}
    currency = tuple(panel.currency[column] for column in kept) if panel.currency else ()
    tickers = tuple(panel.tickers[column] for column in kept)
    return replace(panel, tickers=tickers, currency=currency, flags=(), **arrays)


def _joins(values: FloatArray, ring: Ring) -> FloatArray:
    """Return what the ring's first value of each column is multiplied with to be its last."""
    factors = np.ones(values.shape[1])
    for column in range(values.shape[1]):
        until = values[: ring.last + 1, column]
        rows = np.flatnonzero(np.isfinite(until) & (until != 0.0))
        if rows.size:
            at = max(int(np.searchsorted(rows, ring.first, side="right")) - 1, 0)
            factors[column] = until[rows[-1]] / until[rows[at]]
    return factors


def weekdays_after(sessions: Sessions, count: int) -> Sessions:
    """Return sessions with as many weekdays after them, closing when the last one closes."""
    last = sessions.dates[-1]
    days = np.busday_offset(last, np.arange(1, count + 1), roll="backward")
    hour = sessions.closes[-1] - last.astype("datetime64[us]")
    closes = days.astype("datetime64[us]") + hour
    return replace(
        sessions,
        dates=read_only(np.concatenate([sessions.dates, days])),
        closes=read_only(np.concatenate([sessions.closes, closes])),
    )


def refusal(count: float, length: int) -> str:
    """Return why so many starts are too few for a holding of ``length`` sessions; else empty."""
    least = max(FEWEST, LEAST_RATIO * length)
    if count >= least:
        return ""
    return (
        f"refused: {int(count)} starts for a holding of {length} sessions, at least {least} needed"
    )
