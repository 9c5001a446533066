"""Tests of single events: the rank of the day, the ring, all of a stock's events at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.errors import StudyError
from aftershock.study.evidence import Strand
from aftershock.study.fit import cumulate
from aftershock.study.groups import window_mask
from aftershock.study.inference.breakdown import (
    FEWEST_DAYS,
    ROBUST,
    breakdown_multiple,
    own_window_t,
)
from aftershock.study.inference.outcome import two_sided_t
from aftershock.study.inference.ring import Residuals, Ring, too_short, unscaled_ring
from aftershock.study.inference.single import placebo_p, sq_p
from aftershock.study.models import SyntheticControl
from aftershock.study.outcomes import abnormal_volatility
from aftershock.study.placebo import (
    DECIDES,
    KEPT,
    Comparison,
    Placebo,
    gap,
    place,
    reference,
    unlike,
)
from aftershock.study.regression import EventParameter, event_regression
from aftershock.study.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aftershock.arrays import FloatArray
    from aftershock.study.engine import Job
    from aftershock.study.fit import Car, EventFit
    from aftershock.study.run import Record, Records
    from aftershock.study.study import Study

SQ_NULL = "the day ranks like any day of the estimation window"
RING_NULL = "the window is one of all windows of as many sessions in the stock's history"
OWN_NULL = "the mean abnormal return of the window's own days is 0"
DONOR_NULL = "the CAR over its spread is one of the donors'"
CONFORMAL = "conformal placebo"
CONFORMAL_NULL = "the window's distance from the mix is like that of any other time"

NO_RETURN = "no session of its window has a return of the stock and its benchmarks"
NOT_LINEAR = "no ring: the model is not one linear regression"

SINGLE = [
    "event",
    "start",
    "end",
    "test",
    "statistic",
    "dof",
    "p_value",
    "n",
    "floor",
    "one_day_floor",
    "breakdown",
    "null",
    "note",
]
REGRESSION = [
    "ticker", "event", "start", "end", "car", "se", "t", "dof", "p_value", "f", "note",
]  # fmt: skip

PLACEBO = ["event", "start", "end", "statistic", "lower", "upper", "count"]
BINS = 20  # of a histogram of placebos

LEVEL = 0.05
NAN = float("nan")
Row = tuple[Any, ...]
Placed = dict[str, dict[Window, Placebo]]


def place_all(study: Study, records: Records) -> Placed:
    """Return the placebos of every studied event by window.

    None for a model that is not one linear regression, or a study that estimates nothing.
    """
    if study.estimation is None or not study.model.is_linear:
        return {}
    placed: Placed = {}
    for record in records.items:
        if record.job is None:
            continue
        placed[record.unit.id] = {
            window: place(
                record.job,
                (car.first, car.last),
                other_windows(record, records, window),
                records.confined(record),
            )
            for window, car in spoken(record)
        }
    return placed


def spoken(record: Record) -> Iterator[tuple[Window, Car]]:
    """Yield the windows of a record's first candidate session, with its default CARs."""
    for row in record.cars:
        if row.row == "default" and row.session == record.first_session:
            yield row.window, row.car


def other_windows(record: Record, records: Records, window: Window) -> list[tuple[int, int]]:
    """Return the panel rows of a window around every other event of the record's stocks."""
    return [
        (first + window.start, last + window.end)
        for stretches in records.others_of(record).values()
        for first, last in stretches
    ]


def strands(study: Study, records: Records, placed: Placed) -> dict[tuple[str, int, int], Strand]:
    """Return every window's ring over its whole history, other events kept, as pages move it."""
    found = {}
    for record in records.items:
        for window, car in spoken(record) if record.unit.id in placed else ():
            placebo = placed[record.unit.id][window]
            if study.reference != "history" and record.job is not None:
                placebo = place(record.job, (car.first, car.last), ())
            ring = placebo.comparisons[KEPT].ring
            if ring is not None:
                strand = Strand(record.unit.ticker, car.first, car.last, ring.z)
                found[record.unit.id, window.start, window.end] = strand
    return found


