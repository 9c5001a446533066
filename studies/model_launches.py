"""Do prices rise when a company releases a model?

Histories are short, so the estimation window runs up to three sessions before the event and
shrinks to what exists, down to 20 returns.
"""

import aftershock as ash

study = ash.Study(
    title="Model launches",
    events=ash.select(kind="model_launch"),
    model=ash.MarketModel(benchmark="^HSI"),
    returns="simple",
    estimation=(-60, -3),
    window=(-2, 10),
    cars=[(0, 0), (0, 1), (0, 5)],
    min_obs=20,
)
