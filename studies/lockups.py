"""Do prices fall when locked shares become free to sell?"""

import aftershock as ash

study = ash.Study(
    title="Lock-up expiries",
    events=ash.select(kind="lockup_expiry"),
    model=ash.MarketModel(benchmark="^HSI"),
    returns="simple",
    estimation=(-60, -11),
    window=(-10, 10),
    cars=[(0, 0), (-1, 1), (0, 5), (0, 10), (-5, -1)],
    min_obs=30,
    depth=(0, 60),
)
