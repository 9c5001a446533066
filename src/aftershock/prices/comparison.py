"""What a delivery says about sessions that are stored: what it adds, and what it contradicts.

Where nothing was stored - no bar, no value in a field, no action on a session - what is
delivered is an addition and is recorded. Where something was stored and is now another value,
or gone, the two contradict: the stored value stays until the other one is accepted. An action
that is gone from one session and new on another near it has moved: it would count twice if
only the addition were recorded, so that both sides of a move contradict what is stored.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.prices.actions import later_splits
from aftershock.prices.stored import ACTIONS, BAR, FETCHED, FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aftershock.arrays import BoolArray, FloatArray
    from aftershock.prices.stored import Stored

# Yahoo carries prices as four-byte floats; volumes and cash are rounded after they were divided
# by the splits that came later: to whole shares and to the sixth decimal
_RELATIVE = {**dict.fromkeys(FIELDS, 1e-6), "Volume": 1e-3}
_ROUNDED = {"Volume": 1.0, "Dividends": 1e-6, "Capital Gains": 1e-6}
_EXACT = 1e-12
_NOTHING = float("nan")
_NEAR = dt.timedelta(days=10)  # how far a corrected ex-date is from the first one


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a stored session that is now delivered otherwise.

    Attributes
    ----------
    session, field
        Where; a whole bar is told by its ``Close``, an action without one by itself.
    stored, offered
        Both values; NaN where there is none.
    moved
        True of an action that is gone from a session near this one.
    """

    session: dt.date
    field: str
    stored: float
    offered: float
    moved: bool = False

    @property
    def adds(self) -> bool:
        """True where nothing was stored, here or near."""
        nothing = self.stored == 0.0 and self.field in ACTIONS
        return not self.moved and (bool(np.isnan(self.stored)) or nothing)

    @property
    def removes(self) -> bool:
        """True of an action that is no longer listed."""
        return self.field in ACTIONS and self.stored > 0.0 and not self.offered > 0.0

    def moves(self, removed: Change) -> bool:
        """Return whether this is what was removed from another session, a few days off."""
        return (
            self.field == removed.field
            and abs(self.session - removed.session) <= _NEAR
            and bool(np.isclose(self.offered, removed.stored, rtol=1e-6))
        )

    def __str__(self) -> str:
        if self.adds:
            return f"{self.field} {self.offered:g}"
        offered = "none" if np.isnan(self.offered) else f"{self.offered:g}"
        return f"{self.field} stored {self.stored:g}, now {offered}"


def merge(old: Stored, new: Stored, *, accept: bool) -> tuple[Stored, list[Change]]:
    """Return what is stored with a delivery added; nothing is written.

    Parameters
    ----------
    old
        What is stored.
    new
        A delivery.
    accept
        Record values that contradict stored ones; else only what adds to them is.

    Raises
    ------
    PriceError
        The currency changed.
    """
    if old.currency and new.currency and old.currency != new.currency:
        raise PriceError(
            f"{new.ticker}: stored in {old.currency}, now delivered in {new.currency}; the stored"
            " history is left as it is. Move its file away to begin anew in the new currency"
        )
    offered = new.log.reindex(columns=[*FIELDS, FETCHED])
    bars = _gains_apart(old.bars, offered)
    first, last = edges(offered)
    offered = _unjudged(bars, offered, first, last)
    fresh = offered[~offered.index.isin(bars.index)].copy()
    changes = _moves(_changes(bars, offered, first, last), fresh)
    for item in changes:
        if item.moved and not accept and pd.Timestamp(item.session) in fresh.index:
            fresh.loc[pd.Timestamp(item.session), item.field] = 0.0
    parts = [old.log, fresh, _rows(bars, offered, changes, accept=accept)]
    log = pd.concat([part for part in parts if len(part)]).rename_axis("Date")
    since = None if old.since is None or new.since is None else min(old.since, new.since)
    return replace(new, log=log, since=since, currency=new.currency or old.currency), changes


def _changes(
    stored: pd.DataFrame, offered: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp
) -> list[Change]:
    """Return what differs between stored bars and a delivery, over the delivery's whole span.

    Sessions that only one of the two has are told within the span of both: bars before the
    first and after the last stored one are news, and stored ones before ``first`` and after
    ``last``, the delivery's edges, are not judged by it.
    """
    if offered.empty or stored.empty:
        return []
    span = stored.loc[first:last]
    inner = offered.loc[stored.index[0] : stored.index[-1]]
    gone = [
        Change(session, field, value, _NOTHING)
        for session, field, value in _whole(span.loc[span.index.difference(offered.index)])
    ]
    filled = [
        Change(session, field, _NOTHING, value)
        for session, field, value in _whole(inner.loc[inner.index.difference(stored.index)])
    ]
    return sorted([*gone, *filled, *_values(stored, offered)], key=lambda item: item.session)


