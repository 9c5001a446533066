"""What became of every order, including those that were refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt

Side = Literal["buy", "sell"]
Kind = Literal["market", "stop"]
Status = Literal["pending", "filled", "rejected", "cancelled"]


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
        ``market`` at the next open, or a standing ``stop``.
    entering
        True where it opens or adds to a position.
    status, fill_session, fill_price, reason
        How it ended; ``pending`` where the data ended first.
    """

    session: dt.date
    event: str
    ticker: str
    side: Side
    shares: float
    kind: Kind
    entering: bool
    status: Status = "pending"
    fill_session: dt.date | None = None
    fill_price: float = float("nan")
    reason: str = ""

    def fill(self, session: dt.date, price: float) -> None:
        """Note the execution."""
        self.status, self.fill_session, self.fill_price, self.reason = "filled", session, price, ""

    def refuse(self, reason: str) -> None:
        """Note why it was not executed."""
        self.status, self.reason = "rejected", reason

    def cancel(self, reason: str) -> None:
        """Note why it was withdrawn."""
        self.status, self.reason = "cancelled", reason
