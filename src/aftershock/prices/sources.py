"""Price sources by name, and the one way to load a panel from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from aftershock.clock import SYSTEM, Clock
from aftershock.content import load_file
from aftershock.errors import PriceError, nearest
from aftershock.inputs import opened, placed
from aftershock.overrides import AS_LISTED, Overrides
from aftershock.prices.delivery import STORE_CHECKS
from aftershock.prices.panel import Origin, PricePanel
from aftershock.prices.quality import (
    Finding,
    Policies,
    Policy,
    enforce,
    examine,
    ordered,
    outside,
    read_rows,
)  # fmt: skip
from aftershock.prices.rates import RiskFree
from aftershock.prices.screen import without_shifted
from aftershock.prices.tickers import canonical, canonical_keys, exchange_named, exchange_of
from aftershock.sessions import exchange_zone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aftershock.anyframe import AnyFrame
    from aftershock.prices.stored import Span

SOURCES = ("sample", "yahoo", "files:DIR", "files:FILE", "FILE.py")

_LENIENT = Policies(  # what a panel cannot hold
    dict.fromkeys(("duplicate", "not_positive", "impossible_action"), "drop")
)


@runtime_checkable
class PriceSource(Protocol):
    """Anything that delivers daily bars by ticker."""

    def daily(
        self, tickers: Sequence[str], start: dt.date | None, end: dt.date | None
    ) -> Mapping[str, AnyFrame]:
        """Return one frame of bars per ticker: dates in the index or in ``Date``, and Close.

        Tickers are asked for in their one spelling (``0100.HK``) and may come back in any.
        Frames are of pandas, polars or pyarrow.
        ``start`` and ``end`` are included; None leaves the side open. A source may also have a
        method ``paths(tickers)`` that returns the files it reads: a run puts them on record.
        """
        ...


def load_prices(
    tickers: Sequence[str],
    *,
    source: str | PriceSource,
    calendar: str | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    quality: Policy | Mapping[str, Policy] = "keep",
    risk_free: float | RiskFree = 0.0,
    overrides: Overrides = AS_LISTED,
    offline: bool = False,
    progress: Callable[[str], None] | None = None,
    as_of: dt.date | None = None,
    clock: Clock = SYSTEM,
) -> PricePanel:
    """Load daily bars of several tickers into one panel, checked.

    Parameters
    ----------
    tickers
        ``0100.HK``, ``^HSI``, ``AAPL``; other spellings (``100 HK Equity``, ``HKG:0100``) are
        brought to these, a bare ``100`` too where ``calendar`` names the exchange.
    source
        ``"sample"``, ``"yahoo"``, ``"files:DIR"``, ``"files:FILE"``, a Python file that
        defines ``source``, or any object with a ``daily`` method.
    calendar
        ISO code of the exchange; taken from the tickers' endings where left out.
    start, end
        First and last session wanted, both included; all the source has where left out.
    quality
        What to do with bars that a quality check finds: ``"keep"`` and flag them, ``"drop"``
        them and say so, or ``"fail"``; or a mapping from checks to one of these.
    risk_free
        An annual rate, decimal, or a ``RiskFree`` read from a file.
    overrides
        Where the exchange did not keep to its calendar: days closed, open, ended early.
    offline
        Ask nobody: serve what is stored.
    progress
        Called with each ticker that was fetched.
    as_of
        Serve what the store of Yahoo's prices had at the end of that day, and ask nobody.
    clock
        Tells which sessions are over and how old stored prices are.

    Raises
    ------
    PriceError
        The source, a ticker or its prices are missing or wrong, or something was found
        whose policy is to fail.
    UnknownName
        ``quality`` names a check that does not exist.
    """
    policies = Policies(quality)
    provider = _provider(source, Terms(offline, progress, as_of, clock))
    wanted = Request(tickers, source, calendar, start, end, overrides)
    panel, found = _gathered(wanted, policies, provider)
    found = ordered([*found, *examine(panel, clock)], panel.tickers)
    rate = RiskFree(rate=risk_free) if isinstance(risk_free, int | float) else risk_free
    riskless, doubts = rate.read(panel.sessions)
    panel = enforce(panel, found, policies)
    return replace(panel, risk_free=riskless, notes=(*panel.notes, *doubts))


def check_prices(
    tickers: Sequence[str],
    *,
    source: str | PriceSource,
    calendar: str | None = None,
    overrides: Overrides = AS_LISTED,
    offline: bool = False,
    progress: Callable[[str], None] | None = None,
    as_of: dt.date | None = None,
    clock: Clock = SYSTEM,
) -> tuple[PricePanel, list[Finding]]:
    """Load tickers and return everything the quality checks find, notes included.

    Parameters are those of ``load_prices``. Nothing is refused for its quality: the panel
    comes without rows that it could not hold, and the findings name them.

    Raises
    ------
    PriceError
        The source cannot be read at all.
    """
    provider = _provider(source, Terms(offline, progress, as_of, clock))
    wanted = Request(tickers, source, calendar, None, None, overrides)
    panel, found = _gathered(wanted, _LENIENT, provider)
    return panel, ordered([*found, *examine(panel, clock, notes=True)], panel.tickers)


def fetch_prices(
    tickers: Sequence[str],
    *,
    source: str,
    calendar: str | None = None,
    overrides: Overrides = AS_LISTED,
    accept: bool = False,
    again: Span | None = None,
    offline: bool = False,
    progress: Callable[[str], None] | None = None,
    as_of: dt.date | None = None,
    clock: Clock = SYSTEM,
) -> PricePanel:
    """Fetch what the store lacks; the panel's flags are what contradicts it or was recorded.

    Parameters
    ----------
    accept
        Record values that contradict stored ones as a revision.
    again
        First and last day of the only span that is compared and recorded, both included.
    tickers, source, calendar, overrides, offline, progress, as_of, clock
        As in ``load_prices``.

    Raises
    ------
    PriceError
        A ticker could not be fetched, whether or not the store has it; ``accept`` or ``again``
        and the source keeps no store; or one of them and nobody is asked.
    """
    from aftershock.prices.yahoo import YahooSource

    provider = open_source(source, Terms(offline, progress, as_of, clock))
    option = "--accept" if accept else "--again"
    if isinstance(provider, YahooSource):
        if (accept or again) and not provider.asks:
            raise PriceError(
                f"{option} asks Yahoo; leave out --offline, --as-of and the setting as_of"
            )
        provider = replace(provider, strict=True, accept=accept, again=again)
    elif accept or again:
        raise PriceError(f"{option} revises the store of yahoo; the source {source} has none")
    wanted = Request(tickers, source, calendar, None, None, overrides)
    panel, found = _gathered(wanted, _LENIENT, provider)
    flags = tuple(item for item in found if item.check in STORE_CHECKS)
    return replace(panel, flags=flags)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a source; the fields are the parameters of ``load_prices``."""

    tickers: Sequence[str]
    source: str | PriceSource
    calendar: str | None
    start: dt.date | None
    end: dt.date | None
    overrides: Overrides


