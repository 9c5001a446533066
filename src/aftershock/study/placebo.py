"""Placebos of single events: each window's ring over the stock's own history.

Other events of the stock are kept in the ring and left out of it, and the larger p decides:
events that were chosen because they moved make a ring without them too calm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.study.inference.ring import (
    Residuals,
    Ring,
    null_residuals,
    scaled_ring,
    too_short,
    unscaled_ring,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.study.engine import Job

DECIDES, KEPT, LEFT_OUT, UNSCALED = "ring", "ring kept", "ring left out", "ring unscaled"

EARLY = 4  # the unscaled ring is refused for an event in the first quarter of its sessions
LEVEL = 0.05
CALM, WILD = 0.67, 1.5  # spread of the estimation window over that of the reference

Stretch = tuple[int, int]  # first and last panel row, both included


@dataclass(frozen=True, slots=True)
class Reference:
    """The sessions a window is compared with, in order, the window's own among them.

    Attributes
    ----------
    rows : ndarray, shape (n,)
        Panel rows.
    start, length
        Place of the window's first session among them, and the window's sessions.
    residuals
        With the null imposed on all n of them.
    """

    rows: IntArray
    start: int
    length: int
    residuals: Residuals


@dataclass(frozen=True, slots=True)
class Comparison:
    """One ring, or why there is none.

    Attributes
    ----------
    ring
        None where it is refused.
    note
        Why it is refused, or what to know about it.
    """

    ring: Ring | None
    note: str = ""

    @property
    def p_value(self) -> float:
        """Two-sided p-value; NaN where the ring is refused."""
        return float("nan") if self.ring is None else float(self.ring.p_value)


@dataclass(frozen=True, slots=True)
class Placebo:
    """A window's statistic among the same statistic at every other place of its history.

    Attributes
    ----------
    comparisons
        By name: ``ring`` decides; ``ring kept``, ``ring left out`` and ``ring unscaled``
        stand beside it.
    """

    comparisons: Mapping[str, Comparison]

    @property
    def ring(self) -> Ring | None:
        """The deciding ring; None where the placebo is refused."""
        return self.comparisons[DECIDES].ring

    @property
    def p_value(self) -> float:
        """The deciding p-value."""
        return self.comparisons[DECIDES].p_value


def place(
    job: Job, window: Stretch, others: Iterable[Stretch], within: BoolArray | None = None
) -> Placebo:
    """Return the placebo of one window of one event.

    Parameters
    ----------
    job
        The event's returns and right-hand side.
    window
        Its panel rows.
    others
        The windows of the stock's other events.
    within : ndarray, shape (S,), or None
        Sessions the reference is confined to: the estimation window, for a study with
        ``reference="estimation"``. The window itself always stays.
    """
    reason = gap(job, window)
    if reason:
        refusal = Comparison(None, reason)
        return Placebo(dict.fromkeys((DECIDES, KEPT, LEFT_OUT, UNSCALED), refusal))
    every = reference(job, window, (), within)
    without = reference(job, window, others, within)
    kept, left_out = compared(every), compared(without)
    return Placebo(
        {
            DECIDES: larger(kept, left_out),
            KEPT: kept,
            LEFT_OUT: left_out,
            UNSCALED: larger(compared(every, scaled=False), compared(without, scaled=False)),
        }
    )


def larger(kept: Comparison, left_out: Comparison) -> Comparison:
    """Return the comparison that decides: the larger p; kept alone where it stands alone."""
    if kept.ring is None:
        return kept
    if left_out.ring is None:
        return Comparison(kept.ring, f"other events kept; left out: {left_out.note}")
    return kept if kept.p_value >= left_out.p_value else left_out


def compared(where: Reference, *, scaled: bool = True) -> Comparison:
    """Return a reference's ring, or the reason for which there is none."""
    n, (start, length) = where.rows.size, (where.start, where.length)
    reason = too_short(n, length)
    if not reason and not scaled and start < n / EARLY:
        reason = "the event lies in the first quarter of its sessions: only the scaled ring holds"
    if reason:
        return Comparison(None, reason)
    ring = (scaled_ring if scaled else unscaled_ring)(where.residuals, start, length)
    reason = too_short(int(ring.n), length)
    if not np.isfinite(ring.statistic):
        reason = "nothing varies near a session of the window"
    return Comparison(None, reason) if reason else Comparison(ring, _one_day(ring))


def _one_day(ring: Ring) -> str:
    floor = float(ring.one_day_floor)
    if floor <= LEVEL:
        return ""
    return (
        f"a move of one day cannot reach 5 % over this window (L/n = {floor:.3f}): test the"
        " day itself"
    )


def gap(job: Job, window: Stretch) -> str:
    """Return why a window has no ring in its stock's history, empty where it has."""
    first, last = window
    if min(window) < 0 or last >= job.y.size:
        return "the prices do not reach over the window"
    rows = np.arange(first, last + 1)
    if job.final is not None and last > job.final:
        return "nothing is held after the final value"
    if (job.design.sessions[rows] != 1).any():
        return "a bridged halt inside the window"
    if not job.design.estimable(job.y)[rows].all():
        return "a session of the window has no return"
    return ""


def reference(
    job: Job, window: Stretch, others: Iterable[Stretch], within: BoolArray | None
) -> Reference:
    """Return the sessions a whole window is compared with, less the other windows given."""
    free = job.design.estimable(job.y)
    if within is not None:
        free = free & within
    for first, last in others:
        free[max(first, 0) : max(last + 1, 0)] = False
    free[window[0] : window[1] + 1] = True
    rows = np.flatnonzero(free)
    start = int(np.searchsorted(rows, window[0]))
    return Reference(rows, start, window[1] - window[0] + 1, residuals_on(job, rows))


def residuals_on(job: Job, rows: IntArray) -> Residuals:
    """Return the null residuals of a job on some rows; NaN where they identify nothing."""
    root = job.design.root[rows]
    y = (job.y[rows] - job.design.fixed[rows]) / root
    x = job.design.regressors[rows] / root[:, None]
    if not identified(x):
        return Residuals(np.full(y.shape, np.nan), np.zeros_like(x))
    return null_residuals(y, x)


def identified(x: FloatArray) -> bool:
    """Return whether n rows identify the k coefficients of regressors, shape (n, k)."""
    if x.shape[1] == 0:
        return True
    scale = np.abs(x).max(axis=0) if len(x) else np.zeros(x.shape[1])
    enough = len(x) > x.shape[1] and bool((scale > 0).all())
    return enough and bool(np.linalg.matrix_rank(x / scale) == x.shape[1])


def unlike(where: Reference, estimation: IntArray) -> str:
    """Return that the reference is wilder or calmer than the event's own time, or nothing.

    Parameters
    ----------
    where
        The reference.
    estimation : ndarray, shape (T,)
        Panel rows of the event's estimation window.
    """
    u = where.residuals.u
    near = u[np.isin(where.rows, estimation)]
    if near.size < 2 or not u.std() > 0:  # noqa: PLR2004 - a spread needs two
        return ""
    ratio = float(near.std() / u.std())
    if CALM <= ratio <= WILD:
        return ""
    times = "calmer" if ratio > WILD else "wilder"
    return f"compares with {times} times: spread of the estimation window {ratio:.2f} times theirs"
