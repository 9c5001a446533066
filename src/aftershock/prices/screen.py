"""What a ticker's bars say that cannot be: volumes, changes of unit, dates that lie a day off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from aftershock.errors import PriceError
from aftershock.prices.breaks import breaks_of
from aftershock.prices.checks import runs
from aftershock.prices.frames import MOST, PRICES, Bars
from aftershock.prices.quality import Finding
from aftershock.prices.shifts import shift_of
from aftershock.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aftershock.arrays import BoolArray, IntArray
    from aftershock.overrides import Overrides

_INTRADAY = 20.0  # no price of a session is so many times another one
_NEAR = 0.35  # how far from a listed ratio the day's own return may take a step, log


def screened(bars: Mapping[str, Bars]) -> tuple[dict[str, Bars], list[Finding]]:
    """Return the bars without volumes that cannot be, and what was found.

    A volume below 0, infinite or above 1e15 becomes missing. Closes in another unit than most
    of their ticker's stay as they are, and so does an open, high or low that is twenty times
    away from its close: the finding's policy decides.
    """
    out: dict[str, Bars] = {}
    found: list[Finding] = []
    for ticker, own in bars.items():
        bad = _impossible_volume(own)
        found += _volumes(ticker, own, bad) if bad.any() else ()
        found += [*_units(ticker, own), *_apart(ticker, own)]
        out[ticker] = _without_volume(own, bad) if bad.any() else own
    return out, found


def _impossible_volume(bars: Bars) -> BoolArray:
    volume = bars.columns["Volume"]
    return np.asarray((volume < 0) | (volume > MOST))


def _without_volume(bars: Bars, bad: BoolArray) -> Bars:
    volume = np.where(bad, np.nan, bars.columns["Volume"])
    return replace(bars, columns={**bars.columns, "Volume": volume})


def _volumes(ticker: str, bars: Bars, bad: BoolArray) -> Iterator[Finding]:
    for _, first, last in runs(bad[:, None]):
        value = f"volume {bars.columns['Volume'][first]:g} became missing"
        more = f", and so did {last - first} after it" if last > first else ""
        days = bars.days[first].item(), bars.days[last].item()
        yield Finding(ticker, *days, "impossible_volume", value + more)


def _units(ticker: str, bars: Bars) -> Iterator[Finding]:
    """Yield the stretches whose closes are in another unit, listed splits being known."""
    close = bars.columns["Close"]
    with np.errstate(all="ignore"):
        levels = np.log(close * bars.columns["Adjustment"])
    rows = np.flatnonzero(np.isfinite(levels))
    if rows.size < 2:  # noqa: PLR2004 - a step has two ends
        return
    levels = levels[rows]
    for first, last, factor in breaks_of(levels, _listed(bars, rows)):
        row, end = int(rows[first]), int(rows[last])
        yield Finding(
            ticker, bars.days[row].item(), bars.days[end].item(), "unit_change",
            f"{_counted_closes(last - first + 1, close[row])}, {factor:.3g} times the others,"
            " without a listed action: another unit, or wrong bars",
        )  # fmt: skip


def _apart(ticker: str, bars: Bars) -> Iterator[Finding]:
    """Yield bars whose open, high or low is in another unit than their close."""
    close = bars.columns["Close"]
    for name in PRICES[:-1]:
        ratio = bars.columns[name] / close
        for row in np.flatnonzero((ratio > _INTRADAY) | (ratio < 1.0 / _INTRADAY)):
            day, price = bars.days[row].item(), bars.columns[name][row]
            detail = f"{name.lower()} {price:g} is {ratio[row]:.3g} times the close {close[row]:g}"
            yield Finding(ticker, day, day, "disordered_ohlc", detail)


def _counted_closes(count: int, close: float) -> str:
    return f"close {close:g}" if count == 1 else f"{count} closes from {close:g} on"


def _listed(bars: Bars, rows: IntArray) -> BoolArray:
    """Return the bars whose step from the one before is that of a listed split, or undoes it."""
    split = bars.columns["Stock Splits"][rows]
    listed = np.isfinite(split) & (split > 0) & (split != 1.0)
    if not listed.any():
        return np.zeros(rows.size, dtype=bool)
    close = np.log(bars.columns["Close"][rows])
    moves = np.abs(np.r_[0.0, np.diff(close)])
    ratio = np.abs(np.log(np.where(listed, split, 1.0)))
    return np.asarray(listed & (np.abs(moves - ratio) <= _NEAR))


def refuse_shifted(bars: Mapping[str, Bars], sessions: Sessions) -> None:
    """Refuse bars whose dates lie a day off; raises PriceError naming ticker and remedy."""
    for ticker, own in bars.items():
        if fault := shift_of(own.days, sessions):
            raise PriceError(f"{ticker}: {fault}")


def without_shifted(
    bars: Mapping[str, Bars], calendar: str, overrides: Overrides
) -> tuple[dict[str, Bars], list[Finding]]:
    """Return the tickers whose dates are right, and one finding for each of the others.

    Where none is right all are returned, for the panel to refuse.
    """
    first = min(own.days[0] for own in bars.values()).item()
    last = max(own.days[-1] for own in bars.values()).item()
    sessions = Sessions.exchange(calendar, first, last, overrides=overrides)
    faults = {ticker: shift_of(own.days, sessions) for ticker, own in bars.items()}
    if all(faults.values()):
        return dict(bars), []
    found = [
        Finding(ticker, own.days[0].item(), own.days[-1].item(), "shifted", faults[ticker])
        for ticker, own in bars.items()
        if faults[ticker]
    ]
    return {ticker: own for ticker, own in bars.items() if not faults[ticker]}, found
