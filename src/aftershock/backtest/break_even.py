"""What borrow fee and what slippage would leave nothing, and a grid of borrow fees."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from aftershock.backtest.money import YEAR, from_cents, to_cents, value_cents
from aftershock.tables import make_table

if TYPE_CHECKING:
    import pandas as pd

    from aftershock.backtest.broker import EventBroker
    from aftershock.backtest.ledger import Ledger

BORROW_GRID = ["rate", "net", "total_return"]
RATES = (0.0, 0.03, 0.06, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50, 0.60)


def break_even(ledger: Ledger) -> dict[str, float | None]:
    """Return the borrow fee a year and the slippage a fill at which all trades net zero.

    Both as decimals, everything else unchanged: None without a loan, without a fill.
    """
    last = ledger.closes
    gross = sum(trade.gross(last[trade.ticker]) for trade in ledger.trades)
    fees = sum(trade.fees for trade in ledger.trades)
    borrow = sum(trade.borrow() for trade in ledger.trades)
    base = sum((trade.base() for trade in ledger.trades), Fraction())
    turned = sum(
        sum(fill.cents for fill in (*trade.entries, *trade.exits))
        + value_cents(last[trade.ticker], trade.shares)
        for trade in ledger.trades
    )
    return {
        "break_even_borrow": float((gross - fees) * YEAR / (100 * base)) if base else None,
        "break_even_slippage": (gross - fees - borrow) / turned if turned else None,
    }


def borrow_grid(broker: EventBroker) -> pd.DataFrame:
    """Return what the run nets at each borrow fee a year, on the same trades and loans.

    No row where nothing was borrowed. Sizes are those of the run, not of the other fee.
    """
    ledger, cash = broker.ledger, to_cents(broker.startingcash)
    if not any(trade.base() for trade in ledger.trades):
        return make_table([], BORROW_GRID)
    before = sum(trade.gross(ledger.closes[trade.ticker]) - trade.fees for trade in ledger.trades)
    rows = []
    for rate in RATES:
        net = before - sum(trade.borrow_at(rate) for trade in ledger.trades)
        rows.append((rate, from_cents(net), net / cash))
    return make_table(rows, BORROW_GRID)
