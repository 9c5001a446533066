"""What a fetch delivers besides bars: how old they are, what contradicts them, what is odd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aftershock.errors import PriceError
from aftershock.formats import counted
from aftershock.prices.actions import (
    adjustment,
    as_traded,
    impossible,
    impossible_words,
    paid_out,
)
from aftershock.prices.comparison import Change, edges
from aftershock.prices.quality import Finding

if TYPE_CHECKING:
    import datetime as dt

    from aftershock.clock import Clock
    from aftershock.prices.download import Failure
    from aftershock.prices.panel import PricePanel
    from aftershock.prices.stored import Stored

STORE_CHECKS = ("contradiction", "revision", "late")  # what comparing with the store finds

_OFF = 0.005  # by how far Yahoo's adjusted close may differ from its own events
_SHOWN = 3


class Delivery(dict[str, pd.DataFrame]):
    """Bars by ticker, with what is to be said about them.

    Attributes
    ----------
    notes
        One sentence each: the age of what was not fetched now, and what was set aside.
    findings
        Stored values that the source now gives otherwise, and what it added to them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.findings: list[Finding] = []


def findings_of(ticker: str, changes: list[Change], *, accepted: bool) -> list[Finding]:
    """Return what differs from the store session by session, every value with the stored one."""
    differs = "revision" if accepted else "contradiction"
    values: dict[tuple[dt.date, str], list[str]] = {}
    for change in changes:
        check = "late" if change.adds else differs
        values.setdefault((change.session, check), []).append(str(change))
    return [
        Finding(ticker, day, day, check, "; ".join(told)) for (day, check), told in values.items()
    ]


def short_of(ticker: str, bars: pd.DataFrame, asked: dt.date | None, stored: Stored) -> list[str]:
    """Return a note where an answer ends before, or begins after, what is stored.

    Such an answer says nothing about the sessions beyond its edges.
    """
    days = stored.bars.index
    days = days if asked is None else days[days >= pd.Timestamp(asked)]
    first, last = edges(bars)
    beyond = int(((days < first) | (days > last)).sum())
    if not beyond:
        return []
    kept = counted(beyond, "stored bar is", "stored bars are")
    span = f"{first.date()} to {last.date()}"
    return [f"{ticker}: Yahoo now delivers {span} only; {kept} beyond it and kept"]


def set_impossible_aside(delivery: Delivery) -> None:
    """Go without listed actions that cannot be, with a finding of each."""
    for ticker, bars in delivery.items():
        close, *listed = (
            bars[name].to_numpy("float64") for name in ("Close", "Dividends", "Stock Splits")
        )
        wrong = impossible(close, *listed)
        if not wrong.any():
            continue
        dividend, split = (np.where(wrong, 0.0, values) for values in listed)
        for row in np.flatnonzero(wrong):
            day = bars.index[int(row)].date()
            detail = f"{impossible_words(int(row), close, *listed)}; it is not used"
            delivery.findings.append(Finding(ticker, day, day, "impossible_action", detail))
        delivery[ticker] = bars.assign(
            **{"Dividends": dividend, "Stock Splits": split},
            Adjustment=adjustment(close, dividend, split),
        )


def off_events(ticker: str, bars: pd.DataFrame) -> list[str]:
    """Return a note where Yahoo's adjusted close does not follow from the events it lists."""
    traded = as_traded(bars)
    close, dividend, split, gain = (
        traded[name].to_numpy("float64")
        for name in ("Close", "Dividends", "Stock Splits", "Capital Gains")
    )
    listed_factor = adjustment(close, paid_out(close, dividend, split, gain), split)
    yahoo_factor = traded["Adj Close"].to_numpy("float64") / close
    wide = np.abs(listed_factor / yahoo_factor - 1.0) > _OFF
    if not wide.any():
        return []
    day = traded.index[wide][-1].date()
    odd = "adjusted close differs from the dividends and splits it lists by more than 0.5 %"
    return [f"{ticker}: up to {day} Yahoo's {odd}; the listed events are used"]


def age_of(aged: dict[str, Stored], failed: dict[str, Failure], clock: Clock) -> str:
    """Return how old stored prices are, and why nothing newer was fetched."""
    oldest = min(aged, key=lambda ticker: aged[ticker].fetched)
    at, last = aged[oldest].fetched, aged[oldest].last
    old = _duration(clock.now() - at)
    kinds = sorted({failed[ticker].reason for ticker in aged})
    return (
        f"prices of {listed(list(aged))} from the store ({'; '.join(kinds)}): fetched {old} ago,"
        f" {at:%Y-%m-%d %H:%M} UTC, last bar {last}"
        + ("" if len(aged) == 1 else f" (the oldest, {oldest})")
    )


def view_of(stored: dict[str, Stored], day: dt.date) -> str:
    """Return that prices are those of an earlier day's store, and how far they reach."""
    oldest = min(stored, key=lambda ticker: stored[ticker].last)
    last = stored[oldest].last
    names = listed(list(stored))
    which = "" if len(stored) == 1 else f" (the oldest, {oldest})"
    return f"prices of {names} as the store had them at the end of {day}: last bar {last}{which}"


def _duration(age: dt.timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return counted(max(0, int(age.total_seconds() // 60)), "minute")
    return counted(hours, "hour") if hours < 48 else counted(hours // 24, "day")  # noqa: PLR2004


def listed(tickers: list[str]) -> str:
    """Return tickers in a sentence, the first few of many."""
    more = f" and {len(tickers) - _SHOWN} more" if len(tickers) > _SHOWN else ""
    return ", ".join(tickers[:_SHOWN]) + more


def newest_price(panel: PricePanel, clock: Clock) -> str:
    """Return which session a panel's newest close is of, and how many days ago that was.

    Days are those of the exchange: a close of the day that the clock is in there is of today.

    Raises
    ------
    PriceError
        There is no close at all.
    """
    rows = np.flatnonzero(np.isfinite(panel.close).any(axis=1))
    if not rows.size:
        raise PriceError("there is no close in these prices; load some before asking their age")
    newest = panel.sessions.date(int(rows[-1]))
    days = (clock.now().astimezone(panel.sessions.zone).date() - newest).days
    age = f"{counted(days, 'day')} ago" if days else "today"
    return f"newest price {newest}, {age}"
