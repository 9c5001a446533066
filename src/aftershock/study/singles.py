"""Tests of single events: the rank of the day, placebos, all of a stock's events at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.errors import StudyError
from aftershock.study.fit import cumulate
from aftershock.study.groups import window_mask
from aftershock.study.inference.single import placebo_p, sq_p
from aftershock.study.models import SyntheticControl
from aftershock.study.placebo import Placebo, place
from aftershock.study.regression import EventParameter, event_regression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aftershock.study.engine import Job
    from aftershock.study.fit import EventFit
    from aftershock.study.run import Record, Records
    from aftershock.study.study import Study
    from aftershock.study.windows import Window

SQ_NULL = "the day ranks like any day of the estimation window"
PLACEBO_NULL = "the CAR is one of those where nothing happened"
DONOR_NULL = "the CAR over its spread is one of the donors'"

NO_RETURN = "no session of its window has a return of the stock and its benchmarks"

SINGLE = [
    "event", "start", "end", "test", "statistic", "p_value", "floor", "m", "null", "note",
]  # fmt: skip
REGRESSION = [
    "ticker", "event", "start", "end", "car", "se", "t", "dof", "p_value", "f", "note",
]  # fmt: skip

PLACEBO = ["event", "start", "end", "statistic", "lower", "upper", "count"]
BINS = 20  # of a histogram of placebos

Row = tuple[Any, ...]


def place_all(study: Study, records: Records) -> dict[str, dict[Window, Placebo]]:
    """Return the placebos of every studied event by window; none for a model that is not linear."""
    estimation = study.estimation
    if estimation is None or not study.model.is_linear:
        return {}
    placed: dict[str, dict[Window, Placebo]] = {}
    for record in records.items:
        if record.fit is None or record.job is None or record.status != "used":
            continue
        own = own_rows(record, records)
        fewest = record.fit.used.size
        placed[record.unit.id] = place(record.job, study.cars, estimation, fewest, own)
    return placed


def own_rows(record: Record, records: Records) -> list[tuple[int, int]]:
    """Return first and last panel row of every event of the record's stocks, its own included."""
    diary, sessions = records.diary, records.subject.prices.sessions
    first = diary.sessions.position(sessions.first)
    return [
        (begin - first, end - first)
        for event in diary.book
        if event.ticker in record.unit.tickers
        for begin, end in diary.stretches(event.id)
    ]


def single_rows(
    study: Study, records: Records, placed: Mapping[str, Mapping[Window, Placebo]]
) -> Iterator[Row]:
    """Yield SQ for one-day windows, placebos for every window, for each event in turn."""
    for record in records.items:
        if record.fit is None or record.fit.estimate is None or record.status != "used":
            continue
        for window in study.cars:
            yield from _sq(record.unit.id, record.fit, window)
            if record.unit.id in placed:
                yield from _placebo(record.unit.id, placed[record.unit.id][window], window)
        if isinstance(study.model, SyntheticControl) and record.job is not None:
            yield from _donors(study, study.model, record.unit.id, record.fit, record.job)


def placebo_rows(placed: Mapping[str, Mapping[Window, Placebo]]) -> Iterator[Row]:
    """Yield each event's placebos counted in bins of one width: what a histogram needs."""
    for name, windows in placed.items():
        for window, placebo in windows.items():
            known = placebo.quiet[np.isfinite(placebo.quiet)]
            if not known.size or not np.isfinite(placebo.statistic):
                continue
            counts, edges = np.histogram(known, bins=BINS)
            for lower, upper, count in zip(edges[:-1], edges[1:], counts, strict=True):
                yield name, *window, placebo.statistic, lower, upper, int(count)


