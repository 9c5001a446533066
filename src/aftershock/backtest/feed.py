"""A backtrader feed that holds no future, on lines that refuse what nobody could have seen."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import backtrader as bt

from aftershock.errors import LookAheadError
from aftershock.formats import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

Bar = tuple[float, float, float, float, float, float]

PRICES = ("open", "high", "low", "close", "volume", "openinterest")
_NEVER = sys.maxsize
_BACKTRADER = str(Path(bt.__file__).parent)
_HERE = str(Path(__file__).parent)


def ticker_of(data: bt.feed.DataBase) -> str:
    """Return the ticker a feed was added under."""
    return str(data._name)  # noqa: SLF001 - backtrader's own name for a feed's name


class PriceLine(bt.LineBuffer):
    """One price of one ticker: answers for sessions that have closed, since the listing.

    backtrader's own line answers ``[1]`` with tomorrow where tomorrow is in memory, ``[0]``
    before a listing with the end of the series, and a session before the first with one near
    the end. This one raises, and names the line of the strategy that asked. Indicators, which
    reach back on their own, are given NaN before a listing.

    Attributes
    ----------
    name, ticker
        What it holds.
    first
        Position of the first session with a price.
    """

    name: str
    ticker: str
    first: int

    def __getitem__(self, ago: int) -> float:
        index = self.idx + ago
        if ago > 0 or index < self.first:
            self._check(f"[{ago}]", index, ago > 0)
        return self.array[index]

    def get(self, ago: int = 0, size: int = 1) -> Sequence[float]:
        """Return ``size`` values, the last one ``ago`` sessions from the last close."""
        start = self.idx + ago - size + 1
        if ago > 0 or start < self.first:
            self._check(f".get(ago={ago}, size={size})", start, ago > 0)
        return self.array[start : self.idx + ago + 1]

    def getzero(self, idx: int = 0, size: int = 1) -> Sequence[float]:
        """Return ``size`` values from position ``idx``, counted from the first session."""
        ahead = idx + size - 1 > self.idx
        if ahead or idx < self.first:
            self._check(f".getzero({idx}, {size})", idx, ahead)
        return self.array[idx : idx + size]

    def getzeroval(self, idx: int = 0) -> float:
        """Return the value of one position, counted from the first session."""
        return self.getzero(idx)[0]

    def __call__(self, ago: Any = None) -> Any:
        """Return the line moved by ``ago`` sessions, which cannot be positive."""
        if isinstance(ago, int) and ago > 0:
            self._check(f"({ago})", self.idx + ago, True)
        return super().__call__(ago)

    def _check(self, asked: str, index: int, ahead: bool) -> None:
        """Raise, unless an indicator reaches back over sessions before the listing."""
        frame = sys._getframe(2)  # noqa: SLF001 - the line that asked
        if not ahead and index >= 0 and frame.f_code.co_filename.startswith(_BACKTRADER):
            return
        why = (
            "has not happened; [0] is the session that has just closed, [-1] the one before"
            if ahead
            else "is before its first price; ask len(self.closes(ticker, n)) or test the event"
        )
        raise LookAheadError(
            f"{_line(frame)} asks for {self.ticker} {self.name}{asked}, which {why}"
        )


class SessionFeed(bt.feed.DataBase):
    """Bars of one ticker on every session of the clock, NaN where it did not trade.

    Every feed has a bar on every session, so that ``next`` runs from the first session on
    and a stock that lists later never holds the others back. An indicator that carries its
    past along, like an exponential mean, stays NaN once it has met one.

    Parameters
    ----------
    ticker
        Named where a line refuses to answer.
    bars
        Yields date number, open, high, low, close and volume, one session at a time; it is
        only ever asked for the next one.
    """

    def __init__(self, ticker: str, bars: Iterator[Bar]) -> None:
        super().__init__()
        self._bars = bars
        self._prices = [getattr(self.lines, name) for name in PRICES]
        for name, line in zip(PRICES, self._prices, strict=True):
            line.__class__ = PriceLine  # in place: backtrader's aliases point at this object
            line.name, line.ticker, line.first = name, ticker, _NEVER

    def load(self) -> bool:
        """Append the next bar; False at the end."""
        bar = next(self._bars, None)
        if bar is None:
            return False
        self.forward()
        lines = self.lines
        lines.datetime[0] = bar[0]
        for line, value in zip(self._prices, bar[1:], strict=False):
            line[0] = value
        if self._prices[0].first == _NEVER and math.isfinite(bar[4]):
            for line in self._prices:
                line.first = line.idx
        return True

    def __call__(self, ago: Any = None, line: int = -1) -> Any:
        """Return one line moved by ``ago`` sessions, which cannot be positive."""
        if isinstance(ago, int) and ago > 0:
            self._prices[3](ago)
        return super().__call__(ago, line)

    def until_now(self, name: str, count: int) -> list[float]:
        """Return up to ``count`` values of a price, the last one last, NaN without a bar."""
        line = getattr(self.lines, name)
        return list(line.array[max(line.idx + 1 - count, 0) : line.idx + 1])


def refuse_forward(strategy: bt.Strategy) -> None:
    """Raise where a strategy has built a line that is to hold tomorrow, like ``sma(1)``."""
    for line in strategy.getindicators():
        if isinstance(line, bt.linebuffer._LineForward):  # noqa: SLF001 - what line(1) makes
            raise LookAheadError(
                f"{type(strategy).__name__} builds a line moved by {counted(line.ago, 'session')}"
                " into the future; only (0) and negative numbers look at what has happened"
            )


def _line(frame: FrameType | None) -> str:
    """Return file and line of the first frame outside backtrader and this package."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_BACKTRADER, _HERE)):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return "the strategy"
