"""From a study, a book and prices to records: each event, in every variant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from aftershock.study.delistings import final_values, stop_note
from aftershock.study.engine import Engine, Job, choose, fit_all
from aftershock.study.fit import Car, EventFit, cumulate
from aftershock.study.gaps import ends_halted, gap_note
from aftershock.study.models import NotEstimable
from aftershock.study.subject import Subject
from aftershock.study.units import Diary, Unit, contrast_units, single_units
from aftershock.study.windows import Window

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from aftershock.arrays import BoolArray
    from aftershock.events.book import EventBook
    from aftershock.prices.panel import PricePanel
    from aftershock.prices.returns import ReturnPanel
    from aftershock.study.study import Study

Status = Literal["used", "approx", "excluded"]
RowName = Literal["default", "alpha0", "masked"]

MASK = 1  # sessions on either side of another event that the masked row leaves out
TWO_CANDIDATES = Window(0, 1)
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class CarRow:
    """One CAR of one event: which candidate session, which window, which variant.

    ``note`` says why there is none, or what is unusual in it.
    """

    session: dt.date | None
    window: Window
    row: RowName
    car: Car
    robust: bool | None
    note: str = ""


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
    job
        What was fitted, for placebos; None where it is excluded.
    """

    unit: Unit
    status: Status = "excluded"
    reason: str = ""
    fit: EventFit | None = None
    cars: list[CarRow] = field(default_factory=list)
    confounders: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    pooled: bool = False
    job: Job | None = None

    @property
    def row(self) -> int:
        """Panel row of day 0, -1 where the event is excluded."""
        return -1 if self.job is None else self.job.day_zero

    @property
    def first_session(self) -> dt.date | None:
        """The session the event was studied on first, which enters means and tests."""
        return self.cars[0].session if self.cars else None


@dataclass(frozen=True, slots=True)
class Plan:
    """One candidate session of one unit, with the fits to make for it."""

    unit: Unit
    at: int
    span: int
    jobs: Mapping[RowName, Job]


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a study, with what made them.

    Attributes
    ----------
    items
        One per unit.
    subject, diary
        The study's returns, and every event's place on the calendar.
    engine
        Which engine fitted.
    """

    items: tuple[Record, ...]
    subject: Subject
    diary: Diary
    engine: Engine

    def others_of(self, record: Record) -> dict[str, list[tuple[int, int]]]:
        """Return the stretches of panel rows of the other events of a record's stocks."""
        first = self.diary.sessions.position(self.subject.prices.sessions.first)
        return {
            name: [(begin - first, end - first) for begin, end in stretches]
            for name, stretches in self.diary.other_stretches(record.unit).items()
        }

    def confined(self, record: Record) -> BoolArray | None:
        """Return the sessions a record's placebo is confined to, None for the whole history."""
        if self.subject.study.reference == "history" or record.fit is None or record.job is None:
            return None
        inside = np.zeros(record.job.y.size, dtype=bool)
        inside[record.fit.used] = True
        return inside


def make_records(
    study: Study, book: EventBook, prices: PricePanel | ReturnPanel, engine: Engine
) -> Records:
    """Fit every unit of a study; raises as ``Study.fit`` does."""
    diary = Diary.of(book, prices.sessions)
    subject = Subject.of(study, prices, final_values(diary, prices, study.returns))
    selected = book.select(study.events)
    left_out: list[tuple[Unit, str]] = []
    if study.contrast:
        units, left_out = contrast_units(selected, diary, study.contrast)
    else:
        units = single_units(selected, diary)
    fitter = Fitter(study, subject, diary)
    records = [Record(unit, reason=subject.obstacle(unit)) for unit in units]
    plans = {id(record): fitter.plans(record) for record in records if not record.reason}
    jobs = [job for own in plans.values() for plan in own for job in plan.jobs.values()]
    ran = choose(engine, study.model, study.estimation, len(jobs))
    fits = iter(
        fit_all(jobs, study.model, estimation=study.estimation, min_obs=study.min_obs, engine=ran)
    )
    for record in records:
        for plan in plans.get(id(record), []):
            fitter.complete(record, plan, {name: next(fits) for name in plan.jobs})
    records += [Record(unit, reason=reason) for unit, reason in left_out]
    return Records(tuple(records), subject, diary, ran)