def _sq(name: str, fit: EventFit, window: Window) -> Iterator[Row]:
    if window.length != 1 or fit.estimate is None:
        return
    at = window.start - fit.window.start
    ar = float(fit.ar[at])
    if not np.isfinite(ar):
        return
    h = float(fit.covariance[at, at]) / fit.estimate.sigma**2 - 1.0
    p = float(sq_p(fit.estimate.residuals, fit.estimate.leverage, np.array(ar), np.array(h)))
    t = fit.estimate.residuals.size
    yield name, *window, "SQ rank", ar, p, 1 / (t + 1), t, SQ_NULL, ""


def _placebo(name: str, placebo: Placebo, window: Window) -> Iterator[Row]:
    if not np.isfinite(placebo.statistic):
        return
    for test, values, p, note in (
        ("placebo", placebo.quiet, placebo.p_value, "sessions away from the stock's own events"),
        ("placebo, all dates", placebo.everywhere, placebo.p_all, ""),
    ):
        m = int(np.isfinite(values).sum())
        yield name, *window, test, placebo.statistic, p, 1 / (m + 1), m, PLACEBO_NULL, note


def _donors(
    study: Study, model: SyntheticControl, name: str, fit: EventFit, job: Job
) -> Iterator[Row]:
    """Yield the placebo across donors: each donor treated as if it had had the event."""
    if fit.estimate is None:
        return
    spread = float(np.sqrt(np.mean(fit.estimate.residuals**2)))
    ar, spreads = model.placebo(job.design, fit.used, fit.rows)
    for window in study.cars:
        inside = window.within(fit.window)
        own = cumulate(fit, window, study.returns).car / spread
        if not np.isfinite(own):
            continue
        others = ar[:, inside].sum(axis=1) / spreads
        m = int(np.isfinite(others).sum())
        p = float(placebo_p(own, others))
        yield name, *window, "placebo across donors", own, p, 1 / (m + 1), m, DONOR_NULL, ""


def regression_rows(study: Study, records: Records) -> Iterator[Row]:
    """Yield the event-parameter regressions: one per stock and window, then their F test."""
    if not study.model.is_linear or study.contrast or study.bridges_halts:
        return
    subject, diary = records.subject, records.diary
    sessions = subject.prices.sessions
    first = diary.sessions.position(sessions.first)
    studied = {record.unit.event.ticker for record in records.items if record.fit is not None}
    for ticker in sorted(studied):
        y = subject.returns[:, subject.prices.column(ticker)]
        rows = {
            event.id: diary.positions[event.id][0] - first
            for event in diary.book
            if event.ticker == ticker
            and event.id in diary.positions
            and diary.zeros[event.id].last is None
            and not event.exclude
        }
        inside = {name: row for name, row in rows.items() if 0 <= row < len(sessions)}
        for window in study.cars:
            masks = {name: window_mask(len(sessions), row, window) for name, row in inside.items()}
            yield from _regression(ticker, window, y, subject.design, masks)


def _regression(ticker: str, window: Window, y: Any, design: Any, masks: Any) -> Iterator[Row]:
    nan = float("nan")
    try:
        fit = event_regression(y, design, masks)
    except StudyError as reason:
        yield ticker, "all", *window, nan, nan, nan, nan, nan, nan, str(reason)
        return
    for own in fit.parameters:
        note = "; ".join(_remarks(own, window))
        yield ticker, own.event, *window, own.car, own.se, own.t, own.dof, own.p_value, nan, note
    for event in fit.left_out:
        yield ticker, event, *window, nan, nan, nan, nan, nan, nan, NO_RETURN
    note = f"F({fit.f_dof[0]}, {fit.f_dof[1]}) that every parameter is 0, {fit.n} sessions"
    yield ticker, "all", *window, nan, nan, nan, fit.f_dof[1], fit.f_p, fit.f, note


def _remarks(own: EventParameter, window: Window) -> Iterator[str]:
    if " + " in own.event:
        yield "not separable: the same sessions"
    if not np.isfinite(own.car):
        yield "not separable: the windows of other events add up to this one's"
    if own.sessions < window.length:
        yield f"over {own.sessions} of {window.length} sessions"
