"""Events whose holdings chain, and the places of the ring at which they can be put."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.assignments import Span
from aftershock.backtest.ring import Ring, extended, only_tickers, refusal, starts, weekdays_after
from aftershock.events.admissible import chained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.arrays import IntArray
    from aftershock.backtest.agenda import Entry
    from aftershock.backtest.run import Backtest
    from aftershock.backtest.stage import Stage

_MARGIN = 10  # sessions beyond a holding: settlement, and halts at its exit
_SLACK = 31  # weekdays that settlements are looked up in


@dataclass(frozen=True, slots=True)
class Cluster:
    """Events whose holdings chain, on their ring.

    Attributes
    ----------
    entries
        The events.
    ring
        The sessions that all their tickers have.
    places : ndarray, shape (n,)
        Where its first holding may start by itself: clear of what the strategy selected and
        did not trade. The other clusters move too, and are kept clear of in every assignment.
    room
        Starts that are clear of every other event where it was: what a refusal counts.
    own
        The place at which it did start.
    length
        Sessions from its first entry to its last exit.
    held
        First row, last row and ticker of each of its holdings.
    """

    entries: tuple[Entry, ...]
    ring: Ring
    places: IntArray
    room: int
    own: int
    length: int
    held: tuple[tuple[int, int, str], ...]

    @property
    def tickers(self) -> set[str]:
        """Of its events."""
        return {entry.event.ticker for entry in self.entries}

    def zeros(self, place: int) -> IntArray:
        """Return the rows of its day 0s with its first holding at a place, shape (E,)."""
        rows = [entry.day_zero for entry in self.entries]
        return np.array(rows, dtype=np.int64) + place - self.own


def clusters_of(stage: Stage, traded: set[str], reach: tuple[int, int]) -> tuple[Cluster, ...]:
    """Return the events that were traded in clusters whose holdings chain, each on its ring."""
    entries = [entry for entry in stage.agenda.entries if entry.event.id in traded]
    rows = np.array([entry.day_zero for entry in entries], dtype=np.int64)
    first, last = reach
    held = [(row + first, row + last, ticker) for ticker, row in stage.placed]
    moving = {(e.day_zero + first, e.day_zero + last, e.event.ticker) for e in entries}
    clusters = []
    for members in chained(rows, last - first + 1):
        some = tuple(entries[member] for member in members)
        holdings = [(e.day_zero + first, e.day_zero + last, e.event.ticker) for e in some]
        tickers = {e.event.ticker for e in some}
        columns = [stage.panel.column(ticker) for ticker in sorted(tickers)]
        ring = Ring.of(stage.panel.close[:, columns])
        entry = min(start for start, _, _ in holdings)
        place, length = ring.place(entry), max(end for _, end, _ in holdings) - entry + 1
        outside = place < 0 or entry + length - 1 > ring.last
        others = [one for one in held if one not in holdings]
        untraded = [one for one in others if one not in moving]
        places = np.empty(0, dtype=np.int64) if outside else starts(ring, holdings, untraded)
        room = 0 if outside else starts(ring, holdings, others).size
        clusters.append(Cluster(some, ring, places, room, place, length, tuple(holdings)))
    return tuple(clusters)


def spans_of(
    clusters: Sequence[Cluster], places: Sequence[IntArray], stage: Stage
) -> list[list[Span]]:
    """Return which sessions clusters hold at their places, so that no two share one.

    Of one ring where all of them have the same. Else of each ticker, on the ring of its own
    bars: a cluster of several tickers has the sessions they have in common.
    """
    if len({cluster.ring for cluster in clusters}) == 1:
        return [
            [Span("ring", cluster.ring.rows(at), cluster.length, cluster.ring.size)]
            for cluster, at in zip(clusters, places, strict=True)
        ]
    spans = []
    for cluster, at in zip(clusters, places, strict=True):
        entry, each = min(first for first, _, _ in cluster.held), []
        for ticker in sorted(cluster.tickers):
            rows_held = [(first, last) for first, last, name in cluster.held if name == ticker]
            first, last = min(rows_held)[0], max(rows_held)[1]
            size = Ring.of(stage.panel.close[:, [stage.panel.column(ticker)]]).size
            rows = cluster.ring.rows(at) + first - entry
            each.append(Span(ticker, rows, last - first + 1, size))
        spans.append(each)
    return spans


def off_the_ring(cluster: Cluster) -> str:
    """Return why a cluster has no ring, or too small a one; empty where it has one."""
    if cluster.own < 0:
        return f"refused: {names_of(cluster)}: no close before the entry"
    if not cluster.places.size:
        return f"refused: {names_of(cluster)}: the data end before the exit"
    return refusal(cluster.room, cluster.length)


def ring_stage(backtest: Backtest, stage: Stage, cluster: Cluster) -> Stage:
    """Return the stage of one cluster by itself, on prices that go on past their end."""
    panel = stage.panel
    if backtest.strategy.is_rule():  # it asks for no other price
        panel = only_tickers(panel, {*cluster.tickers, stage.benchmark})
    longer = extended(panel, cluster.ring, cluster.length + _MARGIN)
    agenda = replace(
        stage.agenda,
        sessions=longer.sessions,
        wide=weekdays_after(longer.sessions, _SLACK),
        entries=cluster.entries,
        excluded=(),
    )
    return replace(stage, panel=longer, agenda=agenda).shortable_any_day()


def some_places(cluster: Cluster, count: int, rng: np.random.Generator) -> IntArray:
    """Return some of a cluster's places at random, its own always among them, ascending.

    Given which places were picked, its own is any of them alike, so that the rank stays exact.
    """
    others = cluster.places[cluster.places != cluster.own]
    picked = rng.choice(others, min(count - 1, others.size), replace=False)
    return np.sort(np.append(picked, cluster.own))


def names_of(cluster: Cluster) -> str:
    """Return the ids of a cluster's events, in words."""
    return ", ".join(entry.event.id for entry in cluster.entries)
