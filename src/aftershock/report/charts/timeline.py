"""Prices, events and lock-ups on one axis of time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from aftershock.errors import AftershockError
from aftershock.events.when import parse_when
from aftershock.report.age import standings
from aftershock.report.blocks import Chart
from aftershock.report.charts.base import GREY, colour, dates, figure, inert, rounded, time_axis

if TYPE_CHECKING:
    from aftershock.report.cells import Folder
    from aftershock.report.words import Language

BEFORE = pd.Timedelta(days=14)  # of the benchmark's path before the first price of a ticker
HEIGHT = 640
SHORT = 4  # highest over lowest level
FEW = 12  # tickers with a legend of their own
LOCKUP = "lockup_expiry"
UNITS = {"percent": 0.01, "shares": 1e-6}  # of all shares; of a million shares


def timeline(folder: Folder, names: dict[str, str], benchmark: str, lang: Language) -> Chart | None:
    """Return closes rebased to 100, events on them, and locked shares by the day they are freed.

    Parameters
    ----------
    folder
        The run.
    names
        What each ticker is called.
    benchmark
        The ticker drawn in grey; may be empty.
    lang
        Language.
    """
    closes, events = folder.sheet("closes.csv"), folder.sheet("events.csv")
    if not len(closes):
        return None
    states = standings(folder.record("manifest.json"))
    dated = events.frame.assign(standing=[states.get(name, "") for name in events.frame["id"]])
    frame = closes.frame
    own = [ticker for ticker in dict.fromkeys(events.frame["ticker"]) if ticker in frame]
    priced = frame[own].dropna(how="all") if own else frame
    start = frame.loc[priced.index[0], "session"] if len(priced) else frame["session"].iloc[0]
    shown = frame[frame["session"] >= start - BEFORE]
    others = [t for t in frame.columns if t not in {"session", benchmark, *own}]
    drawn = [*own, *([benchmark] if benchmark in frame else []), *others]
    data = [_path(shown, ticker, start, own, benchmark, names) for ticker in drawn]
    paths = {trace["meta"]: trace for trace in data}
    for at, ticker in enumerate(own):
        data += _marks(dated, ticker, at, paths[ticker], lang)
    locked = _lockups(dated, own, frame, lang)
    rows = [ticker for ticker in own if (events.frame["ticker"] == ticker).any()]
    loose = _undated(dated, rows, lang)
    data += locked + loose
    ticks = _ticks(list(paths.values()))
    unit = lockup_unit(events.frame) if locked else ""
    layout = _layout(unit, len(rows) if loose else 0, ticks, lang)
    return Chart(
        "timeline", lang.t("Prices, events and lock-ups"), _alt(names, own, benchmark, lang),
        figure(data, layout), ["events.csv", "closes.csv"], HEIGHT if locked else HEIGHT - 140,
        [
            (lang.t("Log scale"), json.dumps({"yaxis.type": "log", "yaxis.dtick": ticks})),
            (lang.t("Linear scale"), json.dumps({"yaxis.type": "linear", "yaxis.dtick": None})),
        ],
        _note(bool(loose), bool(locked), bool(others), lang),
    )  # fmt: skip


def _path(
    shown: pd.DataFrame, ticker: str, start: pd.Timestamp, own: list[str], benchmark: str,
    names: dict[str, str],
) -> dict[str, Any]:  # fmt: skip
    known = shown[["session", ticker]].dropna()
    after = known[known["session"] >= start][ticker]
    base = float(after.iloc[0]) if len(after) else float("nan")
    ink = GREY if ticker == benchmark else colour(own.index(ticker)) if ticker in own else None
    many = len(own) > FEW
    width = 2 if ticker == benchmark and many else 1 if many else 2 if ticker in own else 1.2
    line = {"width": width, **({"color": ink} if ink else {})}
    minor = ticker not in own and ticker != benchmark
    return {
        "type": "scatter", "mode": "lines", "x": dates(known["session"]),
        "y": rounded(100.0 * known[ticker] / base), "name": inert(names.get(ticker, ticker)),
        "line": line, "meta": ticker, "visible": "legendonly" if minor else True,
        "hovertemplate": "%{x|%Y-%m-%d}: %{y:.1f}<extra>%{fullData.name}</extra>",
        "opacity": 0.45 if many and ticker != benchmark else 1,
        "connectgaps": False, "legendrank": 2000 if minor else 1000,
        "showlegend": len(own) <= FEW or ticker == benchmark,
    }  # fmt: skip


def _marks(
    events: pd.DataFrame, ticker: str, at: int, path: dict[str, Any], lang: Language
) -> list[dict[str, Any]]:
    level = dict(zip(path["x"], path["y"], strict=True))
    dated = events[(events["ticker"] == ticker) & events["session"].notna()]
    rows = [row for row in dated.to_dict("records") if f"{row['session']:%Y-%m-%d}" in level]
    if not rows:
        return []
    said: dict[str, str] = {}
    for row in rows:
        day, text = f"{row['session']:%Y-%m-%d}", hover(row, lang)
        said[day] = f"{said[day]}<br><br>{text}" if day in said else text
    days = list(said)
    # A circle loses to the line below it when both are pointed at, so the line says the same.
    path["text"] = [f"<br>{said[day]}" if day in said else "" for day in path["x"]]
    path["hovertemplate"] = path["hovertemplate"].replace("<extra>", "%{text}<extra>")
    return [
        {
            "type": "scatter", "mode": "markers", "x": days, "y": [level[day] for day in days],
            "text": list(said.values()), "hovertemplate": "%{text}<extra></extra>",
            "marker": {"size": 10, "color": "#ffffff", "line": {"width": 2, "color": colour(at)}},
            "showlegend": False, "name": inert(ticker),
        }
    ]  # fmt: skip


def hover(row: dict[Any, Any], lang: Language) -> str:
    """Return an event's title, day, source and quote for a hover box."""
    session = row.get("session")
    day = "" if session is None or pd.isna(session) else f"; {lang.t('day 0')} {lang.day(session)}"
    lines = [
        f"<b>{inert(row.get('title') or row['id'])}</b>",
        inert(f"{row['when']}{day}"),
        inert(f"{lang.phrase(str(row['kind']))}, {row['ticker']}"),
    ]
    if row.get("standing"):
        lines.append(inert(lang.phrase(str(row["standing"]))))
    if row.get("quote"):
        lines.append(f"<i>{inert('“' + str(row['quote']) + '”', 30)}</i>")
    if row.get("source"):
        lines.append(inert(lang.t("Source: {source}", source=row["source"])))
    return "<br>".join(lines)


