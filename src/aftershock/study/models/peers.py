"""Peer model: a constant and the average return of comparable stocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from aftershock.errors import StudyError
from aftershock.study.models.base import ALPHA, Design, Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aftershock.arrays import FloatArray


@dataclass(frozen=True, slots=True)
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
        names = (peers,) if isinstance(peers, str) else tuple(peers)
        if not names:
            raise StudyError("PeerModel needs at least one peer ticker")
        object.__setattr__(self, "peers", names)

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The peers."""
        return self.peers

    def design(self, returns: FloatArray, column: Callable[[str], int]) -> Design:
        """Return a constant and the basket's return."""
        basket = returns[:, [column(peer) for peer in self.peers]].mean(axis=1)
        ones = np.ones_like(basket)
        return Design((ALPHA, "beta"), np.zeros_like(basket), np.column_stack([ones, basket]))
