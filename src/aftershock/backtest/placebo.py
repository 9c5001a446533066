"""The placebo: the same strategy with its events at every other place of the prices.

Events whose holdings overlap move together, as one cluster. Each cluster is run by itself, on
the starting cash, at every place of a ring of its ticker's sessions; the profit of an
assignment is the sum of its clusters', that of the events themselves included. The share of
assignments that do at least as well is the p-value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.backtest.assignments import Ranked, Span, rank
from aftershock.backtest.luck.check import NOT_RUN, Check
from aftershock.backtest.ring import (
    FEWEST,
    Ring,
    extended,
    only_tickers,
    refusal,
    starts,
    weekdays_after,
)
from aftershock.backtest.trials import HandedOverError, Plan, run_all
from aftershock.errors import BacktestError
from aftershock.events.admissible import chained
from aftershock.formats import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aftershock.arrays import FloatArray, IntArray
    from aftershock.backtest.agenda import Entry
    from aftershock.backtest.run import Backtest
    from aftershock.backtest.stage import Stage
    from aftershock.backtest.strategy import EventStrategy

DRAWS = 9_999
HANDED = 200  # runs of a rule through backtrader that nobody asked for: some seconds
NAME = "placebo"
ONE_DAY = 0.05
_MARGIN = 10  # sessions beyond a holding: settlement, and halts at its exit
_SLACK = 31  # weekdays that settlements are looked up in
_COUNTABLE = 1e9


@dataclass(frozen=True, slots=True)
class Placebo:
    """A strategy's profit among its placebos.

    Attributes
    ----------
    net
        Of the strategy itself, each cluster on the starting cash, money; NaN where refused.
    draws : ndarray, shape (D,)
        Of each assignment, money; of a sweep, of its best cell. None where refused.
    p_value, floor
        Share of the assignments that earned at least as much, and the smallest there could
        be; NaN where refused.
    one_day_floor
        Sessions held over starts: a move of a single day recurs in every holding that has it,
        so that its p-value is hardly below this. NaN with several clusters.
    n, clusters
        Events traded, and clusters of overlapping ones.
    note
        How it was done, or why it was not.
    """

    net: float
    draws: FloatArray
    p_value: float
    floor: float
    one_day_floor: float
    n: int
    clusters: int
    note: str

    @classmethod
    def refused(cls, n: int, note: str, clusters: int = 0) -> Placebo:
        """Return a placebo without an answer, with the reason."""
        nan = math.nan
        return cls(nan, np.empty(0), nan, nan, nan, n, clusters, note)

    @property
    def check(self) -> Check:
        """The row of the table of checks; a placebo needs no ten events, its floor says all."""
        return Check(
            NAME, self.net, self.p_value, self.floor, self.n, self.note, self.one_day_floor
        )


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


@dataclass(frozen=True, slots=True)
class Ringed:
    """What every cell of a grid makes with every cluster at its starts, ranked.

    Attributes
    ----------
    ranked
        The profits; None where refused.
    clusters
        How the events chain.
    note
        How it was done, or why not.
    """

    ranked: Ranked | None
    clusters: tuple[Cluster, ...]
    note: str

    @property
    def one_day_floor(self) -> float:
        """Sessions held over starts of the only cluster; NaN of several."""
        if len(self.clusters) != 1 or self.ranked is None:
            return math.nan
        return self.clusters[0].length / self.clusters[0].room


def run_placebo(
    backtest: Backtest,
    stage: Stage,
    traded: Sequence[str],
    reach: tuple[int, int] | None,
    *,
    seed: int,
    draws: int = DRAWS,
    handed: int | None = None,
) -> Placebo:
    """Return a strategy's profit among those it makes with its events elsewhere.

    Parameters
    ----------
    backtest, stage
        The strategy, and what it ran on.
    traded
        Ids of the events it traded; the others are left out of the placebos.
    reach
        Offsets of the first entry and the last exit; None where nothing was traded.
    seed, draws
        Of the assignments.
    handed
        Runs that a rule may hand over from the arrays to backtrader; None for any number.

    Notes
    -----
    Short sales are admissible at every place: the question is what the dates earn, not from
    when the stock could be borrowed. A start at which not every event of the cluster trades
    is none, as the events are here because theirs did.
    """
    if not traded or reach is None:
        return Placebo.refused(0, "no trade was made")
    answer = ranked_on_rings(
        backtest,
        stage,
        [backtest.params],
        set(traded),
        reach,
        seed=seed,
        draws=draws,
        handed=handed,
    )
    if answer.ranked is None:
        return Placebo.refused(len(traded), answer.note, len(answer.clusters))
    ranked = answer.ranked
    return Placebo(
        round(float(ranked.own[0]), 2),
        np.round(ranked.best, 2),
        float(ranked.p_values[0]),
        ranked.floor,
        answer.one_day_floor,
        len(traded),
        len(answer.clusters),
        answer.note,
    )


def ranked_on_rings(
    backtest: Backtest,
    stage: Stage,
    cells: Sequence[Mapping[str, Any]],
    traded: set[str],
    reach: tuple[int, int],
    *,
    seed: int,
    draws: int,
    handed: int | None = None,
    jobs: int = -1,
    step: Callable[[int], None] = lambda _: None,
) -> Ringed:
    """Return what cells of parameters make with their events elsewhere; see ``run_placebo``.

    ``cells`` are complete parameters; all of them are run at the same starts, and ``reach``
    is the longest of them.
    """
    clusters = clusters_of(stage, traded, reach)
    wrong = next((why for cluster in clusters if (why := off_the_ring(cluster))), "")
    if wrong:
        return Ringed(None, clusters, wrong)
    rng = np.random.default_rng(seed)
    many = sum(cluster.places.size for cluster in clusters) > draws
    share = max(draws // len(clusters), FEWEST) + 1 if many else None
    tables, rows, kept, lost = [], [], [], 0
    trades: IntArray = np.zeros(len(cells), dtype=np.int64)
    for cluster in clusters:
        places = cluster.places if share is None else _some(cluster, share, rng)
        where = ring_stage(backtest, stage, cluster)
        plans = [Plan(cell, cluster.zeros(int(place))) for cell in cells for place in places]
        try:
            trials = run_all(backtest, where, plans, jobs=jobs, step=step, handed=handed)
        except HandedOverError as cause:
            return Ringed(None, clusters, f"{NOT_RUN}: {cause}")
        except BacktestError as cause:  # it ran where the events were, and cannot elsewhere
            return Ringed(None, clusters, f"refused: {cause}")
        profits = np.array([trial.profit for trial in trials]).reshape(len(cells), -1).T
        filled = _filled(cluster, [set(trial.net) for trial in trials], len(cells))
        if not filled[places == cluster.own].all():  # it hangs on the other clusters
            return Ringed(None, clusters, f"refused: {_names(cluster)} trade otherwise alone")
        at = int(np.flatnonzero(places == cluster.own)[0])
        trades += [trial.trades for trial in trials[at :: places.size]]
        lost += int((~filled).sum())
        trading = int(cluster.room * filled.mean())
        if trading < FEWEST:
            few = f"refused: {trading} starts with a trade, at least {FEWEST} needed"
            return Ringed(None, clusters, few)
        tables.append(profits[filled])
        rows.append(int(np.flatnonzero(places[filled] == cluster.own)[0]))
        kept.append(places[filled])
    spans = spans_of(clusters, kept, stage)
    ranked = rank(tables, rows, draws=draws, seed=seed, spans=spans)
    answer = Ringed(ranked, clusters, "")
    return replace(answer, note=_words(answer, ranked, int(trades[np.argmax(ranked.own)]), lost))


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
        own = [(e.day_zero + first, e.day_zero + last, e.event.ticker) for e in some]
        tickers = {e.event.ticker for e in some}
        columns = [stage.panel.column(ticker) for ticker in sorted(tickers)]
        ring = Ring.of(stage.panel.close[:, columns])
        entry = min(start for start, _, _ in own)
        place, length = ring.place(entry), max(end for _, end, _ in own) - entry + 1
        outside = place < 0 or entry + length - 1 > ring.last
        others = [one for one in held if one not in own]
        untraded = [one for one in others if one not in moving]
        places = np.empty(0, dtype=np.int64) if outside else starts(ring, own, untraded)
        room = 0 if outside else starts(ring, own, others).size
        clusters.append(Cluster(some, ring, places, room, place, length, tuple(own)))
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
            own = [(first, last) for first, last, name in cluster.held if name == ticker]
            first, last = min(own)[0], max(own)[1]
            size = Ring.of(stage.panel.close[:, [stage.panel.column(ticker)]]).size
            rows = cluster.ring.rows(at) + first - entry
            each.append(Span(ticker, rows, last - first + 1, size))
        spans.append(each)
    return spans


def off_the_ring(cluster: Cluster) -> str:
    """Return why a cluster has no ring, or too small a one; empty where it has one."""
    if cluster.own < 0:
        return f"refused: {_names(cluster)}: no close before the entry"
    if not cluster.places.size:
        return f"refused: {_names(cluster)}: the data end before the exit"
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


def _some(cluster: Cluster, count: int, rng: np.random.Generator) -> IntArray:
    """Return some of a cluster's places at random, its own always among them, ascending.

    Given which places were picked, its own is any of them alike, so that the rank stays exact.
    """
    others = cluster.places[cluster.places != cluster.own]
    picked = rng.choice(others, min(count - 1, others.size), replace=False)
    return np.sort(np.append(picked, cluster.own))


def _filled(cluster: Cluster, traded: list[set[str]], cells: int) -> Any:
    """Return at which places every event of a cluster is traded, by any cell, shape (n,)."""
    ids = {entry.event.id for entry in cluster.entries}
    count = len(traded) // cells
    return np.array([ids <= set().union(*traded[row::count]) for row in range(count)])


def _names(cluster: Cluster) -> str:
    return ", ".join(entry.event.id for entry in cluster.entries)


def _words(answer: Ringed, ranked: Ranked, trades: int, lost: int) -> str:
    """Return how a placebo was made, in parts that are joined by semicolons."""
    floor = answer.one_day_floor
    count = _many(ranked.assignments)
    drawn = f"{ranked.best.size:,} draws of {count} combinations of starts on the ring"
    parts = [
        f"{counted(trades, 'trade')} in {counted(len(answer.clusters), 'cluster')}",
        f"all {count} assignments on the ring" if ranked.enumerated else drawn,
        "shortable on every date",
    ]
    if len(answer.clusters) > 1:
        parts.append("each cluster on the starting cash")
    if lost:
        parts.append(f"{counted(lost, 'start', 'starts')} without a trade left out")
    if floor > ONE_DAY:
        parts.append(f"a move of one day cannot reach 5 % over this holding (L/n = {floor:.3f})")
    return "; ".join(parts)


def _many(count: float) -> str:
    return f"{count:,.0f}" if count < _COUNTABLE else f"{count:.0e}"


def rule_reach(
    strategy: type[EventStrategy], cells: Sequence[Mapping[str, Any]], entries: Sequence[Entry]
) -> tuple[int, int] | None:
    """Return the first entry and the last exit of a rule in any of some cells; None without."""
    spans = [
        (rule.entry, rule.exit)
        for params in (strategy.Params(**cell) for cell in cells)
        for entry in entries
        if (rule := params.rule(entry.event)) is not None
    ]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None