def _lockups(
    events: pd.DataFrame, own: list[str], closes: pd.DataFrame, lang: Language
) -> list[dict[str, Any]]:
    """Return each tranche as an area from the first price to its expiry, as high as it is large."""
    unit = lockup_unit(events)
    if not unit:
        return []
    known = events["session"].notna() & events[unit].notna()
    tranches = events[(events["kind"] == LOCKUP) & known].sort_values("session")
    traces = []
    size = tranches.groupby("ticker")[unit].sum()
    for ticker in sorted(own, key=lambda name: -size.get(name, 0.0)):  # small ones stay in sight
        at = own.index(ticker)
        priced = closes.loc[closes[ticker].notna(), "session"]
        floor = 0.0
        for row in tranches[tranches["ticker"] == ticker].to_dict("records"):
            if len(priced):
                traces.append(_area(row, unit, f"{priced.iloc[0]:%Y-%m-%d}", floor, at, lang))
                floor += float(row[unit]) * UNITS[unit]
    return traces


def lockup_unit(events: pd.DataFrame) -> str:
    """Return how the size of lock-ups is known: ``percent``, else ``shares``, else nothing."""
    lockups = events[events["kind"] == LOCKUP]
    return next((u for u in UNITS if u in lockups and lockups[u].notna().any()), "")


def _area(
    row: dict[Any, Any], unit: str, begin: str, floor: float, at: int, lang: Language
) -> dict[str, Any]:
    end, size = f"{row['session']:%Y-%m-%d}", float(row[unit]) * UNITS[unit]
    if unit == "percent":
        share = lang.show(size, "share")
        said = lang.t("{share} of the shares locked until then", share=share)
    else:
        said = lang.t("{n} million shares locked until then", n=lang.number(size, ",.4g"))
    return {
        "type": "scatter", "mode": "lines", "xaxis": "x", "yaxis": "y2",
        "x": [begin, begin, end, end, begin],
        "y": rounded([floor, floor + size, floor + size, floor, floor]),
        "fill": "toself", "line": {"color": colour(at), "width": 1}, "opacity": 0.75,
        "text": "<br>".join([hover(row, lang), inert(said)]), "hoverinfo": "text",
        "hoveron": "fills", "name": inert(row["id"]), "showlegend": False,
    }  # fmt: skip


