"""Figures of a backtest: equity, drawdown, prices with trades, costs, months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.backtest.figures import in_market
from aftershock.report.blocks import Chart
from aftershock.report.charts.base import (
    GREY,
    colour,
    dates,
    figure,
    inert,
    part_name,
    rounded,
    time_axis,
    vertical,
)
from aftershock.report.charts.shares import titles

if TYPE_CHECKING:
    from aftershock.report.cells import Folder
    from aftershock.report.words import Language

AROUND = 40  # sessions shown before the first and after the last trade of a ticker
MONTHS = 12


def equity(folder: Folder, where: str, benchmark: str, lang: Language) -> Chart | None:
    """Return equity, the benchmark and the hedged variant on one capital, and the drawdown."""
    sheet = folder.sheet(f"{where}/equity.csv")
    if not len(sheet):
        return None
    frame = sheet.frame
    strategy = where.rpartition("/")[2]
    lines = [("equity", strategy, colour(0), 2.2)]
    if "hedged" in frame and frame["hedged"].notna().any():
        lines.append(("hedged", lang.t("{name}, hedged", name=strategy), colour(2), 1.8))
    lines.append(("benchmark", benchmark, GREY, 1.5))
    days = dates(frame["session"])
    data = [_level(days, frame[name], said, ink, width) for name, said, ink, width in lines]
    data += [_fall(days, frame[name], said, ink) for name, said, ink, _ in lines]
    layout = {
        "xaxis": {**time_axis(), "anchor": "y2"},
        "yaxis": {
            "domain": [0.34, 1],
            "title": {"text": lang.t("equity, million")},
            "tickformat": ",.4~g",
        },
        "yaxis2": {
            "domain": [0, 0.28],
            "tickformat": ".0%",
            "title": {"text": lang.t("drawdown")},
            "anchor": "x",
        },
        "shapes": _held(frame, folder.sheet(f"{where}/trades.csv").frame),
        "hovermode": "x unified",
    }
    alt = lang.t(
        "Equity of {name} from {start} to {end} million, {benchmark} on the same capital, and the"
        " drawdown of both below; sessions in the market are shaded.",
        name=strategy, start=_million(frame["equity"].iloc[0], lang),
        end=_million(frame["equity"].iloc[-1], lang), benchmark=benchmark,
    )  # fmt: skip
    title = lang.t("Equity against {benchmark}, and drawdown", benchmark=benchmark)
    note = lang.t("Shaded: sessions in the market. All start with the same capital.")
    return Chart(
        part_name(where, "equity"), title, alt, figure(data, layout), [sheet.file], 500, [], note
    )


def prices(folder: Folder, where: str, names: dict[str, str], lang: Language) -> list[Chart]:
    """Return each traded ticker's closes with entries, exits and events."""
    trades = folder.sheet(f"{where}/trades.csv")
    closes = folder.sheet("closes.csv").frame
    if not len(trades) or not len(closes):
        return []
    held = folder.sheet(f"{where}/events.csv").frame
    called = titles(folder)
    charts = []
    for ticker, own in trades.frame.groupby("ticker", sort=False):
        if ticker in closes:
            charts.append(_price(where, str(ticker), own, closes, held, names, called, lang))
    return charts