@dataclass(frozen=True, slots=True)
class Terms:
    """How a source is asked; the fields are the parameters of ``load_prices``."""

    offline: bool = False
    progress: Callable[[str], None] | None = None
    as_of: dt.date | None = None
    clock: Clock = SYSTEM


def _provider(source: str | PriceSource, terms: Terms) -> PriceSource:
    if isinstance(source, str):
        return open_source(source, terms)
    if terms.as_of is not None:
        raise PriceError(f"as_of is of the source yahoo; give it to {type(source).__name__} itself")
    return source


def _gathered(
    wanted: Request, policies: Policies, provider: PriceSource
) -> tuple[PricePanel, list[Finding]]:
    """Return the panel as it was read, and what was found while reading it."""
    if isinstance(wanted.tickers, str) or not wanted.tickers:
        raise PriceError('load_prices needs a list of tickers, such as ["0100.HK", "^HSI"]')
    tickers = _asked(wanted)
    _record_files(provider, tickers)
    frames = provider.daily(tickers, wanted.start, wanted.end)
    names = canonical_keys(frames, _exchange_of_bare(wanted, tickers), "frames")
    missing = [ticker for ticker in tickers if ticker not in names]
    if missing:
        raise PriceError(f"the source {wanted.source} has no prices for {', '.join(missing)}")
    calendar = wanted.calendar or exchange_of(tickers)
    asked = {ticker: frames[names[ticker]] for ticker in tickers}
    bars, found = read_rows(asked, exchange_zone(calendar), policies)
    if policies is _LENIENT:
        bars, shifted = without_shifted(bars, calendar, wanted.overrides)
        found += shifted
    panel = PricePanel.from_frames(
        bars,
        calendar=calendar,
        origin=origin_of(wanted.source, provider),
        overrides=wanted.overrides,
    )
    found += [*outside(bars, panel), *panel.flags, *getattr(frames, "findings", ())]
    notes = (*getattr(frames, "notes", ()), *panel.notes)
    return replace(panel, notes=notes, flags=()).between(wanted.start, wanted.end), found


