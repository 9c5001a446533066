"""What did the first days of trading bring over the offer price?

There is no history before a listing, so nothing is estimated: returns are market-adjusted and
the offer price stands as the close of day -1.
"""

import aftershock as ash

study = ash.Study(
    title="Listings",
    events=ash.select(kind="listing"),
    model=ash.MarketAdjusted(benchmark="^HSI"),
    returns="simple",
    estimation=None,
    window=(0, 20),
    cars=[(0, 0), (0, 20)],
)
