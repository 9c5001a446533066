"""From records to the tables of a result; the columns are those of the files of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.errors import unknown
from aftershock.events.book import COMMON
from aftershock.prices.panel import PricePanel
from aftershock.study.attributes import attribute_table, depth_table
from aftershock.study.fit import path
from aftershock.study.groups import (
    Member,
    calendar_time,
    influence,
    make_sample,
    outcomes,
    window_mask,
)
from aftershock.study.inference.battery import MIN_EVENTS
from aftershock.study.inference.multiple import adjusted
from aftershock.study.inference.power import detectable
from aftershock.study.outcomes import abnormal_volatility, abnormal_volume, log_turnover
from aftershock.study.result import StudyResult
from aftershock.study.singles import place_all, placebo_rows, regression_rows, single_rows
from aftershock.study.windows import Window
from aftershock.tables import make_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from aftershock.events.book import EventBook
    from aftershock.prices.returns import ReturnPanel
    from aftershock.sessions import Sessions
    from aftershock.study.placebo import Placebo
    from aftershock.study.run import Record, Records
    from aftershock.study.study import Study

    Groups = Mapping[str, Sequence[Member]]

EVENTS = [
    "id", "ticker", "kind", "when", "precision", "timing", "known_at", "session", "session_alt",
    "n_obs", "status", "reason", "confounders", "source", "title", "group", "note",
]  # fmt: skip
ABNORMAL = ["event", "offset", "session", "ret", "expected", "ar", "se", "car", "car_se"]
CAR = [
    "event", "session", "first", "last", "start", "end", "row", "car", "se", "t", "dof", "p_value",
    "bhar", "alpha_part", "robust", "p_holm", "p_bh", "detectable",
]  # fmt: skip
AAR = ["group", "offset", "n", "aar", "se", "caar", "caar_se", "caar_n"]
TESTS = [
    "group", "start", "end", "test", "statistic", "distribution", "dof", "p_value", "n", "null",
    "note",
]  # fmt: skip
SINGLE = [
    "event", "start", "end", "test", "statistic", "p_value", "floor", "m", "null", "note",
]  # fmt: skip
REGRESSION = [
    "ticker", "event", "start", "end", "car", "se", "t", "dof", "p_value", "f", "note",
]  # fmt: skip
OTHER = [
    "event", "start", "end", "outcome", "estimate", "statistic", "distribution", "dof", "dof2",
    "p_value", "note",
]  # fmt: skip
PLACEBO = ["event", "start", "end", "statistic", "lower", "upper", "count"]
INFLUENCE = ["group", "start", "end", "event", "n", "caar", "t", "p_value"]
CALENDAR = [
    "group", "start", "end", "alpha", "se", "t", "dof", "p_value", "lags", "sessions", "mean_held",
    "note",
]  # fmt: skip
ALL = "all"


def assemble(
    study: Study, records: Records, book: EventBook, prices: PricePanel | ReturnPanel, seed: int
) -> StudyResult:
    """Return the result that the records make up."""
    sessions, items = prices.sessions, records.items
    names = group_names(study, items)
    pool_once(items, names)
    placed = place_all(study, records)
    groups = _members(records, names, placed)
    located = [
        (record.unit.id, record.unit.event, None if record.fit is None else record.row)
        for record in items
    ]
    attributes = attribute_table(located, book, prices)
    return StudyResult(
        title=study.title,
        events=_events(items, names),
        estimates=_estimates(items, sessions),
        abnormal_returns=_abnormal_returns(items, sessions),
        car_rows=_car_rows(items, sessions),
        aar=_aar(study, groups),
        tests=_tests(study, groups, seed),
        single=make_table(single_rows(study, records, placed), SINGLE),
        placebo=make_table(placebo_rows(placed), PLACEBO),
        regression=make_table(regression_rows(study, records), REGRESSION),
        outcomes=_outcomes(study, records, prices, book),
        influence=_influence(study, groups, seed),
        calendar_time=_calendar_time(study, groups, records),
        attributes=attributes,
        depth=_depth(study, located, attributes, prices),
        conventions=conventions(study, records, prices, seed),
        warnings=tuple(_warnings(study, items, prices)),
        is_market_data=prices.origin.is_market_data,
    )


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
    seen: dict[tuple[str, tuple[str, ...], dt.date | None], str] = {}
    for record in records:
        if record.status != "used":
            continue
        key = (names[record.unit.id], record.unit.tickers, record.unit.zero.session)
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


def _members(
    records: Records, names: Mapping[str, str], placed: Mapping[str, Mapping[Window, Placebo]]
) -> dict[str, list[Member]]:
    """Return the pooled events of each group."""
    groups: dict[str, list[Member]] = {}
    for record in records.items:
        if record.pooled and record.fit is not None:
            member = Member(
                record.unit.id, record.unit.ticker, record.row, record.fit,
                placed.get(record.unit.id, {}),
            )  # fmt: skip
            groups.setdefault(names[record.unit.id], []).append(member)
    return groups


def _events(records: Iterable[Record], names: Mapping[str, str]) -> pd.DataFrame:
    rows = []
    for record in records:
        event, zero = record.unit.event, record.unit.zero
        values = {
            "id": record.unit.id,
            "ticker": record.unit.ticker,
            "known_at": "" if event.known_at is None else str(event.known_at),
            "session": zero.session if zero.last is None else None,  # a range has no day 0
            "session_alt": zero.session_alt,
            "n_obs": 0 if record.fit is None else record.fit.used.size,
            "status": record.status,
            "reason": record.reason,
            "confounders": ";".join(f"{name}:{at:+d}" for name, at in record.confounders.items()),
            "group": names[record.unit.id],
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
        own |= dict(estimate.derived)
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
    return make_table(rows, ["event", *names, "sigma", "r2", "dof", "first", "last"])


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
                    record.unit.id, row.session, _at(sessions, car.first), _at(sessions, car.last),
                    window.start, window.end, row.row, car.car, car.se, car.t, car.dof, car.p_value,
                    car.bhar, car.alpha_part, "" if row.robust is None else str(row.robust).lower(),
                    np.nan, np.nan, float(detectable(car.se, car.dof)),
                )
            )  # fmt: skip
    return _families(make_table(rows, CAR), records)


def _families(car: pd.DataFrame, records: Iterable[Record]) -> pd.DataFrame:
    """Fill in p-values adjusted over every window and event, first candidates only."""
    first = {record.unit.id: str(record.first_session or "") for record in records}
    sessions = car["session"].dt.strftime("%Y-%m-%d").fillna("")
    family = (car["row"] == "default") & (sessions == car["event"].map(first))
    holm, bh = adjusted(car.loc[family, "p_value"].to_numpy("float64"))
    car.loc[family, "p_holm"], car.loc[family, "p_bh"] = holm, bh
    return car


def _at(sessions: Sessions, row: int) -> dt.date | None:
    return sessions.date(row) if row >= 0 else None


def _aar(study: Study, groups: Groups) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for group, members in groups.items():
        ar = np.array([member.fit.ar for member in members])
        car = np.cumsum(ar, axis=1)
        for i, offset in enumerate(study.window.offsets):
            n, aar, se = _mean(ar[:, i])
            whole, caar, caar_se = _mean(car[:, i])
            rows.append((group, offset, n, aar, se, caar, caar_se, whole))
    return make_table(rows, AAR)


def _mean(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[int, float, float]:
    """Return n, mean and cross-sectional standard error of the finite values."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0, float("nan"), float("nan")
    enough = known.size >= MIN_EVENTS
    se = known.std(ddof=1) / np.sqrt(known.size) if enough else float("nan")
    return known.size, float(known.mean()), float(se)


