"""Daily bars from Yahoo, through yfinance, kept in the store.

Each ticker is asked for what the store lacks only, one ticker after the other. What is stored
is what was traded on the day: Yahoo's prices are divided by every later split, and here the
splits are taken out again. ``Adjustment`` is worked out anew from the stored splits and
dividends each time, since every new dividend changes all of it.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.prices import download
from aftershock.prices.actions import adjustment, as_traded
from aftershock.prices.delivery import Delivery, age_of, findings_of, listed, off_events
from aftershock.prices.download import Failure
from aftershock.prices.layouts import COLUMNS, CURRENCY
from aftershock.prices.panel import Origin
from aftershock.prices.store import (
    FETCHED,
    FIELDS,
    Contradiction,
    NotKept,
    Store,
    Stored,
    cache_folder,
    merge,
)  # fmt: skip
from aftershock.prices.tickers import hint, yahoo_symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aftershock.prices.download import Answer

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
    attempts, pause, timeout, patience
        How often each ticker is tried, the seconds before the second attempt (doubled before
        each further one), the seconds one request may take, and the seconds after which no
        further attempt begins.
    progress
        Called with each ticker when it is done.
    """

    origin: ClassVar[Origin] = Origin("yahoo")

    session: Any = None
    store: Store = field(default_factory=lambda: Store(cache_folder() / "yahoo"))
    offline: bool = False
    strict: bool = False
    accept: bool = False
    attempts: int = 3
    pause: float = 2.0
    timeout: float = 10.0
    patience: float = 30.0
    progress: Callable[[str], None] | None = None

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
        stored, said = self.store.read(symbol)
        if said:
            out.notes.append(said)
        if self.offline:
            raise Failure("offline", "")
        forming = pd.DataFrame()
        for first, last in _lacking(stored, start):
            answer = self._asked(session, symbol, first, last)
            new, open_bar = _delivery(symbol, answer, first, last, stored)
            forming = open_bar if last is None else forming
            stored, contradictions = self._kept(new, stored, out)
            out.findings += findings_of(ticker, contradictions, accepted=self.accept)
            out.notes += off_events(ticker, answer.bars)
        if stored is not None:
            out[ticker] = _served(stored, forming)

    def _kept(
        self, new: Stored, stored: Stored | None, out: Delivery
    ) -> tuple[Stored, list[Contradiction]]:
        if new.log.empty:
            return stored or new, []
        try:
            return self.store.add(new, accept=self.accept, onto=stored)
        except NotKept as cause:
            if self.strict:
                raise
            out.notes.append(str(cause))
            return (new, []) if stored is None else merge(stored, new, accept=self.accept)

    def _asked(
        self, session: Any, symbol: str, first: dt.date | None, last: dt.date | None
    ) -> Answer:
        """Ask Yahoo, again after a pause where it may help; raises Failure."""
        begin, attempt = time.monotonic(), 0
        while True:
            attempt += 1
            try:
                return download.history(session, symbol, first, last, self.timeout)
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
            stored, _ = self.store.read(symbols[ticker])
            if stored is None or stored.bars.empty or (self.strict and not self.offline):
                lost[ticker] = failure
            else:
                aged[ticker] = stored
                if not stored.covers(start):
                    out.notes.append(f"{ticker}: nothing before {stored.since} was ever fetched")
                out[ticker] = _served(stored, pd.DataFrame())
        if lost:
            raise PriceError("; ".join([self._refusal(symbols, lost), *out.notes]))
        if aged:
            out.notes.append(age_of(aged, failed))

    def _refusal(self, symbols: dict[str, str], lost: dict[str, Failure]) -> str:
        """Return why tickers have no prices, those of one reason together."""
        kept = [ticker for ticker in symbols if ticker not in lost]
        groups: dict[str, list[str]] = {}
        for ticker, failure in lost.items():
            groups.setdefault(failure.kind, []).append(ticker)
        said = []
        for tickers in groups.values():
            known = {*self.store.tickers(), *symbols.values(), *_near(tickers[0])}
            near = hint(symbols[tickers[0]], known - {symbols[t] for t in lost})
            said.append(lost[tickers[0]].sentence(listed(tickers), near))
        rest = f"; stored prices of {listed(kept)} are untouched" if kept else ""
        return "; ".join(said) + rest


def _weight(failure: Failure) -> int:
    """Return how far a failure goes towards not asking for the tickers after it."""
    return {"rate": _OUTAGES, "outage": 1}.get(failure.kind, 0)


def _near(ticker: str) -> set[str]:
    """Return an index often asked for without its caret."""
    return {f"^{ticker}"} if ticker.isalpha() and ticker in _INDICES else set()


_INDICES = {"HSI", "HSCE", "GSPC", "DJI", "IXIC", "FTSE", "STOXX50E", "GDAXI", "FCHI", "VIX"}


def _lacking(
    stored: Stored | None, start: dt.date | None
) -> list[tuple[dt.date | None, dt.date | None]]:
    """Return the spans to ask for: from the last stored session on, and what is before.

    The last and the first stored session are asked for again, to be compared.
    """
    if stored is None or stored.bars.empty:
        return [(start, None)]
    days = stored.bars.index
    spans: list[tuple[dt.date | None, dt.date | None]] = [(days[-1].date(), None)]
    if not stored.covers(start):
        spans.append((start, days[0].date()))
    return spans


def _delivery(
    symbol: str,
    answer: Answer,
    first: dt.date | None,
    last: dt.date | None,
    stored: Stored | None,
) -> tuple[Stored, pd.DataFrame]:
    """Return an answer as rows to store, and apart from them the bar still forming."""
    after = 1.0
    if last is not None and stored is not None:
        splits = stored.bars["Stock Splits"]
        later = splits[(splits.index > pd.Timestamp(last)) & (splits > 0)]
        after = float(np.prod(later.to_numpy("float64")))
    bars = as_traded(answer.bars, after)[list(FIELDS)]
    final = bars.index < pd.Timestamp(answer.open_day or dt.date.max)
    log = bars[final].assign(**{FETCHED: answer.at.replace(tzinfo=None)})
    log[FETCHED] = log[FETCHED].astype("datetime64[us]")
    whole = first is None and (len(log) > 1 or stored is not None)
    since = None if whole else (first or _first_day(log))
    if last is None and stored is not None:
        since = stored.since  # asked for the end only: how far back it reaches is as before
    return Stored(symbol, answer.currency, answer.zone, since, answer.at, log), bars[~final]


def _first_day(log: pd.DataFrame) -> dt.date:
    """Return the day a lone bar reaches back to: a pull of one row is not a whole history."""
    return log.index[0].date() if len(log) else dt.date.max


def _served(stored: Stored, forming: pd.DataFrame) -> pd.DataFrame:
    """Return stored bars, and the one still forming, in the panel's shape."""
    bars = stored.bars
    if len(forming):
        bars = pd.concat([bars, forming[~forming.index.isin(bars.index)]]).rename_axis("Date")
    out = bars.assign(
        Adjustment=adjustment(
            *(bars[name].to_numpy("float64") for name in ("Close", "Dividends", "Stock Splits"))
        )
    )[list(COLUMNS)]
    return out.assign(**{CURRENCY: stored.currency}) if stored.currency else out
