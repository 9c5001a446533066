"""What makes a stock hard to compare with a benchmark: currency, trading hours, thin trading."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.calendars import schedule
from aftershock.errors import SessionError
from aftershock.prices.panel import PricePanel
from aftershock.prices.tickers import exchange_named

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from aftershock.prices.returns import ReturnPanel

# Quotations in hundredths: a return does not see the difference.
_HUNDREDTHS = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ILA": "ILS"}

_NEW_YORK = re.compile(r"[A-Z]{1,5}(-[A-Z])?")  # as Yahoo spells it: no ending, BRK-B

_HOUR = np.timedelta64(1, "h")

APART = 0.5  # below it most of a benchmark's day is not the stock's
_MOST_LAGS = 5  # Dimson (1979) uses as many
THIN = 0.10  # a same-day slope is beta times (1 - share): a beta that is a tenth too small


def main_currency(quoted: str) -> str:
    """Return the currency of a quotation, pence being pounds; empty where it is not known."""
    return _HUNDREDTHS.get(quoted, quoted)


def clashes(panel: PricePanel, tickers: Iterable[str], benchmarks: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for every stock that is quoted in another currency than a benchmark.

    A ticker whose source does not name its currency is taken to agree.
    """
    others = [name for name in dict.fromkeys(benchmarks) if name in panel.tickers]
    for ticker in dict.fromkeys(tickers):
        if ticker not in panel.tickers:
            continue
        own = panel.currency_of(ticker)
        for benchmark in others:
            other = panel.currency_of(benchmark)
            if own and other and main_currency(own) != main_currency(other):
                yield (
                    f"{ticker} is quoted in {own} and {benchmark} in {other}: their returns also"
                    " differ by the exchange rate"
                )


@dataclass(frozen=True, slots=True)
class Apart:
    """A stock and a benchmark that trade at other hours.

    Attributes
    ----------
    ticker, benchmark
        The two.
    share
        Fraction of the shorter session that both trade, median over the common dates.
    later
        Hours by which the benchmark closes after the stock; negative where it closes before.
    """

    ticker: str
    benchmark: str
    share: float
    later: float


def hours_apart(
    panel: PricePanel | ReturnPanel, tickers: Iterable[str], benchmarks: Iterable[str]
) -> Iterator[Apart]:
    """Yield every stock and benchmark that share less than half of the shorter session.

    An exchange is told by a ticker's ending, an index's name, or as New York where a ticker in
    US letters is quoted in dollars; a stock of which none of these is known trades on the
    panel's calendar, and of a benchmark nothing is said.
    """
    span = panel.sessions.first, panel.sessions.last
    for ticker in dict.fromkeys(tickers):
        home = _exchange(panel, ticker) or panel.sessions.calendar
        for benchmark in dict.fromkeys(benchmarks):
            abroad = _exchange(panel, benchmark)
            if home is None or abroad is None or home == abroad:
                continue
            hours = shared_hours(home, abroad, *span)
            if hours is not None and hours[0] < APART:
                yield Apart(ticker, benchmark, *hours)


def _exchange(panel: PricePanel | ReturnPanel, ticker: str) -> str | None:
    """Return the exchange of a ticker, None where neither its name nor its currency tells."""
    named = exchange_named(ticker)
    if named is not None or not isinstance(panel, PricePanel) or ticker not in panel.tickers:
        return named
    in_dollars = panel.currency_of(ticker) == "USD"
    return "XNYS" if in_dollars and _NEW_YORK.fullmatch(ticker) else None


def shared_hours(
    home: str, abroad: str, first: dt.date, last: dt.date
) -> tuple[float, float] | None:
    """Return which share of the shorter session two exchanges have in common.

    Parameters
    ----------
    home, abroad
        ISO codes.
    first, last
        Dates to look at, both included.

    Returns
    -------
    The share, and the hours by which ``abroad`` closes later, each the median over the dates on
    which both trade; None where there is no such date. Breaks at noon count as trading.
    """
    try:
        one, two = (schedule(code, first.year, last.year) for code in (home, abroad))
    except SessionError:  # a calendar that does not reach these years says nothing
        return None
    common, at, beside = np.intersect1d(one.dates, two.dates, return_indices=True)
    inside = (common >= np.datetime64(first, "D")) & (common <= np.datetime64(last, "D"))
    if not inside.any():
        return None
    at, beside = at[inside], beside[inside]
    opens, closes = one.opens[at], one.closes[at]
    others, ends = two.opens[beside], two.closes[beside]
    both = (np.minimum(closes, ends) - np.maximum(opens, others)) / _HOUR
    shorter = np.minimum(closes - opens, ends - others) / _HOUR
    share = float(np.median(np.maximum(both, 0.0) / shorter))
    return share, float(np.median((ends - closes) / _HOUR))


def lags_for(share: float) -> int:
    """Return how many lags hold all but a tenth of a thin stock's beta.

    A trade comes k sessions late with probability ``share ** k (1 - share)``, so that lags up
    to k leave ``share ** (k + 1)`` of beta out (Lo and MacKinlay 1990).

    Examples
    --------
    >>> lags_for(0.1), lags_for(0.41), lags_for(0.9)
    (1, 2, 5)
    """
    needed = math.ceil(math.log(THIN) / math.log(share)) - 1 if share < 1 else _MOST_LAGS
    return min(max(needed, 1), _MOST_LAGS)


def idle_share(panel: PricePanel, ticker: str, rows: Sequence[int]) -> float:
    """Return on which share of the sessions ``rows`` a ticker did not trade.

    A session without trading repeats the close before at volume 0. Sessions without a close, a
    close before or a volume are not counted; 0 where none is left. The slope on the market of
    the same session is beta times one minus this share (Lo and MacKinlay 1990, *Journal of
    Econometrics* 45).
    """
    column = panel.column(ticker)
    at = np.array([row for row in rows if row > 0], dtype="int64")
    close, before = panel.close[at, column], panel.close[at - 1, column]
    volume = panel.volume[at, column]
    known = np.isfinite(close) & np.isfinite(before) & np.isfinite(volume)
    if not known.any():
        return 0.0
    return float(np.mean((close == before)[known] & (volume == 0)[known]))
