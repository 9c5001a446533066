"""Models of the normal return: what the stock would have done without the event."""

from aftershock.study.models.base import Design, Market, Model
from aftershock.study.models.benchmarks import BenchmarksModel
from aftershock.study.models.dimson import Dimson
from aftershock.study.models.estimate import Estimate, NotEstimable
from aftershock.study.models.factors import FactorModel
from aftershock.study.models.garch import GarchModel
from aftershock.study.models.market import MarketModel
from aftershock.study.models.market_adjusted import MarketAdjusted
from aftershock.study.models.mean import MeanModel
from aftershock.study.models.peers import PeerModel
from aftershock.study.models.robust import RobustModel
from aftershock.study.models.scholes_williams import ScholesWilliams
from aftershock.study.models.synthetic import SyntheticControl

__all__ = [
    "BenchmarksModel",
    "Design",
    "Dimson",
    "Estimate",
    "FactorModel",
    "GarchModel",
    "Market",
    "MarketAdjusted",
    "MarketModel",
    "MeanModel",
    "Model",
    "NotEstimable",
    "PeerModel",
    "RobustModel",
    "ScholesWilliams",
    "SyntheticControl",
]
