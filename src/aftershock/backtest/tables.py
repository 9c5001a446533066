"""From the books of a run to the tables of a result; the columns are those of the files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from aftershock.backtest.compare import BALANCE, EQUITY, bought
from aftershock.backtest.exchanges.base import INDEX_LOT, Instrument
from aftershock.backtest.figures import figures, strategy_curve
from aftershock.backtest.hedge import Leg, index_leg
from aftershock.backtest.money import from_cents
from aftershock.tables import make_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import pandas as pd

    from aftershock.arrays import FloatArray
    from aftershock.backtest.agenda import Agenda, Entry
    from aftershock.backtest.ledger import Ledger
    from aftershock.backtest.money import Number
    from aftershock.backtest.orders import OrderRecord, Side
    from aftershock.backtest.trade import Trade

TRADES = [
    "trade", "event", "ticker", "side", "entry_session", "entry_price", "exit_session",
    "exit_price", "shares", "gross", "fees", "borrow", "net", "mae", "mfe", "break_even_borrow",
    "break_even_slippage", "open",
]  # fmt: skip
ORDERS = [
    "session", "event", "ticker", "side", "shares", "kind", "status", "filled", "fill_session",
    "fill_price", "reason",
]  # fmt: skip
COSTS = ["trade", "event", "ticker", "session", "item", "amount"]
EVENTS = ["id", "ticker", "kind", "when", "session", "status", "reason"]

_A_CENT = 0.005
BROKERAGE = "brokerage"  # negotiated, and no part of what a notional leg costs


def equity_table(ledger: Ledger, benchmark: FloatArray, cash: float) -> pd.DataFrame:
    """Return one row per session, with the benchmark and the hedged strategy.

    Parameters
    ----------
    ledger
        The books of the run.
    benchmark : ndarray, shape (S,)
        Its closes; it is bought with ``cash`` at the first of them.
    cash
        Starting cash.
    """
    rows = [
        (row.session, *(from_cents(getattr(row, name)) for name in BALANCE))
        for row in ledger.balances
    ]
    table = make_table(rows, EQUITY[: len(BALANCE) + 1])
    table["benchmark"] = bought(benchmark, cash)
    leg = index_leg(table["short"].to_numpy("float64"), benchmark)
    gained = np.cumsum(leg.profit - _leg_charges(ledger, leg, benchmark))
    table["hedged"] = np.round(table["equity"] + gained, 2)
    return table


def _leg_charges(ledger: Ledger, leg: Leg, level: FloatArray) -> FloatArray:
    """Return what the leg pays at each close, by what the exchange charges for a fund."""
    fund = Instrument("index", INDEX_LOT, is_index=True)
    paid = np.zeros(leg.traded.size)
    for i in np.flatnonzero(np.abs(leg.traded) >= _A_CENT):
        side: Side = "buy" if leg.traded[i] > 0 else "sell"
        shares, price = abs(leg.traded[i]) / level[i], float(level[i])
        day = ledger.balances[i].session
        charges = ledger.exchange.charges(fund, side, shares, price, day)
        paid[i] = from_cents(sum(one.cents for one in charges if one.item != BROKERAGE))
    return paid


def trade_table(ledger: Ledger) -> pd.DataFrame:
    """Return one row per round trip, open ones at the last close."""
    rows = [_trade_row(trade, ledger.closes[trade.ticker]) for trade in ledger.trades]
    return make_table(rows, TRADES)


def _trade_row(trade: Trade, last: Number) -> tuple[Any, ...]:
    gross, fees, borrow = trade.gross(last), trade.fees, trade.borrow()
    closed = not trade.is_open
    return (
        trade.number, trade.event, trade.ticker, "short" if trade.side < 0 else "long",
        trade.entries[0].session, trade.entry_price,
        trade.exits[-1].session if closed else None, trade.exit_price if closed else math.nan,
        float(sum(fill.shares for fill in trade.entries)),
        from_cents(gross), from_cents(fees), from_cents(borrow), from_cents(gross - fees - borrow),
        trade.worst, trade.best, trade.break_even_borrow(last),
        trade.break_even_slippage(last), not closed,
    )  # fmt: skip


def order_table(records: list[OrderRecord]) -> pd.DataFrame:
    """Return one row per order."""
    return make_table(
        [tuple(getattr(record, name) for name in ORDERS) for record in records], ORDERS
    )


def cost_table(ledger: Ledger) -> pd.DataFrame:
    """Return one row per item of cost; borrow not yet paid stands as accrued."""
    rows = [
        (cost.trade, cost.event, cost.ticker, cost.session, cost.item, from_cents(cost.cents))
        for cost in ledger.costs
    ]
    last = ledger.balances[-1].session
    rows += [
        (trade.number, trade.event, trade.ticker, last, "borrow accrued", from_cents(cents))
        for trade in ledger.trades
        if (cents := trade.accrued())
    ]
    return make_table(rows, COSTS)


def event_table(
    agenda: Agenda, records: list[OrderRecord], offered: Mapping[str, int], last: int
) -> pd.DataFrame:
    """Return one row per selected event with what came of it.

    ``offered`` has the offset with which each event was first offered to the strategy, ``last``
    is the position of the last session that was run.
    """
    rows: list[tuple[Any, ...]] = [
        (event.id, event.ticker, event.kind, str(event.when), None, "excluded", reason)
        for event, reason in agenda.excluded
    ]
    for entry in agenda.entries:
        event, day = entry.event, agenda.wide.date(_wide(agenda, entry.day_zero))
        own = [record for record in records if record.event == event.id and record.entering]
        status, reason = _came_of(own)
        reason = reason if own else _why_not(agenda, entry, day, offered, last)
        rows.append((event.id, event.ticker, event.kind, str(event.when), day, status, reason))
    return make_table(rows, EVENTS)


def _came_of(own: list[OrderRecord]) -> tuple[str, str]:
    statuses = {record.status for record in own}
    if statuses & {"filled", "partial"}:
        return "traded", ""
    if "pending" in statuses:
        return "pending", "the data end before the order could fill"
    return ("refused", own[-1].reason) if own else ("excluded", "")


def _wide(agenda: Agenda, position: int) -> int:
    return agenda.wide.position(agenda.sessions.first) + position


def _why_not(
    agenda: Agenda, entry: Entry, day: dt.date, offered: Mapping[str, int], last: int
) -> str:
    if entry.day_zero >= len(agenda.sessions):
        return f"day 0, {day}, is after the last session of the run, {agenda.sessions.last}"
    if entry.day_zero < 0:
        return f"day 0, {day}, is before the first session of the run, {agenda.sessions.first}"
    if entry.event.id in offered:
        first = offered[entry.event.id]
        return f"the strategy made no order; it was offered the event from offset {first:+d} on"
    if entry.known_from > last:
        return f"it was not known by the close of {agenda.sessions.date(last)}, where the run ends"
    return (
        "the strategy was never offered the event: it has a next() of its own that does not call"
        " super().next(), which offers them"
    )


def metric_table(
    equity: pd.DataFrame,
    trades: pd.DataFrame,
    orders: pd.DataFrame,
    riskless: FloatArray | None = None,
) -> dict[str, Any]:
    """Return the figures of the run, None where one is not defined.

    ``riskless`` is what one unit of cash grows to, shape (S,); None where it earns nothing.
    """
    curve = strategy_curve(equity, trades, orders)
    cash = np.ones(len(equity)) if riskless is None else riskless
    named: dict[str, Any] = {
        "first_session": str(equity["session"].iloc[0].date()),
        "last_session": str(equity["session"].iloc[-1].date()),
        "sessions": len(equity),
        "start_equity": curve.levels[0],
        "end_equity": curve.levels[-1],
        **figures(curve, cash),
        **_trade_figures(trades),
        "orders_rejected": int(orders["status"].isin(["rejected", "expired"]).sum()),
    }
    return {name: _plain(value) for name, value in named.items()}


def _trade_figures(trades: pd.DataFrame) -> dict[str, Any]:
    """Return what the trades came to, all together."""
    net = trades["net"].to_numpy("float64")
    lost = -net[net < 0].sum()
    return {
        "trades": len(trades),
        "open_trades": int(trades["open"].sum()),
        "hit_rate": float((net > 0).mean()) if net.size else math.nan,
        "profit_factor": float(net[net > 0].sum() / lost) if lost > 0 else math.nan,
        "mean_net": float(net.mean()) if net.size else math.nan,
        "fees": round(float(trades["fees"].sum()), 2),
        "borrow": round(float(trades["borrow"].sum()), 2),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return None if not math.isfinite(value) else float(value)
    return int(value) if isinstance(value, np.integer) else value
