"""Did Facebook fall when its locked shares became free to sell?"""

import aftershock as ash

study = ash.Study(
    title="Facebook's lock-up expiries",
    events=ash.select(kind="lockup_expiry"),
    model=ash.MarketModel(benchmark="^GSPC"),
    returns="simple",
    estimation=(-60, -11),
    window=(-10, 10),
    cars=[(0, 0), (-1, 1), (0, 5), (-5, -1)],
)
