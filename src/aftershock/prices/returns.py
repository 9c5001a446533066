"""Returns as arrays, for data sets that ship no prices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from aftershock.anyframe import to_pandas
from aftershock.arrays import DateArray, FloatArray, read_only
from aftershock.errors import PriceError, StudyError
from aftershock.formats import counted
from aftershock.overrides import AS_LISTED, Overrides
from aftershock.prices.dates import local_dates
from aftershock.prices.guards import Guarded, guarded
from aftershock.prices.layouts import dated
from aftershock.prices.panel import Origin, ReturnKind, check_kind, column_of
from aftershock.prices.scales import Given
from aftershock.prices.shifts import shift_of
from aftershock.prices.tickers import canonical_keys
from aftershock.sessions import Sessions, exchange_zone

if TYPE_CHECKING:
    from aftershock.anyframe import AnyFrame

_SUNDAY, _FRIDAY = 6, 4


@dataclass(frozen=True, slots=True, eq=False)
class ReturnPanel:
    """Returns of several tickers, for data sets that ship no prices.

    Attributes
    ----------
    sessions
        The exchange's sessions, or the data set's own rows where no calendar was named.
    tickers
        The N tickers, in column order.
    values : ndarray, shape (S, N)
        Returns, decimals, read-only; NaN where missing.
    kind
        ``"simple"`` or ``"log"``.
    origin, notes
        As in PricePanel.
    """

    sessions: Sessions
    tickers: tuple[str, ...]
    values: FloatArray
    kind: ReturnKind
    origin: Origin = field(default_factory=lambda: Origin("frame"))
    notes: tuple[str, ...] = ()

    @classmethod
    def from_frame(
        cls,
        frame: AnyFrame,
        *,
        kind: ReturnKind,
        calendar: str | None = None,
        overrides: Overrides = AS_LISTED,
    ) -> ReturnPanel:
        """Build a panel from a wide frame of returns: dates down, tickers across.

        Codes for a missing value (CRSP's and French's) and values that no return can have
        become missing, with a note.

        Parameters
        ----------
        frame
            Returns as decimals (0.01 is 1 %), dates in the index or in a column ``Date``; of
            pandas, polars or pyarrow.
        kind
            ``"simple"`` or ``"log"``.
        calendar
            ISO code of the exchange; without it the frame's own rows are the sessions.
        overrides
            Where the exchange did not keep to its calendar.

        Raises
        ------
        PriceError
            No rows, a date twice or a day off, a ticker twice, what is no number, or a column
            in percent.
        """
        check_kind(kind)
        zone = ZoneInfo("UTC") if calendar is None else exchange_zone(calendar)
        table = dated(to_pandas(frame))
        dates = local_dates("returns", table.index, zone)
        if dates.has_duplicates:
            raise PriceError(f"date {dates[dates.duplicated()][0].date()} stands twice")
        if not table.columns.is_unique:
            raise PriceError("a ticker stands twice among the columns")
        tickers = tuple(canonical_keys(map(str, table.columns), calendar, "columns"))
        days = [stamp.date() for stamp in dates]
        clean = _guarded(table, dates, kind)
        wide = pd.DataFrame(clean.values, index=dates, columns=list(tickers))
        sessions = (
            Sessions.rows(days)
            if calendar is None
            else Sessions.exchange(calendar, min(days), max(days), overrides=overrides)
        )
        if calendar and (fault := shift_of(_as_days(dates), sessions)):
            raise PriceError(f"the returns are {fault}")
        index = pd.DatetimeIndex(sessions.dates).as_unit("us")
        values = wide.reindex(index).to_numpy(dtype="float64", copy=True)
        lost = len(table) - int(np.sum(dates.isin(index)))
        notes = [f"{lost} row(s) are not sessions of {calendar} and were left out"] if lost else []
        notes += [*clean.notes, *_weeks(dates, calendar)]
        return cls(sessions, tickers, read_only(values), kind, notes=tuple(notes))

    @property
    def published(self) -> None:
        """Returns are always the data set's own."""
        return

    def __repr__(self) -> str:
        return (
            f"<ReturnPanel {counted(len(self.tickers), 'ticker')},"
            f" {counted(len(self.sessions), 'session')} from"
            f" {self.sessions.first} to {self.sessions.last}, {self.kind} returns>"
        )

    def column(self, ticker: str) -> int:
        """Return the column of ``ticker``; raises UnknownName where the panel lacks it."""
        return column_of(self.tickers, ticker, self.sessions.calendar)

    def returns(self, kind: ReturnKind) -> FloatArray:
        """Return the values, shape (S, N); raises StudyError where another kind is asked for."""
        if check_kind(kind) != self.kind:
            raise StudyError(
                f"the study asks for {kind} returns, the panel holds {self.kind} returns;"
                f' set returns="{self.kind}" or convert the data'
            )
        return self.values

    def fingerprint(self) -> str:
        """Return the SHA-256 of sessions, tickers and values."""
        digest = hashlib.sha256("\x1f".join((*self.tickers, self.kind)).encode())
        digest.update(self.sessions.dates.astype("int64").tobytes())
        digest.update(np.ascontiguousarray(self.values).tobytes())
        return digest.hexdigest()


def _guarded(frame: pd.DataFrame, dates: pd.DatetimeIndex, kind: ReturnKind) -> Guarded:
    given = Given("the returns", "divide them by 100, 0.01 is 1 %", kind)
    columns = {str(name): frame[name] for name in frame.columns}
    if not columns or not len(frame):
        raise PriceError("the frame of returns is empty")
    clean = guarded(columns, _as_days(dates), given)
    if not np.isfinite(clean.values).any():
        raise PriceError("the frame of returns is empty")
    return clean


def _as_days(dates: pd.DatetimeIndex) -> DateArray:
    days: DateArray = dates.to_numpy().astype("datetime64[D]")
    return days


def _weeks(dates: pd.DatetimeIndex, calendar: str | None) -> list[str]:
    """Return what to say of rows on Sundays and none on Fridays where no exchange is named."""
    held = set(dates.day_of_week)
    if calendar or _SUNDAY not in held or _FRIDAY in held or len(held) < _FRIDAY:
        return []
    doubt = "a market that trades so, or dates a day early; name the exchange (calendar=)"
    return [f"rows stand on Sundays and none on Fridays: {doubt} to have it checked"]
