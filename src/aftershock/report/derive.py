"""Figures that a backtest's page shows and no file of the result holds, written as files too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aftershock.tables import make_table, write_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from aftershock.report.cells import Folder

BINS = 30


def write_derived(folder: Folder, where: str) -> None:
    """Write months, costs by item and placebo bins beside a backtest's figures.

    Parameters
    ----------
    folder
        The run.
    where
        The backtest's folder inside it.
    """
    equity = folder.sheet(f"{where}/equity.csv")
    if not len(equity):
        return
    target = folder.path / where / "figures"
    target.mkdir(exist_ok=True)
    _write(months(equity.frame), target / "months.csv")
    costs = folder.sheet(f"{where}/costs.csv")
    if len(costs):
        _write(by_item(costs.frame), target / "costs_by_item.csv")
    draws = folder.sheet(f"{where}/placebo.csv")
    if len(draws):
        _write(bins(draws.frame["net"]), target / "placebo_bins.csv")


def _write(frame: pd.DataFrame, path: Path) -> None:
    write_table(frame, path)


def months(equity: pd.DataFrame) -> pd.DataFrame:
    """Return the return of every calendar month, from the last close of the month before."""
    days = equity["session"].dt
    ends = (
        equity.assign(year=days.year, month=days.month).groupby(["year", "month"])["equity"].last()
    )
    before = ends.shift(1).fillna(equity["equity"].iloc[0])
    return (ends / before - 1.0).rename("return").reset_index()


def by_item(costs: pd.DataFrame) -> pd.DataFrame:
    """Return what each item of cost came to, the largest first."""
    total = costs.groupby("item")["amount"].sum().round(2).sort_values(ascending=False)
    return make_table(total.items(), ["item", "amount"])


def bins(values: pd.Series[float]) -> pd.DataFrame:
    """Return draws counted in bins of one width; a histogram needs no more."""
    known = values.dropna().to_numpy("float64")
    count, edges = np.histogram(known, bins=min(BINS, max(known.size, 1)))
    return make_table(zip(edges[:-1], edges[1:], count, strict=True), ["lower", "upper", "count"])
