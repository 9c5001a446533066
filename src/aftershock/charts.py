"""One look for every matplotlib figure: colours, fonts, axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

# Okabe and Ito's palette without yellow: told apart in print and by colour-blind readers.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
INK = "#1f2933"
MUTED = "#8a94a0"
GRID = "#e3e7eb"
DPI = 110


def new_axes(ax: Axes | None = None, *, size: tuple[float, float] = (8.0, 3.6)) -> Axes:
    """Return ``ax``, or the axes of a new figure that belongs to no window, in the house style."""
    if ax is None:
        ax = Figure(figsize=size, layout="constrained").subplots()
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(colors=INK, labelsize=9)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    return ax


def percent_axis(ax: Axes) -> None:
    """Print the vertical axis, in decimals, as percent."""
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=None))


def title(ax: Axes, text: str, notice: str = "") -> None:
    """Write a title, with the source's notice behind it where there is one."""
    ax.set_title(text, loc="left", fontsize=11, color=INK, fontweight="bold")
    if notice:
        ax.set_title(notice, loc="right", fontsize=8, color="#b42318")


def colour(index: int) -> str:
    """Return the colour of the ``index``-th series; they repeat."""
    return COLOURS[index % len(COLOURS)]


def save(ax: Axes, stem: Path) -> list[Path]:
    """Write the figure of some axes as PNG and SVG; the same figure gives the same bytes."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    figure = ax.get_figure(root=True)
    if not isinstance(figure, Figure):
        raise TypeError(f"{ax} belongs to no figure")
    paths = [stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")]
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the layout is found once, not once for each format
    with rc_context({"svg.hashsalt": stem.name}):
        figure.savefig(paths[0], dpi=DPI, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None})
    return paths
