"""The chance of seeing an effect, by its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aftershock.errors import unknown
from aftershock.study.cross_section import no_window
from aftershock.study.inference.power import power

if TYPE_CHECKING:
    from aftershock.study.result import StudyResult

POINTS = 61
REACH = 5.0  # standard errors


def power_curve(result: StudyResult, event: str, window: tuple[int, int]) -> pd.DataFrame:
    """Return ``effect`` (decimals) and ``power`` of one event's CAR; see StudyResult.power."""
    car = result.car
    if event not in set(car["event"]):
        raise unknown("event", event, car["event"].unique())
    own = car[(car["event"] == event) & (car["start"] == window[0]) & (car["end"] == window[1])]
    if own.empty:
        raise no_window(car, window)
    se, dof = float(own["se"].iloc[0]), float(own["dof"].iloc[0])
    effects = np.linspace(0.0, REACH * se, POINTS)
    return pd.DataFrame({"effect": effects, "power": power(effects, se, dof)})
