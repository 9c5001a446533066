"""What is wrong with bars: findings, the policy that decides about them, and what results say."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from aftershock.arrays import read_only
from aftershock.errors import PriceError, unknown
from aftershock.prices.align import places_of
from aftershock.prices.checks import CHECKS, Severity, Sight
from aftershock.prices.frames import Bars, normalise, worst_price
from aftershock.tables import make_table, write_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from aftershock.anyframe import AnyFrame
    from aftershock.prices.panel import PricePanel

Policy = Literal["drop", "keep", "fail"]

COLUMNS = ("ticker", "session", "last", "check", "severity", "detail", "remedy")
REPORT = "prices-check.csv"

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one ticker's bars.

    Attributes
    ----------
    ticker, session, last
        Where: the first and the last session, the same for a single bar.
    check
        The name of the check, one of ``CHECKS``.
    detail
        What was seen.
    """

    ticker: str
    session: dt.date
    last: dt.date
    check: str
    detail: str

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return CHECKS[self.check].severity

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return CHECKS[self.check].remedy

    @property
    def days(self) -> str:
        """The session, or the first and the last one."""
        return str(self.session) if self.session == self.last else f"{self.session}..{self.last}"

    def record(self) -> dict[str, str]:
        """Return the finding as a row of ``COLUMNS``."""
        values = (
            self.ticker, str(self.session), str(self.last), self.check, self.severity,
            self.detail, self.remedy,
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

    def __str__(self) -> str:
        return f"{self.ticker} {self.days} {self.check}: {self.detail}"


@dataclass(frozen=True, slots=True, init=False)
class Policies:
    """What is done about each check's findings.

    Attributes
    ----------
    default
        For every check of severity ``error`` or ``warning``; notes are kept.
    named
        For single checks, whatever their severity.
    """

    default: Policy
    named: Mapping[str, Policy]

    def __init__(self, given: Policy | Mapping[str, Policy]) -> None:
        """Read a policy as it is written in a call or in the settings.

        Parameters
        ----------
        given
            ``"drop"``, ``"keep"`` or ``"fail"``, or a mapping from names of checks to one of
            them; ``default`` in it stands for the others, and is ``"keep"`` where left out.

        Raises
        ------
        PriceError
            No such policy.
        UnknownName
            No such check.
        """
        said = {"default": given} if isinstance(given, str) else dict(given)
        for name, policy in said.items():
            if name != "default" and name not in CHECKS:
                raise unknown("quality check", name, CHECKS)
            if policy not in get_args(Policy):
                allowed = ", ".join(get_args(Policy))
                raise PriceError(f"quality: '{policy}' is no policy for {name}; write {allowed}")
        object.__setattr__(self, "default", said.pop("default", "keep"))
        object.__setattr__(self, "named", said)

    def of(self, check: str) -> Policy:
        """Return the policy for a check."""
        if check in self.named:
            return self.named[check]
        return "keep" if CHECKS[check].severity == "note" else self.default


def read_rows(
    frames: Mapping[str, AnyFrame], zone: ZoneInfo, policies: Policies
) -> tuple[dict[str, Bars], list[Finding]]:
    """Return tickers' bars in the common shape, without rows that cannot stand in a panel.

    Rows that stand twice, or have a price that is not positive, are taken out where the
    policy is ``drop`` and left for the panel to refuse where it is not. Equal bars of one day
    are one bar; of unequal ones none is kept.

    Raises
    ------
    PriceError
        A frame cannot be read, or the policy of what was found is ``fail``.
    """
    out: dict[str, Bars] = {}
    found: list[Finding] = []
    for ticker, frame in frames.items():
        bars = normalise(ticker, frame, zone)
        wrong = [*_doubled(ticker, bars), *_not_positive(ticker, bars)]
        _refuse([item for item in wrong if policies.of(item.check) == "fail"])
        out[ticker] = _without(bars, wrong, policies) if wrong else bars
        found += wrong
    return out, found


def _without(bars: Bars, wrong: list[Finding], policies: Policies) -> Bars:
    dropped = {item.check for item in wrong if policies.of(item.check) == "drop"}
    if "not_positive" in dropped:
        bars = bars.only(~bars.not_positive)
    if "duplicate" in dropped:
        rows = pd.DataFrame({"Date": bars.days, **bars.columns})
        bars = bars.only(~rows.duplicated().to_numpy())
        bars = bars.only(~bars.doubled)
    return bars


def _doubled(ticker: str, bars: Bars) -> Iterator[Finding]:
    doubled = bars.doubled
    for day in np.unique(bars.days[doubled]) if doubled.any() else ():
        closes = bars.columns["Close"][bars.days == day]
        shown = ", ".join(f"{close:g}" for close in closes)
        detail = f"{len(closes)} bars, closes {shown}"
        yield Finding(ticker, day.item(), day.item(), "duplicate", detail)


def _not_positive(ticker: str, bars: Bars) -> Iterator[Finding]:
    for row in np.flatnonzero(bars.not_positive):
        day, price = bars.days[row].item(), worst_price(bars, int(row))
        yield Finding(ticker, day, day, "not_positive", f"a price of {price:g}")


def outside(bars: Mapping[str, Bars], panel: PricePanel) -> Iterator[Finding]:
    """Yield the bars on days that are no session of the panel's exchange."""
    for ticker, own in bars.items():
        _, kept = places_of(own.days, panel.sessions.dates)
        for at in np.setdiff1d(np.arange(len(own)), kept) if len(kept) < len(own) else ():
            day = own.days[at].item()
            close = own.columns["Close"][at]
            detail = f"a bar (close {close:g}) while the exchange was closed"
            yield Finding(ticker, day, day, "non_session", detail)


def examine(
    panel: PricePanel, *, notes: bool = False, now: dt.datetime | None = None
) -> list[Finding]:
    """Return what the checks find in a panel, ticker by ticker, oldest first.

    Parameters
    ----------
    panel
        What to check.
    notes
        Also look for what is only worth a look.
    now
        The instant that tells a session that is over from one that is not; the clock's.
    """
    sight = Sight(panel, now or dt.datetime.now(dt.UTC))
    date = panel.sessions.date
    found = [
        Finding(panel.tickers[column], date(first), date(last), name, detail)
        for name, check in CHECKS.items()
        if check.search is not None and (notes or check.severity != "note")
        for column, first, last, detail in check.search(sight)
    ]
    return ordered(found, panel.tickers)


def ordered(found: Iterable[Finding], tickers: tuple[str, ...]) -> list[Finding]:
    """Return findings ticker by ticker, oldest first."""
    place = {ticker: at for at, ticker in enumerate(tickers)}
    end = len(tickers)  # what a panel could not hold comes last
    return sorted(found, key=lambda item: (place.get(item.ticker, end), item.session, item.check))


def enforce(panel: PricePanel, found: Iterable[Finding], policies: Policies) -> PricePanel:
    """Return the panel with flagged bars dropped or kept as the policies say.

    Raises
    ------
    PriceError
        Something was found whose policy is ``fail``.
    """
    found = list(found)
    _refuse([item for item in found if policies.of(item.check) == "fail"])
    dropped = [item for item in found if policies.of(item.check) == "drop"]
    if dropped:
        panel = _dropped(panel, dropped)
    kept = [
        item
        for item in found
        if item.check != "non_session"  # left out, and said so in the panel's notes
        and (policies.of(item.check) == "keep" or not CHECKS[item.check].doubts)
    ]
    return replace(panel, flags=(*panel.flags, *kept))


def _refuse(found: list[Finding]) -> None:
    if not found:
        return
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    raise PriceError(
        f"{found[0]}{more}; the policy is to fail. {found[0].remedy.capitalize()};"
        ' or write quality = "keep" or "drop". All findings: aftershock prices check'
    )


def _dropped(panel: PricePanel, found: list[Finding]) -> PricePanel:
    """Return the panel with the doubted fields of the found bars missing, and a note of each."""
    doubted = {name for item in found for name in CHECKS[item.check].doubts}
    arrays = {name: getattr(panel, name).copy(order="K") for name in doubted}
    for item in found:
        if item.severity == "error":
            continue  # taken out while the rows were read
        rows = _rows(panel, item)
        for name in CHECKS[item.check].doubts:
            arrays[name][rows, panel.column(item.ticker)] = np.nan
    changes: dict[str, Any] = {name: read_only(array) for name, array in arrays.items()}
    return replace(panel, notes=(*panel.notes, *_drop_notes(found)), **changes)


def _drop_notes(found: list[Finding]) -> Iterator[str]:
    takes_out = [item for item in found if CHECKS[item.check].doubts]
    key = {id(item): (item.ticker, item.check) for item in takes_out}
    for (ticker, check), group in groupby(
        sorted(takes_out, key=lambda item: key[id(item)]), key=lambda item: key[id(item)]
    ):
        items = list(group)
        days = ", ".join(item.days for item in items[:_SHOWN])
        more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
        what = "volume" if CHECKS[check].doubts == ("volume",) else "bar"
        yield f"{ticker}: {what} dropped by policy, {check} ({days}{more})"


def _rows(panel: PricePanel, item: Finding) -> slice:
    dates = panel.sessions.dates
    first = int(np.searchsorted(dates, np.datetime64(item.session, "D")))
    return slice(first, int(np.searchsorted(dates, np.datetime64(item.last, "D"), side="right")))


def write_findings(found: Iterable[Finding], folder: Path) -> Path:
    """Write findings as ``prices-check.csv`` into ``folder``, whole or not at all."""
    path = folder / REPORT
    table = make_table([item.record() for item in found], COLUMNS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_table(table, path)
    except OSError as cause:
        raise PriceError(f"{path} cannot be written: {cause.strerror or cause}") from cause
    return path


def touched(
    panel: PricePanel, ticker: str, first: dt.date, last: dt.date, *, closes: bool
) -> list[Finding]:
    """Return the panel's flags that a result touches.

    Parameters
    ----------
    panel
        A panel whose ``flags`` the load has set.
    ticker, first, last
        Whose bars the result uses, and over which sessions.
    closes
        True where it uses closes only, as a study and a benchmark do.
    """
    return [
        item
        for item in panel.flags
        if item.ticker == ticker
        and item.severity != "note"
        and item.session <= last
        and first <= item.last
        and (CHECKS[item.check].closes or not closes)
    ]
