"""What prices themselves say of an ex-date: does the close show the action or not.

A close that was traded falls by the dividend and divides by the split on the ex-date; one that
was adjusted does not. Which of the two a step looks like is weighed against the stock's usual
day, and can be impossible to tell: then nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray, IntArray

TELLS = float(np.log(100.0))  # odds from which a step is taken to tell
CONTRADICTS = float(np.log(1000.0))  # and to tell against a listing and a factor that agree

_MOST = float(np.log(10.0))  # what one step among many adds to a verdict on all of them
_NEAR = 60  # bars to either side that a stock's usual day is measured on
_FEWEST = 10
_YOUNG = 0.03  # usual day of a stock with fewer
_STILL = 0.01  # and of one that never moved
_MAD = 1.4826  # from a median absolute deviation to a standard deviation
_TAIL = 3.0  # degrees of freedom: daily returns have fat tails
_NOWHERE = 8.0  # usual days from every explanation at which none of them explains a step
_SPLIT = float(np.log(1.2))  # a smaller ratio is lost in the news of a day
_STEP = 0.003  # a smaller step of the factor can be rounding
_DRIFT = 0.002  # rounding of an adjusted close moves its factor by less than this
_DRIFTS = 0.1  # share of sessions on which a factor that is a factor never moves


@dataclass(frozen=True, slots=True)
class Step:
    """One ex-date, as logs of what a close is multiplied with from the bar before to this one.

    Attributes
    ----------
    row, before
        Bars of the two closes; actions in between, during a halt, count here.
    split, dividend
        What the listed actions should do to a close as traded; 0 where none is listed.
    price
        What the close did.
    factor
        What the stated adjustment takes out; NaN where it is not stated on both bars.
    spread
        Usual size of a move over the bars between, a standard deviation.
    noise
        Size of the factor's own rounding.
    """

    row: int
    before: int
    split: float
    dividend: float
    price: float
    factor: float
    spread: float
    noise: float

    @property
    def listed(self) -> float:
        """What all that is listed should do to a close as traded."""
        return self.split + self.dividend

    def odds(self, part: str) -> float:
        """Return the log odds that the close was traded with the action, not adjusted for it.

        Parameters
        ----------
        part
            ``split`` or ``dividend``; of a dividend on the day of a split the step does not
            tell, and the odds are 0.
        """
        traded = self.unlikely(self.listed)
        if part == "split":
            return min(self.unlikely(self.dividend), self.unlikely(0.0)) - traded
        return 0.0 if self.split else self.unlikely(0.0) - traded

    @property
    def is_nowhere(self) -> bool:
        """True where a split is listed and neither a split nor its absence explains the close."""
        if abs(self.split) < _SPLIT:
            return False
        misses = [abs(self.price - at) for at in (self.listed, self.dividend, 0.0)]
        return min(misses) > max(_NOWHERE * self.spread, 0.5 * abs(self.split))

    def unlikely(self, expected: float) -> float:
        """Return minus the log density of the close's step where another one is expected.

        But for a constant, so that differences are log odds.
        """
        z = (self.price - expected) / self.spread
        return float(0.5 * (_TAIL + 1.0) * np.log1p(z * z / _TAIL))


def steps_of(
    close: FloatArray, split: FloatArray, dividend: FloatArray, factor: FloatArray | None
) -> list[Step]:
    """Return every ex-date between two closes: where an action is listed or the factor moves.

    Parameters
    ----------
    close : ndarray, shape (B,)
        Closes as the source has them, NaN without one.
    split, dividend : ndarray, shape (B,)
        Logs of what the listed actions should do to a close as traded, 0 without one.
    factor : ndarray, shape (B,) or None
        Stated adjustment, NaN where it is missing; None where the source states none.
    """
    at = np.flatnonzero(np.isfinite(close))
    if at.size < 2:  # noqa: PLR2004 - a step has two ends
        return []
    # an action on a bar without a close shows on the next one
    total_split, total_dividend = (_up_to(values, at) for values in (split, dividend))
    price = np.diff(np.log(close[at]))
    moved = np.full(price.size, np.nan) if factor is None else -np.diff(np.log(factor[at]))
    is_listed = (total_split != 0.0) | (total_dividend != 0.0)
    noise = factor_noise(moved[~is_listed])
    steps = is_listed if drifts(moved[~is_listed]) else is_listed | (np.abs(moved) > _least(noise))
    places = np.flatnonzero(steps)
    if not places.size:
        return []
    spreads = _spreads(np.where(steps, np.nan, price), places)
    return [
        Step(
            int(at[k + 1]),
            int(at[k]),
            float(total_split[k]),
            float(total_dividend[k]),
            float(price[k]),
            float(moved[k]),
            float(spread),
            noise,
        )
        for k, spread in zip(places, spreads, strict=True)
    ]


def drifts(moved: FloatArray) -> bool:
    """Return whether a factor moves on days without an action, as an additive one does."""
    moves = np.abs(moved[np.isfinite(moved)])
    return moves.size >= _FEWEST and float(np.mean(moves > _DRIFT)) > _DRIFTS


def factor_noise(moved: FloatArray) -> float:
    """Return the size of a factor's moves on days without an action: rounding."""
    moves = np.abs(moved[np.isfinite(moved)])
    return float(np.quantile(moves, 0.9)) if moves.size >= _FEWEST else 0.0


