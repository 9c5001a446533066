"""The same statistic where nothing happened: for one event, and for several jointly.

An event's placebos are the other sessions of its own stock. Those with a full estimation
window and a full event window are all dates; those that also lie further than one window
length from every event of the stock are the admissible ones.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.events.admissible import admissible, chained
from aftershock.study.inference.single import placebo_p
from aftershock.study.models.batch import inverse_or_nan
from aftershock.study.models.estimate import EXACT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.study.engine import Job
    from aftershock.study.windows import Window

DRAWS = 9_999


@dataclass(frozen=True, slots=True)
class Placebo:
    """An event's statistic among its placebos.

    Attributes
    ----------
    statistic
        The event's own, NaN where it cannot be computed.
    everywhere : ndarray, shape (S,)
        The statistic had the event been on that session; NaN where it cannot be computed and
        on the event's own session.
    quiet : ndarray, shape (S,)
        The same, NaN also near the stock's own events.
    """

    statistic: float
    everywhere: FloatArray
    quiet: FloatArray

    @property
    def p_value(self) -> float:
        """Share of admissible sessions at least as extreme, the event's own counted in."""
        return float(placebo_p(self.statistic, self.quiet))

    @property
    def p_all(self) -> float:
        """The same over all dates."""
        return float(placebo_p(self.statistic, self.everywhere))


def place(
    job: Job,
    windows: Sequence[Window],
    estimation: Window,
    fewest: int,
    own: Sequence[tuple[int, int]],
) -> dict[Window, Placebo]:
    """Return one event's placebos over each window.

    Parameters
    ----------
    job
        The event's fit: returns, right-hand side, day 0.
    windows
        The CARs' windows.
    estimation
        The estimation window.
    fewest
        Returns that a full estimation window holds: as many as the event's own.
    own
        First and last row of each of the stock's events.
    """
    placed = {}
    for window, t in everywhere(job, windows, estimation, fewest).items():
        statistic = float(t[job.day_zero])
        t[job.day_zero] = np.nan
        free = admissible(job.y.size, own, window.length)
        placed[window] = Placebo(statistic, t, np.where(free, t, np.nan))
    return placed


def everywhere(
    job: Job, windows: Sequence[Window], estimation: Window, fewest: int
) -> dict[Window, FloatArray]:
    """Return CAR over its standard error with day 0 on every session, shape (S,) per window.

    NaN where the estimation window holds fewer than ``fewest`` returns or the CAR's window
    lacks one. The regressions roll: every sum of one is the next one's but for two rows.
    """
    inverse, coefficients, variance = _rolling_fits(job, estimation, fewest)
    design = job.design
    span = np.ones(job.y.size) if design.span is None else design.span
    found = {}
    for window in windows:
        x = _over(design.regressors, window)
        car = _over(job.y - design.fixed, window) - (x * coefficients).sum(axis=-1)
        spread = _over(span, window) + np.einsum("si,sij,sj->s", x, inverse, x)
        with np.errstate(invalid="ignore"):
            t = car / np.sqrt(variance * spread)
        found[window] = np.where(_ends_halted(job, window), np.nan, t)
    return found


def _ends_halted(job: Job, window: Window) -> BoolArray:
    """Return for which day 0 the window ends inside a bridged halt, shape (S,)."""
    days = np.arange(job.y.size)
    over = days > (np.inf if job.final is None else job.final)
    halted = (job.design.sessions == 0) & ~over
    last = days + window.end
    inside = (last >= 0) & (last < days.size)
    return np.asarray(inside & halted[np.clip(last, 0, days.size - 1)])


