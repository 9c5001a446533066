"""Profits on a ring put together: every assignment of clusters to places, or draws of them.

Clusters never share a session, where they were or where they are put. So those of one ring cannot
be drawn one by one: left to themselves, each would be compared with the sessions that the others
leave, and all of them with the same ones. They are moved one at a time among the places that the
others leave, from where they were to one assignment and from there to every draw. The events'
own assignment is then one of the draws that could have been made, however far the chain has got.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aftershock.arrays import BoolArray, FloatArray, IntArray

_CENT = 0.005  # money is whole cents; half of one tells two sums apart
_AT_ONCE = 2_000_000  # sums made in one go
_SWEEPS = 20  # moves of each cluster, to a draw
_MOVES = 400  # of all of them together, at most


@dataclass(frozen=True, slots=True)
class Ranked:
    """Profits among those of other assignments.

    Attributes
    ----------
    best : ndarray, shape (D,)
        Of each assignment, the highest profit of any cell, money.
    p_values : ndarray, shape (G,)
        Of each cell: the share of assignments whose best is at least its own profit.
    own : ndarray, shape (G,)
        Profit of each cell where the events were, money.
    floor
        The smallest p-value there could be.
    enumerated
        True where these are all assignments there are, the events' own among them.
    assignments
        How many there are; of draws, how many combinations of starts there are.
    """

    best: FloatArray
    p_values: FloatArray
    own: FloatArray
    floor: float
    enumerated: bool
    assignments: float


@dataclass(frozen=True, slots=True)
class Span:
    """Which sessions a cluster holds, at each of its starts.

    Attributes
    ----------
    key
        Of what: a ticker, or the ring that all clusters have. Two spans of one key share none.
    rows : ndarray, shape (n_c,)
        Row at which the holding starts; a row beyond the last session is one of the first.
    length
        Sessions it takes.
    size
        Sessions of the ring.
    """

    key: str
    rows: IntArray
    length: int
    size: int


def rank(
    tables: Sequence[FloatArray],
    own: Sequence[int],
    *,
    draws: int,
    seed: int,
    spans: Sequence[Sequence[Span]] = (),
) -> Ranked:
    """Return profits among those of every assignment, or of draws.

    Parameters
    ----------
    tables : sequence of ndarray, shape (n_c, G)
        Of each cluster: its profit at each of its starts in each cell, money.
    own
        Row of each cluster's own start in its table.
    draws, seed
        All assignments are taken where there are at most so many, and the p-value is the
        share of them, the events' own included. Else so many are drawn, and the p-value is
        ``(1 + #) / (draws + 1)``.
    spans
        What each cluster holds at its starts; assignments in which two clusters share a
        session are none. Left out where no two are on one ring.

    References
    ----------
    Chernozhukov, Wuthrich and Zhu (2021), *Journal of the American Statistical Association*
    116(536). Besag and Clifford (1989), "Generalized Monte Carlo significance tests",
    *Biometrika* 76(4), for draws by a chain that are exact. White (2000), "A reality check for
    data snooping", *Econometrica* 68(5), for the best of several cells.
    """
    sizes = [len(table) for table in tables]
    places, enumerated = assign(sizes, own, draws=draws, seed=seed, spans=spans)
    made = np.sum([table[row] for table, row in zip(tables, own, strict=True)], axis=0)
    beaten: IntArray = np.zeros(made.size, dtype=np.int64)
    best = np.empty(len(places))
    for part in _parts(len(places), max(_AT_ONCE // made.size, 1)):
        best[part] = profits(tables, places[part]).max(axis=1)
        beaten += at_least(best[part][:, None], made)
    p_values = share(beaten, len(places), enumerated=enumerated)
    floor = float(share(np.zeros(()) + enumerated, len(places), enumerated=enumerated))
    total = float(len(places)) if enumerated else math.prod(map(float, sizes))
    return Ranked(best, p_values, made, floor, enumerated, total)


def assign(
    sizes: Sequence[int],
    own: Sequence[int],
    *,
    draws: int,
    seed: int,
    spans: Sequence[Sequence[Span]] = (),
) -> tuple[IntArray, bool]:
    """Return assignments of clusters to their starts, shape (D, C), and whether they are all.

    The parameters are those of ``rank``, ``sizes`` the lengths of its tables.
    """
    crowd = _Crowd.of(spans)
    if math.prod(map(float, sizes)) <= draws:
        return _every(sizes, crowd), True
    return _drawn(sizes, own, crowd, draws, seed), False


def profits(tables: Sequence[FloatArray], places: IntArray) -> FloatArray:
    """Return what some assignments make, shape (D, G): the sum of the clusters' profits."""
    sums = np.zeros((len(places), tables[0].shape[1]))
    for table, rows in zip(tables, places.T, strict=True):
        sums += table[rows]
    return sums


def at_least(sums: FloatArray, own: FloatArray) -> IntArray:
    """Return how many sums reach each own profit, to half a cent, over the first axis."""
    return np.asarray((sums >= own - _CENT).sum(axis=0))


def share(count: IntArray | FloatArray, draws: int, *, enumerated: bool) -> FloatArray:
    """Return the p-value: a share of all assignments, or of the draws and the events' own."""
    extra = 0 if enumerated else 1
    return np.asarray((count + extra) / (draws + extra))


@dataclass(frozen=True, slots=True)
class _Crowd:
    """What clusters hold, and where another cluster may be met.

    Attributes
    ----------
    spans
        Of all clusters, one after the other: K of them.
    own
        By cluster that may meet another: the numbers of its spans.
    others, lengths
        By span: the numbers of the other clusters' spans of its key, and their sessions.
    """

    spans: tuple[Span, ...]
    own: dict[int, list[int]]
    others: dict[int, IntArray]
    lengths: dict[int, IntArray]

    @classmethod
    def of(cls, spans: Sequence[Sequence[Span]]) -> _Crowd:
        flat = [(cluster, span) for cluster, held in enumerate(spans) for span in held]
        own: dict[int, list[int]] = {}
        others: dict[int, IntArray] = {}
        for number, (cluster, span) in enumerate(flat):
            rivals = [
                at
                for at, (other, kept) in enumerate(flat)
                if other != cluster and kept.key == span.key
            ]
            if rivals:
                own.setdefault(cluster, []).append(number)
                others[number] = np.array(rivals)
        lengths = {
            number: np.array([flat[rival][1].length for rival in rivals])
            for number, rivals in others.items()
        }
        return cls(tuple(span for _, span in flat), own, others, lengths)

    def held(self, places: IntArray) -> IntArray:
        """Return the row at which each span starts in some assignments, shape (D, K)."""
        clusters = {number: cluster for cluster, of in self.own.items() for number in of}
        return np.column_stack(
            [
                span.rows[places[:, clusters.get(number, 0)]]
                if number in clusters
                else np.zeros(len(places), dtype=np.int64)
                for number, span in enumerate(self.spans)
            ]
        )

    def clash(self, cluster: int, rows: IntArray, held: IntArray) -> BoolArray:
        """Return where a cluster at some of its starts shares a session with another, shape (D,).

        Parameters
        ----------
        cluster
            Its number.
        rows : ndarray, shape (D,)
            Its starts, as rows of its table.
        held : ndarray, shape (D, K)
            As ``held`` returns it.
        """
        meets: BoolArray = np.zeros(rows.size, dtype=bool)
        for number in self.own[cluster]:
            span, lengths = self.spans[number], self.lengths[number]
            ahead = (held[:, self.others[number]] - span.rows[rows][:, None]) % span.size
            meets |= ((ahead < span.length) | (span.size - ahead < lengths)).any(axis=1)
        return meets


def _every(sizes: Sequence[int], crowd: _Crowd) -> IntArray:
    """Return every assignment without a clash, shape (D, C)."""
    places = np.indices(sizes).reshape(len(sizes), -1).T
    if not crowd.own:
        return places
    held = crowd.held(places)
    meets = [crowd.clash(cluster, places[:, cluster], held) for cluster in crowd.own]
    return np.asarray(places[~np.any(meets, axis=0)])


def _drawn(
    sizes: Sequence[int], own: Sequence[int], crowd: _Crowd, draws: int, seed: int
) -> IntArray:
    """Return assignments drawn, shape (D, C).

    The chain goes from the events' own assignment to a first one and from there, in the
    reverse order of clusters, to every draw.
    """
    rng = np.random.default_rng(seed)
    places = np.column_stack([rng.integers(size, size=draws) for size in sizes])
    moved = list(crowd.own)
    if not moved:
        return places
    moves = min(_SWEEPS * len(moved), _MOVES)
    order = [moved[at] for at in rng.integers(len(moved), size=moves)]
    start = np.array([own], dtype=np.int64)
    _walk(start, order[::-1], sizes, crowd, rng)
    places[:, moved] = start[0, moved]
    _walk(places, order, sizes, crowd, rng)
    return places


def _walk(
    places: IntArray,
    order: Sequence[int],
    sizes: Sequence[int],
    crowd: _Crowd,
    rng: np.random.Generator,
) -> None:
    """Put one cluster after another anywhere, each unless it would meet another there."""
    held = crowd.held(places)
    for cluster in order:
        rows = rng.integers(sizes[cluster], size=len(places))
        free = ~crowd.clash(cluster, rows, held)
        places[free, cluster] = rows[free]
        for number in crowd.own[cluster]:
            held[free, number] = crowd.spans[number].rows[rows[free]]


def _parts(count: int, step: int) -> Iterator[slice]:
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))
