"""Tables of groups: means, tests, influence, calendar-time portfolios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.study.fit import path
from aftershock.study.groups import (
    calendar_time,
    influence,
    mean_by_weight,
    outcomes,
    window_mask,
)
from aftershock.study.inference.battery import MIN_EVENTS
from aftershock.study.inference.power import detectable
from aftershock.study.outcomes import mean_volume
from aftershock.study.pooling import make_sample
from aftershock.study.windows import Window
from aftershock.tables import make_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from aftershock.arrays import FloatArray
    from aftershock.study.inference.sample import Sample
    from aftershock.study.pooling import Member, Pool
    from aftershock.study.run import Records
    from aftershock.study.study import Study

    Groups = Mapping[str, Sequence[Member]]
    Volumes = Mapping[tuple[str, int, int], float]

AAR = ["group", "offset", "n", "aar", "se", "caar", "caar_se", "caar_n"]
CAAR = [
    "group",
    "start",
    "end",
    "n",
    "caar",
    "se",
    "detectable",
    "median",
    "positive",
    "bhar",
    "volume",
    "volume_n",
    "weighted",
    "weighted_se",
    "n_effective",
]
TESTS = [
    "group", "start", "end", "test", "statistic", "distribution", "dof", "p_value", "n", "null",
    "note",
]  # fmt: skip
INFLUENCE = ["group", "start", "end", "event", "n", "caar", "t", "p_value"]
CALENDAR = [
    "group", "start", "end", "alpha", "se", "t", "dof", "p_value", "lags", "sessions", "mean_held",
    "note",
]  # fmt: skip


def aar_table(study: Study, groups: Groups) -> pd.DataFrame:
    """Return the mean abnormal return and its cumulation by offset."""
    rows: list[tuple[Any, ...]] = []
    for group, members in groups.items():
        ar = np.array([member.fit.ar for member in members])
        car = np.array([path(member.fit)[0] for member in members])
        for i, offset in enumerate(study.window.offsets):
            n, aar, se = _mean(ar[:, i])
            whole, caar, caar_se = _mean(car[:, i])
            rows.append((group, offset, n, aar, se, caar, caar_se, whole))
    return make_table(rows, AAR)


def caar_table(pools: Iterable[Pool], volumes: Volumes) -> pd.DataFrame:
    """Return the mean CAR of every window, and what else its events have in common.

    ``detectable`` is the smallest mean CAR seen with 80 % power, ``positive`` the share of
    positive CARs, ``volume`` the mean abnormal log turnover of the ``volume_n`` events that
    have one; ``weighted``, its standard error and the effective n are of the mean by the
    study's weights, empty where it has none.
    """
    rows = []
    for pool in pools:
        n, caar, se = _mean(pool.sample.car)
        volume_n, volume, _ = _mean(volumes_of(pool.everyone, pool.window, volumes))
        rows.append(
            (
                pool.group,
                *pool.window,
                n,
                caar,
                se,
                float(detectable(se, n - 1)),
                float(np.median(pool.sample.car)) if n else np.nan,
                float((pool.sample.car > 0).mean()) if n else np.nan,
                _mean(pool.sample.bhar)[1],
                volume,
                volume_n,
                *_weighted(pool.sample),
            )
        )
    return make_table(rows, CAAR)


def _weighted(sample: Sample) -> tuple[float, float, float]:
    """Return the weighted mean CAR, its standard error and the effective n."""
    mean = mean_by_weight(sample)
    if mean is None:
        return float("nan"), float("nan"), float("nan")
    se = float(mean.se) if sample.n >= MIN_EVENTS else float("nan")
    return float(mean.mean), se, float(mean.n_effective)


def volumes_of(members: Sequence[Member], window: Window, volumes: Volumes) -> FloatArray:
    """Return the members' abnormal log turnover, NaN where one has none, shape (N,)."""
    return np.array([volumes.get((member.id, *window), np.nan) for member in members])


def _mean(values: FloatArray) -> tuple[int, float, float]:
    """Return n, mean and cross-sectional standard error of the finite values."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0, float("nan"), float("nan")
    enough = known.size >= MIN_EVENTS
    se = known.std(ddof=1) / np.sqrt(known.size) if enough else float("nan")
    return known.size, float(known.mean()), float(se)


def tests_table(study: Study, pools: Iterable[Pool], volumes: Volumes, seed: int) -> pd.DataFrame:
    """Return every test of every window of every group."""
    rows: list[tuple[Any, ...]] = []
    for pool in pools:
        tested = [*outcomes(pool, seed)]
        if volumes:
            turnover = volumes_of(pool.everyone, pool.window, volumes)
            whole = make_sample(pool.everyone, pool.window, study.estimation, study.returns, seed)
            tested.append(mean_volume(turnover, whole))
        for outcome in tested:
            values = (getattr(outcome, name) for name in TESTS[3:])
            rows.append((pool.group, *pool.window, *values))
    return make_table(rows, TESTS)


def influence_table(pools: Iterable[Pool]) -> pd.DataFrame:
    """Return mean CAR and BMP with each event left out."""
    rows = [(pool.group, *pool.window, *row) for pool in pools for row in influence(pool)]
    return make_table(rows, INFLUENCE)


def calendar_table(study: Study, groups: Groups, records: Records) -> pd.DataFrame:
    """Return the alpha of holding every stock from day 0 to the end of the event window."""
    window = Window(0, study.window.end)
    if not study.model.is_linear or study.contrast or window.end < 0:
        return make_table([], CALENDAR)
    subject = records.subject
    jobs = {record.unit.id: record.job for record in records.items}
    rows = []
    for group, members in groups.items():
        size = len(subject.prices.sessions)
        own = {member.ticker: jobs[member.id] for member in members}
        held = np.column_stack([
            np.any([
                window_mask(size, member.row, window)
                for member in members if member.ticker == ticker
            ], axis=0)
            for ticker in own
        ])  # fmt: skip
        returns = np.column_stack([job.held for job in own.values() if job is not None])
        found = calendar_time(returns, subject.design, held, window.length)
        values = (getattr(found, name) for name in CALENDAR[3:])
        rows.append((group, *window, *values))
    return make_table(rows, CALENDAR)
