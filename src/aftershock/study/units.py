"""From events to what is fitted: one unit per event, or per event shared by two stocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from aftershock.events.day_zero import DayZero, day_zero, spanning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aftershock.arrays import BoolArray, DateArray
    from aftershock.events.book import EventBook
    from aftershock.events.kinds import Event
    from aftershock.sessions import Sessions
    from aftershock.study.windows import Window


@dataclass(frozen=True, slots=True)
class Unit:
    """One abnormal return to be explained.

    Attributes
    ----------
    id
        The event's id; without ticker for a contrast.
    event
        The event, the first of two for a contrast.
    tickers
        The stock, or the two whose difference is studied, the second subtracted.
    zero
        Its day 0.
    """

    id: str
    event: Event
    tickers: tuple[str, ...]
    zero: DayZero

    @property
    def ticker(self) -> str:
        """The stock, or both with a minus between them."""
        return " - ".join(self.tickers)


@dataclass(frozen=True, slots=True)
class Diary:
    """Every event's place on the exchange's calendar.

    Attributes
    ----------
    sessions
        Sessions that hold every event of the book.
    zeros
        Day 0 by event id.
    book
        The events.
    """

    sessions: Sessions
    zeros: Mapping[str, DayZero]
    book: EventBook
    positions: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, book: EventBook, sessions: Sessions) -> Diary:
        """Place every event of ``book`` on the calendar of ``sessions``."""
        wide = spanning(sessions, book)
        zeros = {event.id: day_zero(event, wide) for event in book}
        positions = {
            name: (wide.position(zero.session), wide.position(zero.last or zero.session))
            for name, zero in zeros.items()
            if zero.session is not None
        }
        return cls(wide, zeros, book, positions)

    def confounders(self, unit: Unit, window: Window, tickers: tuple[str, ...]) -> dict[str, int]:
        """Return other events inside the unit's window, with their distance in sessions.

        Parameters
        ----------
        unit
            The unit whose window is searched.
        window
            The event window.
        tickers
            Tickers whose events count: the unit's own, or its benchmarks'.

        Returns
        -------
        dict
            Event id to signed distance from the unit's first candidate; of an event with two
            candidates or a range, the nearest session.
        """
        if unit.zero.session is None:
            return {}
        first = self.sessions.position(unit.zero.session)
        last = self.sessions.position(unit.zero.last or unit.zero.session)
        found = {}
        for event in self._others(unit, tickers):
            distances = [_distance(other, (first, last)) for other in self.stretches(event.id)]
            nearest = min(distances, key=abs)
            if window.start <= nearest <= window.end:
                found[event.id] = nearest
        return found

    def inseparable(self, unit: Unit) -> tuple[list[str], list[str]]:
        """Return events of the unit's stocks that share its session, surely and possibly.

        Surely: both have one candidate or the same first one. Possibly: one of the two
        candidates of a day whose hour is unknown is the other's.
        """
        if unit.zero.session is None or unit.zero.last is not None:
            return [], []
        own = {unit.zero.session, unit.zero.session_alt} - {None}
        surely, possibly = [], []
        for event in self._others(unit, unit.tickers):
            zero = self.zeros[event.id]
            if zero.last is not None:
                continue
            if zero.session == unit.zero.session:
                surely.append(event.id)
            elif own & {zero.session, zero.session_alt}:
                possibly.append(event.id)
        return surely, possibly

    def _others(self, unit: Unit, tickers: tuple[str, ...]) -> Iterator[Event]:
        """Yield the other events of some tickers that have a session."""
        for event in self.book:
            known = event.ticker in tickers and event.id in self.positions
            if known and not self._is_own(event, unit):
                yield event

    def _is_own(self, event: Event, unit: Unit) -> bool:
        return event.id == unit.id or (len(unit.tickers) > 1 and event.base_id == unit.id)

    def other_stretches(self, unit: Unit) -> dict[str, list[tuple[int, int]]]:
        """Return the stretches of the stocks' other events by event, as positions."""
        return {event.id: self.stretches(event.id) for event in self._others(unit, unit.tickers)}

    def near_events(self, unit: Unit, days: DateArray, reach: int) -> BoolArray:
        """Return which of a panel's sessions lie within ``reach`` of the tickers' other events."""
        near = np.zeros(days.size, dtype=bool)
        for event in self.book:
            if event.ticker not in unit.tickers or self._is_own(event, unit):
                continue
            for first, last in self.stretches(event.id):
                begin = self.sessions.dates[max(first - reach, 0)]
                end = self.sessions.dates[min(last + reach, len(self.sessions) - 1)]
                near |= (days >= begin) & (days <= end)
        return near

    def stretches(self, event_id: str) -> list[tuple[int, int]]:
        """Return the stretches of sessions an event may have happened on, as positions."""
        if event_id not in self.positions:
            return []
        alt = self.zeros[event_id].session_alt
        extra = [] if alt is None else [(self.sessions.position(alt),) * 2]
        return [self.positions[event_id], *extra]


def single_units(events: tuple[Event, ...], diary: Diary) -> list[Unit]:
    """Return one unit per event."""
    return [Unit(event.id, event, (event.ticker,), diary.zeros[event.id]) for event in events]


def contrast_units(
    events: tuple[Event, ...], diary: Diary, pair: tuple[str, str]
) -> tuple[list[Unit], list[tuple[Unit, str]]]:
    """Return one unit per event shared by both stocks, and the events that are not shared.

    Returns
    -------
    shared, left_out
        Units, and units with the reason why they are left out.
    """
    by_base: dict[str, dict[str, Event]] = {}
    for event in events:
        by_base.setdefault(event.base_id, {})[event.ticker] = event
    shared, left_out = [], []
    for base, own in by_base.items():
        first = next(iter(own.values()))
        if all(ticker in own for ticker in pair):
            shared.append(Unit(base, own[pair[0]], pair, diary.zeros[own[pair[0]].id]))
        else:
            unit = Unit(base, first, (first.ticker,), diary.zeros[first.id])
            left_out.append((unit, f"not an event of both {pair[0]} and {pair[1]}"))
    return shared, left_out


def _distance(other: tuple[int, int], own: tuple[int, int]) -> int:
    """Return the signed number of sessions between two stretches, 0 where they overlap."""
    if other[0] > own[1]:
        return other[0] - own[1]
    if other[1] < own[0]:
        return other[1] - own[0]
    return 0