def _moves(changes: list[Change], fresh: pd.DataFrame) -> list[Change]:
    """Return changes, the moved actions among them and those of new bars marked."""
    removed = [item for item in changes if item.removes]
    if not removed:
        return changes
    listed = [
        Change(day.date(), field, 0.0, float(value))
        for field in ACTIONS
        for day, value in zip(pd.DatetimeIndex(fresh.index), fresh[field], strict=True)
        if value > 0.0
    ]
    news = [item for item in listed if any(map(item.moves, removed))]
    marked = [
        replace(item, moved=item.adds and any(map(item.moves, removed)))
        for item in [*changes, *news]
    ]
    return sorted(marked, key=lambda item: item.session)


def edges(bars: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and the last day with a close; an empty span where there is none.

    Rows beyond are yfinance's own, for actions on days without a bar.
    """
    days = bars.index[bars["Close"].notna()]
    return (days[0], days[-1]) if len(days) else (pd.Timestamp.max, pd.Timestamp.min)


def _whole(rows: pd.DataFrame) -> Iterator[tuple[dt.date, str, float]]:
    """Yield what each row is told by: its close, or its first action where it has none."""
    names = ("Close", *ACTIONS)
    values = np.nan_to_num(rows[list(names)].to_numpy("float64"), nan=0.0)
    first = np.argmax(values != 0.0, axis=1)
    for row, day in enumerate(pd.DatetimeIndex(rows.index)):
        yield day.date(), names[first[row]], float(values[row, first[row]])


def _values(stored: pd.DataFrame, offered: pd.DataFrame) -> list[Change]:
    """Return the fields that differ on sessions that both have."""
    both = stored.index.intersection(offered.index)
    splits = later_splits(offered["Stock Splits"].to_numpy("float64"))
    later = splits[offered.index.isin(both)]
    changes: list[Change] = []
    for field in FIELDS:
        ours, theirs = (_listed(bars.loc[both], field) for bars in (stored, offered))
        differs = ~_alike(field, ours, theirs, later)
        if field == "Capital Gains":  # where unknown, the dividend has them, and is compared
            differs &= stored.loc[both, field].notna().to_numpy()
        changes += [
            Change(pd.Timestamp(both[int(at)]).date(), field, float(ours[at]), float(theirs[at]))
            for at in np.flatnonzero(differs)
        ]
    return changes


def _listed(bars: pd.DataFrame, field: str) -> FloatArray:
    """Return one field's values; an action that is not listed is 0."""
    values = bars[field].to_numpy("float64")
    return np.nan_to_num(values, nan=0.0) if field in ACTIONS else values


def _alike(field: str, ours: FloatArray, theirs: FloatArray, later: FloatArray) -> BoolArray:
    """Return where two values are one but for rounding, ``later`` splits after it taken out."""
    rounded = _ROUNDED.get(field, 0.0)
    scale = 1.0 / later if field == "Volume" else later
    return np.isclose(
        ours, theirs, rtol=_RELATIVE[field], atol=_EXACT + rounded * scale, equal_nan=True
    )


def _gains_apart(stored: pd.DataFrame, offered: pd.DataFrame) -> pd.DataFrame:
    """Return stored bars, dividends and gains told apart that version 0.1 kept as one sum.

    Only where the delivery lists both and they add up to what is stored.
    """
    joint = stored.index[stored["Capital Gains"].isna()].intersection(offered.index)
    dividend, gain = (offered.loc[joint, name] for name in ("Dividends", "Capital Gains"))
    sums = np.isclose(stored.loc[joint, "Dividends"], dividend + gain, rtol=1e-6, atol=1e-6)
    apart = joint[sums & (gain > 0.0).to_numpy()]
    out = stored.copy()
    out.loc[apart, "Dividends"] = offered.loc[apart, "Dividends"]
    out.loc[apart, "Capital Gains"] = 0.0
    return out


def _unjudged(
    stored: pd.DataFrame, offered: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    """Return a delivery whose rows beyond its edges, of actions only, have the stored bars."""
    beyond = offered.index[(offered.index < first) | (offered.index > last)]
    out = offered.copy()
    out.loc[beyond, list(BAR)] = stored.reindex(beyond)[list(BAR)]
    return out


def _rows(
    stored: pd.DataFrame, offered: pd.DataFrame, changes: list[Change], *, accept: bool
) -> pd.DataFrame:
    """Return the rows that record changes of stored sessions; a withdrawn bar has no values."""
    told = [item for item in changes if pd.Timestamp(item.session) in stored.index]
    added = [item for item in told if item.adds]
    revised = _days(item for item in told if accept and not item.adds)
    rows = stored.reindex(_days(added).union(revised))
    for item in added:
        rows.loc[pd.Timestamp(item.session), item.field] = item.offered
    rows.loc[revised] = offered.reindex(revised)[list(FIELDS)]
    return rows.assign(**{FETCHED: offered[FETCHED].iloc[-1]}) if len(rows) else rows


def _days(changes: Iterable[Change]) -> pd.DatetimeIndex:
    days = sorted({pd.Timestamp(item.session) for item in changes})
    return pd.DatetimeIndex(days).as_unit("us")
