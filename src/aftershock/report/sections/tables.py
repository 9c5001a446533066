"""Tables of a page: numbers as they are read, every cell escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable

    from aftershock.backtest.result import BacktestResult
    from aftershock.study.result import StudyResult

DASH = "–"
SMALLEST_P = 0.001  # the last digit shown


def percent(value: Any) -> str:
    """Return a decimal as percent with two places."""
    return DASH if pd.isna(value) else f"{value:+.2%}"


def share(value: Any) -> str:
    """Return a decimal without a direction as percent with two places."""
    return DASH if pd.isna(value) else f"{value:.2%}"


def number(value: Any) -> str:
    """Return a number with two places."""
    return DASH if pd.isna(value) else f"{value:,.2f}"


def p_value(value: Any) -> str:
    """Return a p-value, never printed as zero."""
    if pd.isna(value):
        return DASH
    return "<0.001" if value < SMALLEST_P else f"{value:.3f}"


def day(value: Any) -> str:
    """Return a date."""
    return DASH if pd.isna(value) else f"{value:%Y-%m-%d}"


def text(value: Any) -> str:
    """Return anything as text, empty where there is nothing."""
    return "" if value is None or (isinstance(value, float) and pd.isna(value)) else str(value)


def plain(value: Any) -> str:
    """Return a number with as many digits as it needs."""
    return DASH if pd.isna(value) else f"{value:,.10g}"


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
    """Return a study's CARs."""
    frame = result.car.assign(
        window=[f"({row.start:g}, {row.end:g})" for row in result.car.itertuples()],
        robust=result.car["robust"].map({"true": "yes", "false": "no", "": DASH}),
    )
    return table(
        frame,
        {
            "event": ("event", text), "session": ("day 0", day), "window": ("window", text),
            "car": ("CAR", percent), "se": ("se", share), "t": ("t", number),
            "p_value": ("p", p_value), "bhar": ("BHAR", percent),
            "alpha_part": ("of which α × L", percent), "robust": ("robust", text),
        },
    )  # fmt: skip


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
        [(name.replace("_", " "), _shown(value)) for name, value in result.metrics.items()],
        columns=["metric", "value"],
    )
    return table(frame, {"metric": ("", text), "value": ("value", text)})


def _shown(value: Any) -> str:
    if value is None:
        return "not defined"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
