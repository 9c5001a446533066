"""Which events are pooled, and what their tests need."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from aftershock.errors import unknown
from aftershock.events.book import COMMON
from aftershock.formats import counted, natural
from aftershock.study.fit import EventFit, cumulate
from aftershock.study.inference.overlap import Calendar
from aftershock.study.inference.sample import Sample
from aftershock.study.inference.sign import positive_share
from aftershock.study.weights import weigh

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aftershock.arrays import BoolArray, IntArray
    from aftershock.prices.panel import ReturnKind
    from aftershock.study.engine import Job
    from aftershock.study.run import Record, Records
    from aftershock.study.study import Study
    from aftershock.study.windows import Window

ALL = "all"


@dataclass(frozen=True, slots=True)
class Member:
    """One event of a group.

    Attributes
    ----------
    id, ticker, row
        The event, its stock, and the row of its day 0.
    fit
        Its fit.
    job
        What was fitted, for placebos; None where the model has none.
    others
        Stretches of panel rows of the stock's other events, by event.
    within : ndarray, shape (S,), or None
        Sessions a placebo is confined to.
    """

    id: str
    ticker: str
    row: int
    fit: EventFit
    job: Job | None = None
    others: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    within: BoolArray | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """One window of one group.

    Attributes
    ----------
    group, window
        Which.
    everyone
        The group's members.
    members, sample
        Those whose whole window has returns, and their CARs.
    """

    group: str
    window: Window
    everyone: Sequence[Member]
    members: Sequence[Member]
    sample: Sample


def pools(
    study: Study,
    groups: Mapping[str, Sequence[Member]],
    seed: int,
    weights: Mapping[str, float] | None = None,
) -> Iterator[Pool]:
    """Yield every window of every group; ``weights`` are those of ``event_weights``."""
    for group, everyone in groups.items():
        for window in study.cars:
            members = [
                member
                for member in everyone
                if np.isfinite(cumulate(member.fit, window, study.returns).car)
            ]
            sample = make_sample(members, window, study.estimation, study.returns, seed)
            if sample.staggered or sample.repeats:
                sample = with_calendar(sample, members, study)
            weighed = weigh(study, [member.id for member in members], sample.se, weights)
            sample = replace(sample, weights=weighed)
            yield Pool(group, window, everyone, members, sample)


def make_sample(
    members: Sequence[Member],
    window: Window,
    estimation: Window | None,
    kind: ReturnKind,
    seed: int,
) -> Sample:
    """Return the members' CARs over a window that all of them have, with what tests need."""
    cars = [cumulate(member.fit, window, kind) for member in members]
    width = 0 if estimation is None else estimation.length
    residuals, standardised, days = (
        np.full((len(members), width), value) for value in (np.nan, np.nan, -1.0)
    )
    for i, member in enumerate(members):
        fit = member.fit
        if fit.estimate is None or estimation is None:
            continue
        at = fit.used - (member.row + estimation.start)
        residuals[i, at], standardised[i, at] = fit.estimate.residuals, fit.estimate.standardised
        days[i, at] = fit.used
    full = members[0].fit.window if members else window
    ar, ar_se = (
        np.array([getattr(member.fit, name) for member in members]).reshape(-1, full.length)
        for name in ("ar", "ar_se")
    )
    tickers = sorted({member.ticker for member in members})
    return Sample(
        car=np.array([car.car for car in cars]),
        bhar=np.array([car.bhar for car in cars]),
        se=np.array([car.se for car in cars]),
        dof=np.array([car.dof for car in cars]),
        share=positive_share(residuals, window.length),
        residuals=residuals,
        standardised=standardised,
        days=days.astype(np.int64),
        ar=ar,
        ar_se=ar_se,
        inside=window.within(full),
        window_days=np.array(
            [member.row + window.offsets for member in members], dtype=np.int64
        ).reshape(-1, window.length),
        firm=np.array([tickers.index(member.ticker) for member in members], dtype=np.int64),
        seed=seed,
    )


