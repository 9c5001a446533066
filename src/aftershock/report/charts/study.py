"""Figures of a study: CAR paths, their mean, abnormal returns, placebos, influence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from aftershock.report.blocks import Chart
from aftershock.report.charts.base import (
    GREY,
    MEAN,
    PALETTE,
    colour,
    figure,
    inert,
    marked,
    part_name,
    rounded,
    vertical,
    zero,
)

if TYPE_CHECKING:
    import pandas as pd

    from aftershock.report.cells import Folder
    from aftershock.report.words import Language

BAND = 0.95
NAMED = 10  # more paths than this are all grey: a legend of 65 names helps nobody
TALL = 420
ALL = "all"  # the group of a study that makes none


def paths(folder: Folder, where: str, lang: Language) -> Chart | None:
    """Return the CAR path of every event, with the mean of each group of three or more."""
    sheet = folder.sheet(f"{where}/abnormal_returns.csv")
    if not len(sheet):
        return None
    each = list(sheet.frame.groupby("event", sort=False))
    many = len(each) > NAMED
    data = [
        {
            "type": "scatter", "mode": "lines", "x": own["offset"].tolist(),
            "y": rounded(own["car"]), "name": inert(name), "showlegend": not many,
            "line": _own_line(at, many=many),
            "opacity": 0.45 if many else 1, "hovertemplate": _hover("CAR"),
        }
        for at, (name, own) in enumerate(each)
    ]  # fmt: skip
    for group, mean in _means(folder, where):
        data.append(_line(mean["offset"], mean["caar"], _meanpart_name(group, lang), MEAN, 3.5))
    last = sheet.frame.groupby("event", sort=False)["car"].last().dropna()
    alt = lang.t(
        "Cumulated abnormal returns by session from day 0, one line for each of {events}; at the"
        " end of the window they lie between {low} and {high}.",
        events=lang.numbered("{n} event", "{n} events", len(each)),
        low=_percent(last.min(), lang), high=_percent(last.max(), lang),
    )  # fmt: skip
    title = lang.t("Cumulated abnormal returns of every event: sums, not the return of a position")
    return Chart(
        part_name(where, "paths"), title, alt,
        figure(data, _layout(lang)), [sheet.file], TALL,
    )  # fmt: skip


def means(folder: Folder, where: str, lang: Language) -> list[Chart]:
    """Return the mean path of each group of three or more events with its band."""
    charts = []
    for group, mean in _means(folder, where):
        reach = _quantile(mean["caar_n"] - 1) * mean["caar_se"]
        data = [
            _bars(mean["offset"], mean["aar"], lang.t("mean abnormal return")),
            *_band(mean["offset"], mean["caar"], reach, MEAN, lang),
            _line(mean["offset"], mean["caar"], _meanpart_name(group, lang), MEAN, 2.5),
        ]
        final = mean.iloc[-1]
        n = int(final["caar_n"])
        alt = lang.t(
            "Mean cumulated abnormal return of {n} events with a 95 % band from the spread of the"
            " events; at the end of the window {end}.",
            n=n, end=_percent(final["caar"], lang),
        )  # fmt: skip
        title = lang.t("Mean of the events: bars by session, line cumulated")
        if group != ALL:
            title = f"{title}: {lang.phrase(str(group))}"
        charts.append(
            Chart(
                part_name(where, f"mean-{group}"), title, alt, figure(data, _layout(lang)),
                [f"{where}/aar.csv"],
            )
        )  # fmt: skip
    return charts


def events(folder: Folder, where: str, lang: Language) -> list[Chart]:
    """Return each event's abnormal returns as bars and its CAR with a band."""
    sheet = folder.sheet(f"{where}/abnormal_returns.csv")
    if not len(sheet):
        return []
    estimates = folder.sheet(f"{where}/estimates.csv")
    dof = (
        dict(zip(estimates.frame["event"], estimates.frame["dof"], strict=True))
        if len(estimates)
        else {}
    )
    placebos = folder.sheet(f"{where}/placebo.csv")
    charts = []
    for at, (name, own) in enumerate(sheet.frame.groupby("event", sort=False)):
        charts.append(_event(where, at, str(name), own, dof.get(name, np.nan), lang))
        if len(placebos):
            own_draws = placebos.frame[placebos.frame["event"] == name]
            if len(own_draws):
                charts.append(_placebo(where, at, str(name), own_draws, lang))
    return charts


def influence(folder: Folder, where: str, lang: Language) -> Chart | None:
    """Return the mean CAR over the first window with each event left out in turn."""
    sheet = folder.sheet(f"{where}/influence.csv")
    if not len(sheet):
        return None
    first = sheet.frame.iloc[0]
    own = sheet.frame[
        (sheet.frame["start"] == first["start"]) & (sheet.frame["end"] == first["end"])
    ]
    data = [
        {
            "type": "scatter", "mode": "markers", "x": rounded(own["caar"]),
            "y": [inert(f"− {event}") for event in own["event"]],
            "text": [lang.show(p, "p") for p in own["p_value"]],
            "hovertemplate": "%{x:.2%}, p %{text}<extra></extra>", "marker": {"size": 9},
        }
    ]  # fmt: skip
    window = f"({first['start']:g}, {first['end']:g})"
    title = lang.t("Mean CAR{window} with each event left out", window=window)
    layout = {"xaxis": {**zero(), "title": {"text": lang.t("mean CAR of the others")}}}
    alt = lang.t(
        "Mean CAR of the remaining events as each one is left out, between {low} and {high}.",
        low=_percent(own["caar"].min(), lang), high=_percent(own["caar"].max(), lang),
    )  # fmt: skip
    height = 120 + 22 * len(own)
    return Chart(
        part_name(where, "influence"), title, alt, figure(data, layout), [sheet.file], height
    )


