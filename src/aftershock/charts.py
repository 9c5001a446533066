"""One look for every matplotlib figure: colours, fonts, axes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import findSystemFonts, fontManager
from matplotlib.text import Text
from matplotlib.ticker import PercentFormatter

from aftershock.locale import catalogue
from aftershock.palette import COLOURS
from aftershock.whole import replacing

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

INK = "#1f2933"
MUTED = "#8a94a0"
GRID = "#e3e7eb"
DPI = 110
CHINESE = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC",
    "Hiragino Sans GB", "Heiti SC", "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Noto Sans CJK TC", "Noto Sans CJK HK", "Noto Sans CJK JP", "Arial Unicode MS",
)  # fmt: skip
CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
FILES = re.compile(r"cjk|sourcehan|wqy|msyh|pingfang|hiragino|heiti|simhei", re.IGNORECASE)
NO_FONT = "no Chinese font is installed: Chinese is left out"


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


def finish(ax: Axes, code: str = "en") -> Axes:
    """Give every text a font that has its letters; where none is installed, say so.

    Parameters
    ----------
    ax
        Axes that are drawn.
    code
        Language that was asked for.
    """
    legend = ax.get_legend()
    texts = [item for item in ax.get_children() if isinstance(item, Text)]
    texts += [ax.xaxis.label, ax.yaxis.label, *(legend.get_texts() if legend else ())]
    wide = [text for text in texts if CJK.search(text.get_text())]
    font = chinese_font()
    for text in wide:
        if font:
            text.set_fontfamily([*text.get_fontfamily(), font])
        else:
            text.set_text(CJK.sub("?", text.get_text()))
    if font is None and (wide or code == "zh"):
        ax.annotate(
            NO_FONT, (1, 0), xycoords="axes fraction", xytext=(0, -34), ha="right", fontsize=7,
            textcoords="offset points", color=MUTED, annotation_clip=False,
        )  # fmt: skip
    return ax


def speaker(code: str) -> Callable[[str], str]:
    """Return what says a label in a language: in English where Chinese cannot be drawn."""
    return catalogue(code if code != "zh" or chinese_font() else "en").gettext


@cache
def chinese_font() -> str | None:
    """Return an installed font with Chinese letters, None where there is none.

    matplotlib keeps a list of fonts; one that was installed after the list was made is added.
    """
    installed = {font.name for font in fontManager.ttflist}
    if installed.isdisjoint(CHINESE):
        for path in findSystemFonts():
            if FILES.search(Path(path).name):
                fontManager.addfont(path)
        installed = {font.name for font in fontManager.ttflist}
    return next((name for name in CHINESE if name in installed), None)


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
    """Write the figure of some axes as PNG and SVG; the same figure gives the same bytes.

    The folder is made where it is missing, the one it is in must be there.
    """
    stem.parent.mkdir(exist_ok=True)
    figure = ax.get_figure(root=True)
    if not isinstance(figure, Figure):
        raise TypeError(f"{ax} belongs to no figure")
    paths = [stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")]
    figure.set_dpi(DPI)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the layout is found once, not once for each format
    with rc_context({"svg.hashsalt": stem.name}):  # savefig would draw each of them twice
        agg, svg = FigureCanvasAgg(figure), FigureCanvasSVG(figure)
        with replacing(paths[0]) as beside:
            agg.print_png(beside, metadata={"Software": None})  # type: ignore[no-untyped-call]
        with replacing(paths[1]) as beside:
            svg.print_svg(beside, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return paths
