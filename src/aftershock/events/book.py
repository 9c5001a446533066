"""The event table: every event of a workspace, validated, in order of time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from aftershock.anyframe import to_pandas
from aftershock.content import content_files
from aftershock.errors import EventError, unknown
from aftershock.events.companies import Company, read_companies
from aftershock.events.kinds import KINDS, Event, spelled_id
from aftershock.events.reader import Document, read_yaml
from aftershock.events.supply import with_structure
from aftershock.events.when import parse_when
from aftershock.formats import counted
from aftershock.prices.tickers import canonical

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping

    from aftershock.anyframe import AnyFrame

COMPANIES = "companies.yaml"
COMMON = tuple(Event.model_fields)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events a study or a strategy is about; see ``select``."""

    kinds: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()
    since: dt.date | None = None
    until: dt.date | None = None

    def matches(self, event: Event) -> bool:
        """Return True where the event is selected; an id matches with and without ticker."""
        return (
            (not self.kinds or event.kind in self.kinds)
            and (not self.ids or event.id in self.ids or event.base_id in self.ids)
            and (not self.tickers or event.ticker in self.tickers)
            and (self.since is None or event.when.last >= self.since)
            and (self.until is None or event.when.first <= self.until)
        )

    def on(self, exchange: str | None) -> Selection:
        """Return the selection with bare numbers as tickers of an exchange."""
        return replace(
            self,
            ids=tuple(spelled_id(name, exchange) for name in self.ids),
            tickers=tuple(canonical(name, exchange) for name in self.tickers),
        )

    def __str__(self) -> str:
        parts = [
            f"{name} {', '.join(values)}"
            for name, values in (("kind", self.kinds), ("id", self.ids), ("ticker", self.tickers))
            if values
        ]
        parts += [f"since {self.since}"] if self.since else []
        parts += [f"until {self.until}"] if self.until else []
        return "; ".join(parts) or "all events"


def select(
    *,
    kind: str | Iterable[str] = (),
    id: str | Iterable[str] = (),  # noqa: A002 - the column's name
    ticker: str | Iterable[str] = (),
    since: str | dt.date | None = None,
    until: str | dt.date | None = None,
) -> Selection:
    """Describe a selection of events; every condition given must hold.

    Parameters
    ----------
    kind, id, ticker
        One or several; an id without ``@ticker`` means the event on all its tickers.
    since, until
        First and last day, both included.

    Examples
    --------
    >>> str(select(kind="lockup_expiry", until="2026-09-30"))
    'kind lockup_expiry; until 2026-09-30'
    """
    return Selection(
        _names(kind),
        tuple(spelled_id(name, None) for name in _names(id)),
        tuple(canonical(name) for name in _names(ticker)),
        None if since is None else parse_when(since).first,
        None if until is None else parse_when(until).last,
    )


@dataclass(frozen=True, slots=True, repr=False)
class EventBook:
    """Events in order of time, with the companies they happened to.

    Attributes
    ----------
    events
        Ascending by first day, then id; ids are unique.
    companies
        Share structure by ticker; empty where nobody wrote it down.
    calendar
        The exchange code the events were written for, None where none was named.
    """

    events: tuple[Event, ...]
    companies: Mapping[str, Company] = field(default_factory=dict)
    calendar: str | None = None

    def __post_init__(self) -> None:
        """Tell every unlock which share structure it belongs to."""
        object.__setattr__(self, "events", with_structure(self.events, self.companies))

    def __repr__(self) -> str:
        where = f" on {self.calendar} sessions" if self.calendar else ""
        tickers = counted(len({event.ticker for event in self.events}), "ticker")
        return f"<EventBook {counted(len(self.events), 'event')} of {tickers}{where}>"

    def _repr_html_(self) -> str:
        """Return the events as a table for a notebook, without columns that nothing stands in."""
        shown = self.to_frame().replace("", None).dropna(axis=1, how="all").fillna("")
        return f"<p>{escape(repr(self))}</p>{shown.to_html(index=False, border=0)}"

    @classmethod
    def from_frame(
        cls,
        frame: AnyFrame,
        *,
        calendar: str | None = None,
        kinds: Mapping[str, type[Event]] = KINDS,
    ) -> EventBook:
        """Build a book from a table: id, ticker, kind, when, and whatever else is known.

        Parameters
        ----------
        frame
            One row per event, of pandas, polars or pyarrow. ``when`` is a date, an aware
            instant or one of the written forms; empty cells count as not given.
        calendar
            ISO code of the exchange the days belong to, such as ``"XNYS"``.
        kinds
            The kinds that are known.

        Raises
        ------
        EventError
            A row that cannot be right; the message names it.
        """
        table: pd.DataFrame = to_pandas(frame)
        document = Document(Path("row"), None, {(row,): row + 1 for row in range(len(table))})
        events: list[Event] = []
        for row, values in enumerate(table.to_dict("records")):
            record = {str(name): _plain(value) for name, value in values.items() if _given(value)}
            events.extend(_events(document, row, record, kinds, calendar))
        return cls(ordered(events), {}, calendar)

    def on(self, exchange: str | None) -> EventBook:
        """Return the book with bare numbers as tickers of an exchange, where it named none."""
        if self.calendar or not exchange:
            return self
        changed = {
            event.id: {
                "id": spelled_id(event.id, exchange),
                "ticker": canonical(event.ticker, exchange),
            }
            for event in self.events
            if canonical(event.ticker, exchange) != event.ticker
        }
        if not changed:
            return self
        events = [event.model_copy(update=changed.get(event.id, {})) for event in self.events]
        companies = {
            canonical(ticker, exchange): self.companies[ticker] for ticker in self.companies
        }
        return EventBook(ordered(events), companies, self.calendar)

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id, in order of time."""
        return tuple(event.id for event in self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __getitem__(self, event_id: str) -> Event:
        event_id = spelled_id(event_id, self.calendar)
        found = next((event for event in self.events if event.id == event_id), None)
        if found is None:
            raise unknown("event", event_id, self.ids)
        return found

    def select(self, selection: Selection) -> tuple[Event, ...]:
        """Return the selected events in order of time.

        Raises
        ------
        UnknownName
            The selection names an event, a ticker or a kind that the book does not have.
        """
        selection = selection.on(self.calendar)
        known = {*self.ids, *(event.base_id for event in self.events)}
        for name in selection.ids:
            if name not in known:
                raise unknown("event", name, known)
        tickers = {event.ticker for event in self.events}
        for name in selection.tickers:
            if name not in tickers:
                raise unknown("ticker", name, tickers)
        kinds = {event.kind for event in self.events}
        for name in selection.kinds:
            if name not in kinds and name not in KINDS:
                raise unknown("kind", name, kinds | set(KINDS))
        return tuple(event for event in self.events if selection.matches(event))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per event, as ``from_frame`` reads it.

        Times are text as in an event file, holders and the like tuples; a column that no
        event of a kind has is empty there.
        """
        rows = [event.record for event in self.events]
        return pd.DataFrame(rows, columns=None if rows else list(COMMON))


