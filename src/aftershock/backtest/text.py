"""A backtest's result as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from aftershock.formats import DASH, METHOD_ONLY, heading, listing

if TYPE_CHECKING:
    from aftershock.backtest.result import BacktestResult


def summarise(result: BacktestResult) -> str:
    """Return figures, comparison, trades and warnings, one block each."""
    params = ", ".join(f"{name}={value}" for name, value in result.params.items())
    parts = [result.name, "=" * len(result.name), params]
    if not result.is_market_data:
        parts.insert(
            2, f"({METHOD_ONLY}: {result.conventions['market data'].removeprefix('no: ')})"
        )
    parts += ["", f"Against {result.conventions['benchmark']}", _versus(result.versus)]
    if len(result.trades):
        parts += ["", "Trades", _trades(result.trades)]
    refused = result.orders[result.orders["status"] == "rejected"]
    if len(refused):
        parts += ["", "Orders refused"]
        parts += [
            f"  {row.session:%Y-%m-%d} {row.event}: {row.reason}" for row in refused.itertuples()
        ]
    missed = result.events[result.events["status"] == "excluded"]
    if len(missed):
        parts += ["", "Events not traded"]
        parts += [f"  {row.id}: {row.reason}" for row in missed.itertuples()]
    if result.warnings:
        parts += ["", "Warnings", *(f"  {warning}" for warning in result.warnings)]
    return "\n".join(parts)


def as_html(result: BacktestResult) -> str:
    """Return name, notice, comparison, trades and warnings as HTML, everything escaped."""
    said = result.conventions["market data"].removeprefix("no: ")
    notice = "" if result.is_market_data else f"{METHOD_ONLY}: {said}"
    columns = ["event", "ticker", "side", "entry_session", "exit_session", "shares", "net"]
    parts = [heading(result.name, notice), _table(result.versus)]
    parts += (
        [_table(result.trades[columns])] if len(result.trades) else ["<p>no trade was made</p>"]
    )
    return "".join([*parts, listing("Warnings", result.warnings)])


def _table(frame: pd.DataFrame) -> str:
    return str(frame.to_html(index=False, border=0, na_rep=DASH, float_format="{:,.4g}".format))


def _versus(versus: pd.DataFrame) -> str:
    table = versus.copy()
    for column in ("strategy", "benchmark"):
        table[column] = ["-" if pd.isna(value) else f"{value:,.4f}" for value in table[column]]
    return table.to_string(index=False)


def _trades(trades: pd.DataFrame) -> str:
    table = pd.DataFrame(
        {
            "event": trades["event"],
            "ticker": trades["ticker"],
            "side": trades["side"],
            "entry": trades["entry_session"].dt.strftime("%Y-%m-%d"),
            "at": trades["entry_price"].map("{:g}".format),
            "exit": trades["exit_session"].dt.strftime("%Y-%m-%d").fillna("open"),
            "for": trades["exit_price"].map("{:g}".format),
            "shares": trades["shares"].map("{:,.10g}".format),
            "net": trades["net"].map("{:,.2f}".format),
        }
    )
    return table.to_string(index=False)
