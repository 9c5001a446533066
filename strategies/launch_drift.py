"""Go with a model launch for some sessions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import aftershock as ash
from aftershock.backtest.signals import reaction
from aftershock.events.kinds import Event


class LaunchDrift(ash.EventStrategy):
    """Trade the drift after a launch: the way of the first reaction, or always one way.

    The idea: what a new model is worth takes days to be understood, so the price goes on in
    the direction in which it first moved.

    What it knows: the launch, from the first close by which it was public; the reaction is
    the stock's return beyond the benchmark from the close before day 0 to that close. The
    order fills at the next open, a session or more after day 0.

    What it cannot claim: the reaction itself, which is over before it can trade. Launches are
    often leaked, several come close together, and the ones remembered are the ones that
    mattered.
    """

    class Params(ash.EventStrategy.Params):
        """Sessions are counted from the open at which the order fills."""

        direction: Literal["reaction", "long", "short"] = Field(
            "reaction", description="the way of the first reaction, or always one way"
        )
        hold: int = Field(10, ge=1, description="sessions from the entry's open to the exit's")
        least: float = Field(0.0, ge=0, description="smallest reaction that is followed")
        fresh: int = Field(3, ge=1, description="latest session after day 0 to enter at")
        weight: float = Field(0.10, gt=0, description="fraction of equity bought or sold short")
        stop: float | None = Field(
            0.2, gt=0, description="leave when the price has gone this fraction the other way"
        )

    p: Params
    events = ash.select(kind="model_launch")

    def on_offset(self, event: Event, offset: int) -> None:
        """Enter at the first look, leave after the holding."""
        if self.first_look(event):
            self._enter_fresh(event, offset)
        elif self.sessions_held(event) == self.p.hold:
            self.leave(event)

    def _enter_fresh(self, event: Event, offset: int) -> None:
        if offset > self.p.fresh:
            self.decline(event, f"old news: first known {offset} sessions after day 0")
            return
        way = self._way(event, offset)
        if way == 0:
            self.decline(event, f"no reaction of {self.p.least:.1%} or more to follow")
            return
        enter = self.enter_long if way > 0 else self.enter_short
        enter(event, weight=self.p.weight, stop=self.p.stop)

    def _way(self, event: Event, offset: int) -> int:
        """Return 1 to buy, -1 to sell short, 0 for neither."""
        if self.p.direction != "reaction":
            return 1 if self.p.direction == "long" else -1
        own, market = (self.closes(name, offset + 1) for name in (event.ticker, self.benchmark))
        move = reaction(own, market, offset)
        return (move > 0) - (move < 0) if abs(move) >= self.p.least else 0