def _exchange_of_bare(wanted: Request, tickers: list[str]) -> str | None:
    """Return the exchange that a source's bare numbers are of: the calendar, or the tickers'."""
    return wanted.calendar or next(filter(None, map(exchange_named, tickers)), None)


def _asked(wanted: Request) -> list[str]:
    """Return the tickers asked for, each once and in its one spelling."""
    return list(dict.fromkeys(canonical(ticker, wanted.calendar) for ticker in wanted.tickers))


def open_source(spec: str, terms: Terms = Terms()) -> PriceSource:
    """Return the source a specification names.

    Parameters
    ----------
    spec
        One of ``SOURCES``.
    terms
        How it is asked; sources that ask nobody pass over all but ``as_of``.

    Raises
    ------
    PriceError
        The specification is not one of ``SOURCES``, or ``as_of`` is asked of one without a store.
    WorkspaceError
        A Python file is missing, does not import, or defines no source.
    """
    name, _, rest = spec.partition(":")
    if name == "yahoo" and not rest:
        from aftershock.prices.yahoo import YahooSource

        return YahooSource(
            offline=terms.offline, progress=terms.progress, as_of=terms.as_of, clock=terms.clock
        )
    if terms.as_of is not None:
        raise PriceError(f"as_of looks back in the store of yahoo; the source {spec} has none")
    if name == "files" and rest:
        from aftershock.prices.files import FileSource

        return FileSource(_place(rest))
    if name == "sample" and not rest:
        from aftershock.prices.sample import SampleSource

        return SampleSource()
    if spec.endswith(".py"):
        return _own_source(_place(spec))
    close = nearest(name, ("sample", "yahoo", "files"))
    hint = f" did you mean '{close}'?" if close else ""
    raise PriceError(f"unknown price source '{spec}':{hint} there are {', '.join(SOURCES)}")


def _place(said: str) -> Path:
    try:
        return placed(Path(said).expanduser())
    except RuntimeError as cause:
        raise PriceError(f"{said}: there is no such home; write the whole path") from cause


def _own_source(path: Path) -> PriceSource:
    source: Any = getattr(load_file(path), "source", None)
    if not isinstance(source, PriceSource) or isinstance(source, type):
        raise PriceError(
            f"{path} defines no source; write source = MySource(), an object with a method"
            " daily(tickers, start, end)"
        )
    return source


def _record_files(provider: PriceSource, tickers: Sequence[str]) -> None:
    """Put the files on record that a source of a user's own says it reads."""
    paths: Callable[[Sequence[str]], Iterable[str | Path]] | None
    paths = getattr(provider, "paths", None)
    for path in paths(tickers) if paths else ():
        opened(path)


def origin_of(source: str | PriceSource, provider: PriceSource) -> Origin:
    """Return what a source says of itself, or that it is plain market data."""
    said: Origin | None = getattr(provider, "origin", None)
    if said is not None:
        return said
    return Origin(source if isinstance(source, str) else type(provider).__name__)