def _event(where: str, at: int, name: str, own: pd.DataFrame, dof: float, lang: Language) -> Chart:
    data = [_bars(own["offset"], own["ar"], lang.t("abnormal return"))]
    if own["car_se"].notna().any():
        data += _band(own["offset"], own["car"], _quantile(dof) * own["car_se"], colour(0), lang)
    data.append(_line(own["offset"], own["car"], "CAR", colour(0), 2.2))
    zero_day = own.loc[own["offset"] == 0, "ar"]
    alt = lang.t(
        "{event}: abnormal returns as bars and their cumulation with a 95 % band. On day 0 the"
        " abnormal return is {day}, at the end of the window the CAR is {end}.",
        event=name, day=_percent(zero_day.iloc[0] if len(zero_day) else np.nan, lang),
        end=_percent(own["car"].iloc[-1], lang),
    )  # fmt: skip
    files = [f"{where}/abnormal_returns.csv"]
    return Chart(part_name(where, f"event-{at}"), name, alt, figure(data, _layout(lang)), files)


def _placebo(where: str, at: int, name: str, own: pd.DataFrame, lang: Language) -> Chart:
    first = own.iloc[0]
    own = own[(own["start"] == first["start"]) & (own["end"] == first["end"])]
    window = f"({first['start']:g}, {first['end']:g})"
    observed = float(first["statistic"])
    data = [
        histogram(own["lower"], own["upper"], own["count"], lang.t("sessions without an event"))
    ]
    layout = {
        "xaxis": {"title": {"text": lang.t("CAR{window} over its standard error", window=window)}},
        "yaxis": {"title": {"text": lang.t("number of sessions")}},
        "bargap": 0, **marked(observed, lang.t("the event")),
    }  # fmt: skip
    alt = lang.t(
        "Histogram of CAR{window} over its standard error on {sessions} without an event; the"
        " event itself is at {observed}.",
        window=window,
        sessions=lang.numbered("{n} session", "{n} sessions", int(own["count"].sum())),
        observed=lang.show(observed, "number"),
    )  # fmt: skip
    title = lang.t(
        "{event}: placebo, CAR{window} where nothing happened", event=name, window=window
    )
    files = [f"{where}/placebo.csv"]
    return Chart(part_name(where, f"placebo-{at}"), title, alt, figure(data, layout), files, 300)


def histogram(
    lower: pd.Series[float], upper: pd.Series[float], count: pd.Series[float], name: str
) -> dict[str, Any]:
    """Return counted bins as a trace."""
    return {
        "type": "bar", "x": rounded((lower + upper) / 2), "y": rounded(count),
        "width": rounded(upper - lower), "name": name, "showlegend": False,
        "marker": {"color": GREY, "line": {"width": 0.5, "color": "#ffffff"}},
        "hovertemplate": "%{x:.3g}: %{y}<extra></extra>",
    }  # fmt: skip


def _own_line(at: int, *, many: bool) -> dict[str, Any]:
    """Return the line of one event: its own colour, that of the mean left out, then dotted."""
    if many:
        return {"width": 1.5, "color": GREY}
    inks = [ink for ink in PALETTE if ink != MEAN]
    dash = "solid" if at < len(inks) else "dot"
    return {"width": 1.5, "color": inks[at % len(inks)], "dash": dash}


def _means(folder: Folder, where: str) -> list[tuple[object, pd.DataFrame]]:
    sheet = folder.sheet(f"{where}/aar.csv")
    if not len(sheet):
        return []
    groups = sheet.frame.groupby("group", sort=False)
    return [(group, mean) for group, mean in groups if mean["caar_se"].notna().any()]


def _meanpart_name(group: object, lang: Language) -> str:
    if group == ALL:
        return lang.t("mean of the events")
    return inert(lang.t("mean, {group}", group=lang.phrase(str(group))))


def _line(
    x: pd.Series[float], y: pd.Series[float], name: str, ink: str, width: float
) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": x.tolist(), "y": rounded(y), "name": name,
        "line": {"color": ink, "width": width}, "hovertemplate": _hover("CAR"),
    }  # fmt: skip


def _bars(x: pd.Series[float], y: pd.Series[float], name: str) -> dict[str, Any]:
    return {
        "type": "bar", "x": x.tolist(), "y": rounded(y), "name": name,
        "marker": {"color": GREY}, "opacity": 0.6, "hovertemplate": _hover("AR"),
    }  # fmt: skip


def _band(
    x: pd.Series[float], middle: pd.Series[float], reach: pd.Series[float], ink: str, lang: Language
) -> list[dict[str, Any]]:
    edge = {
        "type": "scatter", "mode": "lines", "x": x.tolist(), "hoverinfo": "skip",
        "line": {"width": 0, "color": ink},
    }  # fmt: skip
    fill = {"fill": "tonexty", "fillcolor": _faint(ink), "name": lang.t("95 % band")}
    return [
        {**edge, "y": rounded(middle - reach), "showlegend": False},
        {**edge, "y": rounded(middle + reach), **fill},
    ]


def _faint(ink: str) -> str:
    red, green, blue = (int(ink[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def _quantile(dof: float | pd.Series[float]) -> Any:
    return special.stdtrit(dof, 0.5 + BAND / 2)


def _layout(lang: Language) -> dict[str, Any]:
    return {
        "xaxis": {"title": {"text": lang.t("sessions from day 0")}, "zeroline": False},
        "yaxis": {**zero(), "title": {"text": lang.t("abnormal return, cumulated")}},
        "shapes": [vertical(0)],
    }


def _hover(what: str) -> str:
    return "%{x:+d}: " + what + " %{y:.2%}<extra>%{fullData.name}</extra>"


def _percent(value: float, lang: Language) -> str:
    return lang.show(value, "percent")
