"""One look for every interactive figure, in light and dark."""

from __future__ import annotations

from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from aftershock.palette import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

INKS = {"light": "#1f2933", "dark": "#e4e7eb"}
GRIDS = {"light": "#e3e7eb", "dark": "#323f4b"}
PAPERS = {"light": "#ffffff", "dark": "#17202a"}
PALETTE = COLOURS[:6]  # the last, black, is lost on a dark page
GREY = "#8a94a0"
MEAN = "#D55E00"
NOTICE = "#cf4a2a"
GAIN, LOSS = "#009E73", "#D55E00"
DIVERGING = {  # losses, nothing, gains; nothing is as light or as dark as the page
    "light": [[0.0, "#B24A00"], [0.5, "#eef1f4"], [1.0, "#00604A"]],
    "dark": [[0.0, "#E07B39"], [0.5, "#263340"], [1.0, "#2FB58C"]],
}
LINE = 54  # characters of a line of a hover text
DIGITS = 5  # of a plotted number


def figure(data: Sequence[dict[str, Any]], layout: dict[str, Any]) -> dict[str, Any]:
    """Return a plotly figure as plain data, without the look, which the page adds.

    The tests have plotly validate every figure of a page; doing so again for each page would
    take a third of its time.

    Parameters
    ----------
    data
        Traces.
    layout
        Layout attributes, on top of the common ones.
    """
    base: dict[str, Any] = {
        "margin": {"l": 56, "r": 16, "t": 12, "b": 44},
        "legend": {
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "traceorder": "normal",
        },
        "hovermode": "closest",
    }
    return {"data": list(data), "layout": {**base, **layout}}


def announce(plain: dict[str, Any], notice: str) -> dict[str, Any]:
    """Return a figure that says of its prices what their source says, downloaded or not."""
    said = {
        "text": inert(notice), "x": 1, "xanchor": "right", "xref": "paper", "y": 0,
        "yref": "container", "yanchor": "bottom", "pad": {"b": 2},
        "font": {"size": 10.5, "color": NOTICE},
    }  # fmt: skip
    return {**plain, "layout": {**plain["layout"], "title": said}}


def templates() -> dict[str, Any]:
    """Return the look of both themes as plotly templates."""
    return {theme: _template(theme) for theme in INKS}


def _template(theme: str) -> dict[str, Any]:
    ink, grid = INKS[theme], GRIDS[theme]
    axis = {
        "gridcolor": grid, "linecolor": GREY, "zerolinecolor": GREY, "zerolinewidth": 1,
        "automargin": True, "title": {"standoff": 8},
    }  # fmt: skip
    return {
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": ink, "size": 12.5, "family": "system-ui, sans-serif"},
            "colorway": list(PALETTE),
            "xaxis": {**axis, "showgrid": False},
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": PAPERS[theme],
                "bordercolor": GREY,
                "font": {"color": ink},
                "align": "left",
            },
            "bargap": 0.25,
        },
        "data": {"heatmap": [{"colorscale": DIVERGING[theme]}]},
    }


def inert(text: object, width: int = LINE) -> str:
    """Return text for a hover box: what looks like markup stays text, long lines are broken."""
    lines = wrap(str(text), width) or [""]
    return "<br>".join(escape(line, quote=False) for line in lines)


def dates(values: pd.Series[pd.Timestamp]) -> list[str | None]:
    """Return dates in ISO form, None where there is none."""
    days = values.to_numpy("datetime64[D]").astype("str").tolist()
    return [None if day == "NaT" else day for day in days]


def rounded(values: Iterable[float]) -> list[float | None]:
    """Return numbers with as many digits as a screen can show, None where there is none."""
    return [None if value != value else float(f"{value:.{DIGITS}g}") for value in values]  # noqa: PLR0124


def colour(index: int) -> str:
    """Return the colour of the ``index``-th series; they repeat."""
    return PALETTE[index % len(PALETTE)]


def vertical(x: object, dash: str = "dot") -> dict[str, Any]:
    """Return a line across the plot at ``x``."""
    return {
        "type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
        "line": {"color": GREY, "width": 1, "dash": dash}, "layer": "below",
    }  # fmt: skip


def marked(x: float, said: str) -> dict[str, Any]:
    """Return the layout of a solid line at ``x`` with a label that stays inside the plot."""
    line = {**vertical(x, "solid"), "layer": "above"}
    line["line"] = {"color": MEAN, "width": 2}
    label = {
        "x": x, "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "auto", "text": said,
        "showarrow": False, "font": {"size": 12},
    }  # fmt: skip
    return {
        "shapes": [line],
        "annotations": [label],
        "margin": {"l": 56, "r": 16, "t": 28, "b": 44},
    }


def time_axis() -> dict[str, Any]:
    """Return an axis of dates whose labels need no language."""
    stops = [
        {"dtickrange": [None, "M1"], "value": "%m-%d\n%Y"},
        {"dtickrange": ["M1", None], "value": "%Y-%m"},
    ]
    return {"type": "date", "tickformatstops": stops, "hoverformat": "%Y-%m-%d"}


def zero() -> dict[str, Any]:
    """Return the style of an axis in percent that shows its zero."""
    return {"tickformat": ".0%", "zeroline": True}


def part_name(where: str, part: str) -> str:
    """Return the name of a figure on the page: the study's or backtest's, and which it is."""
    safe = "".join(sign if sign.isalnum() else "-" for sign in part)
    return f"{where.replace('/', '-')}-{safe}"