def _price(
    where: str, ticker: str, own: pd.DataFrame, closes: pd.DataFrame, held: pd.DataFrame,
    names: dict[str, str], titled: dict[str, str], lang: Language,
) -> Chart:  # fmt: skip
    known = closes[["session", ticker]].dropna().reset_index(drop=True)
    first = int(known["session"].searchsorted(own["entry_session"].min())) - AROUND
    ends = own["exit_session"].fillna(known["session"].iloc[-1])
    last = int(known["session"].searchsorted(ends.max())) + AROUND
    shown = known.iloc[max(first, 0) : last]
    happened = held[(held["ticker"] == ticker) & held["session"].notna()] if len(held) else held
    span = happened["session"].between(shown["session"].iloc[0], shown["session"].iloc[-1])
    inside = happened[span]
    lines = [vertical(day) for day in dates(inside["session"])]
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": dates(shown["session"]),
            "y": rounded(shown[ticker]),
            "name": lang.t("close"),
            "line": {"color": GREY, "width": 1.5},
            "hovertemplate": "%{x|%Y-%m-%d}: %{y}<extra></extra>",
        },
        _marks(inside, float(shown[ticker].max()), titled, lang),
        *_fills(own, lang),
    ]
    layout = {
        "xaxis": time_axis(), "yaxis": {"title": {"text": lang.t("price")}}, "shapes": lines,
    }  # fmt: skip
    called = names.get(ticker, ticker)
    title = lang.t("{name}: entries, exits and events", name=called)
    alt = lang.t(
        "Closing price of {name} with {trades} marked at entries and exits.",
        name=called, trades=lang.numbered("{n} trade", "{n} trades", len(own)),
    )  # fmt: skip
    note = lang.t("Dotted lines: day 0 of the events. Triangles: fills at the open or at the stop.")
    files = [f"{where}/trades.csv", "closes.csv"]
    return Chart(
        part_name(where, f"price-{ticker}"), title, alt, figure(data, layout), files, 360, [], note
    )


def _marks(
    inside: pd.DataFrame, level: float, called: dict[str, str], lang: Language
) -> dict[str, Any]:
    """Return a mark on top of each event's line, which says what the event was."""
    return {
        "type": "scatter", "mode": "markers", "x": dates(inside["session"]),
        "y": rounded([level] * len(inside)), "name": lang.t("event, day 0"),
        "text": [inert(called.get(event, event)) for event in inside["id"]],
        "hovertemplate": "%{text}<br>%{x|%Y-%m-%d}<extra></extra>",
        "marker": {"size": 9, "color": GREY, "symbol": "diamond"},
    }  # fmt: skip


def _fills(own: pd.DataFrame, lang: Language) -> list[dict[str, Any]]:
    short = (own["side"] == "short").to_numpy()
    closed = own["exit_session"].notna() & ~own["open"]
    entry = _points(
        own["entry_session"], own["entry_price"], own, lang.t("entry"), colour(1),
        np.where(short, "triangle-down", "triangle-up"),
    )  # fmt: skip
    out = own[closed]
    leave = _points(
        out["exit_session"], out["exit_price"], out, lang.t("exit"), colour(0),
        np.where(short[closed.to_numpy()], "triangle-up", "triangle-down"),
    )  # fmt: skip
    return [entry, leave]


def _points(
    days: pd.Series[pd.Timestamp], at: pd.Series[float], own: pd.DataFrame, name: str, ink: str,
    symbols: Any,
) -> dict[str, Any]:  # fmt: skip
    return {
        "type": "scatter", "mode": "markers", "x": dates(days), "y": rounded(at), "name": name,
        "text": [inert(f"{row.side}, {row.event}") for row in own.itertuples()],
        "hovertemplate": "%{text}<br>%{x|%Y-%m-%d}: %{y}<extra>%{fullData.name}</extra>",
        "marker": {"size": 11, "color": ink, "symbol": [str(symbol) for symbol in symbols]},
    }  # fmt: skip


