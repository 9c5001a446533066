"""Bet against the first reaction to a hike or a cut."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import aftershock as ash
from aftershock.backtest.signals import reaction
from aftershock.events.kinds import Event


class PriceChangeFade(ash.EventStrategy):
    """Sell short what rose on a price change, buy what fell on one.

    The idea: a hike says demand and a cut says competition, but neither changes the next
    quarter by as much as the first reaction, which therefore comes back.

    What it knows: the change, from the first close by which it was public, and the stock's
    return beyond the benchmark from the close before day 0 to that close. The order fills at
    the next open, a session or more after day 0.

    What it cannot claim: that the reaction was to the price. Changes come with launches and
    results of the same day, and hikes and cuts are different things: look at one at a time
    with ``changes`` before believing both.
    """

    class Params(ash.EventStrategy.Params):
        """Sessions are counted from the open at which the order fills."""

        changes: Literal["both", "hike", "cut"] = Field(
            "both", description="which changes are faded"
        )
        hold: int = Field(5, ge=1, description="sessions from the entry's open to the exit's")
        least: float = Field(0.02, ge=0, description="smallest reaction that is faded")
        fresh: int = Field(3, ge=1, description="latest session after day 0 to enter at")
        weight: float = Field(0.10, gt=0, description="fraction of equity bought or sold short")
        stop: float | None = Field(
            0.2, gt=0, description="leave when the price has gone this fraction the other way"
        )

    p: Params
    events = ash.select(kind="price_change")

    def on_offset(self, event: Event, offset: int) -> None:
        """Enter at the first look, leave after the holding."""
        if self.first_look(event):
            self._enter_fresh(event, offset)
        elif self.sessions_held(event) == self.p.hold:
            self.leave(event)

    def _enter_fresh(self, event: Event, offset: int) -> None:
        if self.p.changes not in ("both", event.sign):
            self.decline(event, f"a {event.sign}; changes is {self.p.changes}")
            return
        if offset > self.p.fresh:
            self.decline(event, f"old news: first known {offset} sessions after day 0")
            return
        own, market = (self.closes(name, offset + 1) for name in (event.ticker, self.benchmark))
        move = reaction(own, market, offset)
        if move == 0 or not abs(move) >= self.p.least:
            self.decline(event, f"a reaction of {move:+.1%} is not faded")
            return
        enter = self.enter_short if move > 0 else self.enter_long
        enter(event, weight=self.p.weight, stop=self.p.stop)
