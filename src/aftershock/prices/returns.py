"""Returns as arrays, for data sets that ship no prices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from aftershock.arrays import FloatArray, read_only
from aftershock.errors import PriceError, StudyError
from aftershock.formats import counted
from aftershock.overrides import AS_LISTED, Overrides
from aftershock.prices.dates import local_dates
from aftershock.prices.panel import Origin, ReturnKind, check_kind, column_of
from aftershock.sessions import Sessions, exchange_zone

_PERCENT = 0.2  # a typical daily move above 20 % is a unit, not a return


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
        frame: pd.DataFrame,
        *,
        kind: ReturnKind,
        calendar: str | None = None,
        overrides: Overrides = AS_LISTED,
    ) -> ReturnPanel:
        """Build a panel from a wide frame of returns: dates down, tickers across.

        Parameters
        ----------
        frame
            Returns as decimals (0.01 is 1 %), dates in the index.
        kind
            ``"simple"`` or ``"log"``.
        calendar
            ISO code of the exchange; without it the frame's own rows are the sessions.
        overrides
            Where the exchange did not keep to its calendar.

        Raises
        ------
        PriceError
            No rows, a date twice, or returns that look like percent.
        """
        check_kind(kind)
        zone = ZoneInfo("UTC") if calendar is None else exchange_zone(calendar)
        dates = local_dates("returns", frame.index, zone)
        if dates.has_duplicates:
            raise PriceError(f"date {dates[dates.duplicated()][0].date()} stands twice")
        if not frame.columns.is_unique:
            raise PriceError("a ticker stands twice among the columns")
        wide = _numbers(frame).set_axis(dates, axis=0)
        days = [stamp.date() for stamp in dates]
        sessions = (
            Sessions.rows(days)
            if calendar is None
            else Sessions.exchange(calendar, min(days), max(days), overrides=overrides)
        )
        index = pd.DatetimeIndex(sessions.dates).as_unit("us")
        values = wide.reindex(index).to_numpy(dtype="float64", copy=True)
        lost = len(frame) - int(np.sum(dates.isin(index)))
        notes = (f"{lost} row(s) are not sessions of {calendar} and were left out",) if lost else ()
        return cls(sessions, tuple(map(str, frame.columns)), read_only(values), kind, notes=notes)

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
        return column_of(self.tickers, ticker)

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


def _numbers(frame: pd.DataFrame) -> pd.DataFrame:
    try:
        numbers = frame.astype("float64")
    except (ValueError, TypeError) as cause:
        raise PriceError(f"the frame of returns holds what is no number: {cause}") from cause
    if not np.isfinite(numbers.to_numpy()).any():
        raise PriceError("the frame of returns is empty")
    if np.nanmedian(np.abs(numbers.to_numpy())) > _PERCENT:
        raise PriceError("the returns look like percent; divide them by 100, 0.01 is 1 %")
    return numbers