def costs(folder: Folder, where: str, lang: Language) -> Chart | None:
    """Return what each item of cost came to."""
    sheet = folder.sheet(f"{where}/figures/costs_by_item.csv")
    if not len(sheet):
        return None
    own = sheet.frame.iloc[::-1]
    data = [
        {
            "type": "bar", "orientation": "h", "x": rounded(own["amount"]),
            "y": [inert(lang.phrase(item)) for item in own["item"]],
            "text": [lang.show(amount, "money") for amount in own["amount"]],
            "textposition": "outside", "cliponaxis": False,
            "hovertemplate": "%{y}: %{x:,.2f}<extra></extra>",
        }
    ]  # fmt: skip
    span = [0.0, 1.12 * float(own["amount"].max())]
    layout = {
        "xaxis": {
            "title": {"text": lang.t("currency of the prices")}, "tickformat": ",.4~s",
            "range": span,
        }
    }  # fmt: skip
    top = sheet.frame.iloc[0]
    alt = lang.t(
        "Costs by item; the largest is {item} with {amount}.",
        item=lang.phrase(top["item"]), amount=lang.show(top["amount"], "money"),
    )  # fmt: skip
    height = 110 + 26 * len(own)
    return Chart(
        part_name(where, "costs"),
        lang.t("Costs by item"),
        alt,
        figure(data, layout),
        [sheet.file],
        height,
    )


def monthly(folder: Folder, where: str, lang: Language) -> Chart | None:
    """Return the return of every month as a heat map."""
    sheet = folder.sheet(f"{where}/figures/months.csv")
    if not len(sheet):
        return None
    wide = sheet.frame.pivot_table(index="year", columns="month", values="return", dropna=False)
    wide = wide.reindex(columns=range(1, MONTHS + 1))
    top = max(float(np.nanmax(np.abs(wide.to_numpy()))), 1e-6)
    text = [[_month(value, lang) for value in row] for row in wide.to_numpy()]
    names = [lang.month(month) for month in range(1, MONTHS + 1)]
    data = [
        {
            "type": "heatmap", "x": names, "y": [f"{year:g}" for year in wide.index],
            "z": [rounded(row) for row in wide.to_numpy()], "zmin": -top, "zmax": top,
            "showscale": False, "text": text, "texttemplate": "%{text}",
            "xgap": 2, "ygap": 2, "hovertemplate": "%{x} %{y}: %{z:.2%}<extra></extra>",
        }
    ]  # fmt: skip
    layout = {
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False},
        "xaxis": {"type": "category", "side": "top"},
        "margin": {"l": 56, "r": 16, "t": 36, "b": 12},
    }
    worst, best = sheet.frame["return"].min(), sheet.frame["return"].max()
    alt = lang.t(
        "Return of each month, from {worst} in the worst to {best} in the best.",
        worst=lang.show(worst, "percent"), best=lang.show(best, "percent"),
    )  # fmt: skip
    height = 80 + 44 * len(wide)
    title = lang.t("Return by month, percent")
    return Chart(
        part_name(where, "monthly"), title, alt, figure(data, layout), [sheet.file], height
    )


def _level(
    days: list[str | None], level: pd.Series[float], name: str, ink: str, width: float
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": days,
        "y": rounded(level / 1e6),
        "name": inert(name),
        "line": {"color": ink, "width": width},
        "hovertemplate": "%{y:,.3f}",
        "legendgroup": name,
    }


def _fall(days: list[str | None], level: pd.Series[float], name: str, ink: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": days, "y": rounded(level / level.cummax() - 1.0),
        "name": inert(name), "line": {"color": ink, "width": 1.2}, "yaxis": "y2",
        "showlegend": False, "legendgroup": name, "hovertemplate": "%{y:.2%}",
    }  # fmt: skip


def _held(frame: pd.DataFrame, trades: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a shaded band for every stretch in the market."""
    held = in_market(frame["session"], trades)
    edges = np.flatnonzero(np.diff(np.r_[False, held, False].astype(int)))
    days = dates(frame["session"])
    return [
        {
            "type": "rect", "xref": "x", "yref": "paper", "x0": days[begin],
            "x1": days[min(end, len(days) - 1)], "y0": 0, "y1": 1, "line": {"width": 0},
            "fillcolor": "rgba(138,148,160,0.18)", "layer": "below",
        }
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
    ]  # fmt: skip


def _month(value: float, lang: Language) -> str:
    if pd.isna(value):
        return ""
    return lang.number(100 * value, "+.1f") if value else "0"


def _million(value: float, lang: Language) -> str:
    return lang.number(value / 1e6, ",.2f")
