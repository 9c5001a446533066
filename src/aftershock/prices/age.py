"""How old the newest price is, by a clock that is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aftershock.formats import counted

if TYPE_CHECKING:
    import datetime as dt

    from aftershock.prices.panel import PricePanel


@dataclass(frozen=True, slots=True)
class Age:
    """The age of a panel's prices.

    Attributes
    ----------
    newest
        The newest session with a close, by ticker; tickers without a close are left out.
    today
        The day of the clock, at the exchange.
    sessions
        Sessions that have closed since the newest price of all.
    """

    newest: dict[str, dt.date]
    today: dt.date
    sessions: int

    @property
    def last(self) -> dt.date:
        """The newest session with a close of any ticker."""
        return max(self.newest.values())

    @property
    def days(self) -> int:
        """Calendar days since the newest price, below 0 where the clock stands before it."""
        return (self.today - self.last).days

    @property
    def sentence(self) -> str:
        """How old the newest price is."""
        if self.days < 0:
            return f"newest price {self.last}, which lies after today, {self.today}"
        age = "of today" if self.days == 0 else f"{counted(self.days, 'day')} old"
        since = counted(self.sessions, "session has", "sessions have")
        return f"newest price {self.last}, {age}, {since} closed since"

    @property
    def record(self) -> dict[str, Any]:
        """What a manifest says."""
        return {
            "last": str(self.last),
            "days": self.days,
            "sessions": self.sessions,
            "today": str(self.today),
            "newest": {ticker: str(day) for ticker, day in self.newest.items()},
        }


def age_of(panel: PricePanel, now: dt.datetime) -> Age:
    """Return how old a panel's prices are.

    Parameters
    ----------
    panel
        The prices; at least one close is in them.
    now
        The instant, with a zone.
    """
    today = now.astimezone(panel.sessions.zone).date()
    spans = {ticker: panel.span(ticker) for ticker in panel.tickers}
    newest = {ticker: span[1] for ticker, span in spans.items() if span is not None}
    last = max(newest.values())
    sessions = panel.sessions.covering(last, max(today, last))
    first, next_close = sessions.position(last) + 1, sessions.closing_after(now)
    over = len(sessions) if next_close is None else next_close
    return Age(newest, today, max(over - first, 0))
