"""What unlocks do to the shares that can be sold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftershock.events.supply import read_holders
from aftershock.report.blocks import Chart
from aftershock.report.charts.base import GREY, colour, figure, inert

if TYPE_CHECKING:
    from aftershock.report.cells import Folder
    from aftershock.report.words import Language

BAR = 46
SHADES = {"state": 5, "cornerstone": 1, "financial": 2, "strategic": 3, "founder": 4, "employee": 4}


def share_structure(folder: Folder, names: dict[str, str], lang: Language) -> list[Chart]:
    """Return one figure per company: float before each unlock and what it adds, by holder."""
    sheet = folder.sheet("supply.csv")
    if not len(sheet):
        return []
    called = titles(folder)
    return [
        _company(ticker, own.to_dict("records"), called, names.get(str(ticker), str(ticker)), lang)
        for ticker, own in sheet.frame.groupby("ticker", sort=False)
    ]


def titles(folder: Folder) -> dict[str, str]:
    """Return the title of every event by its id, the id where it has none."""
    events = folder.sheet("events.csv").frame
    return {str(row["id"]): str(row.get("title") or row["id"]) for row in events.to_dict("records")}


def _company(
    ticker: object, steps: list[dict[Any, Any]], called: dict[str, str], name: str, lang: Language
) -> Chart:
    basis = {
        "reported": lang.t("as the sources print it"),
        "one_base": lang.t("on one share count"),
    }
    labels = [
        f"{inert(called.get(step['event'], step['event']), 30)}<br>"
        f"<i>{inert(basis.get(step['basis'], step['basis']))}</i>"
        for step in steps
    ]
    held = [read_holders(step["holders"]) for step in steps]
    natures = list(dict.fromkeys(nature for parts in held for nature in parts))
    data = [_bars(labels, [step["before"] for step in steps], lang.t("float before"), GREY)]
    for at, nature in enumerate(natures):
        sizes = [
            step["added"] * parts.get(nature, 0.0) for step, parts in zip(steps, held, strict=True)
        ]
        said = lang.t("freed, held by: {nature}", nature=lang.phrase(nature))
        data.append(_bars(labels, sizes, inert(said), colour(SHADES.get(nature, at))))
    notes = [
        {
            "x": step["after"], "y": label, "text": f"×{lang.number(step['multiple'], '.1f')}",
            "showarrow": False, "xanchor": "left", "xshift": 6, "font": {"size": 14},
        }
        for step, label in zip(steps, labels, strict=True)
    ]  # fmt: skip
    layout = {
        "barmode": "stack",
        "annotations": notes,
        "showlegend": True,
        "xaxis": {
            "tickformat": ".0%",
            "rangemode": "tozero",
            "title": {"text": lang.t("share of all shares")},
            "range": [0, min(1.0, 1.25 * max(step["after"] for step in steps))],
        },
        "yaxis": {"autorange": "reversed", "automargin": True},
    }
    last = steps[-1]
    alt = lang.t(
        "Bars of the float of {name} before and after each unlock; the last one takes it from"
        " {before} to {after} of all shares.",
        name=name,
        before=lang.show(last["before"], "share"),
        after=lang.show(last["after"], "share"),
    )
    title = lang.t("{name}: float before and after each unlock", name=name)
    height = 130 + BAR * len(steps)
    return Chart(f"shares-{ticker}", title, alt, figure(data, layout), ["supply.csv"], height)


def _bars(labels: list[str], sizes: list[float], name: str, ink: str) -> dict[str, Any]:
    return {
        "type": "bar", "orientation": "h", "y": labels, "x": [round(size, 6) for size in sizes],
        "name": name, "marker": {"color": ink},
        "hovertemplate": "%{x:.2%}<extra>%{fullData.name}</extra>",
    }  # fmt: skip