def with_calendar(sample: Sample, members: Sequence[Member], study: Study) -> Sample:
    """Return the sample with its stocks side by side on the sessions of all windows.

    The common estimation rows are those of the first event that every stock has; they end
    before any window begins.
    """
    jobs = [member.job for member in members if member.job is not None]
    if len(jobs) < len(members) or study.estimation is None:
        return replace(sample, no_calendar="the model is not one linear regression")
    first = min(member.row for member in members)
    rows = first + study.estimation.offsets
    usable = np.all([job.design.estimable(job.y) for job in jobs], axis=0)
    rows = rows[rows >= 0]
    rows = rows[usable[rows]]
    if rows.size < study.min_obs:
        many = counted(rows.size, "estimation row")
        return replace(
            sample,
            no_calendar=f"{many} that all stocks have before the first event, at least"
            f" {study.min_obs} needed",
        )
    return replace(sample, calendar=_side_by_side(sample, jobs, rows))


def _side_by_side(sample: Sample, jobs: Sequence[Job], rows: IntArray) -> Calendar:
    days = np.unique(sample.window_days)
    firms = np.unique(sample.firm)
    weights = np.zeros((days.size, firms.size))
    for firm, window_days in zip(sample.firm, sample.window_days, strict=True):
        weights[np.searchsorted(days, window_days), np.searchsorted(firms, firm)] += 1 / sample.n
    stocks = [jobs[int(np.flatnonzero(sample.firm == firm)[0])] for firm in firms]
    y = np.column_stack([job.y - job.design.fixed for job in stocks])
    x = stocks[0].design.regressors
    inside = np.where(weights > 0, y[days], 0.0)
    return Calendar(y[rows], x[rows], inside, x[days], weights)


def group_names(study: Study, records: Iterable[Record]) -> dict[str, str]:
    """Return the group of each unit by id.

    The value of the attribute ``study.by``; on top of it the event's sign wherever the
    selected events have opposite ones, because those are never pooled.
    """
    records = list(records)
    if study.by and records:
        known = {*COMMON, *(name for record in records for name in record.unit.event.attributes)}
        if study.by not in known:
            raise unknown("attribute", study.by, known)
    signs = {record.unit.event.sign for record in records} - {""}
    names = {}
    for record in records:
        parts = [_attribute(record, study.by)] if study.by else []
        if len(signs) > 1 and study.by != "sign":
            parts.append(record.unit.event.sign)
        names[record.unit.id] = " ".join(part for part in parts if part) or ALL
    return names


def pool_once(records: Iterable[Record], names: Mapping[str, str]) -> None:
    """Let each stock's session enter a group's means once, however many events share it."""
    seen: dict[tuple[str, tuple[str, ...], int], str] = {}
    for record in records:
        if record.status != "used":
            continue
        key = (names[record.unit.id], record.unit.tickers, record.row)
        if key in seen:
            record.notes.append(f"enters means and tests once, as {seen[key]}")
        else:
            seen[key] = record.unit.id
            record.pooled = True


def _attribute(record: Record, name: str) -> str:
    event = record.unit.event
    if name in COMMON:
        return str(getattr(event, name))
    value = event.attributes.get(name)
    return "not stated" if value is None or value == "" else str(value)


def members_of(study: Study, records: Records, names: Mapping[str, str]) -> dict[str, list[Member]]:
    """Return the pooled events of each group, the groups in their natural order."""
    groups: dict[str, list[Member]] = {}
    moves = study.model.is_linear and study.estimation is not None
    for record in records.items:
        if record.pooled and record.fit is not None:
            member = Member(
                record.unit.id,
                record.unit.ticker,
                record.row,
                record.fit,
                record.job if moves else None,
                records.others_of(record),
                records.confined(record),
            )
            groups.setdefault(names[record.unit.id], []).append(member)
    return {name: groups[name] for name in sorted(groups, key=natural)}
