"""Units of columns of returns: percent or decimals, told by size and by the other columns.

What can be told of units, and what cannot
------------------------------------------
A daily return of a stock has a standard deviation between 0.2 % and 15 %, so that the median
of its absolute values, here its *typical* value, is between 0.0013 and 0.10 in decimals and
between 0.13 and 10 in percent. Hence:

- a typical value above 0.2 is percent (above 0.3 of fewer than 60 values, 0.5 of fewer than 20);
- from 0.15 on it is percent where a simple return is -1 or below, or where the other columns
  are at least 30 times as quiet; else it is taken for a wild stock. A column in percent whose
  daily sigma is below 0.3 % among ordinary stocks **cannot be told** from one of 20 %;
- a stock of a price of one or two ticks (0.01 and 0.02) moves by 50 and 100 % and mostly not at
  all. A loud column passes where a third of its returns is 0, none is -1 or below, and the
  gains make up for the losses as those of a price do: percent read as decimals loses half its
  variance a day. A quiet, thin column in percent **cannot be told** from it;
- a stretch of 20 returns above 0.3 beside one at most a twentieth of it is a change from
  percent to decimals in mid-file;
- a column declared to be percent whose largest typical value is below 0.02 is in decimals (a
  sigma of 3 % in decimals, of 0.03 % in percent). One that is 25 times as quiet as the others
  and below 0.02 is in decimals among percent;
- a risk-free return has no spread to go by. Above 100 % a year, or above a quarter of what
  the market typically moves (the most it reached in the dollar is a tenth), it is percent.
  One in decimals that is declared to be percent looks like a time of zero rates and **cannot be
  told**; it takes off nearly nothing. A column divided by 100 twice looks like a pegged
  currency and **cannot be told** either.

Rows further apart than days are allowed proportionally more, spreads with the root.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from aftershock.errors import PriceError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aftershock.arrays import DateArray, FloatArray

DAILY_MOST = 2.0 ** (1.0 / 252.0) - 1.0  # above 100 % a year is a unit, not a rate
FEW = 20  # values from which a typical one is steady: its error is a sixth

_PERCENT = ((60, 0.2), (FEW, 0.3), (0, 0.5))  # from so many values on, a typical one is too much
_PERHAPS = 0.15
_LOUDER, _QUIETER = 30.0, 25.0  # than the others
_PART = 20.0  # of a stretch in percent are typical of the one in decimals
_STRETCH = 0.3
_THIN = 0.3  # of the returns are 0
_LOST = 0.25  # of the squared typical return a day; percent read as decimals loses about one
_FEW_TICKS = np.log(4.0)  # from one tick to four
_DECIMAL = 0.02  # percent
_RATE_TO_MARKET = 0.25
_ONE_SIGN = 0.98  # of a column that is a rate, not a return
_MOST = 1000.0  # a thousandfold in one step


@dataclass(frozen=True, slots=True)
class Given:
    """How columns are given.

    Attributes
    ----------
    what
        What they are called in a message, such as ``"the returns"``.
    remedy
        What to do where all of them turn out to be percent.
    kind
        Simple or log returns.
    percent
        True where they are declared to be percent.
    rates
        Names of the columns that are risk-free returns.
    """

    what: str
    remedy: str
    kind: Literal["simple", "log"] = "simple"
    percent: bool = False
    rates: Collection[str] = ()

    @property
    def least(self) -> float:
        """What every return is above, decimals."""
        return -1.0 if self.kind == "simple" else -float(np.log(_MOST))

    @property
    def most(self) -> float:
        """What every return is below, decimals."""
        return _MOST if self.kind == "simple" else float(np.log(_MOST))


def typical(x: FloatArray) -> float:
    """Return the median absolute value of what is neither missing nor 0; 0 where nothing is."""
    sizes = np.abs(x[np.isfinite(x) & (x != 0.0)])
    return float(np.median(sizes)) if sizes.size else 0.0


def judge_units(columns: Mapping[str, FloatArray], days: DateArray, given: Given) -> None:
    """Refuse columns that are in another unit than declared or than the others.

    Parameters
    ----------
    columns
        Finite or NaN, decimals as declared, T rows each.
    days, given
        As in ``guards.guarded``.

    Raises
    ------
    PriceError
        The message names the column, and what to do.
    """
    rows = _days_a_row(days)
    order = np.argsort(days, kind="stable")
    spread = {n: x[order] for n, x in columns.items() if n not in given.rates and not _is_rate(x)}
    rates = {n: x[order] for n, x in columns.items() if n not in spread}
    usual = {name: typical(x) / np.sqrt(rows) for name, x in spread.items()}
    _refuse_percent(spread, usual, given)
    if given.percent:
        _refuse_decimals(usual, given)
    for name, x in spread.items():
        if not _is_tick_bound(x, given):
            _refuse_mixed(name, x / np.sqrt(rows), days[order])
    market = max(usual.values(), default=0.0)
    for name, x in rates.items():
        rate = typical(x) / rows
        beside = given.rates and market > 0 and rate > _RATE_TO_MARKET * market
        if rate > DAILY_MOST or beside:
            raise PriceError(
                f"column {name} looks like percent among decimals: {typical(x):.3g} is a typical"
                " return; divide it by 100, a risk-free return of 0.0001 a session is 2.6 % a year"
            )


def _is_rate(x: FloatArray) -> bool:
    """Return whether a column has one sign throughout, as a risk-free return does."""
    moved = x[np.isfinite(x) & (x != 0.0)]
    if moved.size < FEW or np.ptp(moved) == 0.0:
        return False
    above = float(np.mean(moved > 0))
    return max(above, 1.0 - above) >= _ONE_SIGN


def _days_a_row(days: DateArray) -> float:
    """Return how many sessions lie between two rows: 1 for daily data, 21 for monthly."""
    if len(days) < 3:  # noqa: PLR2004 - two rows have no rhythm
        return 1.0
    step = float(np.median(np.diff(np.sort(days)).astype("int64")))
    return max(1.0, step * 5.0 / 7.0)


def _refuse_percent(
    columns: Mapping[str, FloatArray], usual: Mapping[str, float], given: Given
) -> None:
    percent = [name for name, x in columns.items() if _in_percent(name, x, usual, given)]
    if not percent:
        return
    if all(day > _PERHAPS for day in usual.values() if day > 0):
        if given.percent:
            raise PriceError(
                f"{given.what} are above 20 % on a typical day though percent=True; undo a"
                f" multiplication by 100 ({', '.join(percent[:3])})"
            )
        raise PriceError(f"{given.what} look like percent; {given.remedy}")
    day = usual[percent[0]]
    raise PriceError(
        f"column {', '.join(percent)} looks like percent among decimals: {day:.3g} is a typical"
        " day; divide it by 100, 0.01 is 1 %"
    )


def _in_percent(name: str, x: FloatArray, usual: Mapping[str, float], given: Given) -> bool:
    day = usual[name]
    count = np.count_nonzero(np.isfinite(x) & (x != 0.0))
    if day > next(most for least, most in _PERCENT if count >= least):
        return not _is_tick_bound(x, given)
    if count < FEW or day <= _PERHAPS:
        return False
    impossible = given.kind == "simple" and bool((x <= -1.0).any())
    return impossible or day > _LOUDER * _others(usual, name) > 0


def _is_tick_bound(x: FloatArray, given: Given) -> bool:
    """Return whether a loud column is a thin stock whose price is a few ticks."""
    every = x[np.isfinite(x)]
    moved = every[every != 0.0]
    if moved.size < FEW or moved.size > (1.0 - _THIN) * every.size:
        return False
    if given.kind == "log":
        return bool(np.abs(moved).max() <= _FEW_TICKS)
    lost = -_LOST * typical(moved) ** 2
    return bool(moved.min() > -1.0) and float(np.mean(np.log1p(moved))) > lost


def _others(usual: Mapping[str, float], name: str) -> float:
    rest = [value for other, value in usual.items() if other != name and value > 0]
    return float(np.median(rest)) if rest else 0.0


def _refuse_decimals(usual: Mapping[str, float], given: Given) -> None:
    """Refuse columns declared to be percent that are decimals; ``usual`` is a hundredth."""
    loud = {name: 100.0 * day for name, day in usual.items() if day > 0}
    if loud and max(loud.values()) < _DECIMAL:
        raise PriceError(
            f"{given.what} look like decimals ({max(loud.values()):.2g} is a typical day);"
            " leave percent=True out"
        )
    for name, day in loud.items():
        if day < _DECIMAL and day < _others(loud, name) / _QUIETER:
            raise PriceError(
                f"column {name} looks like decimals among percent: {day:.2g} is a typical day;"
                " multiply it by 100, or give all in decimals"
            )


def _refuse_mixed(name: str, x: FloatArray, days: DateArray) -> None:
    """Refuse a column whose returns are percent in one stretch of rows and decimals in another."""
    moved = np.flatnonzero(np.isfinite(x) & (x != 0.0))
    stretches = [moved[at : at + FEW] for at in range(0, moved.size - FEW + 1, FEW)]
    sizes = np.array([typical(x[rows]) for rows in stretches])
    if sizes.size and sizes.max() > max(_STRETCH, _PART * sizes.min()):
        first = stretches[int(np.argmax(sizes > _STRETCH))][0]
        raise PriceError(
            f"column {name} looks like percent from about {days[first]} on and like decimals"
            f" elsewhere ({sizes.max():.2g} and {sizes.min():.2g} are typical days); bring all"
            " rows to decimals, 0.01 is 1 %"
        )
