"""A backtest drawn: equity against the benchmark, and its drawdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from aftershock.backtest.figures import in_market
from aftershock.charts import INK, MUTED, colour, finish, new_axes, speaker, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from aftershock.backtest.result import BacktestResult
    from aftershock.backtest.sweep import SweepResult
    from aftershock.locale import Code


def draw_equity(result: BacktestResult, *, ax: Axes | None = None, lang: Code = "en") -> Axes:
    """Draw equity and the benchmark on the same capital, with sessions in the market shaded.

    Parameters
    ----------
    result
        The backtest.
    ax
        Axes to draw on; new ones where left out.
    lang
        Language of the labels.
    """
    say = speaker(lang)
    ax = new_axes(ax)
    equity = result.equity
    sessions = equity["session"].to_numpy()
    held = in_market(equity["session"], result.trades)
    ax.fill_between(
        sessions, 0, 1, where=held, color=MUTED, alpha=0.2, linewidth=0,
        transform=ax.get_xaxis_transform(), label=say("in the market"),
    )  # fmt: skip
    benchmark = result.conventions["benchmark"].partition(",")[0]
    ax.plot(sessions, equity["benchmark"] / 1e6, color=colour(1), linewidth=1.2, label=benchmark)
    ax.plot(sessions, equity["equity"] / 1e6, color=colour(0), linewidth=1.8, label=result.name)
    if "hedged" in equity and equity["hedged"].notna().any():
        hedged = say("{name}, hedged").format(name=result.name)
        ax.plot(sessions, equity["hedged"] / 1e6, color=colour(2), linewidth=1.2, label=hedged)
    ax.set_ylabel(say("equity, million"), fontsize=9, color=INK)
    notice = "" if result.is_market_data else result.conventions["market data"].removeprefix("no: ")
    title(ax, result.name, say(notice) if notice else "")
    ax.legend(fontsize=8, frameon=False, loc="best")
    return finish(ax, lang)


def draw_sweep(sweep: SweepResult, *, ax: Axes | None = None) -> Axes:
    """Draw the total return of every cell over the first two parameters.

    Where more than two were swept, a cell shows the mean over the others. The cell in a frame
    is the highest; the title says of how many.

    Parameters
    ----------
    sweep
        The sweep.
    ax
        Axes to draw on; new ones where left out.
    """
    ax = new_axes(ax)
    names = list(sweep.grid)[:2]
    table = sweep.table.assign(**{name: sweep.table[name].astype(str) for name in names})
    down, across = names[0], names[-1]
    best = table.groupby(names, sort=False)["total_return"].mean()
    rows, columns = (list(dict.fromkeys(map(str, sweep.grid[name]))) for name in (down, across))
    grid = best.unstack() if len(names) > 1 else best.to_frame()
    values = grid.reindex(index=rows, columns=columns if len(names) > 1 else None).to_numpy(
        "float64"
    )
    reach = float(np.nanmax(np.abs(values))) or 1.0
    image = ax.imshow(values, cmap="RdBu", vmin=-reach, vmax=reach, aspect="auto", origin="lower")
    ax.grid(False)
    row, column = np.unravel_index(int(np.nanargmax(values)), values.shape)
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, color=INK, linewidth=1.5))
    _ticks(ax.xaxis, columns if len(names) > 1 else [""])
    _ticks(ax.yaxis, rows)
    ax.set_xlabel(across if len(names) > 1 else "", fontsize=9, color=INK)
    ax.set_ylabel(down, fontsize=9, color=INK)
    bar = ax.figure.colorbar(image, ax=ax, format=PercentFormatter(1.0, decimals=1))
    bar.set_label("total return", fontsize=9, color=INK)
    notice = "" if sweep.best.is_market_data else sweep.best.conventions["market data"]
    title(ax, f"{sweep.name}: {_worth(sweep)}", notice)
    return ax


def _worth(sweep: SweepResult) -> str:
    """Return how many cells the best was chosen from, and its p-value corrected for them."""
    said = f"the best of {sweep.trials:,} trials"
    p_value = float(sweep.table.sort_values("net")["p_value"].iloc[sweep.trials - 1])
    return said if np.isnan(p_value) else f"{said}, corrected p = {p_value:.3f}"


def _ticks(axis: Axis, labels: list[str]) -> None:
    """Label at most a dozen cells of an axis."""
    stride = max(1, -(-len(labels) // 12))
    axis.set_ticks(range(0, len(labels), stride), labels[::stride])
