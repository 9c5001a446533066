"""Trades that were entered together, and must or need not be left together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.backtest.trade import Trade


@dataclass(slots=True)
class Pair:
    """Legs of one entry.

    Attributes
    ----------
    trades
        One a leg.
    linked
        True where a leg is never closed without the others.
    noted
        True once a leg that stood alone has been remarked on.
    """

    trades: tuple[Trade, ...]
    linked: bool
    noted: bool = False

    def legs(self) -> Iterator[tuple[Trade, Trade]]:
        """Yield every leg with every other leg that is still open."""
        for trade in self.trades:
            for other in self.trades:
                if other is not trade and other.is_open:
                    yield trade, other


class Pairs:
    """The pairs of one run."""

    def __init__(self) -> None:
        self._pairs: list[Pair] = []

    def add(self, pair: Pair) -> None:
        """Add legs that have just been entered together."""
        self._pairs.append(pair)

    def linked(self) -> list[Pair]:
        """Return the linked pairs."""
        return [pair for pair in self._pairs if pair.linked]

    def parted(self) -> list[Pair]:
        """Return the pairs that are not linked, have lost a leg and were not remarked on."""
        return [
            pair
            for pair in self._pairs
            if not pair.linked and not pair.noted and any(not t.is_open for t in pair.trades)
        ]

    def partners(self, trade: Trade) -> list[Trade]:
        """Return the trades that a trade is linked with."""
        return [
            other
            for pair in self.linked()
            if any(leg is trade for leg in pair.trades)
            for other in pair.trades
            if other is not trade
        ]
