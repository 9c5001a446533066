"""Risk-free returns by session, from a constant or a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from aftershock.arrays import FloatArray, read_only
from aftershock.errors import PriceError
from aftershock.formats import counted
from aftershock.prices.dates import local_dates
from aftershock.prices.files import read_bars
from aftershock.prices.guards import decimals
from aftershock.prices.layouts import dated
from aftershock.prices.scales import DAILY_MOST, Given
from aftershock.prices.shifts import shift_of

if TYPE_CHECKING:
    from pathlib import Path

    from aftershock.sessions import Sessions

SESSIONS_A_YEAR = 252

_MOST = {"year": 1.0, "session": DAILY_MOST}  # above 100 % a year is a unit, not a rate
# what a year's highest rate was above, but for years of zero rates
_LOWEST = {"year": 0.0015, "session": 0.0015 / SESSIONS_A_YEAR}


@dataclass(frozen=True, slots=True)
class RiskFree:
    """A risk-free rate.

    Attributes
    ----------
    rate
        A constant, decimal and per year; used where no file is named.
    file
        A CSV or Parquet file with a column ``Date`` and one of rates, or one of French's
        daily files, zipped or not.
    column
        Which column; may be left out where there is only one.
    per
        ``"year"`` for annual rates, ``"session"`` for returns of one session, as Fama and
        French's RF.
    percent
        True where the file is in percent.
    """

    rate: float = 0.0
    file: Path | None = None
    column: str | None = None
    per: Literal["year", "session"] = "year"
    percent: bool = False

    def over(self, sessions: Sessions) -> FloatArray | None:
        """Return the risk-free return of each session, decimals, shape (S,); None for 0.

        An annual rate holds from its date until the next one; a return of one session is
        that session's alone.

        Raises
        ------
        PriceError
            The file cannot be read, has no such column, is in percent unsaid, or does not
            reach over the sessions.
        """
        return self.read(sessions)[0]

    def read(self, sessions: Sessions) -> tuple[FloatArray | None, list[str]]:
        """Return what ``over`` returns, and what is odd in the file, one sentence each."""
        if self.file is None:
            return self._constant(sessions), []
        rates, notes = self._read(self.file)
        if fault := shift_of(rates.index.to_numpy().astype("datetime64[D]"), sessions):
            raise PriceError(f"{self.file}: the dates are {fault}")
        wanted = pd.DatetimeIndex(sessions.dates).as_unit("us")
        held = rates.reindex(wanted, method="ffill" if self.per == "year" else None)
        if held.isna().any():
            lost = held.index[held.isna()]
            raise PriceError(
                f"{self.file}: no risk-free rate for {counted(len(lost), 'session')}, first"
                f" {lost[0].date()}; the file runs from {rates.index[0].date()} to"
                f" {rates.index[-1].date()}"
            )
        values: FloatArray = np.array(held, dtype=np.float64)
        if self.per == "year":
            values = np.power(1.0 + values, 1.0 / SESSIONS_A_YEAR) - 1.0
        return read_only(values), notes

    def _constant(self, sessions: Sessions) -> FloatArray | None:
        if not -1.0 < self.rate <= _MOST["year"]:
            raise PriceError(
                f"a risk-free rate of {self.rate:g} a year is no decimal; 0.03 is 3 %, and -1 to 1"
                " is allowed"
            )
        each = float((1.0 + self.rate) ** (1.0 / SESSIONS_A_YEAR) - 1.0)
        return np.broadcast_to(np.float64(each), len(sessions)) if self.rate else None

    def _read(self, path: Path) -> tuple[pd.Series[float], list[str]]:
        frame = read_bars(path)
        frame = dated(frame)
        named = {str(name).strip(): name for name in frame.columns}
        rest = list(named)
        column = self.column or (rest[0] if len(rest) == 1 else None)
        if column not in rest:
            raise PriceError(
                f"{path} has {', '.join(rest) or 'no column of rates'}; name one of them as"
                " column of risk_free"
            )
        dates = local_dates(str(path), frame.index, ZoneInfo("UTC"))
        given = Given(str(path), "set percent = true", percent=self.percent, rates=(column,))
        columns, notes = decimals(
            {column: frame[named[column]]}, dates.to_numpy().astype("datetime64[D]"), given
        )
        values = columns[column]
        rates = pd.Series(values, index=dates).dropna().sort_index()
        self._check(path, rates)
        return rates, [f"{path.name}: {note}" for note in (*notes, *self._doubts(column, rates))]

    def _check(self, path: Path, rates: pd.Series[float]) -> None:
        if rates.empty or rates.index.has_duplicates:
            raise PriceError(f"{path}: a risk-free file has one rate per date, and at least one")
        most = _MOST[self.per]
        wrong = rates[(rates.abs() > most) | (rates <= -1.0)]
        if wrong.empty:
            return
        where = f"{path}: a rate of {wrong.iloc[0]:g} on {wrong.index[0].date()}"
        if self.percent:
            raise PriceError(f"{where} is above 100 % a year after the division by 100; correct it")
        raise PriceError(
            f"{where} looks like percent; 0.03 is 3 % a year, 0.0001 a session 2.6 %: set"
            f" percent = true{_per_year(self.per)}, or correct it"
        )

    def _doubts(self, column: str, rates: pd.Series[float]) -> list[str]:
        """Return what to say of a file in percent that might be in decimals; low rates exist."""
        highest = float(rates.abs().max())
        if not self.percent or highest == 0.0 or highest > _LOWEST[self.per]:
            return []
        level = f"the highest rate is {highest:.2g} a {self.per}, as in years of zero rates"
        return [f"{column}: {level}; leave percent out if the file is in decimals"]


def _per_year(per: str) -> str:
    return ', per = "year" where rates are annual' if per == "session" else ""
