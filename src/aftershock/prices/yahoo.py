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
from aftershock.prices.download import Failure
from aftershock.prices.frames import COLUMNS, CURRENCY
from aftershock.prices.panel import Origin
from aftershock.prices.quality import Finding
from aftershock.prices.store import FETCHED, FIELDS, Contradiction, Store, Stored, cache_folder
from aftershock.prices.tickers import canonical, hint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aftershock.prices.download import Answer

_OUTAGES = 2  # tickers in a row that cannot be reached before the others are not asked for
_OFF = 0.005  # by how far Yahoo's adjusted close may differ from its own events
_SHOWN = 3


class Delivery(dict[str, pd.DataFrame]):
    """Bars by ticker, with what is to be said about them.

    Attributes
    ----------
    notes
        One sentence each: the age of what was not fetched now, and what was set aside.
    findings
        Stored values that the source now gives otherwise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.findings: list[Finding] = []


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
    attempts, pause, timeout
        How often each ticker is tried, the seconds before the second attempt (doubled before
        each further one), and the seconds one request may take.
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
        symbols = {ticker: canonical(ticker) for ticker in tickers}
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
        self._fall_back(symbols, failed, out)
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
            new, forming = _delivery(symbol, answer, first, last, stored)
            stored, contradictions = self._kept(new, stored, out)
            out.findings += _findings(ticker, contradictions, accepted=self.accept)
            out.notes += _off_events(ticker, answer.bars)
        if stored is not None:
            out[ticker] = _served(stored, forming)

    def _kept(
        self, new: Stored, stored: Stored | None, out: Delivery
    ) -> tuple[Stored, list[Contradiction]]:
        if new.log.empty:
            return stored or new, []
        try:
            return self.store.add(new, accept=self.accept)
        except PriceError as cause:
            if stored is not None or self.strict:
                raise
            out.notes.append(str(cause))  # a folder that cannot be written: deliver, unkept
            return new, []

    def _asked(
        self, session: Any, symbol: str, first: dt.date | None, last: dt.date | None
    ) -> Answer:
        """Ask Yahoo, again after a pause where it may help; raises Failure."""
        for attempt in range(1, self.attempts + 1):
            try:
                return download.history(session, symbol, first, last, self.timeout)
            except Failure as failure:
                if not failure.may_pass or attempt == self.attempts:
                    raise Failure(failure.kind, failure.said, attempt) from failure
            time.sleep(self.pause * 2.0 ** (attempt - 1))
        raise Failure("outage", "it was not asked", 0)

    def _fall_back(
        self, symbols: dict[str, str], failed: dict[str, Failure], out: Delivery
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
                out[ticker] = _served(stored, pd.DataFrame())
        if lost:
            raise PriceError(self._refusal(symbols, lost))
        if aged:
            out.notes.append(_age(aged, failed))

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
            said.append(lost[tickers[0]].sentence(_listed(tickers), near))
        rest = f"; stored prices of {_listed(kept)} are untouched" if kept else ""
        return "; ".join(said) + rest


def _weight(failure: Failure) -> int:
    """Return how far a failure goes towards not asking for the tickers after it."""
    return {"rate": _OUTAGES, "outage": 1}.get(failure.kind, 0)


def _near(ticker: str) -> set[str]:
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


def _findings(ticker: str, found: list[Contradiction], *, accepted: bool) -> list[Finding]:
    """Return contradictions session by session, every value with the one it is against."""
    by_day: dict[dt.date, list[str]] = {}
    for item in found:
        by_day.setdefault(item.session, []).append(str(item))
    check = "revision" if accepted else "contradiction"
    return [Finding(ticker, day, day, check, "; ".join(said)) for day, said in by_day.items()]


def _off_events(ticker: str, bars: pd.DataFrame) -> list[str]:
    """Return a note where Yahoo's adjusted close does not follow from the events it lists."""
    traded = as_traded(bars)
    columns = ("Close", "Dividends", "Stock Splits")
    own = adjustment(*(traded[name].to_numpy("float64") for name in columns))
    theirs = (bars["Adj Close"] / traded["Close"]).to_numpy("float64")
    wide = np.abs(own / theirs - 1.0) > _OFF
    if not wide.any():
        return []
    day = bars.index[wide][-1].date()
    said = "adjusted close differs from the dividends and splits it lists by more than 0.5 %"
    return [f"{ticker}: up to {day} Yahoo's {said}; the listed events are used"]


def _age(aged: dict[str, Stored], failed: dict[str, Failure]) -> str:
    """Return how old stored prices are, and why nothing newer was fetched."""
    oldest = min(aged, key=lambda ticker: aged[ticker].fetched)
    at, last = aged[oldest].fetched, aged[oldest].bars.index[-1].date()
    old = _duration(dt.datetime.now(dt.UTC) - at)
    kinds = sorted({failed[ticker].reason for ticker in aged})
    return (
        f"prices of {_listed(list(aged))} from the store ({'; '.join(kinds)}): fetched {old} ago,"
        f" {at:%Y-%m-%d %H:%M} UTC, last bar {last}"
        + ("" if len(aged) == 1 else f" (the oldest, {oldest})")
    )


def _duration(age: dt.timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return f"{max(0, int(age.total_seconds() // 60))} minute(s)"
    return f"{hours} hour(s)" if hours < 48 else f"{hours // 24} days"  # noqa: PLR2004


def _listed(tickers: list[str]) -> str:
    more = f" and {len(tickers) - _SHOWN} more" if len(tickers) > _SHOWN else ""
    return ", ".join(tickers[:_SHOWN]) + more
