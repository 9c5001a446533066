"""What became of every order, including those that were refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt

Side = Literal["buy", "sell"]
Kind = Literal["market", "limit", "stop"]
Status = Literal["pending", "filled", "partial", "rejected", "expired", "cancelled"]

FORCED = ("margin call", "recalled")  # how the causes of the lender's and broker's orders begin
_WAITED = "waited since"


@dataclass(slots=True)
class OrderRecord:
    """One order from the decision to its end.

    Attributes
    ----------
    session
        The session after whose close it was decided.
    event, ticker
        What it is for.
    side
        ``buy`` or ``sell``.
    shares
        Shares asked for, positive; 0 where the size itself was refused.
    kind
        ``market`` at the next open, ``limit`` where the tick rule made it one, or a standing
        ``stop``.
    entering
        True where it opens or adds to a position.
    cause
        Why the broker itself made it: a recall, a margin call, the rest of another order.
    stop
        Stop it asked for, a fraction of the entry price; None without one.
    asked, declined
        Shares as the strategy asked for them, whatever became of them since, and why it asked
        for none.
    withdrawn
        The session after whose close the strategy took it back.
    status, filled, fill_session, fill_price, reason
        How it ended, and how many shares it took; ``pending`` where the data ended first.
    """

    session: dt.date
    event: str
    ticker: str
    side: Side
    shares: float
    kind: Kind
    entering: bool
    cause: str = ""
    stop: float | None = None
    status: Status = "pending"
    filled: float = 0.0
    fill_session: dt.date | None = None
    fill_price: float = float("nan")
    reason: str = ""
    asked: float = 0.0
    declined: str = ""
    withdrawn: dt.date | None = None

    def __post_init__(self) -> None:
        self.asked, self.reason = self.shares, self.cause

    @property
    def is_forced(self) -> bool:
        """True where a lender or a margin call ordered it."""
        return self.cause.startswith(FORCED)

    def fill(self, session: dt.date, price: float, shares: float, note: str = "") -> None:
        """Note the execution of all its shares or, with the reason for the rest, a part."""
        self.status = "filled" if shares == self.shares else "partial"
        self.fill_session, self.fill_price, self.filled = session, price, shares
        self.add(note)

    def wait(self, why: str, session: dt.date) -> None:
        """Note from which session on it could not be executed, and why; the first time counts."""
        if _WAITED not in self.reason:
            self.add(f"{_WAITED} {session}: {why}")

    def add(self, said: str) -> None:
        """Add to the reason."""
        self.reason = "; ".join(part for part in (self.reason, said) if part)

    def rest(self, session: dt.date) -> OrderRecord:
        """Return the order for what is left of this one."""
        return OrderRecord(
            session, self.event, self.ticker, self.side, self.shares - self.filled, "market",
            self.entering, f"the rest of an order of {self.session}",
        )  # fmt: skip

    def end(self, status: Status, reason: str) -> None:
        """Note why it was not executed."""
        self.status = status
        self.add(reason)
