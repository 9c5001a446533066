"""From a study, a book and prices to records: each event in turn, in every variant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from aftershock.study.fit import Car, EventFit, TooFewReturns, cumulate, fit_event
from aftershock.study.models.base import ALPHA
from aftershock.study.subject import Subject
from aftershock.study.units import Diary, Unit, contrast_units, single_units
from aftershock.study.windows import Window

if TYPE_CHECKING:
    import datetime as dt

    from aftershock.arrays import BoolArray
    from aftershock.events.book import EventBook
    from aftershock.prices.panel import PricePanel
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.models import Design
    from aftershock.study.study import Study

Status = Literal["used", "approx", "excluded"]
RowName = Literal["default", "alpha0", "masked"]

MASK = 1  # sessions on either side of another event that the masked row leaves out
TWO_CANDIDATES = Window(0, 1)
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class CarRow:
    """One CAR of one event: which candidate session, which window, which variant."""

    session: dt.date
    window: Window
    row: RowName
    car: Car
    robust: bool | None


@dataclass(slots=True)
class Record:
    """Everything the study found out about one unit.

    Attributes
    ----------
    unit, status, reason
        The event, and why it is excluded where it is.
    fit
        The fitted event; None where it is excluded.
    cars
        Its CARs in every variant, the first candidate session's first.
    confounders
        Other events inside its window, with their distance.
    notes
        What to know about it, one sentence each.
    pooled
        True where it enters means and tests.
    """

    unit: Unit
    status: Status = "excluded"
    reason: str = ""
    fit: EventFit | None = None
    cars: list[CarRow] = field(default_factory=list)
    confounders: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    pooled: bool = False


def make_records(study: Study, book: EventBook, prices: PricePanel | ReturnPanel) -> list[Record]:
    """Fit every unit of a study; raises as ``Study.fit`` does."""
    subject = Subject.of(study, prices)
    diary = Diary.of(book, prices.sessions)
    selected = book.select(study.events)
    left_out: list[tuple[Unit, str]] = []
    if study.contrast:
        units, left_out = contrast_units(selected, diary, study.contrast)
    else:
        units = single_units(selected, diary)
    fitter = Fitter(study, subject, diary)
    records = [fitter.record(unit) for unit in units]
    records += [Record(unit, reason=reason) for unit, reason in left_out]
    _pool_once(records)
    return records


def _pool_once(records: list[Record]) -> None:
    """Let each stock's session enter the means once, however many events share it."""
    seen: dict[tuple[tuple[str, ...], dt.date | None], str] = {}
    for record in records:
        key = (record.unit.tickers, record.unit.zero.session)
        if record.status != "used":
            continue
        if key in seen:
            record.notes.append(f"enters means and tests once, as {seen[key]}")
        else:
            seen[key] = record.unit.id
            record.pooled = True


