"""Follow the reaction to a public exchange of words."""

from __future__ import annotations

from pydantic import Field

import aftershock as ash
from aftershock.backtest.signals import reaction
from aftershock.events.kinds import Event


class ExchangeMomentum(ash.EventStrategy):
    """Buy what rose on a public exchange between named people, sell short what fell.

    The idea: an exchange draws a crowd that had not heard of the stock, and a crowd takes
    days to arrive.

    What it knows: the exchange, from the first close by which it was public, and the stock's
    return beyond the benchmark from the close before day 0 to that close. The order fills at
    the next open, a session or more after day 0.

    What it cannot claim: anything beyond a handful of exchanges. They are chosen because they
    are remembered, and they are remembered because the price moved.
    """

    class Params(ash.EventStrategy.Params):
        """Sessions are counted from the open at which the order fills."""

        hold: int = Field(5, ge=1, description="sessions from the entry's open to the exit's")
        least: float = Field(0.0, ge=0, description="smallest reaction that is followed")
        fresh: int = Field(3, ge=1, description="latest session after day 0 to enter at")
        weight: float = Field(0.10, gt=0, description="fraction of equity bought or sold short")
        stop: float | None = Field(
            0.2, gt=0, description="leave when the price has gone this fraction the other way"
        )

    p: Params
    events = ash.select(kind="public_exchange")

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
        own, market = (self.closes(name, offset + 1) for name in (event.ticker, self.benchmark))
        move = reaction(own, market, offset)
        if move == 0 or not abs(move) >= self.p.least:
            self.decline(event, f"a reaction of {move:+.1%} is not followed")
            return
        enter = self.enter_long if move > 0 else self.enter_short
        enter(event, weight=self.p.weight, stop=self.p.stop)
