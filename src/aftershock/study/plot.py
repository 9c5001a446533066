"""A study's CAR paths drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy import stats

from aftershock.charts import INK, MUTED, colour, finish, new_axes, percent_axis, speaker, title
from aftershock.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes

    from aftershock.locale import Code
    from aftershock.study.result import StudyResult

    Speaker = Callable[[str], str]

BAND = 0.95


def draw_car(
    result: StudyResult, *, event: str | None = None, ax: Axes | None = None, lang: Code = "en"
) -> Axes:
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
    lang
        Language of the labels.
    """
    say = speaker(lang)
    paths = result.abnormal_returns
    ax = new_axes(ax)
    ax.axhline(0.0, color=INK, linewidth=0.8)
    ax.axvline(0.0, color=MUTED, linewidth=0.8, linestyle=":")
    if event is None:
        _draw_all(result, ax, say)
    else:
        if event not in set(paths["event"]):
            raise unknown("event", event, paths["event"].unique())
        _draw_one(paths[paths["event"] == event], _dof(result, event), ax, say)
    percent_axis(ax)
    ax.set_xlabel(say("sessions from day 0"), fontsize=9, color=INK)
    notice = "" if result.is_market_data else result.conventions["market data"].removeprefix("no: ")
    ax.set_ylabel(say("abnormal return, cumulated"), fontsize=9, color=INK)
    title(ax, event or result.title, say(notice) if notice else "")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=8, frameon=False, loc="best")
    return finish(ax, lang)


def _dof(result: StudyResult, event: str) -> float:
    own = result.estimates[result.estimates["event"] == event]
    return float(own["dof"].iloc[0]) if len(own) else float("nan")


def _draw_one(path: pd.DataFrame, dof: float, ax: Axes, say: Speaker) -> None:
    ax.bar(
        path["offset"], path["ar"], color=MUTED, width=0.6, alpha=0.6, label=say("abnormal return")
    )
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
            label=say("95 % band"),
        )


def _draw_all(result: StudyResult, ax: Axes, say: Speaker) -> None:
    for at, (name, path) in enumerate(result.abnormal_returns.groupby("event", sort=False)):
        ax.plot(path["offset"], path["car"], color=colour(at), linewidth=1.1, label=str(name))
    for group, mean in result.aar.groupby("group", sort=False):
        if mean["caar_se"].notna().any():
            label = say("mean, {group}").format(group=say(str(group)))
            ax.plot(mean["offset"], mean["caar"], color=INK, linewidth=2.4, label=label)
