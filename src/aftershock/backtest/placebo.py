"""The placebo: the same strategy where nothing happened.

A strategy is run again with its events moved to sessions without one. What it earns there is
what it earns without the event, and the share of such runs that do at least as well is the
p-value. A stock has few sessions to move to, so the smallest p-value is printed beside it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.backtest.luck.check import Check
from aftershock.backtest.trials import Plan, run_all
from aftershock.events.admissible import admissible, chained, joint_shifts
from aftershock.formats import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.backtest.run import Backtest
    from aftershock.backtest.stage import Stage
    from aftershock.backtest.strategy import EventStrategy

DRAWS = 9_999
NAME = "placebo"
_COUNTABLE = 1e9


@dataclass(frozen=True, slots=True)
class PlaceboDates:
    """Where a strategy's events are moved to.

    Attributes
    ----------
    positions : ndarray, shape (D, E)
        Row of each event's day 0 in each draw; no rows where some event cannot be moved.
    enumerated
        True where these are all assignments there are.
    assignments
        How many there are.
    clusters
        Numbers of the events that move together because their holdings overlap.
    """

    positions: IntArray
    enumerated: bool
    assignments: float
    clusters: tuple[tuple[int, ...], ...]

    @property
    def floor(self) -> float:
        """The smallest p-value these dates can give."""
        return 1.0 / (1.0 + len(self.positions))

    @property
    def words(self) -> str:
        """How the dates were made."""
        count = self.positions.shape[0]
        if not count:
            return "an event has no admissible session to move to"
        how = "all" if self.enumerated else f"{count:,} draws of"
        together = sum(len(cluster) > 1 for cluster in self.clusters)
        groups = counted(together, "group")
        jointly = f", {groups} of overlapping events moved jointly" if together else ""
        return f"{how} {_many(self.assignments)} assignments of admissible dates{jointly}"


def _many(count: float) -> str:
    return f"{count:,.0f}" if count < _COUNTABLE else f"{count:.0e}"


@dataclass(frozen=True, slots=True)
class Placebo:
    """A strategy's profit among its placebos.

    Attributes
    ----------
    net
        Of the strategy itself, money.
    draws : ndarray, shape (D,)
        Of each placebo; NaN where it could not be traded as the rule demands.
    p_value, floor
        Share of the placebos that earned at least as much, the strategy counted in, and the
        smallest there could be; NaN without a placebo.
    n
        Events.
    note
        How the dates were made.
    """

    net: float
    draws: FloatArray
    p_value: float
    floor: float
    n: int
    note: str

    @property
    def check(self) -> Check:
        """The row of the table of checks; a placebo needs no ten events, its floor says all."""
        return Check(NAME, self.net, self.p_value, self.floor, self.n, self.note)


def free_sessions(
    bars: BoolArray, own: Iterable[tuple[int, int]], reach: tuple[int, int]
) -> BoolArray:
    """Return where an event of one ticker could have been, shape (S,).

    Parameters
    ----------
    bars : ndarray, shape (S,)
        True where the ticker has a close.
    own
        First and last row of each of the ticker's events: those the strategy selects. Kept
        clear of every event of any kind, an active stock has no session left.
    reach
        Offsets of the first entry and the last exit.

    Notes
    -----
    Admissible is a day 0 that lies further than one holding from every event, with the close
    before the entry, on which it is sized, and the session of the exit between the ticker's
    first and last close. A halt in between is the rule's to cope with.
    """
    first, last = reach
    there = np.flatnonzero(bars)
    free = admissible(bars.size, own, last - first + 1)
    if not there.size:
        return np.zeros_like(free)
    rows = np.arange(bars.size)
    return np.asarray(free & (rows + first - 1 >= there[0]) & (rows + last <= there[-1]))


def placebo_dates(
    day_zero: IntArray,
    free: BoolArray,
    reach: tuple[int, int],
    *,
    seed: int,
    draws: int = DRAWS,
) -> PlaceboDates:
    """Return dates to which a strategy's events are moved.

    Parameters
    ----------
    day_zero : ndarray, shape (E,)
        Row of each event's day 0.
    free : ndarray, shape (S, E)
        Where each can be put: ``free_sessions`` of its ticker.
    reach
        Offsets of the first entry and the last exit; events whose holdings overlap, of one
        ticker or of several, move by the same number of sessions, clusters independently.
    seed, draws
        Of the draws, where there are more assignments; fewer are all taken, each once.
    """
    clusters = chained(day_zero, reach[1] - reach[0] + 1)
    shifts = [joint_shifts(day_zero[members], free[:, members]) for members in clusters]
    assignments = math.prod(float(possible.size) for possible in shifts)
    if assignments <= draws:
        picked = np.array(list(itertools.product(*shifts)), dtype=np.int64)
    else:
        rng = np.random.default_rng(seed)
        picked = np.column_stack([rng.choice(possible, draws) for possible in shifts])
    picked = picked.reshape(-1, len(clusters))
    positions = np.empty((picked.shape[0], day_zero.size), dtype=np.int64)
    for column, members in enumerate(clusters):
        positions[:, members] = day_zero[members] + picked[:, column, None]
    joint = tuple(tuple(members) for members in clusters)
    return PlaceboDates(positions, assignments <= draws, assignments, joint)


def judge_placebo(net: float, draws: FloatArray, dates: PlaceboDates) -> Placebo:
    """Return a strategy's profit among its placebos.

    Parameters
    ----------
    net
        Net profit of the strategy, money.
    draws : ndarray, shape (D,)
        Net profit of the rule on each row of ``dates.positions``; NaN where it could not be
        traded, which does not count.

    Notes
    -----
    One-sided: ``(1 + #{placebo >= net}) / (1 + D)``. The strategy itself is one of the
    assignments, so that the p-value is exact where all of them are enumerated.
    """
    known = draws[np.isfinite(draws)]
    floor = 1.0 / (1.0 + known.size)
    n = dates.positions.shape[1]
    lost = draws.size - known.size
    note = dates.words + (f"; {lost:,} of them could not be traded" if lost else "")
    if not known.size:
        return Placebo(net, draws, math.nan, math.nan, n, note)
    return Placebo(net, draws, (1.0 + float((known >= net).sum())) * floor, floor, n, note)


def run_placebo(
    backtest: Backtest,
    stage: Stage,
    net: Mapping[str, float],
    *,
    seed: int,
    draws: int = DRAWS,
    reach: tuple[int, int] | None = None,
    step: Callable[[int], None] = lambda _: None,
) -> Placebo:
    """Return a strategy's profit among those it makes where its events did not happen.

    Parameters
    ----------
    backtest, stage
        The strategy, and what it ran on.
    net
        Net profit of each event it traded, money; the others are left out of the placebos.
    seed, draws
        Of the dates.
    reach
        Offsets of the first entry and the last exit; those of its rule where left out. A
        strategy that decides day by day must be given them.
    step
        Called with the number of placebos that have just been run.

    Notes
    -----
    Short sales are admissible on every placebo date: the question is what the dates earn, not
    from when the stock could be borrowed.
    """
    stage = stage.only(net).shortable_any_day()
    span = reach or rule_reach(backtest.strategy, backtest.params, stage)
    if span is None or not stage.agenda.entries:
        none = PlaceboDates(np.empty((0, len(net)), dtype=np.int64), True, 0.0, ())
        return judge_placebo(sum(net.values()), np.empty(0), none)
    dates = stage_dates(stage, span, seed=seed, draws=draws)
    plans = [Plan(backtest.params, row) for row in dates.positions]
    earned = np.array([trial.profit for trial in run_all(backtest, stage, plans, step=step)])
    found = judge_placebo(round(sum(net.values()), 2), earned, dates)
    return replace(found, note=f"{found.note}; shortable on every date")


def stage_dates(stage: Stage, reach: tuple[int, int], *, seed: int, draws: int) -> PlaceboDates:
    """Return dates for the events of a stage, kept clear of all that were selected with them."""
    entries, size = stage.agenda.entries, len(stage.panel.sessions)
    zeros: IntArray = np.array([entry.day_zero for entry in entries], dtype=np.int64)
    free = np.empty((size, len(entries)), dtype=bool)
    for column, entry in enumerate(entries):
        ticker = entry.event.ticker
        own = [(zero, zero) for name, zero in stage.placed if name == ticker]
        bars = np.isfinite(stage.panel.close[:, stage.panel.column(ticker)])
        free[:, column] = free_sessions(bars, own, reach)
    return placebo_dates(zeros, free, reach, seed=seed, draws=draws)


def rule_reach(
    strategy: type[EventStrategy], params: Mapping[str, Any], stage: Stage
) -> tuple[int, int] | None:
    """Return the first entry and the last exit of a rule; None where it is none."""
    if not strategy.is_rule():
        return None
    said = strategy.Params(**params)
    rules = [said.rule(entry.event) for entry in stage.agenda.entries]
    spans = [(rule.entry, rule.exit) for rule in rules if rule is not None]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None
