"""What is wrong with a ticker's bars, each finding with a name, a day and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from aftershock.prices.frames import normalise
from aftershock.prices.sources import open_source
from aftershock.sessions import Sessions, exchange_zone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

Severity = Literal["error", "warning", "note"]

JUMP_SIGMAS = 6.0  # of the ticker's own daily log returns, robustly measured
STALE_CLOSES = 5  # equal closes in a row at the end of the data


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one ticker's bars.

    Attributes
    ----------
    ticker, session
        Where; the first session where a finding spans several.
    check
        The name of the check.
    severity
        ``error`` stops a panel from being built, ``warning`` can bend a result, ``note`` is
        worth a look.
    detail, remedy
        What was seen, and what to do about it.
    """

    ticker: str
    session: dt.date
    check: str
    severity: Severity
    detail: str
    remedy: str


def check_bars(ticker: str, bars: pd.DataFrame, sessions: Sessions) -> list[Finding]:
    """Return every finding about one ticker, oldest first.

    Parameters
    ----------
    ticker
        The ticker the bars belong to.
    bars
        Bars as ``frames.normalise`` returns them.
    sessions
        The exchange's sessions, covering the bars; those after the ticker's last bar count
        as missing only for the stale tail.
    """
    found = [
        Finding(ticker, day, check, severity, detail, remedy)
        for check, (severity, remedy, search) in CHECKS.items()
        for day, detail in search(bars, sessions)
    ]
    return sorted(found, key=lambda finding: (finding.session, finding.check))


def check_source(tickers: Sequence[str], source: str, calendar: str) -> list[Finding]:
    """Read tickers from a source and return every finding, ticker by ticker.

    Raises
    ------
    PriceError
        The source cannot be read at all.
    """
    frames = open_source(source).daily(tickers, None, None)
    zone = exchange_zone(calendar)
    bars = {ticker: normalise(ticker, frames[ticker], zone) for ticker in tickers}
    first = min(frame.index[0] for frame in bars.values()).date()
    last = max(frame.index[-1] for frame in bars.values()).date()
    sessions = Sessions.exchange(calendar, first, last)
    return [found for ticker in tickers for found in check_bars(ticker, bars[ticker], sessions)]


def _dates(bars: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return bars.index.to_numpy().astype("datetime64[D]")


def _duplicates(bars: pd.DataFrame, sessions: Sessions) -> Iterator[tuple[dt.date, str]]:
    del sessions
    counts = bars.index.value_counts()
    for day, count in counts[counts > 1].items():
        closes = ", ".join(f"{close:g}" for close in bars.loc[[day], "Close"])
        yield _day(day), f"{count} bars on one day, closes {closes}"


def _non_sessions(bars: pd.DataFrame, sessions: Sessions) -> Iterator[tuple[dt.date, str]]:
    for day in bars.index[~np.isin(_dates(bars), sessions.dates)]:
        yield (
            _day(day),
            f"a bar (close {bars.loc[[day], 'Close'].iloc[0]:g}) while the exchange was closed",
        )


def _gaps(bars: pd.DataFrame, sessions: Sessions) -> Iterator[tuple[dt.date, str]]:
    days = _dates(bars[bars["Close"].notna()])
    if not days.size:
        return
    inside = sessions.dates[(sessions.dates >= days[0]) & (sessions.dates <= days[-1])]
    for day in np.setdiff1d(inside, days):
        yield day.astype("O"), "no bar on a session"


def _stale_tail(bars: pd.DataFrame, sessions: Sessions) -> Iterator[tuple[dt.date, str]]:
    last = _dates(bars)[-1]
    after = int((sessions.dates > last).sum())
    if after:
        yield last.astype("O"), f"the last bar; {after} session(s) follow without one"
    closes = bars["Close"].to_numpy()[-STALE_CLOSES:]
    if len(closes) == STALE_CLOSES and np.ptp(closes) == 0.0:
        yield (
            _day(bars.index[-STALE_CLOSES]),
            f"the last {STALE_CLOSES} closes are all {closes[0]:g}",
        )


def _flat(bars: pd.DataFrame, sessions: Sessions) -> Iterator[tuple[dt.date, str]]:
    del sessions
    prices = bars[["Open", "High", "Low", "Close"]]
    flat = (prices.max(axis=1) == prices.min(axis=1)) & prices.notna().all(axis=1)
    for day, close in bars.loc[flat & (bars["Volume"] == 0), "Close"].items():
        yield _day(day), f"open, high, low and close all {close:g}, volume 0"


def _zero_volume(bars: pd.DataFrame, sessions: Sessions) -> Iterator[tuple[dt.date, str]]:
    del sessions
    moved = bars["High"] > bars["Low"]
    for day in bars.index[moved & (bars["Volume"] == 0)]:
        yield _day(day), "volume 0 although the price moved"


def _disordered(bars: pd.DataFrame, sessions: Sessions) -> Iterator[tuple[dt.date, str]]:
    del sessions
    top, bottom = bars[["Open", "Close"]].max(axis=1), bars[["Open", "Close"]].min(axis=1)
    wrong = (bars["High"] < top) | (bars["Low"] > bottom) | (bars["High"] < bars["Low"])
    for day, bar in bars[wrong].iterrows():
        shown = " ".join(
            f"{name.lower()} {bar[name]:g}" for name in ("Open", "High", "Low", "Close")
        )
        yield _day(day), f"high and low do not hold open and close: {shown}"


def _not_positive(bars: pd.DataFrame, sessions: Sessions) -> Iterator[tuple[dt.date, str]]:
    del sessions
    bad = bars[["Open", "High", "Low", "Close"]].le(0).any(axis=1)
    for day in bars.index[bad]:
        yield _day(day), "a price that is not positive"


def _jumps(bars: pd.DataFrame, sessions: Sessions) -> Iterator[tuple[dt.date, str]]:
    del sessions
    close = bars["Close"] * bars["Adjustment"].fillna(1.0)
    returns = pd.Series(np.log(close.where(close > 0)), bars.index).diff()
    spread = 1.4826 * (returns - returns.median()).abs().median()
    if not spread > 0:
        return
    for day, move in returns[(returns - returns.median()).abs() > JUMP_SIGMAS * spread].items():
        yield (
            _day(day),
            f"moved {np.expm1(move):+.1%}, {abs(move) / spread:.1f} times its usual day",
        )


def _day(stamp: object) -> dt.date:
    return pd.Timestamp(str(stamp)).date()


CHECKS: dict[str, tuple[Severity, str, Callable[..., Iterator[tuple[dt.date, str]]]]] = {
    "duplicate": ("error", "keep one bar per session", _duplicates),
    "not_positive": ("error", "remove the bar; a session without trading has none", _not_positive),
    "non_session": (
        "warning",
        "left out of the panel; check the calendar or the date",
        _non_sessions,
    ),
    "gap": ("warning", "studied as missing; fetch again or confirm a halt", _gaps),
    "flat_zero_volume": ("warning", "a placeholder or a halt: replace or remove the bar", _flat),
    "disordered_ohlc": ("warning", "correct the bar; orders fill on these prices", _disordered),
    "stale_tail": ("warning", "fetch again; later events have no prices", _stale_tail),
    "zero_volume": ("note", "the bar may be unfinished; fetch again", _zero_volume),
    "jump": ("note", "confirm against another source; a split not marked looks like this", _jumps),
}
