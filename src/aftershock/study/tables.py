"""From records to the tables of a result; the columns are those of the files of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.events.book import COMMON
from aftershock.study.fit import cumulate, path, share_positive
from aftershock.study.inference.battery import MIN_EVENTS, Sample, run_tests
from aftershock.study.result import StudyResult
from aftershock.tables import make_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from aftershock.prices.panel import PricePanel
    from aftershock.prices.returns import ReturnPanel
    from aftershock.sessions import Sessions
    from aftershock.study.fit import EventFit
    from aftershock.study.inference.outcome import Outcome
    from aftershock.study.run import Record
    from aftershock.study.study import Study
    from aftershock.study.windows import Window

EVENTS = [
    "id", "ticker", "kind", "when", "precision", "timing", "known_at", "session", "session_alt",
    "n_obs", "status", "reason", "confounders", "source", "title", "group", "note",
]  # fmt: skip
ABNORMAL = ["event", "offset", "session", "ret", "expected", "ar", "se", "car", "car_se"]
CAR = [
    "event", "session", "first", "last", "start", "end", "row", "car", "se", "t", "dof", "p_value",
    "bhar", "alpha_part", "robust",
]  # fmt: skip
AAR = ["group", "offset", "n", "aar", "se", "caar", "caar_se"]
TESTS = [
    "group", "start", "end", "test", "statistic", "distribution", "dof", "p_value", "n", "null",
    "note",
]  # fmt: skip
ALL = "all"


def assemble(
    study: Study, records: Sequence[Record], prices: PricePanel | ReturnPanel
) -> StudyResult:
    """Return the result that the records make up."""
    sessions = prices.sessions
    groups = group_names(study, records)
    return StudyResult(
        title=study.title,
        events=_events(records, groups),
        estimates=_estimates(records, sessions),
        abnormal_returns=_abnormal_returns(records, sessions),
        car_rows=_car_rows(records, sessions),
        aar=_aar(study, records, groups),
        tests=_tests(study, records, groups),
        conventions=conventions(study, prices),
        warnings=tuple(_warnings(records, prices)),
        is_market_data=prices.origin.is_market_data,
    )


def group_names(study: Study, records: Iterable[Record]) -> dict[str, str]:
    """Return the group of each unit by id.

    The value of the attribute ``study.by``; on top of it the event's sign wherever the
    selected events have opposite ones, because those are never pooled.
    """
    records = list(records)
    signs = {record.unit.event.sign for record in records} - {""}
    names = {}
    for record in records:
        event = record.unit.event
        parts = [_attribute(record, study.by)] if study.by else []
        if len(signs) > 1 and study.by != "sign":
            parts.append(event.sign)
        names[record.unit.id] = " ".join(part for part in parts if part) or ALL
    return names


def _attribute(record: Record, name: str) -> str:
    event = record.unit.event
    if name in COMMON:
        return str(getattr(event, name))
    value = event.attributes.get(name)
    return "not stated" if value is None or value == "" else str(value)


def _events(records: Iterable[Record], groups: dict[str, str]) -> pd.DataFrame:
    rows = []
    for record in records:
        event, zero = record.unit.event, record.unit.zero
        values = {
            "id": record.unit.id,
            "ticker": record.unit.ticker,
            "known_at": "" if event.known_at is None else str(event.known_at),
            "session": zero.session,
            "session_alt": zero.session_alt,
            "n_obs": 0 if record.fit is None else record.fit.used.size,
            "status": record.status,
            "reason": record.reason,
            "confounders": ";".join(f"{name}:{at:+d}" for name, at in record.confounders.items()),
            "group": groups[record.unit.id],
            "note": "; ".join(record.notes),
        }
        rows.append({name: values.get(name, str(getattr(event, name, ""))) for name in EVENTS})
    return make_table(rows, EVENTS)


def _estimates(records: Iterable[Record], sessions: Sessions) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    for record in records:
        if record.fit is None or record.fit.estimate is None:
            continue
        estimate, used = record.fit.estimate, record.fit.used
        own = dict(zip(estimate.names, map(float, estimate.coefficients), strict=True))
        names |= dict.fromkeys(own)
        rows.append(
            {
                "event": record.unit.id,
                **own,
                "sigma": estimate.sigma,
                "r2": estimate.r2,
                "dof": estimate.dof,
                "first": sessions.date(used[0]),
                "last": sessions.date(used[-1]),
            }
        )
    columns = ["event", *names, "sigma", "r2", "dof", "first", "last"]
    return make_table(rows, columns)


def _abnormal_returns(records: Iterable[Record], sessions: Sessions) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for record in records:
        if record.fit is None or record.status != "used":
            continue
        fit = record.fit
        days = [_at(sessions, row) for row in fit.rows]
        columns = (fit.actual, fit.expected, fit.ar, fit.ar_se, *path(fit))
        numbers = zip(*(column.tolist() for column in columns), strict=True)
        offsets = zip(fit.window.offsets.tolist(), days, numbers, strict=True)
        rows += [(record.unit.id, offset, day, *values) for offset, day, values in offsets]
    return make_table(rows, ABNORMAL)


def _car_rows(records: Iterable[Record], sessions: Sessions) -> pd.DataFrame:
    rows = []
    for record in records:
        for row in record.cars:
            car, window = row.car, row.window
            rows.append(
                (
                    record.unit.id, row.session, _at(sessions, car.first),
                    _at(sessions, car.last), window.start, window.end, row.row, car.car, car.se,
                    car.t, car.dof, car.p_value, car.bhar, car.alpha_part,
                    "" if row.robust is None else str(row.robust).lower(),
                )
            )  # fmt: skip
    return make_table(rows, CAR)


def _at(sessions: Sessions, row: int) -> dt.date | None:
    return sessions.date(row) if row >= 0 else None


def _pooled(records: Iterable[Record], groups: dict[str, str]) -> dict[str, list[Record]]:
    pools: dict[str, list[Record]] = {}
    for record in records:
        if record.pooled and record.fit is not None:
            pools.setdefault(groups[record.unit.id], []).append(record)
    return pools


def _aar(study: Study, records: Iterable[Record], groups: dict[str, str]) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for group, members in _pooled(records, groups).items():
        ar = np.array([record.fit.ar for record in members if record.fit is not None])
        car = np.cumsum(ar, axis=1)
        for i, offset in enumerate(study.window.offsets):
            n, aar, se = _mean(ar[:, i])
            _, caar, caar_se = _mean(car[:, i])
            rows.append((group, offset, n, aar, se, caar, caar_se))
    return make_table(rows, AAR)


def _mean(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[int, float, float]:
    """Return n, mean and cross-sectional standard error of the finite values."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0, float("nan"), float("nan")
    enough = known.size >= MIN_EVENTS
    se = known.std(ddof=1) / np.sqrt(known.size) if enough else float("nan")
    return known.size, float(known.mean()), float(se)