def _tests(study: Study, groups: Groups, seed: int) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for group, members in groups.items():
        for window in study.cars:
            sample = make_sample(members, window, study.estimation, study.returns, seed)
            for outcome in outcomes(members, sample, window, seed):
                values = (getattr(outcome, name) for name in TESTS[3:])
                rows.append((group, window.start, window.end, *values))
    return make_table(rows, TESTS)


def _influence(study: Study, groups: Groups, seed: int) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for group, members in groups.items():
        for window in study.cars:
            sample = make_sample(members, window, study.estimation, study.returns, seed)
            inside = slice(window.start - study.window.start, window.end - study.window.start + 1)
            known = [m.id for m in members if np.isfinite(m.fit.ar[inside]).all()]
            rows += [(group, *window, *row) for row in influence(sample, known)]
    return make_table(rows, INFLUENCE)


def _calendar_time(study: Study, groups: Groups, records: Records) -> pd.DataFrame:
    """Return the alpha of holding every stock from day 0 to the end of the event window."""
    window = Window(0, study.window.end)
    if not study.model.is_linear or study.contrast or window.end < 0:
        return make_table([], CALENDAR)
    subject = records.subject
    jobs = {record.unit.id: record.job for record in records.items}
    rows = []
    for group, members in groups.items():
        size = len(subject.prices.sessions)
        held = np.column_stack([window_mask(size, member.row, window) for member in members])
        own = [jobs[member.id] for member in members]
        returns = np.column_stack([job.y for job in own if job is not None])
        found = calendar_time(returns, subject.design, held, window.length)
        values = (getattr(found, name) for name in CALENDAR[3:])
        rows.append((group, *window, *values))
    return make_table(rows, CALENDAR)


