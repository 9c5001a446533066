"""Models of the normal return: what the stock would have done without the event."""

from aftershock.study.models.base import Design, Estimate, Model
from aftershock.study.models.market import MarketModel
from aftershock.study.models.market_adjusted import MarketAdjusted
from aftershock.study.models.mean import MeanModel
from aftershock.study.models.peers import PeerModel

__all__ = [
    "Design",
    "Estimate",
    "MarketAdjusted",
    "MarketModel",
    "MeanModel",
    "Model",
    "PeerModel",
]
