"""A study's CAR paths drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy import stats

from aftershock.charts import INK, MUTED, colour, new_axes, percent_axis, title
from aftershock.errors import unknown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from aftershock.study.result import StudyResult

BAND = 0.95


def draw_car(result: StudyResult, *, event: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw CAR paths from the start of the event window.

    Parameters
    ----------
    result
        The study.
    event
        One event with bars for the abnormal returns and a 95 % band from the prediction-error
        covariance; without it every event and, where there are three, their mean.
    ax
        Axes to draw on; new ones where left out.
    """
    paths = result.abnormal_returns
    ax = new_axes(ax)
    ax.axhline(0.0, color=INK, linewidth=0.8)
    ax.axvline(0.0, color=MUTED, linewidth=0.8, linestyle=":")
    if event is None:
        _draw_all(result, ax)
    else:
        if event not in set(paths["event"]):
            raise unknown("event", event, paths["event"].unique())
        _draw_one(paths[paths["event"] == event], _dof(result, event), ax)
    percent_axis(ax)
    ax.set_xlabel("sessions from day 0", fontsize=9, color=INK)
    notice = "" if result.is_market_data else result.conventions["market data"].removeprefix("no: ")
    title(ax, event or result.title, notice)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=8, frameon=False, loc="best")
    return ax


def _dof(result: StudyResult, event: str) -> float:
    own = result.estimates[result.estimates["event"] == event]
    return float(own["dof"].iloc[0]) if len(own) else float("nan")


def _draw_one(path: pd.DataFrame, dof: float, ax: Axes) -> None:
    ax.bar(path["offset"], path["ar"], color=MUTED, width=0.6, alpha=0.6, label="abnormal return")
    ax.plot(path["offset"], path["car"], color=colour(0), linewidth=1.8, label="CAR")
    if path["car_se"].notna().any():
        reach = stats.t.ppf(0.5 + BAND / 2, dof) * path["car_se"]
        ax.fill_between(
            path["offset"],
            path["car"] - reach,
            path["car"] + reach,
            color=colour(0),
            alpha=0.15,
            linewidth=0,
            label="95 % band",
        )


def _draw_all(result: StudyResult, ax: Axes) -> None:
    for at, (name, path) in enumerate(result.abnormal_returns.groupby("event", sort=False)):
        ax.plot(path["offset"], path["car"], color=colour(at), linewidth=1.1, label=str(name))
    for group, mean in result.aar.groupby("group", sort=False):
        if mean["caar_se"].notna().any():
            ax.plot(mean["offset"], mean["caar"], color=INK, linewidth=2.4, label=f"mean, {group}")
