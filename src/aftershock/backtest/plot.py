"""A backtest drawn: equity against the benchmark, and its drawdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftershock.charts import INK, MUTED, colour, new_axes, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from aftershock.backtest.result import BacktestResult


def draw_equity(result: BacktestResult, *, ax: Axes | None = None) -> Axes:
    """Draw equity and the benchmark on the same capital, with sessions in the market shaded.

    Parameters
    ----------
    result
        The backtest.
    ax
        Axes to draw on; new ones where left out.
    """
    ax = new_axes(ax)
    equity = result.equity
    sessions = equity["session"].to_numpy()
    held = (equity["long"] + equity["short"]).to_numpy() > 0
    ax.fill_between(
        sessions, 0, 1, where=held, color=MUTED, alpha=0.2, linewidth=0,
        transform=ax.get_xaxis_transform(), label="in the market",
    )  # fmt: skip
    ax.plot(sessions, equity["benchmark"] / 1e6, color=colour(1), linewidth=1.2, label="benchmark")
    ax.plot(sessions, equity["equity"] / 1e6, color=colour(0), linewidth=1.8, label=result.name)
    ax.set_ylabel("million", fontsize=9, color=INK)
    notice = "" if result.is_market_data else result.conventions["market data"].removeprefix("no: ")
    title(ax, result.name, notice)
    ax.legend(fontsize=8, frameon=False, loc="best")
    return ax