@dataclass(frozen=True, slots=True)
class Fitter:
    """Plans the fits of one unit after the other, and makes records of them."""

    study: Study
    subject: Subject
    diary: Diary

    def plans(self, record: Record) -> list[Plan]:
        """Return the unit's candidate sessions with the fits each needs."""
        unit = record.unit
        if unit.zero.session is None:
            return []
        plans = [self._plan(record, unit.zero.session)]
        if unit.zero.session_alt is not None:
            reason = self.subject.missing(unit, unit.zero.session_alt)
            if reason:
                record.notes.append(f"second candidate {unit.zero.session_alt}: {reason}")
            else:
                plans.append(self._plan(record, unit.zero.session_alt))
        return plans

    def _plan(self, record: Record, session: dt.date) -> Plan:
        unit, study = record.unit, self.study
        at = self.subject.row(unit, session)
        if self.subject.prices.sessions.date(at) != session:
            record.notes.append(
                f"no trading on {session}: the first trade after,"
                f" {self.subject.prices.sessions.date(at)}, stands as day 0"
            )
        span = self._span(unit)
        window = Window(study.window.start, study.window.end + span)
        y, design = self.subject.explained(unit, at)
        default = Job(y, design, at, window, final=self.subject.final_row(unit))
        jobs: dict[RowName, Job] = {"default": default}
        if study.estimation is not None:
            if design.has_constant:
                jobs["alpha0"] = replace(default, design=design.without_alpha())
            skip = self.diary.near_events(unit, self.subject.prices.sessions.dates, MASK)
            jobs["masked"] = replace(default, skip=skip)
        return Plan(unit, at, span, jobs)

    def _span(self, unit: Unit) -> int:
        """Return by how many sessions an approx event's range stretches its windows."""
        if unit.zero.last is None or unit.zero.session is None:
            return 0
        sessions = self.diary.sessions
        return sessions.position(unit.zero.last) - sessions.position(unit.zero.session)

    def complete(
        self, record: Record, plan: Plan, fits: Mapping[RowName, EventFit | NotEstimable]
    ) -> None:
        """Add one candidate session's fits to its record."""
        default = fits["default"]
        session = self.subject.prices.sessions.date(plan.at)
        first = record.fit is None and not record.reason
        if isinstance(default, NotEstimable):
            if first:
                record.reason = str(default)
            elif record.fit is not None:
                record.notes.append(f"second candidate {session}: {default}")
            return
        made = {name: fit for name, fit in fits.items() if isinstance(fit, EventFit)}
        if first:
            record.job = plan.jobs["default"]
            self._begin(record, default, fits.get("masked"))
        elif record.fit is not None:
            record.notes.append(
                f"hour unknown: {record.unit.zero.session} or {session}; the first enters means"
                " and tests"
            )
            record.notes += [f"from {session}: {note}" for note in self._coverage(default)]
        if record.fit is not None:
            named = session if record.unit.zero.last is None else None
            record.cars += self._cars(record.unit, made, named, plan.span)
            if first:
                self._tell_gaps(record, plan)

    def _begin(self, record: Record, fit: EventFit, masked: EventFit | NotEstimable | None) -> None:
        record.fit = fit
        record.status = "used" if record.unit.zero.last is None else "approx"
        record.notes += self._coverage(fit)
        if isinstance(masked, NotEstimable):
            record.notes.append(f"no masked row, without other events' sessions: {masked}")
        self._flag(record)

    def _cars(
        self, unit: Unit, fits: Mapping[RowName, EventFit], session: dt.date | None, span: int
    ) -> list[CarRow]:
        """Return one candidate session's CARs in every variant."""
        out = []
        for window in self._windows(unit):
            stretched = Window(window.start, window.end + span)
            cars = {
                name: cumulate(fit, stretched, self.study.returns) for name, fit in fits.items()
            }
            robust = is_robust([car.p_value for car in cars.values()])
            note = gap_note(fits["default"], stretched, self.subject.prices.sessions)
            out += [
                CarRow(session, window, name, car, robust if name == "default" else None, note)
                for name, car in cars.items()
            ]
        return out

    def _tell_gaps(self, record: Record, plan: Plan) -> None:
        """Note which windows have no CAR because of a halt, and that trading stops in one."""
        for row in record.cars:
            if row.row == "default" and ends_halted(row.note):
                record.notes.append(f"CAR{row.window}: {row.note}")
        note = stop_note(self.subject, record.unit, plan.at, plan.jobs["default"].window)
        record.notes += [note] if note else []

    def _windows(self, unit: Unit) -> tuple[Window, ...]:
        cars, window = self.study.cars, self.study.window
        if unit.zero.session_alt is None or TWO_CANDIDATES in cars:
            return cars
        inside = window.start <= TWO_CANDIDATES.start and window.end >= TWO_CANDIDATES.end
        return (*cars, TWO_CANDIDATES) if inside else cars

    def _flag(self, record: Record) -> None:
        unit, window = record.unit, self.study.window
        own = self.diary.confounders(unit, window, unit.tickers)
        surely, possibly = self.diary.inseparable(unit)
        if surely:
            record.notes.append(f"not separable from {', '.join(surely)}: the same session")
        if possibly:
            record.notes.append(
                f"not separable from {', '.join(possibly)} on one of two candidate sessions"
            )
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
                f"{missing} of {fit.window.length} sessions of the event window"
                f" {'has' if missing == 1 else 'have'} no return"
            )
        return notes


def is_robust(p_values: list[float]) -> bool | None:
    """Return whether p-values lie on one side of 5 %; None where fewer than two are known."""
    known = [p for p in p_values if np.isfinite(p)]
    return len({p < LEVEL for p in known}) == 1 if len(known) > 1 else None
