"""Any factors: named columns of a CSV file or a frame, Fama and French's among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from aftershock.anyframe import is_frame, to_pandas
from aftershock.errors import PriceError, StudyError, unknown
from aftershock.prices.dates import local_dates
from aftershock.prices.files import read_bars
from aftershock.prices.guards import Guarded, guarded
from aftershock.prices.layouts import dated
from aftershock.prices.scales import Given
from aftershock.prices.shifts import shift_of
from aftershock.study.models.base import Design, Market, Model
from aftershock.study.models.estimate import ALPHA
from aftershock.study.models.peers import as_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.anyframe import AnyFrame


@dataclass(frozen=True, slots=True, init=False, eq=False)
class FactorModel(Model):
    """``R - rf = alpha + sum_j b_j F_j + e``.

    Attributes
    ----------
    factors
        Columns of ``data``, one coefficient each; a market factor is given in excess of rf
        as Fama and French print it.
    data
        Frame with dates in the index, decimals.
    rf
        Column of the risk-free return, taken off the stock's; None takes nothing off.
    intercept
        False forces the constant to 0.
    notes
        What was taken out of the data or is odd in them, one sentence each.
    """

    factors: tuple[str, ...]
    data: pd.DataFrame
    rf: str | None
    intercept: bool
    notes: tuple[str, ...]
    label: ClassVar[str] = "factor model"

    def __init__(
        self,
        factors: str | Sequence[str],
        data: str | Path | AnyFrame,
        *,
        rf: str | None = None,
        intercept: bool = True,
        percent: bool = False,
    ) -> None:
        """Read the factors.

        Parameters
        ----------
        factors
            Column names; a single one may be given as text.
        data
            A CSV or Parquet file with dates in a column ``Date`` or the first one, such as
            French's own daily files, zipped or not; or a frame of pandas, polars or pyarrow
            with dates in the index or in a column ``Date``.
        rf
            Column of the risk-free return.
        intercept
            Whether to estimate a constant.
        percent
            True where the data are in percent, as Fama and French's files are. Their codes for
            a missing value, -99.99 and -999, become missing, with a note.

        Raises
        ------
        StudyError
            No factor is named, the file cannot be read, its index holds no dates or one
            twice, a column holds what is no number, or is in percent among decimals or the
            other way round.
        UnknownName
            A column is not there.
        """
        names = as_names(factors, "FactorModel needs at least one factor, such as 'Mkt-RF'")
        frame = dated(_read(data))
        wanted = [*names, *([rf] if rf else [])]
        for name in wanted:
            if name not in frame.columns:
                raise unknown("factor", name, map(str, frame.columns))
        dates = _dates(frame)
        rates = (rf,) if rf else ()
        given = Given("the factors", "say percent=True", percent=percent, rates=rates)
        clean = _guarded(frame[wanted], dates, given)
        self._set("factors", names)
        self._set("data", pd.DataFrame(clean.values, index=dates, columns=wanted))
        self._set("rf", rf)
        self._set("intercept", intercept)
        self._set("notes", clean.notes)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was taken out of the factors or is odd in them."""
        return self.notes

    def __repr__(self) -> str:
        return f"FactorModel({list(self.factors)}, rf={self.rf}, intercept={self.intercept})"

    def design(self, market: Market) -> Design:
        """Return the factors over the panel's sessions; NaN where the data have no such day.

        Raises
        ------
        StudyError
            The dates of the factors lie a day off.
        """
        days = self.data.index.to_numpy().astype("datetime64[D]")
        if market.sessions.calendar and (fault := shift_of(days, market.sessions)):
            raise StudyError(f"the factors are {fault}")
        index = pd.DatetimeIndex(market.sessions.dates)
        aligned = self.data.reindex(index)
        columns = [aligned[name].to_numpy("float64") for name in self.factors]
        ones = [np.ones(len(index))] if self.intercept else []
        fixed = aligned[self.rf].to_numpy("float64") if self.rf else np.zeros(len(index))
        names = ((ALPHA,) if self.intercept else ()) + self.factors
        return Design(names, fixed, np.column_stack([*ones, *columns]))


def _read(data: str | Path | AnyFrame) -> pd.DataFrame:
    """Return the factors with their dates as index, wherever they were."""
    if isinstance(data, str | Path):
        table = _read_file(Path(data))
        return table if dated(table) is not table else table.set_index(table.columns[0])
    if not is_frame(data):
        raise StudyError(f"the factors are {data!r}; give a frame or the path of a CSV file")
    frame: pd.DataFrame = to_pandas(data)
    return frame


def _read_file(path: Path) -> pd.DataFrame:
    try:
        return read_bars(path)
    except PriceError as cause:
        raise StudyError(f"the factors cannot be read: {cause}") from cause


def _guarded(frame: pd.DataFrame, dates: pd.DatetimeIndex, given: Given) -> Guarded:
    columns = {str(name): frame[name] for name in frame.columns}
    try:
        return guarded(columns, dates.to_numpy().astype("datetime64[D]"), given)
    except PriceError as cause:
        raise StudyError(str(cause)) from cause


def _dates(frame: pd.DataFrame) -> pd.DatetimeIndex:
    try:
        dates = local_dates("the factors", frame.index, ZoneInfo("UTC"))
    except PriceError as cause:
        raise StudyError(
            f"the factors' first column or index starts with {frame.index[0]!r}; it holds the"
            f" dates, such as 2023-12-29 or 20231229 ({cause})"
        ) from cause
    if dates.has_duplicates:
        raise StudyError(f"the factors have {dates[dates.duplicated()][0].date()} twice")
    return dates