def load_events(
    path: str | Path, *, calendar: str | None = None, kinds: Mapping[str, type[Event]] = KINDS
) -> EventBook:
    """Read every event file of a folder, and its ``companies.yaml`` where there is one.

    Parameters
    ----------
    path
        A folder of YAML files, or one file.
    calendar
        ISO code of the exchange the days belong to.
    kinds
        The kinds that are known.

    Raises
    ------
    EventError
        No event file, or one that cannot be right: file, line, what is allowed.
    """
    path = Path(path)
    files = content_files(path, "*.y*ml") if path.is_dir() else [path]
    documents = [read_yaml(file) for file in files if file.name != COMPANIES]
    if not documents:
        raise EventError(f"{path} has no event files; write one, such as {path / 'lockups.yaml'}")
    events: list[Event] = []
    seen: dict[str, str] = {}
    for document in documents:
        for at, record in enumerate(_records(document)):
            for event in _events(document, at, record, kinds, calendar):
                if event.id in seen:
                    raise document.error(
                        (at, "id"), f"the id '{event.id}' stands in {seen[event.id]} too"
                    )
                seen[event.id] = f"{document.path}:{document.line((at, 'id'))}"
                events.append(event)
    company_file = path / COMPANIES
    companies = read_companies(read_yaml(company_file), calendar) if company_file.is_file() else {}
    return EventBook(ordered(events), companies, calendar)


def ordered(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return events in order of time, refusing an id that stands twice."""
    result = tuple(sorted(events, key=lambda event: (event.when.first, event.id)))
    counts = Counter(event.id for event in result)
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    if count > 1:
        raise EventError(f"the event id '{name}' stands {count} times; ids are unique")
    return result


def _records(document: Document) -> list[Any]:
    if document.data is None:
        return []
    if not isinstance(document.data, list):
        raise document.error((), "an event file is a list; start each event with '- id:'")
    return document.data


def _events(
    document: Document,
    at: int,
    record: Any,
    kinds: Mapping[str, type[Event]],
    exchange: str | None,
) -> list[Event]:
    if not isinstance(record, dict):
        raise document.error((at,), "an event is a mapping that starts with '- id:'")
    who = f"event '{record.get('id', '?')}'"
    kind = record.get("kind")
    if kind not in kinds:
        name = unknown("kind", str(kind), kinds) if kind else "'kind' is missing"
        raise document.error((at, "kind"), f"{who}: {name}")
    expanded = [record] if "tickers" not in record else _per_ticker(document, at, record, who)
    model = kinds[str(kind)]
    try:
        context = {"exchange": exchange}
        return [model.model_validate(single, context=context) for single in expanded]
    except ValidationError as cause:
        raise document.invalid((at,), who, cause, model) from cause


def _per_ticker(
    document: Document, at: int, record: dict[str, Any], who: str
) -> list[dict[str, Any]]:
    tickers = record["tickers"]
    if not isinstance(tickers, list) or not tickers or "ticker" in record:
        raise document.error((at, "tickers"), f"{who}: write ticker: A, or tickers: [A, B]")
    rest = {name: value for name, value in record.items() if name != "tickers"}
    return [{**rest, "id": f"{record.get('id')}@{ticker}", "ticker": ticker} for ticker in tickers]


def _names(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _given(value: Any) -> bool:
    if isinstance(value, str | list | tuple | np.ndarray):
        return len(value) > 0
    return not bool(pd.isna(value))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):  # a cell of polars or pyarrow that holds a list
        return value.tolist()
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
