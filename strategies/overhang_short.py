"""Short an unlock by how much it can add to the shares that trade."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

import aftershock as ash
from aftershock.events.kinds import Event, LockupExpiry
from aftershock.events.supply import SupplyStep

PATIENT = ("state", "strategic", "founder")


class OverhangShort(ash.EventStrategy):
    """Sell short before a lock-up expires, the more the larger the overhang.

    The idea: what presses on the price is not the date but how many times the sellable supply
    grows, and who holds it. An unlock that doubles the supply is sold with ``weight``, one
    that quadruples it with twice as much, never with more than ``most``. Of what state,
    strategic and founder holders have, the part ``keeps`` is taken as not for sale; whoever
    is not named counts as a seller.

    What it knows: float, size and holders as they were on record before the session of the
    decision, so a float reported later changes nothing. An unlock without them is declined.

    What it cannot claim: that holders sell because they may. The natures are a reading of
    names, ``keeps`` is a guess, and shares that must be converted first are counted as free.
    """

    class Params(ash.EventStrategy.Params):
        """Offsets are sessions from the expiry, at whose open the order fills."""

        entry: int = Field(-10, description="session at whose open the short is sold")
        exit: int = Field(5, description="session at whose open it is covered")
        weight: float = Field(0.05, gt=0, description="fraction of equity per doubling of supply")
        most: float = Field(0.25, gt=0, description="largest fraction of equity in one unlock")
        keeps: float = Field(
            0.5, ge=0, le=1, description="part that state, strategic and founder holders keep"
        )
        basis: Literal["one_base", "reported"] = Field(
            "one_base", description="shares over one count, or percentages as printed"
        )
        stop: float | None = Field(
            0.3, gt=0, description="cover when the price has risen by this fraction"
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
            self._sell(event)
        elif offset == self.p.exit:
            self.leave(event)

    def _sell(self, event: Event) -> None:
        unlock = event if isinstance(event, LockupExpiry) else None
        step = unlock.supply(self.session, self.p.basis) if unlock else None
        if step is None:
            self.decline(event, f"float or size of the unlock not known on {self.session}")
            return
        weight = min(self.p.weight * self._doublings(step), self.p.most)
        if weight <= 0.0:
            self.decline(event, "none of the unlocking shares is expected to be sold")
            return
        self.enter_short(event, weight=weight, stop=self.p.stop)

    def _doublings(self, step: SupplyStep) -> float:
        """Return how many times the supply doubles by what is expected to be for sale."""
        patient = sum(step.holders.get(nature, 0.0) for nature in PATIENT)
        for_sale = 1.0 - self.p.keeps * patient
        return math.log2(1.0 + (step.multiple - 1.0) * for_sale)
