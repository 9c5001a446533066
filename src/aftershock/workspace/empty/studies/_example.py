"""What to measure. Copy to a name without the underscore, such as lockups.py, and change it.

Files whose names begin with an underscore are passed over.
"""

import aftershock as ash

study = ash.Study(
    title="Lock-up expiries",
    events=ash.select(kind="lockup_expiry"),  # also id=, ticker=, since=, until=
    model=ash.MarketModel(benchmark="^GSPC"),  # what the normal return is
    returns="simple",  # or "log"
    estimation=(-60, -11),  # sessions from day 0 on which the model is fitted, both included
    window=(-10, 10),  # sessions that are looked at
    cars=[(0, 0), (-1, 1), (0, 5)],  # abnormal returns cumulated over these
    min_obs=30,  # fewer returns than these and the event is excluded, with the reason
)
