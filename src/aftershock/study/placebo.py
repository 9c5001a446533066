"""The same statistic where nothing happened: for one event, and for several jointly.

An event's placebos are the other sessions of its own stock. Those with a full estimation
window and a full event window are all dates; those that also lie further than one window
length from every event of the stock are the admissible ones.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.events.admissible import admissible, chained
from aftershock.study.inference.single import placebo_p
from aftershock.study.models.batch import BatchEstimate, batch_least_squares
from aftershock.study.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.arrays import FloatArray, IntArray
    from aftershock.study.engine import Job

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
    lacks one.
    """
    size = job.y.size
    whole = Window(min(window.start for window in windows), max(window.end for window in windows))
    days = np.arange(max(-estimation.end, 0), size)
    found = {window: np.full(size, np.nan) for window in windows}
    if not days.size:
        return found
    to = days[:, None] + whole.offsets
    inside = (to >= 0) & (to < size)
    to = np.clip(to, 0, size - 1)
    fit, counts = _fit_before(job, days, estimation, to)
    error = np.where(inside, job.y[to], np.nan) - fit.expected
    extra = np.zeros(to.shape) if job.design.span is None else job.design.span[to] - 1.0
    enough = (counts >= fewest) & (fit.dof > 0)
    for window, out in found.items():
        part = window.within(whole)
        variance = fit.covariance[:, part, part].sum((-1, -2))
        variance = variance + fit.sigma**2 * extra[:, part].sum(-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            t = error[:, part].sum(axis=-1) / np.sqrt(variance)
        out[days] = np.where(enough & np.isfinite(t), t, np.nan)
    return found


def _fit_before(
    job: Job, days: IntArray, estimation: Window, to: IntArray
) -> tuple[BatchEstimate, IntArray]:
    """Fit the model before each of some days; return the fits and how many returns each has."""
    design, size = job.design, job.y.size
    reach = np.arange(max(estimation.start, 1 - size), estimation.end + 1)
    at = days[:, None] + reach
    keep = (at >= 0) & design.estimable(job.y)[np.maximum(at, 0)]
    at = np.maximum(at, 0)
    fit = batch_least_squares(
        ((job.y - design.fixed) / design.root)[at],
        (design.regressors / design.root[:, None])[at],
        keep,
        design.fixed[to],
        design.regressors[to],
        has_constant=design.has_constant,
    )
    return fit, keep.sum(axis=-1)


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
    count = int(np.prod([float(found.size) for found in sums]))
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
