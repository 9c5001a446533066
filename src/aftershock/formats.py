"""How numbers are printed, on screen and page alike."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

DASH = "–"
NUMBER = re.compile(
    r"((?:(?<![^\s(\[])[-+])?\d+(?:\.\d+)?)"
)  # a sign only where a word could begin
SMALLEST_P = 0.001  # the last digit shown
METHOD_ONLY = "shows the method, not the market"


def percent(value: Any) -> str:
    """Return a decimal as percent with its sign and two places."""
    return DASH if pd.isna(value) else f"{value:+.2%}"


def share(value: Any) -> str:
    """Return a decimal without a direction as percent with two places."""
    return DASH if pd.isna(value) else f"{value:.2%}"


def number(value: Any) -> str:
    """Return a number with two places."""
    return DASH if pd.isna(value) else f"{value:,.2f}"


def p_value(value: Any) -> str:
    """Return a p-value with three places, never printed as zero."""
    if pd.isna(value):
        return DASH
    return f"<{SMALLEST_P}" if value < SMALLEST_P else f"{value:.3f}"


def day(value: Any) -> str:
    """Return a date."""
    return DASH if pd.isna(value) else f"{value:%Y-%m-%d}"


def text(value: Any) -> str:
    """Return anything as text, empty where there is nothing."""
    return "" if value is None or (isinstance(value, float) and pd.isna(value)) else str(value)


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun, ``1 trade`` and ``2 trades``; ``many`` where -s is wrong."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def natural(label: str) -> tuple[bool, list[tuple[bool, float, str]]]:
    """Return what labels are sorted by: numbers by their size, "not stated" last.

    Examples
    --------
    >>> sorted(["10 %", "not stated", "-3 %", "2.5 %", "2 %"], key=natural)
    ['-3 %', '2 %', '2.5 %', '10 %', 'not stated']
    """
    parts = NUMBER.split(label)
    numbers = [
        (False, float(part), "") if at % 2 else (True, 0.0, part.casefold())
        for at, part in enumerate(parts)
        if part
    ]
    return label == "not stated", numbers


def plain(value: Any) -> str:
    """Return a number with as many digits as it needs."""
    return DASH if pd.isna(value) else f"{value:,.10g}"


def heading(title: str, notice: str) -> str:
    """Return a title and a notice, where there is one, as HTML."""
    said = f"<p><em>{escape(notice)}</em></p>" if notice else ""
    return f"<h4>{escape(title)}</h4>{said}"


def listing(title: str, lines: Sequence[str]) -> str:
    """Return lines under a title as HTML, nothing where there are none."""
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<p>{escape(title)}</p><ul>{items}</ul>"
