"""The figures of a run, as PNG files in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftershock.charts import INK, MUTED, colour, new_axes, title

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from aftershock.backtest.result import BacktestResult
    from aftershock.study.result import StudyResult

DPI = 110


def study_figures(result: StudyResult, folder: Path) -> list[Path]:
    """Draw all CAR paths in one figure, and each event's with its band."""
    if result.abnormal_returns.empty:
        return []
    events = result.abnormal_returns["event"].unique()
    return [
        _save(result.plot(), folder / "car.png"),
        *(_save(result.plot(event=name), folder / f"car-{_safe(name)}.png") for name in events),
    ]


def backtest_figures(result: BacktestResult, folder: Path) -> list[Path]:
    """Draw equity against the benchmark."""
    return [_save(result.plot(), folder / "equity.png")]


def timeline_figure(closes: pd.DataFrame, events: pd.DataFrame, notice: str, path: Path) -> Path:
    """Draw every ticker's closes on a log scale, rebased to 100, with the events marked.

    Parameters
    ----------
    closes
        ``session`` and one column per ticker.
    events
        Columns ``id``, ``ticker`` and ``session``; events without a session are left out.
    notice
        What the price source says of itself.
    path
        Where to write.
    """
    ax = new_axes(size=(9.0, 4.6))
    ax.set_yscale("log")
    for at, ticker in enumerate(closes.columns.drop("session")):
        known = closes[["session", ticker]].dropna()
        rebased = 100.0 * known[ticker] / known[ticker].iloc[0]
        ax.plot(known["session"], rebased, color=colour(at), linewidth=1.4, label=ticker)
        _mark(ax, known["session"], rebased, events[events["ticker"] == ticker], colour(at))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylabel("first close = 100, log scale", fontsize=9, color=INK)
    title(ax, "Prices and events", notice)
    ax.legend(fontsize=8, frameon=False, loc="upper left")
    return _save(ax, path)


def _mark(
    ax: Axes,
    sessions: pd.Series[pd.Timestamp],
    level: pd.Series[float],
    events: pd.DataFrame,
    ink: str,
) -> None:
    by_day = dict(zip(sessions, level, strict=True))
    days = [day for day in events["session"].dropna() if day in by_day]
    ax.scatter(
        days, [by_day[day] for day in days], s=22, color="white", edgecolors=ink, linewidths=1.4,
        zorder=3,
    )  # fmt: skip
    for day in days:
        ax.axvline(day, color=MUTED, linewidth=0.4, alpha=0.5)


def _save(ax: Axes, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure: Figure = ax.get_figure(root=True)  # type: ignore[assignment]
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path


def _safe(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in name)