def single_rows(study: Study, records: Records, placed: Placed) -> Iterator[Row]:
    """Yield, for each event and window in turn: SQ, the rings, the window's own t."""
    for record in records.items:
        fit = record.fit
        if fit is None or fit.estimate is None:
            continue
        for window, car in spoken(record):
            key = (record.unit.id, *window)
            breakdown = _breakdown(fit, car)
            yield from _sq(key, fit, window, breakdown)
            if not study.model.is_linear:
                yield (*key, DECIDES, NAN, NAN, NAN, 0, NAN, NAN, breakdown, RING_NULL, NOT_LINEAR)
            elif record.unit.id in placed:
                yield from _rings(records, record, window, placed[record.unit.id][window])
            yield from _own_window(key, fit, car, breakdown)
        if isinstance(study.model, SyntheticControl) and record.job is not None:
            yield from _donors(study, study.model, record.unit.id, fit, record.job)
            yield from _conformal(study.model, record, fit, record.job)


def placebo_rows(placed: Mapping[str, Mapping[Window, Placebo]]) -> Iterator[Row]:
    """Yield each event's deciding ring counted in bins of one width: what a histogram needs."""
    for name, windows in placed.items():
        for window, placebo in windows.items():
            if placebo.ring is None:
                continue
            z = placebo.ring.z
            others = z[1:][np.isfinite(z[1:])]
            counts, edges = np.histogram(others, bins=BINS)
            for lower, upper, count in zip(edges[:-1], edges[1:], counts, strict=True):
                yield name, *window, float(z[0]), lower, upper, int(count)


def _rows_of(car: Car, fit: EventFit) -> slice:
    """Return where a CAR's sessions stand in the fit's arrays; the prices reach over them."""
    first = int(np.flatnonzero(fit.rows == car.first)[0])
    return slice(first, first + car.last - car.first + 1)


def _h(fit: EventFit, car: Car) -> float:
    """Return ``1'X_w (X'X)^-1 X_w'1`` of a CAR's window."""
    if fit.estimate is None or not np.isfinite(car.se):
        return NAN
    return car.se**2 / fit.estimate.sigma**2 - float(fit.span[_rows_of(car, fit)].sum())


def _breakdown(fit: EventFit, car: Car) -> float:
    if fit.estimate is None or not np.isfinite(car.se):
        return NAN
    length = car.last - car.first + 1
    values = (np.array(value) for value in (car.car, fit.estimate.sigma, _h(fit, car), car.dof))
    own, s, h, dof = values
    return float(breakdown_multiple(own, s, length, h, dof))


def _sq(key: Row, fit: EventFit, window: Window, breakdown: float) -> Iterator[Row]:
    if window.length != 1 or fit.estimate is None:
        return
    at = window.start - fit.window.start
    ar = float(fit.ar[at])
    if not np.isfinite(ar):
        return
    h = float(fit.covariance[at, at]) / fit.estimate.sigma**2 - 1.0
    p = float(sq_p(fit.estimate.residuals, fit.estimate.leverage, np.array(ar), np.array(h)))
    n = fit.estimate.residuals.size + 1
    yield (*key, "SQ rank", ar, NAN, p, n, 1 / n, 1 / n, breakdown, SQ_NULL, "")


def _own_window(key: Row, fit: EventFit, car: Car, breakdown: float) -> Iterator[Row]:
    length = car.last - car.first + 1
    bridged = (fit.span != 1).any()
    if length < FEWEST_DAYS or not np.isfinite(car.se) or fit.estimate is None or bridged:
        return
    ar, s = fit.ar[_rows_of(car, fit)], np.array(fit.estimate.sigma)
    t, dof = own_window_t(ar, s, np.array(_h(fit, car)))
    p = float(two_sided_t(t, dof))
    note = "sees drifts, never a single day"
    yield (*key, "own-window t", float(t), dof, p, length, NAN, NAN, breakdown, OWN_NULL, note)


