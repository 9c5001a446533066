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
from aftershock.prices.layouts import dated
from aftershock.prices.numbers import numbers

if TYPE_CHECKING:
    from pathlib import Path

    from aftershock.sessions import Sessions

SESSIONS_A_YEAR = 252

_PERCENT = 1.0  # a rate above 100 % a year is a unit, not a rate


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
        if self.file is None:
            each = float((1.0 + self.rate) ** (1.0 / SESSIONS_A_YEAR) - 1.0)
            return np.broadcast_to(np.float64(each), len(sessions)) if self.rate else None
        rates = self._read(self.file)
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
        return read_only(values)

    def _read(self, path: Path) -> pd.Series[float]:
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
        values = numbers(str(path), {column: frame[named[column]]})[0][column]
        rates = pd.Series(
            values / 100.0 if self.percent else values,
            index=local_dates(str(path), frame.index, ZoneInfo("UTC")),
        )
        return _checked(path, rates.dropna().sort_index())


def _checked(path: Path, rates: pd.Series[float]) -> pd.Series[float]:
    if rates.empty or rates.index.has_duplicates:
        raise PriceError(f"{path}: a risk-free file has one rate per date, and at least one")
    if rates.abs().max() > _PERCENT:
        raise PriceError(
            f"{path}: a rate of {rates.abs().max():g} looks like percent; 0.03 is 3 % a year, or"
            " set percent = true"
        )
    return rates