def _undated(events: pd.DataFrame, rows: list[str], lang: Language) -> list[dict[str, Any]]:
    """Return events without a day 0 or without prices as bars over the days they may be."""
    unplaced = events["session"].isna() | (events["standing"] != "")
    loose = events[unplaced & events["ticker"].isin(rows)]
    traces = []
    for row in loose.to_dict("records"):
        try:
            when = parse_when(row["when"])
        except (AftershockError, ValueError):
            continue
        at = rows.index(row["ticker"])
        last = max(when.first, when.last)
        traces.append(
            {
                "type": "scatter", "mode": "lines+markers", "xaxis": "x", "yaxis": "y3",
                "x": [str(when.first), str(last)], "y": [at, at], "showlegend": False,
                "line": {"color": colour(at), "width": 7}, "opacity": 0.7,
                "marker": {"color": colour(at), "size": 7, "symbol": "line-ns"},
                "text": [hover(row, lang)] * 2, "hovertemplate": "%{text}<extra></extra>",
                "name": inert(row["id"]),
            }
        )  # fmt: skip
    return traces


def _layout(locked: str, rows: int, ticks: str, lang: Language) -> dict[str, Any]:
    low = 0.27 if locked else 0.0
    middle = low + 0.09 if rows else low
    bottom = "y2" if locked else "y3" if rows else "y"
    layout: dict[str, Any] = {
        "xaxis": {**time_axis(), "anchor": bottom},
        "yaxis": {
            "domain": [middle + 0.02 if middle else 0.0, 1], "type": "log", "dtick": ticks,
            "title": {"text": lang.t("first close = 100")}, "tickformat": ",.0f",
        },
    }  # fmt: skip
    if rows:
        layout["yaxis3"] = {
            "domain": [low, middle], "showticklabels": False, "showgrid": False, "zeroline": False,
            "range": [-0.7, max(rows - 0.3, 0.7)], "fixedrange": True, "anchor": "x",
        }  # fmt: skip
    if locked:
        percent = locked == "percent"
        said = lang.t("locked, of all shares") if percent else lang.t("locked shares, million")
        layout["yaxis2"] = {
            "domain": [0, 0.23], "tickformat": ".0%" if percent else ",.4~r",
            "rangemode": "tozero", "anchor": "x", "title": {"text": said}, "nticks": 4,
        }  # fmt: skip
    return layout


def _note(loose: bool, locked: bool, others: bool, lang: Language) -> str:
    """Return what the marks mean, of those that are there."""
    said = [lang.t("First close shown = 100. A circle is an event on its day 0.")]
    if loose:
        said.append(
            lang.t(
                "A bar below the prices is an event whose day is not known, over the days it may"
                " have been, or one without prices: due or ahead, as its text says."
            )
        )
    if locked:
        said.append(lang.t("Areas: locked shares up to the day they are freed."))
    if others:
        said.append(lang.t("Faint names in the legend can be switched on."))
    return ("" if lang.code == "zh" else " ").join(said)


def _ticks(paths: list[dict[str, Any]]) -> str:
    """Return which digits a log axis is labelled at: all of them where it is short."""
    shown = [trace["y"] for trace in paths if trace["visible"] is True]
    levels = [level for path in shown for level in path if level]
    return "D1" if levels and max(levels) < SHORT * min(levels) else "D2"


def _alt(names: dict[str, str], own: list[str], benchmark: str, lang: Language) -> str:
    said = ", ".join(names.get(ticker, ticker) for ticker in own)
    return lang.t(
        "Closing prices of {tickers} and of {benchmark}, rebased to 100, with every event marked"
        " on its day and locked shares as areas up to the day they are freed. The table of events"
        " holds the same.", tickers=said, benchmark=benchmark or "–",
    )  # fmt: skip
