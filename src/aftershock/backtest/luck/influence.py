"""What is left of a result without each of its events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aftershock.backtest.luck.check import refusal

if TYPE_CHECKING:
    from aftershock.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Influence:
    """A result without each event in turn.

    Attributes
    ----------
    left_out
        The events, as given.
    net : ndarray, shape (E,)
        Net profit of all others together, money.
    total_return : ndarray, shape (E,)
        The same over the starting cash, decimal.
    decisive
        Events without which a profit is none, or a loss is none.
    note
        Why nothing may be inferred; empty from ten events on. The sums stand either way: they
        are arithmetic.
    """

    left_out: tuple[str, ...]
    net: FloatArray
    total_return: FloatArray
    decisive: tuple[str, ...]
    note: str


def leave_one_out(events: tuple[str, ...], net: FloatArray, cash: float) -> Influence:
    """Return the result without each event.

    Parameters
    ----------
    events
        Their ids.
    net : ndarray, shape (E,)
        Net profit of each, all its trades together, money.
    cash
        Starting cash.

    Notes
    -----
    An event's profit is taken out of the sum; the others are not sized anew on the equity
    they would have found without it.
    """
    total = net.sum()
    rest = total - net
    decisive = tuple(
        name for name, left in zip(events, rest, strict=True) if left * total <= 0.0 < abs(total)
    )
    return Influence(events, rest, rest / cash, decisive, refusal(len(events)))