def _outcomes(
    study: Study, records: Records, prices: PricePanel | ReturnPanel, book: EventBook
) -> pd.DataFrame:
    """Return abnormal volatility and volume of every event and window."""
    rows: list[tuple[Any, ...]] = []
    if study.estimation is None:
        return make_table(rows, OTHER)
    for record in records.items:
        if record.fit is None or record.status != "used" or record.job is None:
            continue
        found = [abnormal_volatility(record.fit, window) for window in study.cars]
        if isinstance(prices, PricePanel) and not study.contrast:
            ticker = record.unit.event.ticker
            turnover = log_turnover(prices, ticker, book.companies.get(ticker))
            if np.isfinite(turnover).any():
                found += abnormal_volume(
                    turnover, record.job, prices, study.cars, study.estimation, study.min_obs
                )
        windows = [*study.cars, *study.cars]
        for window, other in zip(windows, found, strict=False):
            rows.append(
                (
                    record.unit.id, *window, other.outcome, other.estimate, other.statistic,
                    other.distribution, other.dof, other.dof2, other.p_value, other.note,
                )
            )  # fmt: skip
    return make_table(rows, OTHER)


def _depth(study: Study, located: Any, attributes: pd.DataFrame, prices: object) -> pd.DataFrame:
    window = study.depth or Window(0, 0)
    return depth_table(located if study.depth else [], attributes, prices, window)


def conventions(
    study: Study, records: Records, prices: PricePanel | ReturnPanel, seed: int
) -> dict[str, str]:
    """Return what was assumed, in words."""
    history = study.estimation
    ran = {
        "statsmodels": "statsmodels, one regression per event (the reference)",
        "arrays": "arrays, all events at once (equal to statsmodels to rounding)",
    }
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
        "engine": ran[records.engine] if study.model.is_linear else "one event at a time",
        "groups": f"by {study.by}" if study.by else "one; opposite signs are never pooled",
        "families": "Holm and Benjamini-Hochberg over every window and event of the study",
        "halts": "bridged, trade to trade" if study.bridges_halts else "missing, never filled",
        "seed": str(seed),
        "source": prices.origin.source,
        "market data": "yes" if prices.origin.is_market_data else f"no: {prices.origin.notice}",
    }
    if study.contrast:
        said["contrast"] = f"{study.contrast[0]} minus {study.contrast[1]}"
    return said


def _warnings(
    study: Study, records: Sequence[Record], prices: PricePanel | ReturnPanel
) -> Iterable[str]:
    if prices.origin.notice:
        yield prices.origin.notice
    yield from study.caveats
    yield from prices.notes
    for record in records:
        flips = {(str(row.session), str(row.window)) for row in record.cars if row.robust is False}
        for session, window in sorted(flips):
            where = "" if session == "None" else f" from {session}"
            yield (
                f"{record.unit.id} CAR{window}{where}: not robust, p crosses 5 % between"
                " the default and the robustness rows"
            )
        if record.unit.event.endogenous and record.fit is not None:
            yield f"{record.unit.id}: its date was chosen by looking at prices (endogenous)"
        for note in record.notes:
            if note.startswith(("not separable", "the benchmark has", "no trading on")):
                yield f"{record.unit.id}: {note}"
    if not any(record.fit for record in records):
        yield "no event could be studied; the reasons stand with the events"
