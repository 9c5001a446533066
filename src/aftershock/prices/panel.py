"""Prices and returns as arrays: sessions down, tickers across, made once and read-only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from aftershock.anyframe import is_frame
from aftershock.arrays import BoolArray, FloatArray, read_only
from aftershock.errors import PriceError, StudyError, unknown
from aftershock.formats import counted
from aftershock.overrides import AS_LISTED, Overrides
from aftershock.prices.align import FIELDS, align, places_of, published
from aftershock.prices.frames import Bars, tidy
from aftershock.prices.screen import refuse_shifted, screened
from aftershock.prices.tickers import canonical, canonical_keys
from aftershock.sessions import Sessions, exchange_zone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from aftershock.anyframe import AnyFrame
    from aftershock.prices.quality import Finding

ReturnKind = Literal["simple", "log"]


_SHOWN = 8  # tickers named in a panel's repr


@dataclass(frozen=True, slots=True)
class Origin:
    """Where prices come from.

    Attributes
    ----------
    source
        As written on the command line: ``sample``, ``yahoo``, ``files:DIR`` or ``frames``.
    is_market_data
        False for a reconstruction or a simulation.
    notice
        What every screen, page and manifest says about the source; empty for market data.
    """

    source: str
    is_market_data: bool = True
    notice: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PricePanel:
    """Daily bars of several tickers over the sessions of one exchange.

    Arrays have shape (S, N), sessions by tickers, and are read-only. A session without a bar
    is NaN in every price; nothing is filled.

    Attributes
    ----------
    sessions
        The exchange's sessions, without holes.
    tickers
        The N tickers, in column order.
    open, high, low, close, volume
        Raw prices, in the listing's currency, and shares traded; what orders and lots use.
    adjustment
        What a raw price is multiplied with to be comparable with the last one (splits and
        dividends); 1 where unknown. Studies use ``close * adjustment``.
    dividend, split
        Cash per share and split ratio on the ex-date; 0 where there is none.
    published
        True where the close is a published figure; None when every bar is market data.
    origin
        Where the prices come from.
    notes
        What reading them left out, and how old they are, one sentence each.
    currency
        What each ticker is quoted in; empty where the source does not say.
    risk_free : ndarray, shape (S,)
        Risk-free return of each session, decimals; None stands for 0.
    flags
        Bars that a quality check found, with what was found; a result that touches one says so.
    """

    sessions: Sessions
    tickers: tuple[str, ...]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    adjustment: FloatArray
    dividend: FloatArray
    split: FloatArray
    published: BoolArray | None = None
    origin: Origin = field(default_factory=lambda: Origin("frames"))
    notes: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()
    risk_free: FloatArray | None = None
    flags: tuple[Finding, ...] = ()

    @classmethod
    def from_frames(
        cls,
        frames: Mapping[str, AnyFrame | Bars],
        *,
        calendar: str,
        origin: Origin | None = None,
        overrides: Overrides = AS_LISTED,
    ) -> PricePanel:
        """Build a panel from one frame of bars per ticker.

        Parameters
        ----------
        frames
            Ticker to bars, from pandas, polars or pyarrow: dates in the index or in ``Date``,
            and ``Close``; ``Open``, ``High``, ``Low``, ``Volume``, ``Adj Close`` where known.
            A pandas Series is closes. ``00100.hk`` and ``100 HK Equity`` are ``0100.HK``; a
            bare ``100`` is where the calendar is XHKG.
        calendar
            ISO code of the exchange whose sessions the rows are, such as ``"XNYS"``.
        origin
            Where the prices come from.
        overrides
            Where the exchange did not keep to its calendar, such as on a typhoon's day.

        Raises
        ------
        PriceError
            One table instead of a mapping; two names of one ticker; a frame without rows,
            dates or closes, with a date twice or a day off, or with no bar on any session of
            the calendar.
        """
        if is_frame(frames):
            raise _one_table(frames)
        if not frames:
            raise PriceError("no price frames were given; at least one ticker is needed")
        zone = exchange_zone(calendar)
        names = canonical_keys(frames, calendar, "frames")
        bars = {ticker: tidy(ticker, frames[name], zone) for ticker, name in names.items()}
        bars, flags = screened(bars)
        first = min(own.days[0] for own in bars.values()).item()
        last = max(own.days[-1] for own in bars.values()).item()
        sessions = Sessions.exchange(calendar, first, last, overrides=overrides)
        refuse_shifted(bars, sessions)
        notes = [note for own in bars.values() for note in own.notes]
        notes += [note for ticker, own in bars.items() for note in _left_out(ticker, own, sessions)]
        arrays: dict[str, Any] = {**align(bars, sessions.dates)}
        return cls(
            sessions=sessions,
            tickers=tuple(bars),
            published=published(bars, sessions.dates),
            origin=origin or Origin("frames"),
            notes=tuple(notes),
            currency=tuple(own.currency for own in bars.values()),
            flags=tuple(flags),
            **arrays,
        )

    def __repr__(self) -> str:
        more = len(self.tickers) - _SHOWN
        names = ", ".join(self.tickers[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return (
            f"<PricePanel {names}: {counted(len(self.sessions), 'session')} from"
            f" {self.sessions.first} to {self.sessions.last}, source {self.origin.source}>"
        )

    def column(self, ticker: str) -> int:
        """Return the column of ``ticker``; raises UnknownName where the panel lacks it."""
        return column_of(self.tickers, ticker, self.sessions.calendar)

    def adjusted_close(self) -> FloatArray:
        """Return closes comparable over splits and dividends, shape (S, N)."""
        return self.close * self.adjustment

    def returns(self, kind: ReturnKind) -> FloatArray:
        """Return close-to-close returns, decimals, shape (S, N).

        The first session is NaN, and so is every return with a missing close on either side.
        """
        check_kind(kind)
        close = self.adjusted_close()
        out = np.full_like(close, np.nan)
        out[1:] = (
            close[1:] / close[:-1] - 1.0 if kind == "simple" else np.log(close[1:] / close[:-1])
        )
        return read_only(out)

    def span(self, ticker: str) -> tuple[dt.date, dt.date] | None:
        """Return the first and last session with a close, None where there is none."""
        there = np.flatnonzero(np.isfinite(self.close[:, self.column(ticker)]))
        if not there.size:
            return None
        return self.sessions.date(int(there[0])), self.sessions.date(int(there[-1]))

    def count(self, ticker: str) -> int:
        """Return how many closes a ticker has."""
        return int(np.isfinite(self.close[:, self.column(ticker)]).sum())

    def between(self, start: dt.date | None, end: dt.date | None) -> PricePanel:
        """Return the panel cut to the sessions from ``start`` to ``end``, both included."""
        dates = self.sessions.dates
        first = 0 if start is None else int(np.searchsorted(dates, np.datetime64(start, "D")))
        last = (
            len(dates)
            if end is None
            else int(np.searchsorted(dates, np.datetime64(end, "D"), side="right"))
        )
        if first >= last:
            raise PriceError(
                f"no session between {start} and {end}; prices run from {self.sessions.first}"
                f" to {self.sessions.last}"
            )
        arrays: dict[str, Any] = {name: getattr(self, name)[first:last] for name in FIELDS}
        for name in ("published", "risk_free"):
            whole = getattr(self, name)
            arrays[name] = None if whole is None else whole[first:last]
        return replace(self, sessions=self.sessions.part(first, last), **arrays)

    def currency_of(self, ticker: str) -> str:
        """Return what a ticker is quoted in, empty where the source does not say."""
        return self.currency[self.column(ticker)] if self.currency else ""

    def to_frame(self, name: str = "close") -> pd.DataFrame:
        """Return one field as a frame, sessions by tickers."""
        if name not in FIELDS:
            raise unknown("price field", name, FIELDS)
        index = pd.DatetimeIndex(self.sessions.dates, name="session")
        return pd.DataFrame(getattr(self, name), index=index, columns=list(self.tickers))

    def fingerprint(self) -> str:
        """Return the SHA-256 of sessions, tickers and every array."""
        digest = hashlib.sha256("\x1f".join(self.tickers).encode())
        digest.update(self.sessions.dates.astype("int64").tobytes())
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                digest.update(np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()


def check_kind(kind: str) -> str:
    """Return ``kind`` when it names a return definition, else raise StudyError."""
    if kind not in get_args(ReturnKind):
        raise StudyError(f'returns="{kind}" is not known; write returns="simple" or returns="log"')
    return kind


def column_of(tickers: tuple[str, ...], ticker: str, exchange: str | None) -> int:
    """Return the position of ``ticker``; raises UnknownName where it is not there."""
    name = ticker if ticker in tickers else canonical(ticker, exchange)
    if name not in tickers:
        raise unknown("ticker", ticker, tickers)
    return tickers.index(name)


def _one_table(table: Any) -> PriceError:
    """Return the refusal of a table where a mapping is needed, with what to make of it."""
    levels = isinstance(table, pd.DataFrame) and table.columns.nlevels > 1
    remedy = (
        "of a table as yfinance downloads it make {ticker: table for ticker in tickers}"
        if levels
        else "of a wide table of closes make {ticker: table[ticker].dropna() for ticker in table}"
    )
    return PriceError(f"from_frames takes a mapping from tickers to frames; {remedy}")


def _left_out(ticker: str, bars: Bars, sessions: Sessions) -> list[str]:
    _, kept = places_of(bars.days, sessions.dates)
    if not kept.size:
        raise PriceError(
            f"{ticker}: none of its {len(bars)} bars is a session of {sessions.calendar}"
        )
    if kept.size == len(bars):
        return []
    extra = np.delete(bars.days, kept)
    shown = ", ".join(str(day) for day in extra[:3])
    said = f"{counted(extra.size, 'bar')} on days that are no session of {sessions.calendar}"
    return [f"{ticker}: {said} left out ({shown})"]
