"""A backtrader feed that holds no future: one bar is appended per session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import backtrader as bt

if TYPE_CHECKING:
    from collections.abc import Iterator

Bar = tuple[float, float, float, float, float, float]


def ticker_of(data: bt.feed.DataBase) -> str:
    """Return the ticker a feed was added under."""
    return str(data._name)  # noqa: SLF001 - backtrader's own name for a feed's name


class SessionFeed(bt.feed.DataBase):
    """Bars of one ticker on every session of the clock, NaN where it did not trade.

    Every feed has a bar on every session, so that ``next`` runs from the first session on
    and a stock that lists later never holds the others back.

    Parameters
    ----------
    bars
        Yields date number, open, high, low, close and volume, one session at a time; it is
        only ever asked for the next one.
    """

    def __init__(self, bars: Iterator[Bar]) -> None:
        super().__init__()
        self._bars = bars

    def _load(self) -> bool:
        bar = next(self._bars, None)
        if bar is None:
            return False
        lines = self.lines
        lines.datetime[0], lines.open[0], lines.high[0], lines.low[0], lines.close[0] = bar[:5]
        lines.volume[0] = bar[5]
        lines.openinterest[0] = 0.0
        return True
