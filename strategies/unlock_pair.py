"""Short the unlocking stock, long something that moves with it."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

import aftershock as ash
from aftershock.events.kinds import Event

FEWEST = 20  # returns a beta is estimated from


class UnlockPair(ash.EventStrategy):
    """Sell the unlocking stock short and buy a hedge, so that only their difference counts.

    Beta-neutral sizes the hedge by the stock's beta on it over the sessions before the entry;
    cash-neutral buys as much as is sold.
    """

    class Params(ash.EventStrategy.Params):
        """Offsets are sessions from the expiry, at whose open the order fills."""

        entry: int = Field(-10, description="session at whose open both legs are opened")
        exit: int = Field(5, description="session at whose open both are closed")
        weight: float = Field(0.10, gt=0, description="fraction of equity sold short")
        hedge: str = Field("", description="ticker of the long leg; the benchmark if empty")
        neutral: Literal["beta", "cash"] = Field("beta", description="how the hedge is sized")
        history: int = Field(60, ge=FEWEST, description="sessions for the beta")

        @model_validator(mode="after")
        def _leaves_after_it_enters(self) -> Self:
            if self.exit <= self.entry:
                raise ValueError(f"exit={self.exit} must be after entry={self.entry}")
            return self

    p: Params
    events = ash.select(kind="lockup_expiry")

    def on_offset(self, event: Event, offset: int) -> None:
        """Open and close both legs on the two offsets."""
        if offset == self.p.entry:
            self._open(event, self.p.hedge or self.benchmark)
        elif offset == self.p.exit:
            self.leave(event)

    def _open(self, event: Event, hedge: str) -> None:
        ratio = 1.0 if self.p.neutral == "cash" else self._beta(event.ticker, hedge)
        if not ratio > 0.0:
            self.decline(event, f"no positive beta on {hedge}, so there is nothing to hedge with")
            return
        short = self.enter_short(event, weight=self.p.weight)
        if short is None:
            return
        if self.enter_long(event, hedge, weight=self.p.weight * ratio, after=short) is None:
            self.cancel(short)

    def _beta(self, ticker: str, hedge: str) -> float:
        """Return the slope of the stock's returns on the hedge's; NaN without enough history."""
        count = self.p.history + 1
        own, other = (np.diff(np.log(self.closes(name, count))) for name in (ticker, hedge))
        known = np.isfinite(own) & np.isfinite(other)
        if known.sum() < FEWEST:
            return float("nan")
        covariance = np.cov(own[known], other[known])
        return float(covariance[0, 1] / covariance[1, 1])
