"""Where orders fill, and what it costs."""

from aftershock.backtest.exchanges.base import Chance, Charge, Exchange, Instrument
from aftershock.backtest.exchanges.borrow import read_borrow
from aftershock.backtest.exchanges.hkex import HKEX
from aftershock.backtest.exchanges.plain import PlainExchange
from aftershock.backtest.slippage import HalfSpread, SquareRoot

__all__ = [
    "HKEX",
    "Chance",
    "Charge",
    "Exchange",
    "HalfSpread",
    "Instrument",
    "PlainExchange",
    "SquareRoot",
    "read_borrow",
]
