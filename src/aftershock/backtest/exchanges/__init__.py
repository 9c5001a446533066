"""Where orders fill, and what it costs."""

from aftershock.backtest.exchanges.base import Charge, Exchange, Instrument
from aftershock.backtest.exchanges.hkex import HKEX
from aftershock.backtest.exchanges.plain import PlainExchange

__all__ = ["HKEX", "Charge", "Exchange", "Instrument", "PlainExchange"]
