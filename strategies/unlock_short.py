"""Short before an unlock, cover after it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

import aftershock as ash
from aftershock.backtest.rule import Rule
from aftershock.events.kinds import Event


class UnlockShort(ash.EventStrategy):
    """Sell short some sessions before a lock-up expires, cover some sessions after.

    The date of an expiry is in the prospectus, so the entry needs nothing that is not known.
    """

    class Params(ash.EventStrategy.Params):
        """Offsets are sessions from the expiry, at whose open the order fills."""

        entry: int = Field(-10, description="session at whose open the short is sold")
        exit: int = Field(5, description="session at whose open it is covered")
        stop: float | None = Field(
            0.3, gt=0, description="cover when the price has risen by this fraction"
        )
        weight: float | None = Field(0.10, gt=0, description="fraction of equity sold short")
        lots: int | None = Field(None, gt=0, description="board lots, instead of weight")

        @model_validator(mode="after")
        def _leaves_after_it_enters(self) -> Self:
            if self.exit <= self.entry:
                raise ValueError(f"exit={self.exit} must be after entry={self.entry}")
            return self

        def rule(self, event: Event) -> Rule:
            """Enter and leave on the two offsets, whatever the event."""
            del event
            return Rule(
                side="short", entry=self.entry, exit=self.exit, stop=self.stop,
                weight=None if self.lots else self.weight, lots=self.lots,
            )  # fmt: skip

    p: Params
    events = ash.select(kind="lockup_expiry")
