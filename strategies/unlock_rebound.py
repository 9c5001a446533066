"""Buy what has fallen over an unlock."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

import aftershock as ash
from aftershock.events.kinds import Event


class UnlockRebound(ash.EventStrategy):
    """Buy some sessions after a lock-up has expired, if the price has fallen over it.

    The idea: forced and impatient sellers are done within days, and what they pressed the
    price by comes back. ``fall`` is measured from the close before the expiry to the close
    before the entry; without it every unlock is bought.

    What it knows: the date, which stood in the prospectus, and closes that have passed.

    What it cannot claim: that the sellers are done. Unlocked is not sold; a fall that goes on
    is a loss here, and the next unlock may lie inside the holding.
    """

    class Params(ash.EventStrategy.Params):
        """Offsets are sessions from the expiry, at whose open the order fills."""

        entry: int = Field(5, ge=1, description="session at whose open the stock is bought")
        exit: int = Field(25, description="session at whose open it is sold")
        fall: float | None = Field(
            0.05, ge=0, lt=1, description="buy only after a fall of this fraction; none: always"
        )
        weight: float = Field(0.10, gt=0, description="fraction of equity bought")
        stop: float | None = Field(
            0.3, gt=0, description="sell when the price has fallen by this fraction"
        )

        @model_validator(mode="after")
        def _leaves_after_it_enters(self) -> Self:
            if self.exit <= self.entry:
                raise ValueError(f"exit={self.exit} must be after entry={self.entry}")
            return self

    p: Params
    events = ash.select(kind="lockup_expiry")

    def on_offset(self, event: Event, offset: int) -> None:
        """Enter and leave on the two offsets."""
        if offset == self.p.entry:
            self._buy(event)
        elif offset == self.p.exit:
            self.leave(event)

    def _buy(self, event: Event) -> None:
        since = self.p.entry + 1  # closes from the session before the expiry on
        closes = self.closes(event.ticker, since)
        change = closes[-1] / closes[0] - 1.0 if len(closes) == since else float("nan")
        if self.p.fall is not None and not change <= -self.p.fall:
            self.decline(
                event, f"moved by {change:+.1%} over the unlock, no fall to buy", side="buy"
            )
            return
        self.enter_long(event, weight=self.p.weight, stop=self.p.stop)