def _rings(records: Records, record: Record, window: Window, placebo: Placebo) -> Iterator[Row]:
    car = dict(spoken(record))[window]
    breakdown = NAN if record.fit is None else _breakdown(record.fit, car)
    for test, comparison in placebo.comparisons.items():
        note = comparison.note
        if test == DECIDES and comparison.ring is not None:
            note = "; ".join(_remarks_on(records, record, car, comparison))
        yield (
            record.unit.id,
            *window,
            test,
            *_figures(comparison),
            breakdown,
            RING_NULL,
            note,
        )


def _figures(comparison: Comparison) -> tuple[float, float, float, int, float, float]:
    """Return statistic, dof, p-value, n and both floors of a ring."""
    ring = comparison.ring
    if ring is None:
        return NAN, NAN, NAN, 0, NAN, NAN
    floors = float(ring.floor), float(ring.one_day_floor)
    return float(ring.statistic), NAN, float(ring.p_value), int(ring.n), *floors


def _remarks_on(
    records: Records, record: Record, car: Car, comparison: Comparison
) -> Iterator[str]:
    """Yield what to know about a deciding ring."""
    if comparison.note:
        yield comparison.note
    if record.job is None or record.fit is None:
        return
    where = reference(record.job, (car.first, car.last), (), records.confined(record))
    times = unlike(where, record.fit.used)
    if times:
        yield times
    if comparison.p_value < LEVEL and comparison.ring is not None:
        n = int(comparison.ring.n)
        rank = round(comparison.p_value * n)
        yield f"larger than on {n - rank} of {n - 1} other dates of the stock"
        yield from _wilder_day(record.fit, car)
    yield f"p as of {records.subject.prices.sessions.date(int(where.rows[-1]))}"


def _wilder_day(fit: EventFit, car: Car) -> Iterator[str]:
    """Yield what a small placebo p does not say."""
    yield "a wilder day would show the same, so this does not say that the mean moved"
    multiple = _breakdown(fit, car)
    if multiple < ROBUST:
        yield f"not robust to a wilder day: {multiple:.1f} times the variance would explain it"
    rows = _rows_of(car, fit)
    window = Window(fit.window.start + rows.start, fit.window.start + rows.stop - 1)
    wilder = abnormal_volatility(fit, window).p_value
    if wilder < LEVEL:
        yield f"the window is wilder than usual: volatility F p = {wilder:.3f}"


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
        n = int(np.isfinite(others).sum()) + 1
        p = float(placebo_p(own, others))
        key = (name, *window, "placebo across donors", own, NAN, p, n, 1 / n)
        yield (*key, NAN, NAN, DONOR_NULL, "")


def _conformal(model: SyntheticControl, record: Record, fit: EventFit, job: Job) -> Iterator[Row]:
    """Yield the conformal placebo: the window among all stretches of the rows it is fitted on."""
    for window, car in spoken(record):
        key = (record.unit.id, *window, CONFORMAL)
        breakdown = _breakdown(fit, car)
        inside = np.arange(car.first, car.last + 1)
        rows = np.union1d(fit.used, inside)
        reason = gap(job, (car.first, car.last)) or too_short(rows.size, inside.size)
        if reason:
            yield (*key, *_figures(Comparison(None)), breakdown, CONFORMAL_NULL, reason)
            continue
        u = model.null_residuals(job.design, job.y, rows)
        ring = conformal_ring(u, int(np.searchsorted(rows, car.first)), inside.size)
        varies = np.isfinite(ring.statistic)
        reason = "" if varies else "nothing varies over its rows"
        figures = _figures(Comparison(ring if varies else None))
        yield (*key, *figures, breakdown, CONFORMAL_NULL, reason)


def conformal_ring(u: FloatArray, start: int, length: int) -> Ring:
    """Return a window's sum of null residuals at every place of the ring they are closed to.

    Parameters
    ----------
    u : ndarray, shape (..., n)
        Residuals with the null imposed on all n rows, the window's own among them.
    start, length
        Place of the window's first row among them, and its rows.

    References
    ----------
    Chernozhukov, Wuthrich and Zhu (2021), *Journal of the American Statistical Association*
    116(536), moving-block permutations, with the statistic for a mean effect.
    """
    return unscaled_ring(Residuals(u, np.zeros((*u.shape, 0))), start, length)


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
