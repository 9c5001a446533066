"""The sessions of a run: from when any of its tickers could have been traded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aftershock.formats import counted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from aftershock.prices.panel import PricePanel

_NAMED = 3  # sessions without a close that are named


def first_close(prices: PricePanel, tickers: Iterable[str]) -> tuple[dt.date, str] | None:
    """Return the first session on which any of some tickers has a close, and that ticker.

    None where none has one; of several on one session the first in order of name.
    """
    listed = [
        (span[0], ticker)
        for ticker in set(tickers)
        if ticker in prices.tickers and (span := prices.span(ticker)) is not None
    ]
    return min(listed, default=None)


def default_start(
    prices: PricePanel, tickers: Iterable[str], benchmark: str, end: dt.date | None
) -> dt.date | None:
    """Return the session a run starts on that was not told: a listing, not the index's first bar.

    None leaves it to the benchmark: no ticker has a close before the run ends.
    """
    first = first_close(prices, tickers)
    span = prices.span(benchmark) if benchmark in prices.tickers else None
    if first is None or span is None:
        return None
    last = span[1] if end is None else min(end, span[1])
    return first[0] if first[0] < last else None


def sessions_sentence(
    prices: PricePanel,
    tickers: Iterable[str],
    asked: dt.date | None,
    sessions: tuple[dt.date, dt.date],
) -> str:
    """Return from when to when a run goes, and why from then."""
    first, last = sessions
    listed = first_close(prices, tickers)
    if asked is not None:
        why = ", as asked," if asked <= first else ""
    elif listed is not None and listed[0] == first:
        why = f", the first close of {listed[1]},"
    else:
        why = ", the first close of the benchmark,"
    return f"{first}{why} to {last}"


def gap_sentence(prices: PricePanel, benchmark: str, sessions: tuple[dt.date, dt.date]) -> str:
    """Return on which sessions of a run the benchmark has no close; empty where it has all."""
    part = prices.between(*sessions)
    closes = part.close[:, part.column(benchmark)]
    missing = [
        str(part.sessions.date(row)) for row, close in enumerate(closes) if not math.isfinite(close)
    ]
    if not missing:
        return ""
    more = ", ..." if len(missing) > _NAMED else ""
    days = ", ".join(missing[:_NAMED]) + more
    count = counted(len(missing), "session")
    return (
        f"{benchmark} has no close on {count} of the run ({days}); a gap keeps its place in the"
        " year and stands at the close before it"
    )
