"""One request for one ticker through yfinance, and what went wrong with it, told apart.

yfinance reports an outage as a delisting, remembers failures within the process, and logs
what it should raise. Here its exceptions are switched on, its memory of failures is cleared,
its log goes to this module's own, and where its answer could mean two things Yahoo is asked
once more for the status alone.
"""

from __future__ import annotations

import datetime as dt
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd

from aftershock.prices.checks import SETTLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aftershock.clock import Clock

Kind = Literal["unknown", "no bars", "rate", "outage", "offline", "as of"]

CHART = "https://query2.finance.yahoo.com/v8/finance/chart/"

_LOG = logging.getLogger(__name__)
_NOT_FOUND, _TOO_MANY, _BAD = 404, 429, 400
_BEYOND = dt.timedelta(days=2)  # the exchange may have tomorrow's date, and an end is left out


class Failure(Exception):  # noqa: N818 - becomes a sentence, never leaves the room
    """Why a ticker has no bars.

    Parameters
    ----------
    kind
        ``unknown`` Yahoo has no such ticker, ``no bars`` it has and delivers nothing,
        ``rate`` it asks for patience, ``outage`` it did not answer, ``offline`` it was not
        asked, ``as of`` nor is it about an earlier day.
    said
        The cause in words.
    attempts
        How often it was tried.
    """

    def __init__(self, kind: Kind, said: str, attempts: int = 1) -> None:
        super().__init__(said)
        self.kind = kind
        self.said = said
        self.attempts = attempts

    @property
    def may_pass(self) -> bool:
        """True where another attempt may succeed."""
        return self.kind in {"rate", "outage"}

    @property
    def reason(self) -> str:
        """The failure in a few words, for a note."""
        return {
            "unknown": "Yahoo no longer has it: delisted or renamed?",
            "no bars": "Yahoo delivered no bars",
            "rate": "Yahoo limits the rate",
            "outage": f"Yahoo could not be reached: {self.said}",
            "offline": "offline",
            "as of": f"as of {self.said}",
        }[self.kind]

    def sentence(self, tickers: str, hint: str) -> str:
        """Return the failure as an error's sentence, with what to do."""
        tried = f"tried {self.attempts} times" if self.attempts > 1 else "tried once"
        return {
            "unknown": f"Yahoo has no ticker {tickers}:{hint} check the spelling (0100.HK, ^HSI),"
            " and whether it was delisted or renamed",
            "no bars": f"Yahoo returned no bars for {tickers}, which it knows ({self.said}): it may"
            " be suspended, delisted or not yet listed; use --source files:DIR",
            "rate": f"Yahoo limits how often it may be asked (HTTP 429, {tickers}, {tried}): wait"
            " some minutes and run again; what was fetched is stored and not asked for again",
            "outage": f"Yahoo could not be reached for {tickers} ({self.said}; {tried}): check the"
            " connection and run again, or use --offline or --source files:DIR",
            "offline": f"nothing is stored of {tickers}: run once without --offline,"
            " or use --source files:DIR",
            "as of": f"nothing was stored of {tickers} by the end of {self.said}: the store"
            " remembers what it was told from its first fetch on; choose a later day",
        }[self.kind]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What Yahoo delivered of one ticker.

    Attributes
    ----------
    bars
        Tz-naive dates; Open, High, Low, Close, Adj Close, Volume, Dividends, Stock Splits and
        Capital Gains, as Yahoo has them: divided by later splits.
    currency, zone
        Of the quotation and of the exchange.
    at
        When it answered, UTC.
    open_day
        The exchange's day whose bar is still forming; None where the last bar is final.
    """

    bars: pd.DataFrame
    currency: str
    zone: str
    at: dt.datetime
    open_day: dt.date | None


@contextmanager
def prepared(session: Any, timeout: float) -> Iterator[Any]:
    """Set yfinance up to raise instead of logging, for as long as it is used.

    Yields
    ------
    Session
        The one given, or one whose requests end in time.
    """
    import yfinance as yf

    if session is None:
        from aftershock.prices.courier import Courier

        session = Courier(timeout)
    logger, debug = logging.getLogger("yfinance"), yf.config.debug
    before = debug.hide_exceptions, logger.propagate
    relay = _Relay()
    debug.hide_exceptions, logger.propagate = False, False
    logger.addHandler(relay)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # yfinance 1.7 under pandas 3
            yield session
    finally:
        logger.removeHandler(relay)
        debug.hide_exceptions, logger.propagate = before


class _Relay(logging.Handler):
    """Hands yfinance's log lines to this module's own log, for whoever switches it on."""

    def emit(self, record: logging.LogRecord) -> None:
        _LOG.debug("yfinance: %s", record.getMessage().strip())


def history(
    session: Any, symbol: str, first: dt.date | None, timeout: float, clock: Clock
) -> Answer:
    """Ask for the bars from ``first`` to the present; None asks for all there is.

    Yahoo lists splits, dividends and gains of the span it is asked for only, and divides prices
    by every later split: a span that ends earlier could not be brought back to the day.

    Raises
    ------
    Failure
        There are none, with the reason.
    """
    import yfinance as yf
    from yfinance.data import YfData
    from yfinance.exceptions import YFException, YFRateLimitError, YFTickerMissingError

    YfData.cache_get.cache_clear()  # it remembers failed requests for the life of the process
    when: dict[str, Any] = {"period": "max"} if first is None else {"start": first}
    when["end"] = clock.now().date() + _BEYOND
    ticker = yf.Ticker(symbol, session=session)
    try:
        bars = ticker.history(
            **when, interval="1d", auto_adjust=False, actions=True, timeout=timeout
        )
        meta = ticker.get_history_metadata()
    except YFRateLimitError as cause:
        raise Failure("rate", "HTTP 429") from cause
    except YFTickerMissingError as cause:
        raise _told_apart(session, symbol, cause.rationale, timeout) from cause
    except (YFException, OSError, ValueError, LookupError, TypeError, AttributeError) as cause:
        raise Failure("outage", _in_words(cause)) from cause
    if not bars["Close"].notna().any():
        raise Failure("no bars", "every close is missing")
    return _answer(bars, meta, clock.now())


def _answer(bars: pd.DataFrame, meta: Mapping[str, Any], now: dt.datetime) -> Answer:
    zone = str(meta["exchangeTimezoneName"])
    bars = bars.tz_localize(None)
    bars.index = pd.DatetimeIndex(bars.index).normalize().as_unit("us").rename("Date")
    if "Capital Gains" not in bars:  # of funds only
        bars = bars.assign(**{"Capital Gains": 0.0})
    bars = bars.astype("float64")
    return Answer(bars, str(meta.get("currency") or ""), zone, now, _open_day(meta, zone, now))


def _open_day(meta: Mapping[str, Any], zone: str, now: dt.datetime) -> dt.date | None:
    """Return today at the exchange, unless its session is known to be over."""
    today = now.astimezone(ZoneInfo(zone)).date()
    regular = (meta.get("currentTradingPeriod") or {}).get("regular") or {}
    end = regular.get("end")
    if end is None:
        return today
    over = pd.Timestamp(end, unit="s", tz="UTC") if isinstance(end, int | float) else end
    return None if pd.Timestamp(over) + SETTLES <= pd.Timestamp(now) else today


def _told_apart(session: Any, symbol: str, said: str, timeout: float) -> Failure:
    """Ask for one day, and return what the status says about an empty answer."""
    from urllib.parse import quote

    try:
        reply = session.get(
            CHART + quote(symbol), params={"range": "1d", "interval": "1d"}, timeout=timeout
        )
        status = int(reply.status_code)
        chart = reply.json().get("chart") or {} if status in {200, _NOT_FOUND} else {}
    except (OSError, ValueError, AttributeError) as cause:
        return Failure("outage", _in_words(cause))
    if status == _TOO_MANY:
        return Failure("rate", "HTTP 429")
    if status == _NOT_FOUND:
        return Failure("unknown", said)
    if status >= _BAD:
        return Failure("outage", f"it answered HTTP {status}")
    results = chart.get("result") or [{}]
    if (results[0].get("meta") or {}).get("exchangeTimezoneName"):
        return Failure("no bars", said)
    return Failure("outage", "its answer holds no data")


def _in_words(cause: BaseException) -> str:
    """Return the cause of an outage in a few words."""
    text = f"{type(cause).__name__} {cause}".lower()
    for sign, said in (
        ("timeout", "no answer in time"),
        ("timed out", "no answer in time"),
        ("resolve", "its address cannot be resolved"),
        ("reset", "the connection was cut"),
        ("refused", "the connection was refused"),
        ("jsondecode", "its answer cannot be read"),
        ("json", "its answer cannot be read"),
        ("incomplete", "its answer broke off"),
        ("transfer closed", "its answer broke off"),
        ("empty reply", "the connection was cut"),
    ):
        if sign in text:
            return said
    return (str(cause) or type(cause).__name__).splitlines()[0][:120]
