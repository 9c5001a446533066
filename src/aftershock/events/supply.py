"""What an unlock adds to the shares that can be sold.

Two ways of counting stand side by side. ``reported`` adds the percentages as the source
prints them, even where they are percentages of different share counts. ``one_base`` counts
shares over one share count. Where the two differ the difference is shown, not settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aftershock.events.kinds import Holder, LockupExpiry

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from aftershock.events.book import EventBook
    from aftershock.events.companies import Company, Float
    from aftershock.events.kinds import Event

Basis = Literal["reported", "one_base"]
BASES: tuple[Basis, ...] = ("reported", "one_base")

_ROUNDING = 1e-9  # of printed percentages that should add to 100


@dataclass(frozen=True, slots=True)
class SupplyStep:
    """One unlock's effect on the float, fractions of all shares (0.1 is 10 %).

    Attributes
    ----------
    ticker, event, basis
        Which unlock, counted how.
    before, added, after
        Float before the unlock, what it adds, and the float after it.
    total
        The share count the fractions are of; None for ``reported``.
    multiple
        ``after / before``: by how much the sellable supply is multiplied.
    holders
        Share of the unlocking tranche by nature of holder, what is not stated as
        ``"unknown"``.
    """

    ticker: str
    event: str
    basis: Basis
    before: float
    added: float
    after: float
    total: int | None
    multiple: float
    holders: dict[str, float]


def supply_steps(book: EventBook) -> list[SupplyStep]:
    """Return every unlock of every company on both bases, in order of time.

    An unlock whose company has no float on a basis, or whose size is not given in that
    basis's terms, has no step there.
    """
    return [
        step
        for ticker, company in book.companies.items()
        for basis in BASES
        for step in company_steps(company, _unlocks(book, ticker), basis)
    ]


def company_steps(
    company: Company, unlocks: Iterable[LockupExpiry], basis: Basis
) -> list[SupplyStep]:
    """Return one company's unlocks on one basis.

    Each starts where the last one ended, or from the newest float that was reported in
    between. After an unlock of unknown size the float is unknown until it is reported again.
    """
    floats = [entry for entry in company.floats if entry.basis == basis]
    steps: list[SupplyStep] = []
    start: Float | None = None
    before: float | None = None
    for unlock in unlocks:
        known = [entry for entry in floats if entry.date <= unlock.when.first]
        if known and known[-1] is not start:
            start, before = known[-1], _fraction(known[-1])
        if start is None or before is None:
            continue
        added = _added(unlock, start, basis)
        if added is None:
            before = None
            continue
        after = before + added
        total = start.total if basis == "one_base" else None
        steps.append(
            SupplyStep(
                company.ticker, unlock.id, basis, before, added, after, total,
                after / before, tranche_by_nature(unlock),
            )
        )  # fmt: skip
        before = after
    return steps


def known_steps(
    company: Company, unlocks: Iterable[LockupExpiry], day: dt.date, basis: Basis
) -> list[SupplyStep]:
    """Return one company's unlocks as they could be counted before a day.

    Floats dated on the day or later are left out, and so are unlocks that nobody could know
    of before it: nothing here looks ahead.
    """
    floats = tuple(entry for entry in company.floats if entry.date < day)
    known = [unlock for unlock in unlocks if (unlock.known_at or unlock.when).last < day]
    return company_steps(company.model_copy(update={"floats": floats}), known, basis)


def with_structure(events: Iterable[Event], companies: Mapping[str, Company]) -> tuple[Event, ...]:
    """Return events, every unlock of a known company with its company's unlocks behind it."""
    events = tuple(events)
    unlocks: dict[str, tuple[LockupExpiry, ...]] = {}
    for event in events:
        if isinstance(event, LockupExpiry):
            unlocks[event.ticker] = (*unlocks.get(event.ticker, ()), event)
    return tuple(
        event.within(companies[event.ticker], unlocks[event.ticker])
        if isinstance(event, LockupExpiry) and event.ticker in companies
        else event
        for event in events
    )


def tranche_by_nature(unlock: LockupExpiry) -> dict[str, float]:
    """Return the share of the tranche held by each nature of holder; sums to 1.

    Holders without a size have what the others leave, if they are all of one nature; what
    nobody is named for is ``"unknown"``.
    """
    sized = [(holder.nature, _part(holder, unlock)) for holder in unlock.holders]
    open_ended: list[str] = [nature for nature, part in sized if part is None]
    shares: dict[str, float] = {}
    for nature, part in sized:
        shares[nature] = shares.get(nature, 0.0) + (part or 0.0)
    rest = 1.0 - sum(shares.values())
    if rest > _ROUNDING:
        name = open_ended[0] if len(set(open_ended)) == 1 else "unknown"
        shares[name] = shares.get(name, 0.0) + rest
    return {nature: part for nature, part in shares.items() if part > 0.0}


def write_holders(holders: Mapping[str, float]) -> str:
    """Return shares by nature of holder as a file has them, ``state 0.4667; unknown 0.5333``."""
    return "; ".join(f"{nature} {part:.4f}" for nature, part in holders.items())


def read_holders(text: str) -> dict[str, float]:
    """Return what ``write_holders`` wrote, fractions by nature of holder."""
    pairs = (item.rpartition(" ") for item in filter(None, text.split("; ")))
    return {nature: float(part) for nature, _, part in pairs}


def _part(holder: Holder, unlock: LockupExpiry) -> float | None:
    if holder.percent is not None:
        return holder.percent / 100
    if holder.shares is not None and unlock.shares is not None:
        return holder.shares / unlock.shares
    return None


def _unlocks(book: EventBook, ticker: str) -> list[LockupExpiry]:
    return [event for event in book if isinstance(event, LockupExpiry) and event.ticker == ticker]


def _fraction(start: Float) -> float:
    if start.basis == "reported" and start.percent is not None:
        return start.percent / 100
    if start.shares is not None and start.total is not None:
        return start.shares / start.total
    return (start.percent or 0.0) / 100


def _added(unlock: LockupExpiry, start: Float, basis: Basis) -> float | None:
    if basis == "one_base" and unlock.shares is not None and start.total is not None:
        return unlock.shares / start.total
    return None if unlock.percent is None else unlock.percent / 100
