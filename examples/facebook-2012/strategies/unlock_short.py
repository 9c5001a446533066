"""Short Facebook into each expiry."""

from typing import Self

from pydantic import Field, model_validator

import aftershock as ash
from aftershock.backtest.rule import Rule
from aftershock.events.kinds import Event


class UnlockShort(ash.EventStrategy):
    """Sell short ten sessions before an expiry, cover five sessions after it."""

    class Params(ash.EventStrategy.Params):
        """Offsets are sessions from the expiry, at whose open the order fills."""

        entry: int = Field(-10, description="session at whose open the short is sold")
        exit: int = Field(5, description="session at whose open it is covered")
        weight: float = Field(0.10, gt=0, description="fraction of equity sold short")

        @model_validator(mode="after")
        def _leaves_after_it_enters(self) -> Self:
            if self.exit <= self.entry:
                raise ValueError(f"exit={self.exit} must be after entry={self.entry}")
            return self

        def rule(self, event: Event) -> Rule:
            """Enter and leave on the two offsets, whatever the event."""
            del event
            return Rule(side="short", entry=self.entry, exit=self.exit, weight=self.weight)

    p: Params
    events = ash.select(kind="lockup_expiry")