def _rolling_fits(
    job: Job, estimation: Window, fewest: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (X'X)^-1, b and s^2 before each session, shapes (S, k, k), (S, k) and (S,)."""
    design, usable = job.design, job.design.estimable(job.y)
    y = np.where(usable, (job.y - design.fixed) / design.root, 0.0)
    x = np.where(usable[:, None], design.regressors / design.root[:, None], 0.0)
    inverse = inverse_or_nan(_within(x[:, :, None] * x[:, None, :], estimation))
    cross = _within(x * y[:, None], estimation)
    coefficients = (inverse @ cross[..., None])[..., 0]
    counts = _within(usable.astype(float), estimation)
    rss = _within(y**2, estimation) - (coefficients * cross).sum(axis=-1)
    dof = counts - x.shape[1]
    enough = (counts >= max(fewest, 1)) & (dof > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = rss / dof
    return inverse, coefficients, np.where(enough & (variance > EXACT**2), variance, np.nan)


def _within(values: FloatArray, window: Window) -> FloatArray:
    """Return, for day 0 on every row, the sum of the window's rows that exist, shape (S, ...)."""
    size = len(values)
    total = np.concatenate([np.zeros((1, *values.shape[1:])), values.cumsum(axis=0)])
    days = np.arange(size)
    first, last = np.clip(days + window.start, 0, size), np.clip(days + window.end + 1, 0, size)
    return np.asarray(total[last] - total[first])


def _over(values: FloatArray, window: Window) -> FloatArray:
    """Return the sum of the window's rows, NaN where one is missing, shape (S, ...)."""
    known = np.isfinite(values)
    whole = _within(known.astype(float), window) == window.length
    return np.where(whole, _within(np.where(known, values, 0.0), window), np.nan)


@dataclass(frozen=True, slots=True)
class Joint:
    """Several events moved together.

    Attributes
    ----------
    statistic, p_value
        Mean statistic of the events, and its placebo p-value.
    m
        Assignments looked at; the floor of the p-value is 1/(m + 1).
    enumerated
        True where all assignments were looked at.
    """

    statistic: float
    p_value: float
    m: int
    enumerated: bool


def jointly(
    placebos: Sequence[Placebo], rows: IntArray, clusters: Sequence[Sequence[int]], seed: int
) -> Joint:
    """Return the placebo p-value of the mean statistic of several events.

    Parameters
    ----------
    placebos
        One per event.
    rows : ndarray, shape (N,)
        Row of each event's day 0.
    clusters
        Numbers of the events that shift by the same number of sessions, because their windows
        overlap; clusters move independently.
    seed
        Seed of the draws, where there are more assignments than ``DRAWS``.
    """
    sums = [_shifted(placebos, rows, members) for members in clusters]
    statistic = float(np.mean([placebo.statistic for placebo in placebos]))
    if any(not found.size for found in sums) or not np.isfinite(statistic):
        return Joint(statistic, float("nan"), 0, True)
    count = math.prod(float(found.size) for found in sums)  # may be beyond any whole number
    if count <= DRAWS:
        totals = np.array([sum(parts) for parts in itertools.product(*sums)])
    else:
        rng = np.random.default_rng(seed)
        totals = np.sum([rng.choice(found, DRAWS) for found in sums], axis=0)
    means = totals / len(placebos)
    return Joint(statistic, float(placebo_p(statistic, means)), means.size, count <= DRAWS)


def _shifted(placebos: Sequence[Placebo], rows: IntArray, members: Sequence[int]) -> FloatArray:
    """Return the sum of a cluster's statistics for every shift all members can make."""
    size = placebos[members[0]].quiet.size
    shifts = np.arange(-int(rows[list(members)].max()), size - int(rows[list(members)].min()))
    total = np.zeros(shifts.size)
    for i in members:
        at = rows[i] + shifts
        inside = (at >= 0) & (at < size)
        total += np.where(inside, placebos[i].quiet[np.clip(at, 0, size - 1)], np.nan)
    return total[np.isfinite(total)]


def overlapping(rows: IntArray, window: Window) -> list[list[int]]:
    """Return events in clusters whose windows, chained, share sessions.

    Parameters
    ----------
    rows : ndarray, shape (N,)
        Row of each event's day 0.
    window
        The window all of them have.
    """
    return chained(rows, window.length)
