"""Tables of single events; the columns are those of the files of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.events.chosen import choice
from aftershock.prices.panel import PricePanel
from aftershock.study.fit import path
from aftershock.study.inference.multiple import adjusted
from aftershock.study.inference.power import detectable
from aftershock.study.outcomes import abnormal_volatility, abnormal_volume, log_turnover
from aftershock.tables import make_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from aftershock.events.book import EventBook
    from aftershock.prices.returns import ReturnPanel
    from aftershock.sessions import Sessions
    from aftershock.study.run import Record, Records
    from aftershock.study.study import Study

EVENTS = [
    "id", "ticker", "kind", "when", "precision", "timing", "known_at", "session", "session_alt",
    "n_obs", "status", "reason", "confounders", "source", "title", "group", "note", "chosen",
]  # fmt: skip
ABNORMAL = ["event", "offset", "session", "ret", "expected", "ar", "se", "car", "car_se"]
CAR = [
    "event", "session", "first", "last", "start", "end", "row", "car", "se", "t", "dof", "p_value",
    "bhar", "alpha_part", "robust", "p_holm", "p_bh", "detectable", "note",
]  # fmt: skip
OTHER = [
    "event", "start", "end", "outcome", "estimate", "statistic", "distribution", "dof", "dof2",
    "p_value", "note",
]  # fmt: skip


def events_table(records: Iterable[Record], names: Mapping[str, str]) -> pd.DataFrame:
    """Return every selected event: sessions, status, reason, confounders, notes."""
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
            "chosen": choice(event).how,
        }
        rows.append({name: values.get(name, str(getattr(event, name, ""))) for name in EVENTS})
    return make_table(rows, EVENTS)


def estimates_table(records: Iterable[Record], sessions: Sessions) -> pd.DataFrame:
    """Return each event's coefficients and fit."""
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


def abnormal_table(records: Iterable[Record], sessions: Sessions) -> pd.DataFrame:
    """Return each event's abnormal returns by offset, with the cumulated path."""
    rows: list[tuple[Any, ...]] = []
    for record in records:
        if record.fit is None or record.status != "used":
            continue
        fit = record.fit
        days = [_at(sessions, row) for row in fit.rows]
        returns = [np.where(fit.span == 0, np.nan, part) for part in (fit.actual, fit.expected)]
        columns = (*returns, fit.ar, fit.ar_se, *path(fit))
        numbers = zip(*(column.tolist() for column in columns), strict=True)
        offsets = zip(fit.window.offsets.tolist(), days, numbers, strict=True)
        rows += [(record.unit.id, offset, day, *values) for offset, day, values in offsets]
    return make_table(rows, ABNORMAL)


def car_table(records: Iterable[Record], sessions: Sessions) -> pd.DataFrame:
    """Return every CAR in every variant, with p-values adjusted over the study."""
    rows = []
    for record in records:
        for row in record.cars:
            car, window = row.car, row.window
            rows.append(
                (
                    record.unit.id, row.session, _at(sessions, car.first), _at(sessions, car.last),
                    window.start, window.end, row.row, car.car, car.se, car.t, car.dof, car.p_value,
                    car.bhar, car.alpha_part, "" if row.robust is None else str(row.robust).lower(),
                    np.nan, np.nan, float(detectable(car.se, car.dof)), row.note,
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


def outcomes_table(
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
