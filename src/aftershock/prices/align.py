"""Bars of many tickers, set side by side over the sessions of an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aftershock.arrays import BoolArray, FloatArray, IntArray, read_only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aftershock.arrays import DateArray
    from aftershock.prices.frames import Bars

FIELDS = {
    "open": "Open",
    "high": "High",
    "low": "Low",
    "close": "Close",
    "volume": "Volume",
    "adjustment": "Adjustment",
    "dividend": "Dividends",
    "split": "Stock Splits",
}
NEUTRAL = {"adjustment": 1.0, "dividend": 0.0, "split": 0.0}


def align(bars: Mapping[str, Bars], sessions: DateArray) -> dict[str, FloatArray]:
    """Return one array per field, each of shape (S, N), sessions by tickers, read-only.

    Parameters
    ----------
    bars
        Tidied bars by ticker, N of them; a bar on a day that is no session is passed over.
    sessions
        The S sessions, ascending.

    Notes
    -----
    A ticker's sessions stand next to each other in memory. A field that is neutral
    everywhere is one number seen S x N times, so that thousands of tickers without splits
    or dividends cost nothing.
    """
    places = [places_of(own.days, sessions) for own in bars.values()]
    return {
        name: _stack(bars, places, column, NEUTRAL.get(name), len(sessions))
        for name, column in FIELDS.items()
    }


def published(bars: Mapping[str, Bars], sessions: DateArray) -> BoolArray | None:
    """Return which closes are published figures, shape (S, N); None where no ticker says."""
    if all(own.published is None for own in bars.values()):
        return None
    out = np.zeros((len(sessions), len(bars)), dtype=bool)
    for column, own in enumerate(bars.values()):
        rows, kept = places_of(own.days, sessions)
        said = np.isfinite(own.columns["Close"]) if own.published is None else own.published
        out[rows, column] = said[kept]
    return read_only(out)


def places_of(days: DateArray, sessions: DateArray) -> tuple[IntArray, IntArray]:
    """Return the session row of each bar that has one, and which bars those are, ascending."""
    start = int(np.searchsorted(sessions, days[0])) if len(days) else 0
    if np.array_equal(sessions[start : start + len(days)], days):  # without holes: most tickers
        return np.arange(start, start + len(days)), np.arange(len(days))
    at = np.searchsorted(sessions, days)
    inside = np.minimum(at, len(sessions) - 1)
    kept = np.flatnonzero(sessions[inside] == days)
    return at[kept], kept


def _stack(
    bars: Mapping[str, Bars],
    places: list[tuple[IntArray, IntArray]],
    column: str,
    neutral: float | None,
    rows: int,
) -> FloatArray:
    shape = (rows, len(bars))
    columns = [own.columns[column] for own in bars.values()]
    if neutral is not None and all(_is_all(values, neutral) for values in columns):
        return np.broadcast_to(np.float64(neutral), shape)
    out = np.empty(shape, order="F")
    for number, (values, (at, kept)) in enumerate(zip(columns, places, strict=True)):
        if len(at) < rows:
            out[:, number] = np.nan if neutral is None else neutral
        out[at, number] = values[kept]
    if neutral == 0.0:  # no action is listed there; an adjustment that is missing stays so
        np.nan_to_num(out, copy=False, nan=neutral)
    return read_only(out)


def _is_all(values: FloatArray, number: float) -> bool:
    if values.strides == (0,):
        return bool(values.size) and values[0] == number
    return bool((values == number).all())
