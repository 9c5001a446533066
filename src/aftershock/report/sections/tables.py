"""Tables of a page: numbers as they are read, every cell escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from aftershock.formats import DASH, day, number, p_value, percent, plain, text
from aftershock.study.text import robustness_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.backtest.result import BacktestResult
    from aftershock.study.result import StudyResult
MONEY = {"start_equity", "end_equity", "mean_net", "fees", "borrow"}
FRACTIONS = {
    "total_return", "annual_return", "annual_volatility", "max_drawdown", "time_in_market",
    "mean_gross_exposure", "max_gross_exposure", "hit_rate",
}  # fmt: skip
WORDS = {"event", "day 0", "window", "robust"}


def table(frame: pd.DataFrame, columns: dict[str, tuple[str, Callable[[Any], str]]]) -> Markup:
    """Return an HTML table.

    Parameters
    ----------
    frame
        One row per row.
    columns
        Column to heading and format; numbers are set flush right.
    """
    head = Markup("").join(Markup("<th>{}</th>").format(label) for label, _ in columns.values())
    rows = []
    for _, row in frame.iterrows():
        cells = Markup("").join(_cell(row[name], show) for name, (_, show) in columns.items())
        rows.append(Markup("<tr>{}</tr>").format(cells))
    body = Markup("").join(rows)
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)


def _cell(value: Any, show: Callable[[Any], str]) -> Markup:
    cell = Markup("<td>{}</td>") if show in {text, day} else Markup("<td class=number>{}</td>")
    return cell.format(show(value))


def cars(result: StudyResult) -> Markup:
    """Return a study's CARs with the robustness rows beside them."""
    frame = robustness_table(result)
    return table(frame, {name: (name, text if name in WORDS else str) for name in frame.columns})


def tests(result: StudyResult) -> Markup:
    """Return a study's tests."""
    frame = result.tests.assign(
        window=[f"({row.start:g}, {row.end:g})" for row in result.tests.itertuples()]
    )
    return table(
        frame,
        {
            "group": ("group", text), "window": ("window", text), "test": ("test", text),
            "statistic": ("statistic", number), "distribution": ("distribution", text),
            "dof": ("dof", plain), "p_value": ("p", p_value), "n": ("n", plain),
            "null": ("null", text), "note": ("note", text),
        },
    )  # fmt: skip


def events(frame: pd.DataFrame) -> Markup:
    """Return a table of events with whatever columns it has."""
    columns: dict[str, tuple[str, Callable[[Any], str]]] = {
        "id": ("event", text), "ticker": ("ticker", text), "title": ("title", text),
        "kind": ("kind", text), "when": ("when", text), "session": ("day 0", day),
        "session_alt": ("or", day), "n_obs": ("returns", plain), "status": ("status", text),
        "reason": ("reason", text), "confounders": ("confounders", text), "note": ("note", text),
        "source": ("source", text),
    }  # fmt: skip
    return table(frame, {name: said for name, said in columns.items() if name in frame})


def trades(result: BacktestResult) -> Markup:
    """Return a backtest's trades."""
    return table(
        result.trades,
        {
            "event": ("event", text), "ticker": ("ticker", text), "side": ("side", text),
            "entry_session": ("entry", day), "entry_price": ("at", plain),
            "exit_session": ("exit", day), "exit_price": ("for", plain),
            "shares": ("shares", plain), "gross": ("gross", number), "fees": ("fees", number),
            "borrow": ("borrow", number), "net": ("net", number), "mae": ("worst", percent),
            "mfe": ("best", percent), "break_even_borrow": ("break-even borrow", percent),
            "open": ("open", text),
        },
    )  # fmt: skip


def versus(result: BacktestResult) -> Markup:
    """Return strategy beside benchmark."""
    frame = result.versus.assign(metric=result.versus["metric"].str.replace("_", " "))
    return table(
        frame,
        {
            "metric": ("", text), "strategy": ("strategy", _four),
            "benchmark": ("benchmark", _four), "note": ("note", text),
        },
    )  # fmt: skip


def _four(value: Any) -> str:
    return DASH if pd.isna(value) else f"{value:,.4g}"


def metrics(result: BacktestResult) -> Markup:
    """Return a backtest's figures."""
    frame = pd.DataFrame(
        [(name.replace("_", " "), _shown(name, value)) for name, value in result.metrics.items()],
        columns=["metric", "value"],
    )
    return table(frame, {"metric": ("", text), "value": ("value", text)})


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "not defined"
    if name in MONEY:
        return f"{value:,.2f}"
    if name in FRACTIONS:
        return f"{value:.2%}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
