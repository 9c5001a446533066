"""Placebos of several events: clusters whose windows chain move together round their rings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aftershock.events.admissible import chained
from aftershock.formats import counted
from aftershock.study.inference.joint import Joint, cluster_sums, joint_placebo
from aftershock.study.inference.outcome import Outcome, refused
from aftershock.study.inference.ring import too_short
from aftershock.study.placebo import gap, residuals_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.arrays import BoolArray, FloatArray, IntArray
    from aftershock.study.engine import Job
    from aftershock.study.pooling import Member
    from aftershock.study.windows import Window

JOINT = "placebo, jointly"
JOINT_NULL = "the mean CAR is one of those of as many windows in the stocks' histories"
LEVEL = 0.05


class NoPlacebo(Exception):  # noqa: N818 - a reason, and never leaves this file
    """Why several events cannot be moved together."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Events of any stocks whose windows, one after the other, share sessions.

    Attributes
    ----------
    members, jobs
        The events, and what was fitted for each.
    window
        The CAR's window, the same for all of them.
    """

    members: Sequence[Member]
    jobs: Sequence[Job]
    window: Window

    @classmethod
    def of(cls, members: Sequence[Member], window: Window) -> Cluster:
        """Gather events that were fitted; raises NoPlacebo where one's model has no ring."""
        jobs = [member.job for member in members if member.job is not None]
        if len(jobs) < len(members):
            raise NoPlacebo("no placebos for this model")
        for member, job in zip(members, jobs, strict=True):
            row = member.row
            reason = gap(job, (row + window.start, row + window.end))
            if reason:
                raise NoPlacebo(f"{member.id}: {reason}")
        return cls(members, jobs, window)

    def sums(self, *, others: bool) -> FloatArray:
        """Return the members' window sums by common shift, shape (n,).

        Parameters
        ----------
        others
            Whether the stocks' events outside the cluster are kept in the ring.

        Raises
        ------
        NoPlacebo
            The sessions that all members have are too few, or miss one of a window.
        """
        rows = self._rows(others=others)
        first = np.array([member.row + self.window.start for member in self.members])
        starts = np.searchsorted(rows, first)
        length = self.window.length
        reach = int(starts.max() - starts.min()) + length
        reason = too_short(rows.size, reach)
        if reason:
            raise NoPlacebo(f"{self.name}: {reason}")
        u = np.column_stack([residuals_on(job, rows).u for job in self.jobs])
        sums = cluster_sums(u, starts, length, reach)
        if not np.isfinite(sums[0]):
            raise NoPlacebo(f"{self.name}: nothing varies near a session of the window")
        return sums

    @property
    def name(self) -> str:
        """The members' ids."""
        return ", ".join(member.id for member in self.members)

    def _rows(self, *, others: bool) -> IntArray:
        """Return the panel rows all members have; their own windows always stay."""
        common = np.all([job.design.estimable(job.y) for job in self.jobs], axis=0)
        free = common.copy()
        for member in self.members:
            if member.within is not None:
                free &= member.within
        if not others:
            inside = {member.id for member in self.members}
            for member in self.members:
                for name, stretches in member.others.items():
                    for first, last in stretches if name not in inside else ():
                        self._clear(free, first, last)
        for member in self.members:
            own = np.arange(member.row + self.window.start, member.row + self.window.end + 1)
            if not common[own].all():
                raise NoPlacebo(f"{self.name}: a session of one's window is missing in another")
            free[own] = True
        return np.flatnonzero(free)

    def _clear(self, free: BoolArray, first: int, last: int) -> None:
        begin, end = first + self.window.start, last + self.window.end + 1
        free[max(begin, 0) : max(end, 0)] = False


def joint_outcome(members: Sequence[Member], window: Window, seed: int) -> Outcome:
    """Return the placebo test of the members' mean CAR.

    It needs no minimum of events: the floor of its p-value is in the note. Other events are
    kept in the rings and left out of them, and the larger p decides.
    """
    n = len(members)
    if not n:
        return refused(JOINT, JOINT_NULL, "placebo", 0, "no placebos for this model")
    rows = np.array([member.row for member in members])
    groups = chained(rows, window.length)
    try:
        clusters = [Cluster.of([members[i] for i in group], window) for group in groups]
        kept = _moved(clusters, n, seed, others=True)
    except NoPlacebo as reason:
        return refused(JOINT, JOINT_NULL, "placebo", n, str(reason))
    try:
        left_out, beside = _moved(clusters, n, seed, others=False), ""
    except NoPlacebo as reason:
        left_out, beside = kept, f"other events kept; left out: {reason}"
    return _outcome(kept, left_out, beside, clusters, n)


def _moved(clusters: Sequence[Cluster], n: int, seed: int, *, others: bool) -> Joint:
    return joint_placebo([cluster.sums(others=others) for cluster in clusters], n, seed)


def _outcome(
    kept: Joint, left_out: Joint, beside: str, clusters: Sequence[Cluster], n: int
) -> Outcome:
    joint = kept if kept.p_value >= left_out.p_value else left_out
    how = "all" if joint.enumerated else "drawn"
    note = (
        f"{counted(joint.assignments, 'assignment')} ({how}), floor {joint.floor:.4f},"
        f" {counted(len(clusters), 'cluster')}; p {kept.p_value:.3f} with other events kept,"
        f" {left_out.p_value:.3f} left out"
    )
    one_day = clusters[0].window.length / joint.assignments
    if len(clusters) == 1 and one_day > LEVEL:
        note += f"; a move of one day cannot reach 5 % (L/n = {one_day:.3f})"
    if beside:
        note += f"; {beside}"
    return Outcome(JOINT, JOINT_NULL, joint.statistic, "placebo", math.nan, joint.p_value, n, note)
