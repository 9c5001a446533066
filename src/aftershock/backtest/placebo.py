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

from aftershock.backtest.assignments import Ranked, rank
from aftershock.backtest.clusters import (
    Cluster,
    clusters_of,
    names_of,
    off_the_ring,
    ring_stage,
    some_places,
    spans_of,
)
from aftershock.backtest.luck.check import NOT_RUN, Check
from aftershock.backtest.ring import FEWEST
from aftershock.backtest.trials import HandedOverError, Plan, run_all
from aftershock.errors import AftershockError
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
        places = cluster.places if share is None else some_places(cluster, share, rng)
        where = ring_stage(backtest, stage, cluster)
        plans = [Plan(cell, cluster.zeros(int(place))) for cell in cells for place in places]
        try:
            trials = run_all(backtest, where, plans, jobs=jobs, step=step, handed=handed)
        except HandedOverError as cause:
            return Ringed(None, clusters, f"{NOT_RUN}: {cause}")
        except AftershockError as cause:  # it ran where the events were, and cannot elsewhere
            return Ringed(None, clusters, f"refused: {cause}")
        profits = np.array([trial.profit for trial in trials]).reshape(len(cells), -1).T
        filled = _filled(cluster, [set(trial.net) for trial in trials], len(cells))
        if not filled[places == cluster.own].all():  # it hangs on the other clusters
            return Ringed(None, clusters, f"refused: {names_of(cluster)} trade otherwise alone")
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


def _filled(cluster: Cluster, traded: list[set[str]], cells: int) -> Any:
    """Return at which places every event of a cluster is traded, by any cell, shape (n,)."""
    ids = {entry.event.id for entry in cluster.entries}
    count = len(traded) // cells
    return np.array([ids <= set().union(*traded[row::count]) for row in range(count)])


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
