"""Daily bars from Yahoo, through yfinance, kept in the store.

Tickers are asked for one after the other, each by one request for all that is stored of it and
what is new: Yahoo lists the actions of the span it is asked for only, and corrects bars of any
age. What is stored is what was traded on the day: Yahoo's prices are divided by every later
split, and here the splits are taken out again. ``Adjustment`` is worked out anew from the
stored splits and dividends each time, since every new dividend changes all of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from aftershock.clock import SYSTEM, Clock
from aftershock.errors import PriceError
from aftershock.prices import download
from aftershock.prices.comparison import Change, merge
from aftershock.prices.delivery import (
    Delivery,
    age_of,
    findings_of,
    listed,
    off_events,
    set_impossible_aside,
    short_of,
    view_of,
)
from aftershock.prices.download import Failure
from aftershock.prices.panel import Origin
from aftershock.prices.store import Store, cache_folder
from aftershock.prices.store_file import NotKept
from aftershock.prices.stored import delivered
from aftershock.prices.tickers import hint, yahoo_symbol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from aftershock.prices.download import Answer
    from aftershock.prices.stored import Span, Stored

_OUTAGES = 2  # tickers in a row that cannot be reached before the others are not asked for


@dataclass(frozen=True, slots=True)
class YahooSource:
    """Daily bars from Yahoo.

    Attributes
    ----------
    session
        A curl_cffi session for yfinance to use instead of its own.
    store
        Where bars are kept; the user's cache folder where left out.
    offline
        Ask nobody, serve the store.
    strict
        Refuse where a ticker could not be fetched; else the store is served with its age.
    accept
        Record what contradicts stored values as a revision.
    again
        Compare and record the sessions from the first to the last of two days only.
    as_of
        Ask nobody, serve what was stored when that day ended at the exchange.
    attempts, pause, timeout, patience
        How often each ticker is tried, the seconds before the second attempt (doubled before
        each further one), the seconds one request may take, and the seconds after which no
        further attempt begins.
    progress
        Called with each ticker when it is done.
    clock
        Tells which bar is still forming, when an answer came and how old stored ones are.
    """

    origin: ClassVar[Origin] = Origin("yahoo")

    session: Any = None
    store: Store = field(default_factory=lambda: Store(cache_folder() / "yahoo"))
    offline: bool = False
    strict: bool = False
    accept: bool = False
    again: Span | None = None
    as_of: dt.date | None = None
    attempts: int = 3
    pause: float = 2.0
    timeout: float = 10.0
    patience: float = 30.0
    progress: Callable[[str], None] | None = None
    clock: Clock = SYSTEM

    @property
    def asks(self) -> bool:
        """True where Yahoo is asked at all."""
        return not self.offline and self.as_of is None

    def daily(self, tickers: Sequence[str], start: dt.date | None, end: dt.date | None) -> Delivery:
        """Return the bars of ``tickers``, fetching what the store lacks.

        Parameters
        ----------
        tickers
            In any of Yahoo's spellings; the bars come back under the names asked for.
        start
            First day wanted; all there is where left out.
        end
            Not used: bars are fetched up to now, or later splits would be missed.

        Raises
        ------
        PriceError
            A ticker is not stored and could not be fetched, or ``strict`` and any could not.
        """
        del end
        symbols = {ticker: yahoo_symbol(ticker) for ticker in tickers}
        out = Delivery()
        failed: dict[str, Failure] = {}
        outages = 0
        with download.prepared(self.session, self.timeout) as session:
            for ticker, symbol in symbols.items():
                failure = (
                    Failure("outage", "nor could the ones before")
                    if outages >= _OUTAGES
                    else self._one(session, ticker, symbol, start, out)
                )
                if failure is not None:
                    failed[ticker] = failure
                outages = 0 if failure is None else outages + _weight(failure)
                if self.progress:
                    self.progress(ticker)
        self._fall_back(symbols, start, failed, out)
        set_impossible_aside(out)
        return out

    def _one(
        self, session: Any, ticker: str, symbol: str, start: dt.date | None, out: Delivery
    ) -> Failure | None:
        """Fetch what the store lacks of one ticker and deliver all of it, or return why not."""
        try:
            self._fetched(session, ticker, symbol, start, out)
        except Failure as failure:
            return failure
        return None

    def _fetched(
        self, session: Any, ticker: str, symbol: str, start: dt.date | None, out: Delivery
    ) -> None:
        stored, damage = self.store.read(symbol)
        if damage:
            out.notes.append(damage)
        if not self.asks:
            raise (
                Failure("offline", "") if self.as_of is None else Failure("as of", f"{self.as_of}")
            )
        first, last = (_first(stored, start), None) if self.again is None else self.again
        answer = self._asked(session, symbol, first)
        new, forming = delivered(symbol, answer, first, last, stored)
        if stored is not None:
            out.notes += short_of(ticker, answer.bars, first, stored)
        stored, changes = self._kept(new, stored, out)
        out.findings += findings_of(ticker, changes, accepted=self.accept)
        out.notes += off_events(ticker, answer.bars)
        out[ticker] = stored.frame(forming)

    def _kept(
        self, new: Stored, stored: Stored | None, out: Delivery
    ) -> tuple[Stored, list[Change]]:
        if new.log.empty:
            return stored or new, []
        try:
            return self.store.add(new, accept=self.accept, onto=stored)
        except NotKept as cause:
            if self.strict:
                raise
            out.notes.append(str(cause))
            return (new, []) if stored is None else merge(stored, new, accept=self.accept)

    def _asked(self, session: Any, symbol: str, first: dt.date | None) -> Answer:
        """Ask Yahoo, again after a pause where it may help; raises Failure."""
        begin, attempt = time.monotonic(), 0
        while True:
            attempt += 1
            try:
                return download.history(session, symbol, first, self.timeout, self.clock)
            except Failure as failure:
                pause = self.pause * 2.0 ** (attempt - 1)
                late = time.monotonic() - begin + pause > self.patience
                if not failure.may_pass or attempt >= self.attempts or late:
                    raise Failure(failure.kind, failure.said, attempt) from failure
            time.sleep(pause)

    def _fall_back(
        self,
        symbols: dict[str, str],
        start: dt.date | None,
        failed: dict[str, Failure],
        out: Delivery,
    ) -> None:
        """Serve the store for tickers that were not fetched, and say how old it is."""
        aged: dict[str, Stored] = {}
        lost: dict[str, Failure] = {}
        for ticker, failure in failed.items():
            stored = self._view(symbols[ticker])
            if stored is None or stored.empty or (self.strict and self.asks):
                lost[ticker] = failure
            else:
                aged[ticker] = stored
                if not stored.covers(start):
                    out.notes.append(f"{ticker}: nothing before {stored.since} was ever fetched")
                out[ticker] = stored.frame()
        if lost:
            raise PriceError("; ".join([self._refusal(symbols, lost), *out.notes]))
        if aged:
            out.notes.append(
                age_of(aged, failed, self.clock)
                if self.as_of is None
                else view_of(aged, self.as_of)
            )

    def _view(self, symbol: str) -> Stored | None:
        """Return what is stored of a ticker, or was on the day whose view is asked for."""
        stored, _ = self.store.read(symbol)
        return stored if stored is None or self.as_of is None else stored.as_of(self.as_of)

    def _refusal(self, symbols: dict[str, str], lost: dict[str, Failure]) -> str:
        """Return why tickers have no prices, those of one reason together."""
        kept = [ticker for ticker in symbols if ticker not in lost]
        groups: dict[str, list[str]] = {}
        for ticker, failure in lost.items():
            groups.setdefault(failure.kind, []).append(ticker)
        sentences = []
        for tickers in groups.values():
            spellings = {*self.store.tickers(), *symbols.values(), *_near(tickers[0])}
            near = hint(symbols[tickers[0]], spellings - {symbols[t] for t in lost})
            sentences.append(lost[tickers[0]].sentence(listed(tickers), near))
        rest = f"; stored prices of {listed(kept)} are untouched" if kept else ""
        return "; ".join(sentences) + rest


def _weight(failure: Failure) -> int:
    """Return how far a failure goes towards not asking for the tickers after it."""
    return {"rate": _OUTAGES, "outage": 1}.get(failure.kind, 0)


def _near(ticker: str) -> set[str]:
    """Return an index often asked for without its caret."""
    return {f"^{ticker}"} if ticker.isalpha() and ticker in _INDICES else set()


_INDICES = {"HSI", "HSCE", "GSPC", "DJI", "IXIC", "FTSE", "STOXX50E", "GDAXI", "FCHI", "VIX"}


def _first(stored: Stored | None, start: dt.date | None) -> dt.date | None:
    """Return the day to ask from: the earlier of what is wanted and what is stored."""
    if stored is None or stored.empty:
        return start
    return None if start is None or stored.since is None else min(start, stored.since)
