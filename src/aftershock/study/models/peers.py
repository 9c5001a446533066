"""Peer model: a constant and the average return of comparable stocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.errors import StudyError
from aftershock.prices.tickers import canonical
from aftershock.study.models.base import Design, Market, Model
from aftershock.study.models.estimate import ALPHA

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, init=False)
class PeerModel(Model):
    """``R = alpha + beta R_p + e`` with the equal-weighted return of one or more peers.

    A session on which a peer has no return has no basket, so that the basket is always the
    same stocks. A peer with an event of its own inside the event window is flagged.

    Attributes
    ----------
    peers
        Tickers of the peers; a single one may be given as text.
    """

    peers: tuple[str, ...]
    label: ClassVar[str] = "peer model"

    def __init__(self, peers: str | Iterable[str]) -> None:
        object.__setattr__(
            self, "peers", as_tickers(peers, "PeerModel needs at least one peer ticker")
        )

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The peers."""
        return self.peers

    def design(self, market: Market) -> Design:
        """Return a constant and the basket's return."""
        basket = np.mean([market.of(peer) for peer in self.peers], axis=0)
        columns = np.column_stack([np.ones_like(basket), basket])
        return Design((ALPHA, "beta"), np.zeros_like(basket), columns)


def as_names(names: str | Iterable[str], otherwise: str) -> tuple[str, ...]:
    """Return one or several names as a tuple; raises StudyError where there is none."""
    found = (names,) if isinstance(names, str) else tuple(names)
    if not found:
        raise StudyError(otherwise)
    return found


def as_tickers(names: str | Iterable[str], otherwise: str) -> tuple[str, ...]:
    """Return one or several tickers in their one spelling; raises StudyError for none."""
    return tuple(
        canonical(name) if isinstance(name, str) else name for name in as_names(names, otherwise)
    )
