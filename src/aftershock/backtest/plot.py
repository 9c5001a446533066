"""A backtest drawn: equity against the benchmark, and its drawdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftershock.charts import INK, MUTED, colour, finish, new_axes, speaker, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from aftershock.backtest.result import BacktestResult
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
    held = (equity["long"] + equity["short"]).to_numpy() > 0
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
