"""Any factors: named columns of a CSV file or a frame, Fama and French's among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from aftershock.errors import StudyError, unknown
from aftershock.inputs import opened
from aftershock.study.models.base import Design, Market, Model
from aftershock.study.models.estimate import ALPHA
from aftershock.study.models.peers import as_names

if TYPE_CHECKING:
    from collections.abc import Sequence


_PERCENT = 0.2  # a typical daily factor return above 20 % is a unit, not a return


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
    """

    factors: tuple[str, ...]
    data: pd.DataFrame
    rf: str | None
    intercept: bool
    label: ClassVar[str] = "factor model"

    def __init__(
        self,
        factors: str | Sequence[str],
        data: str | Path | pd.DataFrame,
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
            A CSV file whose first column is the date (``2023-12-29`` or ``20231229``), or a
            frame with dates in the index. In a file of a workspace a relative path counts from
            the workspace, elsewhere from the current folder.
        rf
            Column of the risk-free return.
        intercept
            Whether to estimate a constant.
        percent
            True where the data are in percent, as Fama and French's files are.

        Raises
        ------
        StudyError
            No factor is named, the file cannot be read, its index holds no dates or one
            twice, or the numbers look like percent and ``percent`` is not set.
        UnknownName
            A column is not there.
        """
        names = as_names(factors, "FactorModel needs at least one factor, such as 'Mkt-RF'")
        frame = _read(data)
        wanted = [*names, *([rf] if rf else [])]
        for name in wanted:
            if name not in frame.columns:
                raise unknown("factor", name, map(str, frame.columns))
        values = frame[wanted].astype("float64") / (100.0 if percent else 1.0)
        if not percent and float(values.abs().median().max()) > _PERCENT:
            raise StudyError("the factors look like percent; say percent=True")
        values.index = _dates(frame)
        for name, value in (
            ("factors", names), ("data", values), ("rf", rf), ("intercept", intercept),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"FactorModel({list(self.factors)}, rf={self.rf}, intercept={self.intercept})"

    def design(self, market: Market) -> Design:
        """Return the factors over the panel's sessions; NaN where the data have no such day."""
        index = pd.DatetimeIndex(market.sessions.dates)
        aligned = self.data.reindex(index)
        columns = [aligned[name].to_numpy("float64") for name in self.factors]
        ones = [np.ones(len(index))] if self.intercept else []
        fixed = aligned[self.rf].to_numpy("float64") if self.rf else np.zeros(len(index))
        names = ((ALPHA,) if self.intercept else ()) + self.factors
        return Design(names, fixed, np.column_stack([*ones, *columns]))


def _read(data: str | Path | pd.DataFrame) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, str | Path):
        raise StudyError(f"the factors are {data!r}; give a frame or the path of a CSV file")
    try:
        return pd.read_csv(opened(data), index_col=0)
    except (OSError, ValueError) as cause:
        raise StudyError(f"the factors {data} cannot be read: {cause}") from cause


def _dates(frame: pd.DataFrame) -> pd.DatetimeIndex:
    try:
        dates = pd.DatetimeIndex(pd.to_datetime(frame.index.astype("str"), format="ISO8601"))
    except ValueError as cause:
        raise StudyError(
            f"the factors' first column or index starts with {frame.index[0]!r}; it holds the"
            " dates, such as 2023-12-29 or 20231229"
        ) from cause
    if dates.has_duplicates:
        raise StudyError(f"the factors have {dates[dates.duplicated()][0].date()} twice")
    return dates
