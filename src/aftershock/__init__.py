"""Event studies and event-driven backtests from one table of dated events."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aftershock import errors as errors
    from aftershock.backtest import exchanges as exchanges
    from aftershock.backtest.exchanges import HKEX as HKEX
    from aftershock.backtest.result import BacktestResult as BacktestResult
    from aftershock.backtest.run import Backtest as Backtest
    from aftershock.backtest.strategy import EventStrategy as EventStrategy
    from aftershock.events import rules as rules
    from aftershock.events.book import EventBook as EventBook
    from aftershock.events.book import load_events as load_events
    from aftershock.events.book import select as select
    from aftershock.prices.panel import PricePanel as PricePanel
    from aftershock.prices.returns import ReturnPanel as ReturnPanel
    from aftershock.prices.sources import load_prices as load_prices
    from aftershock.study import models as models
    from aftershock.study.models import MarketAdjusted as MarketAdjusted
    from aftershock.study.models import MarketModel as MarketModel
    from aftershock.study.models import MeanModel as MeanModel
    from aftershock.study.models import PeerModel as PeerModel
    from aftershock.study.result import StudyResult as StudyResult
    from aftershock.study.study import Study as Study

__version__ = "0.1.0"

_HOMES = {
    "load_events": "aftershock.events.book",
    "load_prices": "aftershock.prices.sources",
    "select": "aftershock.events.book",
    "Study": "aftershock.study.study",
    "Backtest": "aftershock.backtest.run",
    "EventStrategy": "aftershock.backtest.strategy",
    "HKEX": "aftershock.backtest.exchanges",
    "MeanModel": "aftershock.study.models",
    "MarketAdjusted": "aftershock.study.models",
    "MarketModel": "aftershock.study.models",
    "PeerModel": "aftershock.study.models",
    "EventBook": "aftershock.events.book",
    "PricePanel": "aftershock.prices.panel",
    "ReturnPanel": "aftershock.prices.returns",
    "StudyResult": "aftershock.study.result",
    "BacktestResult": "aftershock.backtest.result",
}
_NAMESPACES = {
    "errors": "aftershock.errors",
    "exchanges": "aftershock.backtest.exchanges",
    "models": "aftershock.study.models",
    "rules": "aftershock.events.rules",
}

__all__ = [*_HOMES, *_NAMESPACES]  # noqa: PLE0604 - the keys are names


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _NAMESPACES:
        return importlib.import_module(_NAMESPACES[name])
    raise AttributeError(f"module 'aftershock' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
