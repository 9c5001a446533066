"""What to trade. Copy to a name without the underscore, such as fade.py, and change it.

Files whose names begin with an underscore are passed over.
"""

from pydantic import Field

import aftershock as ash
from aftershock.events.kinds import Event


class Fade(ash.EventStrategy):
    """Sell short ten sessions before an expiry, cover fifteen sessions later."""

    class Params(ash.EventStrategy.Params):
        """Each can be changed: aftershock backtest fade --set entry=-5."""

        entry: int = Field(-10, description="session from day 0 at whose open to sell")
        hold: int = Field(15, gt=0, description="sessions to hold")
        weight: float = Field(0.1, gt=0, description="fraction of equity")

    p: Params
    events = ash.select(kind="lockup_expiry")

    def on_offset(self, event: Event, offset: int) -> None:
        """Decide after a close; what is ordered fills at the open of session ``offset``."""
        if offset == self.p.entry:
            self.enter_short(event, weight=self.p.weight, stop=0.3)
        elif self.sessions_held(event) == self.p.hold:
            self.leave(event)
