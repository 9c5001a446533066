"""A backtest's result as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from aftershock.backtest.compare import RATES, UNSIGNED
from aftershock.backtest.luck.check import NOT_RUN, refusal
from aftershock.formats import METHOD_ONLY, counted, heading, listing

if TYPE_CHECKING:
    from aftershock.backtest.result import BacktestResult
    from aftershock.backtest.sweep import SweepResult


PYTHON = "run(..., placebos=99) runs it"  # what is told of a placebo that was not run
PYTHON_SWEEP = "sweep(..., placebos=99) runs it"
_SMALL = 0.001
COUNTS = ("sessions", "blocks_in_market")
_CELLS = 5


def terminal(command: str, name: str) -> str:
    """Return how the command line runs a placebo that was not run."""
    return f"aftershock {command} {name} --placebos 99 runs it"


def summarise(result: BacktestResult, remedy: str = PYTHON) -> str:
    """Return figures, comparison, trades and warnings, one block each.

    ``remedy`` says how the reader runs a placebo that was not run.
    """
    luck = _told(result.luck, remedy)
    params = ", ".join(f"{name}={value}" for name, value in result.params.items())
    parts = [result.name, "=" * len(result.name), params]
    if not result.is_market_data:
        parts.insert(
            2, f"({METHOD_ONLY}: {result.conventions['market data'].removeprefix('no: ')})"
        )
    parts += ["", f"Against {result.conventions['benchmark']}", _plain(_versus(result.versus))]
    parts += ["", "Is it luck?", luck_sentence(luck)]
    if not refusal(int(luck["n"].max())):
        parts += [_luck(luck)]
    if len(result.trades):
        parts += ["", "Trades", _plain(_trades(result.trades))]
    refused = result.orders[result.orders["status"].isin(["rejected", "expired", "partial"])]
    if len(refused):
        parts += ["", "Orders refused or filled in part"]
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
    parts = [heading(result.name, notice), _html(_versus(result.versus))]
    parts += [_html(_trades(result.trades))] if len(result.trades) else ["<p>no trade was made</p>"]
    return "".join([*parts, listing("Warnings", result.warnings)])


def _html(table: pd.DataFrame) -> str:
    return str(table.to_html(index=False, border=0))


def _told(luck: pd.DataFrame, remedy: str) -> pd.DataFrame:
    """Return the checks, one that was not run with how to run it."""
    notes = [f"{note}; {remedy}" if note.startswith(NOT_RUN) else note for note in luck["note"]]
    return luck.assign(note=notes)


def luck_sentence(luck: pd.DataFrame) -> str:
    """Return in one sentence whether a result could be luck.

    Parameters
    ----------
    luck
        As a result has it: one row per check.

    Examples
    --------
    With two trades: ``n = 2: no inference; placebo p = 0.123 (floor 0.012, of one day 0.096), 2
    events in 1 cluster; ...``.
    """
    rows: dict[Any, dict[Any, Any]] = luck.set_index("check").to_dict("index")
    bootstrap, placebo = rows["bootstrap"], rows["placebo"]
    n = int(bootstrap["n"])
    said = refusal(n) or f"n = {n}: {bootstrap['note']}"
    if not pd.isna(bootstrap["p_value"]):
        mean = f"mean net {bootstrap['statistic']:,.0f} an event"
        said = f"n = {n}: {mean}, bootstrap p = {_p(bootstrap['p_value'])}"
    if pd.isna(placebo["p_value"]):
        return f"{said}; placebo {placebo['note']}"
    floors = f"floor {_p(placebo['floor'])}"
    if not pd.isna(placebo.get("one_day_floor")):
        floors += f", of one day {_p(placebo['one_day_floor'])}"
    return f"{said}; placebo p = {_p(placebo['p_value'])} ({floors}), {placebo['note']}"


def _p(value: float) -> str:
    """Return a p-value with three decimals, a smaller one with its first digit."""
    return f"{value:.3f}" if value >= _SMALL else f"{value:.1g}"


def _luck(luck: pd.DataFrame) -> str:
    table = luck.copy()
    for name in table.columns.difference(["check", "n", "note"]):
        table[name] = ["-" if pd.isna(value) else f"{value:,.4g}" for value in table[name]]
    return table.to_string(index=False)


def _plain(table: pd.DataFrame) -> str:
    return table.to_string(index=False)


def _versus(versus: pd.DataFrame) -> pd.DataFrame:
    """Return the comparison as text."""
    table = versus.copy()
    for column in table.columns.difference(["metric", "note"]):
        pairs = zip(table["metric"], table[column], strict=True)
        table[column] = [_figure(str(metric), value) for metric, value in pairs]
    return table


def _figure(metric: str, value: Any) -> str:
    if pd.isna(value):
        return "-"
    if metric.endswith(RATES):
        return f"{value:+.2%}"
    if metric.endswith(UNSIGNED):
        return f"{value:.2%}"
    return f"{value:,.0f}" if metric.endswith(COUNTS) else f"{value:,.4f}"


def _trades(trades: pd.DataFrame) -> pd.DataFrame:
    """Return the trades as text."""
    return pd.DataFrame(
        {
            "event": trades["event"],
            "ticker": trades["ticker"],
            "side": trades["side"],
            "entry": trades["entry_session"].dt.strftime("%Y-%m-%d"),
            "at": trades["entry_price"].map("{:g}".format),
            "exit": trades["exit_session"].dt.strftime("%Y-%m-%d").fillna("open"),
            "for": trades["exit_price"].map("{:g}".format).replace("nan", "-"),
            "shares": trades["shares"].map("{:,.10g}".format),
            "net": trades["net"].map("{:,.2f}".format),
        }
    )


def summarise_sweep(sweep: SweepResult, remedy: str = PYTHON_SWEEP) -> str:
    """Return the best and worst cells, and what the best of so many is worth, as text.

    ``remedy`` says how the reader runs a placebo that was not run.
    """
    luck = _told(sweep.best.luck, remedy)
    axes = list(sweep.grid)
    ran = sweep.table[sweep.table["net"].notna()].sort_values("net", ascending=False)
    shown = [*axes, "trades", "net", "total_return", "sharpe", "p_value"]
    some = len(ran) > 2 * _CELLS
    said = pd.concat([ran.head(_CELLS), ran.tail(_CELLS)]) if some else ran
    head = f"The {_CELLS} best and the {_CELLS} worst" if some else "Every cell, the best first"
    title = f"{sweep.name}: {counted(sweep.trials, 'trial')}"
    parts = [title, "=" * len(title)]
    if not sweep.best.is_market_data:
        parts.append(f"({METHOD_ONLY})")
    refused = len(sweep.table) - len(ran)
    if refused:
        first = sweep.table.loc[sweep.table["net"].isna(), "note"].iloc[0]
        parts.append(f"{counted(refused, 'cell')} could not run; the first: {first}")
    parts += ["", head, _cells(said[shown])]
    parts += _best_of_all(sweep, float(ran["p_value"].iloc[0]))
    parts += ["", f"The best of {sweep.trials:,}, is it luck?", luck_sentence(luck), _luck(luck)]
    return "\n".join(parts)


def _best_of_all(sweep: SweepResult, p_value: float) -> list[str]:
    """Return what the best cell is worth among the best cells elsewhere, or why nobody knows."""
    if not sweep.placebo:
        return []
    if pd.isna(p_value):
        return ["", f"Best of all: no p-value; {sweep.placebo}"]
    among = "among the best of as many cells with the events elsewhere"
    return ["", f"Best of all: p = {_p(p_value)} {among}; {sweep.placebo}"]


def _cells(table: pd.DataFrame) -> str:
    formats = {"net": "{:,.0f}", "total_return": "{:.2%}", "sharpe": "{:.2f}", "p_value": "{:.3f}"}
    shown = table.assign(
        **{
            name: [("-" if pd.isna(value) else style.format(value)) for value in table[name]]
            for name, style in formats.items()
        }
    )
    return shown.to_string(index=False, na_rep="none")
