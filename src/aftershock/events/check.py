"""Remarks on an event table that is valid: what a reader should know or add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aftershock.events.kinds import LockupExpiry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aftershock.events.book import EventBook
    from aftershock.events.kinds import Event


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark on one event or company."""

    event: str
    text: str


def check_book(book: EventBook, tickers: Iterable[str] = ()) -> list[Remark]:
    """Return every remark.

    Parameters
    ----------
    book
        The events.
    tickers
        Tickers whose prices are loaded; an event of another one cannot be studied.
    """
    known = set(tickers)
    remarks = [remark for event in book for remark in _event(event, known)]
    for ticker, company in book.companies.items():
        remarks += [Remark(ticker, text) for text in company.discrepancies]
    return remarks


def _event(event: Event, tickers: set[str]) -> Iterator[Remark]:
    if tickers and event.ticker not in tickers:
        yield Remark(event.id, f"{event.ticker} is not among the workspace's tickers")
    if not event.source:
        yield Remark(event.id, "no source is given")
    if event.inferred:
        yield Remark(event.id, f"date inferred: {event.inferred}")
    if event.when.precision in ("month", "quarter"):
        yield Remark(event.id, f"known to the {event.when.precision} only, no day 0")
    if event.when.precision == "approx":
        yield Remark(event.id, f"a range of days, {event.when}; studied as one CAR over all of it")
    if isinstance(event, LockupExpiry):
        if event.shares is None and event.percent is None:
            yield Remark(event.id, "neither shares nor percent are given")
        if event.percent is not None and event.percent < 1.0:
            yield Remark(event.id, f"{event.percent:g} percent is below one: a fraction?")
        if event.known_at is None:
            yield Remark(event.id, "no known_at: a strategy sees the expiry only on its own day")