@dataclass(frozen=True, slots=True)
class Fitter:
    """A study ready to fit one unit after the other."""

    study: Study
    subject: Subject
    diary: Diary

    def record(self, unit: Unit) -> Record:
        """Fit one unit, or say why it cannot be fitted."""
        reason = self.subject.obstacle(unit)
        if reason or unit.zero.session is None:
            return Record(unit, reason=reason)
        span = self._span(unit)
        at = self.subject.prices.sessions.position(unit.zero.session)
        try:
            fit = self._fit(unit, at, span, self.subject.design)
        except TooFewReturns as cause:
            return Record(unit, reason=str(cause))
        record = Record(unit, "used" if unit.zero.last is None else "approx", fit=fit)
        record.notes += self._coverage(fit)
        record.cars, notes = self._cars(unit, fit, at, span)
        record.notes += notes
        if unit.zero.session_alt is not None:
            self._second_candidate(record, unit.zero.session_alt)
        self._flag(record)
        return record

    def _span(self, unit: Unit) -> int:
        """Return by how many sessions an approx event's range stretches its windows."""
        if unit.zero.last is None or unit.zero.session is None:
            return 0
        sessions = self.diary.sessions
        return sessions.position(unit.zero.last) - sessions.position(unit.zero.session)

    def _fit(
        self, unit: Unit, at: int, span: int, design: Design, skip: BoolArray | None = None
    ) -> EventFit:
        study = self.study
        return fit_event(
            self.subject.y(unit, at),
            study.model,
            design,
            at,
            window=Window(study.window.start, study.window.end + span),
            estimation=study.estimation,
            min_obs=study.min_obs,
            skip=skip,
        )

    def _cars(
        self, unit: Unit, fit: EventFit, at: int, span: int
    ) -> tuple[list[CarRow], list[str]]:
        """Return one candidate session's CARs in every variant, and notes about variants."""
        variants, notes = self._variants(unit, fit, at, span)
        session = self.subject.prices.sessions.date(at)
        out = []
        for window in self._windows(unit):
            stretched = Window(window.start, window.end + span)
            cars = {
                name: cumulate(variant, stretched, self.study.returns)
                for name, variant in variants.items()
            }
            robust = is_robust([car.p_value for car in cars.values()])
            out += [
                CarRow(session, window, name, car, robust if name == "default" else None)
                for name, car in cars.items()
            ]
        return out, notes

    def _variants(
        self, unit: Unit, fit: EventFit, at: int, span: int
    ) -> tuple[dict[RowName, EventFit], list[str]]:
        """Return the default fit and the robustness rows beside it."""
        variants: dict[RowName, EventFit] = {"default": fit}
        if fit.estimate is None:
            return variants, []
        design = self.subject.design
        if ALPHA in fit.estimate.names:
            variants["alpha0"] = self._fit(unit, at, span, design.without_alpha())
        skip = self.diary.near_events(unit, self.subject.prices.sessions.dates, MASK)
        try:
            variants["masked"] = self._fit(unit, at, span, design, skip)
        except TooFewReturns as cause:
            return variants, [f"no masked row, without other events' sessions: {cause}"]
        return variants, []

    def _windows(self, unit: Unit) -> tuple[Window, ...]:
        cars, window = self.study.cars, self.study.window
        if unit.zero.session_alt is None or TWO_CANDIDATES in cars:
            return cars
        inside = window.start <= TWO_CANDIDATES.start and window.end >= TWO_CANDIDATES.end
        return (*cars, TWO_CANDIDATES) if inside else cars

    def _second_candidate(self, record: Record, session: dt.date) -> None:
        unit = record.unit
        reason = self.subject.missing(unit, session)
        if reason:
            record.notes.append(f"second candidate {session}: {reason}")
            return
        at = self.subject.prices.sessions.position(session)
        try:
            fit = self._fit(unit, at, 0, self.subject.design)
        except TooFewReturns as cause:
            record.notes.append(f"second candidate {session}: {cause}")
            return
        record.cars += self._cars(unit, fit, at, 0)[0]
        record.notes.append(
            f"hour unknown: {unit.zero.session} or {session}; the first enters means and tests"
        )

    def _flag(self, record: Record) -> None:
        unit, window = record.unit, self.study.window
        own = self.diary.confounders(unit, window, unit.tickers)
        if unit.zero.last is None:
            same = [name for name in own if self.diary.zeros[name].session == unit.zero.session]
            same = [name for name in same if self.diary.zeros[name].last is None]
            if same:
                record.notes.append(f"not separable from {', '.join(same)}: the same session")
        others = self.diary.confounders(unit, window, self.study.model.benchmarks)
        record.notes += [
            f"the benchmark has its own event {name} at {distance:+d}"
            for name, distance in others.items()
        ]
        record.confounders = own | others

    def _coverage(self, fit: EventFit) -> list[str]:
        notes = []
        wanted = self.study.estimation
        if wanted is not None and fit.used.size < wanted.length:
            notes.append(
                f"estimation window {wanted} holds {fit.used.size} of {wanted.length} returns"
            )
        missing = int((~np.isfinite(fit.ar)).sum())
        if missing:
            notes.append(
                f"{missing} of {fit.window.length} sessions of the event window have no return"
            )
        return notes


def is_robust(p_values: list[float]) -> bool | None:
    """Return whether p-values lie on one side of 5 %; None where fewer than two are known."""
    known = [p for p in p_values if np.isfinite(p)]
    return len({p < LEVEL for p in known}) == 1 if len(known) > 1 else None
