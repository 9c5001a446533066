"""What a strategy asked for that silently never came, found after its run."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from aftershock.backtest.feed import SessionFeed, ticker_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.backtest.strategy import EventStrategy


def silences(strategy: EventStrategy) -> Iterator[str]:
    """Yield what never came, one sentence each with its remedy."""
    name = type(strategy).__name__
    for timer in strategy.cerebro._pretimers:  # noqa: SLF001 - backtrader's own list
        if getattr(timer, "lastwhen", None) is None:
            hour = f" at {timer.p.when:%H:%M}" if isinstance(timer.p.when, dt.time) else ""
            yield (
                f"{name} set a timer{hour} that never fired: a session is one bar without hours;"
                " decide in on_offset, which is called after every close for the next open"
            )
    for indicator in strategy.getindicators():
        yield from _deaf(name, strategy, indicator)


def _deaf(name: str, strategy: EventStrategy, indicator: Any) -> Iterator[str]:
    """Tell of an indicator that stays NaN although its prices are there."""
    feed = _feed_of(indicator)
    if feed is None or not len(indicator) or math.isfinite(indicator.lines[0].array[-1]):
        return
    closes = list(feed.lines.close.array)
    last_gap = max((row for row, close in enumerate(closes) if math.isnan(close)), default=-1)
    if last_gap < 0 or len(closes) - 1 - last_gap < indicator._minperiod:  # noqa: SLF001
        return
    values = enumerate(indicator.lines[0].array)
    first = 1 + max((row for row, value in values if math.isfinite(value)), default=-1)
    gap = next((row for row in range(first, len(closes)) if math.isnan(closes[row])), last_gap)
    day, ticker = strategy.broker.sessions.date(gap), ticker_of(feed)
    yield (
        f"{name}: {type(indicator).__name__} of {ticker} has no value from {day} to the end:"
        f" {ticker} has no bar on that session, and what carries its past along never forgets it;"
        " compute it in on_offset from self.closes(ticker, n), leaving out what is NaN"
    )


def _feed_of(indicator: Any) -> SessionFeed | None:
    """Return the feed that an indicator is built on, however many others lie between."""
    data: Any = indicator
    for _ in range(100):
        if isinstance(data, SessionFeed):
            return data
        owner = getattr(data, "data", None)
        owner = owner if owner is not None else getattr(data, "_owner", None)
        if owner is None or owner is data:
            return None
        data = owner
    return None
