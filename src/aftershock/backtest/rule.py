"""A rule: enter at one offset, leave at another, stop in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aftershock.errors import BacktestError

MOST_STOP = 100.0  # beyond it a percentage was meant
MOST_WEIGHT = 1e6
MOST_LOTS = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What to do about one event where nothing but its offsets decides.

    Attributes
    ----------
    side
        ``short`` or ``long``.
    entry, exit
        Sessions from day 0 at whose opens the position is opened and closed.
    stop
        Leave when the price has moved against the position by this fraction of the entry.
    weight, lots
        Fraction of equity at the close before the entry, or board lots; one of them.

    Raises
    ------
    BacktestError
        The exit is not after the entry, or a size or stop cannot be.
    """

    side: Literal["short", "long"] = "short"
    entry: int
    exit: int
    stop: float | None = None
    weight: float | None = None
    lots: int | None = None

    def __post_init__(self) -> None:
        if self.side not in ("short", "long"):
            raise BacktestError(f"side is '{self.side}'; 'short' or 'long'")
        if self.exit <= self.entry:
            raise BacktestError(f"exit={self.exit} must be after entry={self.entry}")
        check_stop(self.stop)
        check_size(self.weight, self.lots)

    @property
    def sign(self) -> int:
        """-1 for a short, 1 for a long."""
        return -1 if self.side == "short" else 1


def check_stop(stop: float | None) -> None:
    """Raise BacktestError where a stop is no positive fraction."""
    if stop is not None and not 0.0 < stop < MOST_STOP:
        raise BacktestError(
            f"stop is {stop:g}; a positive fraction of the entry price, 0.3 is 30 % against the"
            " position"
        )


def check_size(weight: float | None, lots: int | None) -> None:
    """Raise BacktestError unless one of weight and lots is given and can be a size."""
    if (weight is None) == (lots is None):
        raise BacktestError(
            f"{'no size' if weight is None else 'two sizes'}: give weight or lots, one of them;"
            " weight=0.1 is 10 % of equity"
        )
    whole = isinstance(lots, int) and not isinstance(lots, bool)
    if lots is not None and not (whole and 1 <= lots <= MOST_LOTS):
        raise BacktestError(
            f"lots is {lots}; a whole number of board lots, from 1 to {MOST_LOTS:,}"
        )
    if weight is not None and not 0.0 < weight <= MOST_WEIGHT:
        raise BacktestError(
            f"weight is {weight:g}; a positive fraction of equity, 0.1 is 10 %, at most"
            f" {MOST_WEIGHT:,.0f}"
        )
