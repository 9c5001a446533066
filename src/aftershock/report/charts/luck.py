"""What a backtest's result hangs on: the borrow rate, luck, single events, its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from aftershock.report.blocks import Chart
from aftershock.report.charts.base import (
    GAIN,
    LOSS,
    MEAN,
    figure,
    inert,
    marked,
    part_name,
    rounded,
)
from aftershock.report.charts.study import histogram

if TYPE_CHECKING:
    from aftershock.report.cells import Folder
    from aftershock.report.words import Language


READABLE = 120  # cells of a map that have room for their number


def borrow(folder: Folder, where: str, lang: Language) -> Chart | None:
    """Return net profit against the borrow rate."""
    sheet = folder.sheet(f"{where}/borrow_grid.csv")
    if not len(sheet):
        return None
    own = sheet.frame
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "x": rounded(own["rate"]),
            "y": rounded(own["net"]), "hovertemplate": "%{x:.0%}: %{y:,.0f}<extra></extra>",
        }
    ]  # fmt: skip
    layout = {
        "xaxis": {"tickformat": ".0%", "title": {"text": lang.t("borrow rate a year")}},
        "yaxis": {
            "title": {"text": lang.t("net profit, currency of the prices")},
            "tickformat": ",.4~s",
        },
        "showlegend": False,
    }
    even = folder.record(f"{where}/metrics.json").get("break_even_borrow")
    if isinstance(even, float) and own["rate"].min() <= even <= own["rate"].max():
        rate = lang.t("break-even {rate}", rate=lang.show(even, "share1"))
        layout |= marked(even, rate)
    alt = lang.t(
        "Net profit as the borrow rate goes from {low} to {high} a year.",
        low=lang.show(own["rate"].iloc[0], "share"), high=lang.show(own["rate"].iloc[-1], "share"),
    )  # fmt: skip
    title = lang.t("Net profit at other borrow rates")
    return Chart(part_name(where, "borrow"), title, alt, figure(data, layout), [sheet.file], 320)


def placebo(folder: Folder, where: str, lang: Language) -> Chart | None:
    """Return what the same rule made on drawn dates, and on the real ones."""
    sheet = folder.sheet(f"{where}/figures/placebo_bins.csv")
    if not len(sheet):
        return None
    own = sheet.frame
    data = [histogram(own["lower"], own["upper"], own["count"], lang.t("drawn dates"))]
    layout: dict[str, Any] = {
        "xaxis": {
            "title": {"text": lang.t("net profit, currency of the prices")},
            "tickformat": ",.4~s",
        },
        "yaxis": {"title": {"text": lang.t("number of draws")}},
        "bargap": 0,
    }
    luck = folder.sheet(f"{where}/luck.csv")
    found = luck.frame[luck.frame["check"] == "placebo"] if len(luck) else luck.frame
    if len(found) and not pd.isna(found["statistic"].iloc[0]):
        net, p = float(found["statistic"].iloc[0]), found["p_value"].iloc[0]
        said = lang.t(
            "the events: {net}, p = {p}", net=lang.show(net, "money"), p=lang.show(p, "p")
        )
        layout |= marked(net, said)
    alt = lang.t(
        "Histogram of the net profit of the same rule on {sets}.",
        sets=lang.numbered(
            "{n} set of drawn dates", "{n} sets of drawn dates", int(own["count"].sum())
        ),
    )
    title = lang.t("Placebo: net profit of the same rule on drawn dates")
    files = [f"{where}/placebo.csv", sheet.file]
    return Chart(part_name(where, "placebo"), title, alt, figure(data, layout), files, 320)


def influence(folder: Folder, where: str, lang: Language) -> Chart | None:
    """Return net profit with each event left out."""
    sheet = folder.sheet(f"{where}/influence.csv")
    if not len(sheet):
        return None
    own = sheet.frame
    data = [
        {
            "type": "bar", "orientation": "h", "x": rounded(own["net"]),
            "y": [inert(f"− {event}") for event in own["left_out"]],
            "marker": {"color": [GAIN if net >= 0 else LOSS for net in own["net"]]},
            "hovertemplate": "%{x:,.0f}<extra></extra>",
        }
    ]  # fmt: skip
    layout = {
        "xaxis": {
            "title": {"text": lang.t("net profit, currency of the prices")},
            "tickformat": ",.4~s",
        }
    }
    alt = lang.t(
        "Net profit as each event is left out, between {low} and {high}.",
        low=lang.show(own["net"].min(), "money"), high=lang.show(own["net"].max(), "money"),
    )  # fmt: skip
    height = 120 + 24 * len(own)
    title = lang.t("Net profit with each event left out")
    return Chart(
        part_name(where, "influence"), title, alt, figure(data, layout), [sheet.file], height
    )


def sweep(folder: Folder, where: str, lang: Language) -> Chart | None:
    """Return net profit over the first two swept parameters, or along the only one."""
    sheet = folder.sheet(f"{where}/sweep.csv")
    if not len(sheet) or "trades" not in sheet.frame:
        return None
    own = sheet.frame
    swept = list(own.columns[: own.columns.get_loc("trades")])
    money = {"text": lang.t("net profit, currency of the prices")}
    data: list[dict[str, Any]]
    if len(swept) < 2:  # noqa: PLR2004 - a line needs one parameter, a map two
        data = [
            {
                "type": "scatter", "mode": "lines+markers", "x": own[swept[0]].tolist(),
                "y": rounded(own["net"]), "line": {"color": MEAN},
            }
        ]  # fmt: skip
        layout: dict[str, Any] = {
            "xaxis": {"title": {"text": inert(swept[0])}},
            "yaxis": {"title": money},
        }
    else:
        wide = own.pivot_table(index=swept[1], columns=swept[0], values="net", aggfunc="mean")
        top = max(float(np.nanmax(np.abs(wide.to_numpy()))), 1e-6)
        data = [
            {
                "type": "heatmap",
                "x": [str(v) for v in wide.columns],
                "y": [str(v) for v in wide.index],
                "z": [rounded(row) for row in wide.to_numpy()],
                "zmin": -top,
                "zmax": top,
                "text": [[_thousands(net, lang) for net in row] for row in wide.to_numpy()],
                "texttemplate": "%{text}" if wide.size <= READABLE else "",
                "showscale": wide.size > READABLE,
                "colorbar": {"title": {**money, "side": "right"}},
                "xgap": 2,
                "ygap": 2,
                "hovertemplate": "%{x}, %{y}: %{z:,.0f}<extra></extra>",
            }
        ]
        layout = {
            "xaxis": {"title": {"text": inert(swept[0])}, "type": "category"},
            "yaxis": {"title": {"text": inert(swept[1])}, "type": "category", "showgrid": False},
        }
    alt = lang.t(
        "Net profit of {combinations} of {names}, between {low} and {high}. The best of many is"
        " best by luck as well; its p-value is corrected for the number tried.",
        combinations=lang.numbered("{n} combination", "{n} combinations", len(own)),
        names=", ".join(swept),
        low=lang.show(own["net"].min(), "money"),
        high=lang.show(own["net"].max(), "money"),
    )
    title = lang.t("Net profit over the parameters tried, thousand, currency of the prices")
    return Chart(part_name(where, "sweep"), title, alt, figure(data, layout), [sheet.file], 420)


def _thousands(net: float, lang: Language) -> str:
    return "" if pd.isna(net) else lang.number(net / 1e3, "+,.0f")