def _tests(study: Study, records: Iterable[Record], groups: dict[str, str]) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for group, members in _pooled(records, groups).items():
        fits = [record.fit for record in members if record.fit is not None]
        for window in study.cars:
            outcomes = run_tests(_sample(study, fits, window))
            rows += [(group, window.start, window.end, *_outcome(outcome)) for outcome in outcomes]
    return make_table(rows, TESTS)


def _sample(study: Study, fits: list[EventFit], window: Window) -> Sample:
    """Return the CARs of the events whose whole window has returns."""
    cars = [cumulate(fit, window, study.returns) for fit in fits]
    known = [i for i, car in enumerate(cars) if np.isfinite(car.car)]
    return Sample(
        car=np.array([cars[i].car for i in known]),
        se=np.array([cars[i].se for i in known]),
        share=np.array([share_positive(fits[i], window) for i in known]),
    )


def _outcome(outcome: Outcome) -> tuple[Any, ...]:
    return tuple(getattr(outcome, name) for name in TESTS[3:])


def conventions(study: Study, prices: PricePanel | ReturnPanel) -> dict[str, str]:
    """Return what was assumed, in words."""
    history = study.estimation
    said = {
        "events": str(study.events),
        "model": f"{study.model.label} {' '.join(study.model.benchmarks)}".strip(),
        "returns": f"{study.returns}, close to close, adjusted prices",
        "day 0": "first session whose close is strictly after the event's instant",
        "estimation": "none" if history is None else f"{history}, at least {study.min_obs} returns",
        "window": str(study.window),
        "standard errors": "none: nothing is estimated"
        if history is None
        else "full prediction-error covariance, t with T - k degrees of freedom",
        "engine": "statsmodels OLS, one regression per event",
        "groups": f"by {study.by}" if study.by else "one; opposite signs are never pooled",
        "source": prices.origin.source,
        "market data": "yes" if prices.origin.is_market_data else f"no: {prices.origin.notice}",
    }
    if study.contrast:
        said["contrast"] = f"{study.contrast[0]} minus {study.contrast[1]}"
    return said


def _warnings(records: Sequence[Record], prices: PricePanel | ReturnPanel) -> Iterable[str]:
    if prices.origin.notice:
        yield prices.origin.notice
    yield from prices.notes
    for record in records:
        flips = {(str(row.session), str(row.window)) for row in record.cars if row.robust is False}
        for session, window in sorted(flips):
            yield (
                f"{record.unit.id} CAR{window} from {session}: not robust, p crosses 5 % between"
                " the default and the robustness rows"
            )
        for note in record.notes:
            if note.startswith(("not separable", "the benchmark has")):
                yield f"{record.unit.id}: {note}"
    if not any(record.fit for record in records):
        yield "no event could be studied; the reasons stand with the events"