def joint_odds(steps: list[Step], part: str) -> float:
    """Return the log odds that all actions of one sort are in the closes as traded.

    No step counts for more than ten to one, so that one wrong listing does not decide about
    the others.
    """
    listed = [step for step in steps if getattr(step, part)]
    return float(sum(np.clip(step.odds(part), -_MOST, _MOST) for step in listed))


def left_the_grid(close: FloatArray, row: int) -> bool:
    """Return whether closes are round prices from ``row`` on and none before: an adjustment's.

    A traded price has three decimals at most. Rounded on its way through a file, an adjusted
    one has too: the answer True is evidence, False is none.
    """
    before, after = (part[np.isfinite(part)] for part in (close[:row], close[row:]))
    if min(before.size, after.size) < _FEWEST // 2:
        return False
    return bool(_round(after) > 0.9 and _round(before) < 0.5)  # noqa: PLR2004 - shares


def _round(close: FloatArray) -> float:
    """Return the share of prices of three decimals or fewer, as a four-byte float holds them."""
    mills = close * 1000.0
    return float(np.mean(np.abs(mills - np.rint(mills)) <= np.maximum(1e-6, mills * 1.2e-7)))


def _least(noise: float) -> float:
    return max(_STEP, 4.0 * noise)


def _up_to(values: FloatArray, at: IntArray) -> FloatArray:
    """Return the sum of values after each close up to the next one, shape (len(at) - 1,)."""
    total = np.cumsum(values)[at]
    steps = np.diff(total)
    steps[np.abs(steps) < 1e-12] = 0.0  # noqa: PLR2004 - what a sum's rounding leaves
    return np.asarray(steps)


def _spreads(moves: FloatArray, rows: IntArray) -> FloatArray:
    """Return the usual size of a move around each of some, robust standard deviations, shape (K,).

    Parameters
    ----------
    moves : ndarray, shape (M,)
        Log moves, NaN on ex-dates.
    rows : ndarray, shape (K,)
        Positions among them.
    """
    finite = moves[np.isfinite(moves)]
    if finite.size < _FEWEST:
        return np.full(rows.size, _YOUNG)
    around = np.pad(moves, _NEAR, constant_values=np.nan)
    near = around[rows[:, None] + np.arange(2 * _NEAR + 1)]
    counts = np.isfinite(near).sum(axis=1)
    near[counts < _FEWEST, : finite.size] = finite[: near.shape[1]]
    away = np.abs(near - np.nanmedian(near, axis=1, keepdims=True))
    spread = _MAD * np.nanmedian(away, axis=1)
    # most days of a thin stock do not move at all
    still = np.maximum(np.nanstd(near, axis=1), _STILL)
    return np.asarray(np.where(spread > 0.0, spread, still))
