"""The tables of the checks; the columns are those of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aftershock.backtest.luck.influence import leave_one_out
from aftershock.tables import make_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from aftershock.arrays import FloatArray
    from aftershock.backtest.luck.check import Check

LUCK = ["check", "statistic", "p_value", "floor", "one_day_floor", "n", "note"]
INFLUENCE = ["left_out", "net", "total_return"]
PLACEBO = ["draw", "net"]


def event_nets(trades: pd.DataFrame) -> pd.Series[float]:
    """Return the net profit of each event, all its trades together, in order of the first."""
    return trades.groupby("event", sort=False)["net"].sum()


def luck_table(checks: Iterable[Check]) -> pd.DataFrame:
    """Return one row per check, those without an answer with the reason."""
    return make_table([tuple(getattr(one, name) for name in LUCK) for one in checks], LUCK)


def influence_table(trades: pd.DataFrame, cash: float) -> pd.DataFrame:
    """Return what is left without each event; the row without a name leaves nothing out."""
    nets = event_nets(trades)
    values: FloatArray = np.asarray(nets, dtype=np.float64)
    found = leave_one_out(tuple(nets.index), values, cash)
    total = round(float(values.sum()), 2)
    rows = [("", total, total / cash)]
    rest = np.round(found.net, 2)
    rows += list(zip(found.left_out, rest.tolist(), (rest / cash).tolist(), strict=True))
    return make_table(rows, INFLUENCE)


def placebo_table(draws: FloatArray) -> pd.DataFrame:
    """Return one row per assignment, the events' own among them where all were taken."""
    return make_table(list(enumerate(draws.tolist(), start=1)), PLACEBO)
