"""Price sources by name, and the one way to load a panel from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from aftershock.content import load_file
from aftershock.errors import PriceError, nearest
from aftershock.overrides import AS_LISTED, Overrides
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
    from collections.abc import Callable, Mapping, Sequence

    from aftershock.anyframe import AnyFrame

SOURCES = ("sample", "yahoo", "files:DIR", "files:FILE", "FILE.py")

_LENIENT = Policies({"duplicate": "drop", "not_positive": "drop"})  # what a panel cannot hold


@runtime_checkable
class PriceSource(Protocol):
    """Anything that delivers daily bars by ticker."""

    def daily(
        self, tickers: Sequence[str], start: dt.date | None, end: dt.date | None
    ) -> Mapping[str, AnyFrame]:
        """Return one frame of bars per ticker: dates in the index or in ``Date``, and Close.

        Tickers are asked for in their one spelling (``0100.HK``) and may come back in any.
        Frames are of pandas, polars or pyarrow.
        ``start`` and ``end`` are included; None leaves the side open.
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

    Raises
    ------
    PriceError
        The source, a ticker or its prices are missing or wrong, or something was found
        whose policy is to fail.
    UnknownName
        ``quality`` names a check that does not exist.
    """
    policies = Policies(quality)
    wanted = Request(tickers, source, calendar, start, end, overrides, offline, progress)
    panel, found = _gathered(wanted, policies)
    found = ordered([*found, *examine(panel)], panel.tickers)
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
) -> tuple[PricePanel, list[Finding]]:
    """Load tickers and return everything the quality checks find, notes included.

    Parameters are those of ``load_prices``. Nothing is refused for its quality: the panel
    comes without rows that it could not hold, and the findings name them.

    Raises
    ------
    PriceError
        The source cannot be read at all.
    """
    wanted = Request(tickers, source, calendar, None, None, overrides, offline, progress)
    panel, found = _gathered(wanted, _LENIENT)
    return panel, ordered([*found, *examine(panel, notes=True)], panel.tickers)


def fetch_prices(
    tickers: Sequence[str],
    *,
    source: str,
    calendar: str | None = None,
    overrides: Overrides = AS_LISTED,
    accept: bool = False,
    offline: bool = False,
    progress: Callable[[str], None] | None = None,
) -> PricePanel:
    """Fetch what the store lacks; the panel's flags are what contradicts it.

    Parameters
    ----------
    accept
        Record values that contradict stored ones as a revision.
    tickers, source, calendar, overrides, offline, progress
        As in ``load_prices``.

    Raises
    ------
    PriceError
        A ticker could not be fetched, whether or not the store has it; or ``accept`` and the
        source keeps no store.
    """
    from aftershock.prices.yahoo import YahooSource

    provider = open_source(source, offline=offline, progress=progress)
    if isinstance(provider, YahooSource):
        provider = replace(provider, strict=True, accept=accept)
    elif accept:
        raise PriceError(f"--accept revises the store of yahoo; the source {source} has none")
    wanted = Request(tickers, source, calendar, None, None, overrides, offline, progress)
    panel, found = _gathered(wanted, _LENIENT, provider)
    flags = tuple(item for item in found if item.check in {"contradiction", "revision"})
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
    offline: bool
    progress: Callable[[str], None] | None


def _gathered(
    wanted: Request, policies: Policies, provider: PriceSource | None = None
) -> tuple[PricePanel, list[Finding]]:
    """Return the panel as it was read, and what was found while reading it."""
    if isinstance(wanted.tickers, str) or not wanted.tickers:
        raise PriceError('load_prices needs a list of tickers, such as ["0100.HK", "^HSI"]')
    tickers = _asked(wanted)
    if provider is None:
        provider = (
            open_source(wanted.source, offline=wanted.offline, progress=wanted.progress)
            if isinstance(wanted.source, str)
            else wanted.source
        )
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


def open_source(
    spec: str, *, offline: bool = False, progress: Callable[[str], None] | None = None
) -> PriceSource:
    """Return the source a specification names.

    Parameters
    ----------
    spec
        One of ``SOURCES``.
    offline, progress
        As in ``load_prices``; sources that ask nobody pass them over.

    Raises
    ------
    PriceError
        The specification is not one of ``SOURCES``.
    WorkspaceError
        A Python file is missing, does not import, or defines no source.
    """
    name, _, rest = spec.partition(":")
    if name == "files" and rest:
        from aftershock.prices.files import FileSource

        return FileSource(_place(rest))
    if name == "sample" and not rest:
        from aftershock.prices.sample import SampleSource

        return SampleSource()
    if name == "yahoo" and not rest:
        from aftershock.prices.yahoo import YahooSource

        return YahooSource(offline=offline, progress=progress)
    if spec.endswith(".py"):
        return _own_source(_place(spec))
    close = nearest(name, ("sample", "yahoo", "files"))
    hint = f" did you mean '{close}'?" if close else ""
    raise PriceError(f"unknown price source '{spec}':{hint} there are {', '.join(SOURCES)}")


def _place(said: str) -> Path:
    try:
        return Path(said).expanduser()
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


def files_read(source: str | PriceSource, tickers: Sequence[str]) -> list[Path]:
    """Return the user's own files that prices come from; a run hashes them."""
    if not isinstance(source, str):
        return []
    own = [_place(source)] if source.endswith(".py") else []
    paths = getattr(open_source(source), "paths", None)
    return own + (list(paths(tickers)) if paths else [])


def origin_of(source: str | PriceSource, provider: PriceSource) -> Origin:
    """Return what a source says of itself, or that it is plain market data."""
    said: Origin | None = getattr(provider, "origin", None)
    if said is not None:
        return said
    return Origin(source if isinstance(source, str) else type(provider).__name__)
