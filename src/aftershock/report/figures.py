"""The figures of a run for papers: PNG and SVG files in its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aftershock.backtest.result import BacktestResult
from aftershock.charts import INK, MUTED, colour, finish, new_axes, save, title
from aftershock.errors import RunError
from aftershock.report.cells import Folder
from aftershock.runs.history import read_run
from aftershock.study.result import StudyResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from matplotlib.axes import Axes

PATIENCE = 600.0  # seconds; drawing takes one or two


def draw_figures(folder: Path, *, every: bool = False, files: Folder | None = None) -> list[Path]:
    """Draw the timeline, each study's CAR paths and each backtest's equity.

    Parameters
    ----------
    folder
        The run's folder.
    every
        Whether each event gets a figure of its own as well; sixty of them take longer than the
        page.
    files
        The folder's files, where somebody has read them already.

    Raises
    ------
    RunError
        The folder is no run, lacks one of its files, or cannot be written.
    """
    try:
        return _draw(folder, files or Folder(folder), every=every)
    except RunError:
        raise
    except OSError as cause:
        raise RunError(
            f"the figures of {folder} cannot be written: {cause.strerror or cause}"
        ) from cause


def _draw(folder: Path, files: Folder, *, every: bool) -> list[Path]:
    run = read_run(folder)
    closes, events = files.sheet("closes.csv").frame, files.sheet("events.csv").frame
    paths = save(
        timeline_figure(closes, events, run.manifest["notice"]), run.path / "figures" / "timeline"
    )
    for name in run.studies:
        folder = run.path / "studies" / name
        result = StudyResult.read(folder, run.manifest["studies"][name], table=files.table)
        paths += study_figures(result, folder / "figures", every=every)
    for name in run.backtests:
        folder = run.path / "backtests" / name
        traded = BacktestResult.read(folder, run.manifest["backtests"][name], table=files.table)
        paths += save(traded.plot(), folder / "figures" / "equity")
    return paths


@contextmanager
def drawing() -> Iterator[Callable[[Path], None]]:
    """Draw a run's figures in a process of its own, beside whatever else is done.

    Yields what to call with the run's folder once its tables are written; leaving the context
    waits for the figures.

    Raises
    ------
    RunError
        They could not be drawn, or not in ten minutes.
    """
    process = subprocess.Popen(  # noqa: S603 - this interpreter, this module
        # -P: what lies in the folder where the command is run shadows no library
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip

    def draw(folder: Path) -> None:
        stdin, process.stdin = process.stdin, None
        if stdin:
            with suppress(BrokenPipeError), stdin:  # it ended early; its exit code is the reason
                stdin.write(os.fsencode(folder))

    try:
        yield draw
        _wait(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Wait for the figures; raise RunError where there are none."""
    try:
        _, said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired as cause:
        raise RunError(
            f"the figures of the run were not drawn in {PATIENCE:.0f} seconds, and the run was"
            " given up; run it again"
        ) from cause
    if process.returncode:
        signal = f"their process was ended by signal {-process.returncode}; run it again"
        words = said.decode("utf-8", "replace").strip().splitlines()
        reason = signal if process.returncode < 0 else (words or ["no word"])[-1]
        raise RunError(f"the figures of the run could not be drawn: {reason}")


def study_figures(result: StudyResult, folder: Path, *, every: bool) -> list[Path]:
    """Draw all CAR paths in one figure and, where asked for, each event's with its band."""
    if result.abnormal_returns.empty:
        return []
    paths = save(result.plot(), folder / "car")
    for name in result.abnormal_returns["event"].unique() if every else ():
        paths += save(result.plot(event=name), folder / f"car-{_safe(name)}")
    return paths


def timeline_figure(closes: pd.DataFrame, events: pd.DataFrame, notice: str) -> Axes:
    """Draw every ticker's closes on a log scale, rebased to 100, with the events marked.

    Parameters
    ----------
    closes
        ``session`` and one column per ticker.
    events
        Columns ``id``, ``ticker`` and ``session``; events without a session are left out.
    notice
        What the price source says of itself.
    """
    ax = new_axes(size=(9.0, 4.6))
    ax.set_yscale("log")
    for at, ticker in enumerate(closes.columns.drop("session")):
        known = closes[["session", ticker]].dropna()
        if known.empty:
            continue
        rebased = 100.0 * known[ticker] / known[ticker].iloc[0]
        ax.plot(known["session"], rebased, color=colour(at), linewidth=1.4, label=ticker)
        _mark(ax, known["session"], rebased, events[events["ticker"] == ticker], colour(at))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylabel("first close = 100, log scale", fontsize=9, color=INK)
    title(ax, "Prices and events", notice)
    ax.legend(fontsize=8, frameon=False, loc="upper left")
    return finish(ax)


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


def _safe(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in name)


if __name__ == "__main__" and (asked := sys.stdin.buffer.read()):  # empty: the run was given up
    draw_figures(Path(os.fsdecode(asked)))
