"""A ban abroad, steps towards an A-share listing, index inclusion.

Histories are short, so the estimation window runs up to three sessions before the event and
shrinks to what exists, down to 20 returns.
"""

import aftershock as ash

study = ash.Study(
    title="Policy, listing steps and index inclusion",
    events=ash.select(kind=["policy", "listing_step", "index_inclusion"]),
    model=ash.MarketModel(benchmark="^HSI"),
    returns="simple",
    estimation=(-60, -3),
    window=(-2, 10),
    cars=[(0, 0), (0, 1), (0, 5)],
    min_obs=20,
)
