"""What a fetch delivers besides bars: how old they are, what contradicts them, what is odd."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aftershock.formats import counted
from aftershock.prices.actions import adjustment, as_traded, impossible, impossible_words
from aftershock.prices.quality import Finding

if TYPE_CHECKING:
    from aftershock.prices.download import Failure
    from aftershock.prices.store import Contradiction, Stored

_OFF = 0.005  # by how far Yahoo's adjusted close may differ from its own events
_SHOWN = 3


class Delivery(dict[str, pd.DataFrame]):
    """Bars by ticker, with what is to be said about them.

    Attributes
    ----------
    notes
        One sentence each: the age of what was not fetched now, and what was set aside.
    findings
        Stored values that the source now gives otherwise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.findings: list[Finding] = []


def findings_of(ticker: str, found: list[Contradiction], *, accepted: bool) -> list[Finding]:
    """Return contradictions session by session, every value with the one it is against."""
    by_day: dict[dt.date, list[str]] = {}
    for item in found:
        by_day.setdefault(item.session, []).append(str(item))
    check = "revision" if accepted else "contradiction"
    return [Finding(ticker, day, day, check, "; ".join(said)) for day, said in by_day.items()]


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
    columns = ("Close", "Dividends", "Stock Splits")
    own = adjustment(*(traded[name].to_numpy("float64") for name in columns))
    theirs = (bars["Adj Close"] / traded["Close"]).to_numpy("float64")
    wide = np.abs(own / theirs - 1.0) > _OFF
    if not wide.any():
        return []
    day = bars.index[wide][-1].date()
    said = "adjusted close differs from the dividends and splits it lists by more than 0.5 %"
    return [f"{ticker}: up to {day} Yahoo's {said}; the listed events are used"]


def age_of(aged: dict[str, Stored], failed: dict[str, Failure]) -> str:
    """Return how old stored prices are, and why nothing newer was fetched."""
    oldest = min(aged, key=lambda ticker: aged[ticker].fetched)
    at, last = aged[oldest].fetched, aged[oldest].bars.index[-1].date()
    old = _duration(dt.datetime.now(dt.UTC) - at)
    kinds = sorted({failed[ticker].reason for ticker in aged})
    return (
        f"prices of {listed(list(aged))} from the store ({'; '.join(kinds)}): fetched {old} ago,"
        f" {at:%Y-%m-%d %H:%M} UTC, last bar {last}"
        + ("" if len(aged) == 1 else f" (the oldest, {oldest})")
    )


def _duration(age: dt.timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return counted(max(0, int(age.total_seconds() // 60)), "minute")
    return counted(hours, "hour") if hours < 48 else counted(hours // 24, "day")  # noqa: PLR2004


def listed(tickers: list[str]) -> str:
    """Return tickers in a sentence, the first few of many."""
    more = f" and {len(tickers) - _SHOWN} more" if len(tickers) > _SHOWN else ""
    return ", ".join(tickers[:_SHOWN]) + more
