"""Zhipu minus MiniMax on the catalysts they share: is one irreplaceable, the other not?

The abnormal return studied is the difference of the two, so what moves both drops out.
"""

import aftershock as ash

study = ash.Study(
    title="Zhipu minus MiniMax on shared catalysts",
    events=ash.select(id=["anthropic-ban", "hstech-announcement", "hstech-inclusion", "kimi-k3"]),
    model=ash.MarketModel(benchmark="^HSI"),
    returns="simple",
    estimation=(-60, -3),
    window=(-2, 10),
    cars=[(0, 0), (0, 1), (0, 5)],
    min_obs=20,
    contrast=("2513.HK", "0100.HK"),
)
