"""How old a run's newest price was, and which events had none, by the clock of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftershock.report.cells import joined
from aftershock.report.mark import mark

if TYPE_CHECKING:
    from markupsafe import Markup

    from aftershock.report.cells import Record
    from aftershock.report.words import Language

STANDINGS = {"due": mark("due, no prices"), "ahead": mark("ahead")}


def age_line(manifest: Record, lang: Language) -> Markup | None:
    """Return how old the newest price was, None where the run did not record it."""
    days = manifest.get("age/days")
    if days is None:
        return None
    day = manifest.cell("age/last", "day", lang)
    if days < 0:
        today = manifest.cell("age/today", "day", lang)
        return lang.h(
            "Newest price {day}, which lies after the run's day, {today}", day=day, today=today
        )
    return lang.h(
        "Newest price {day}, {days}, {sessions}",
        day=day,
        days=lang.numbered("{n} day old", "{n} days old", manifest.cell("age/days", "count", lang)),
        sessions=lang.numbered(
            "{n} session has closed since",
            "{n} sessions have closed since",
            manifest.cell("age/sessions", "count", lang),
        ),
    )


def standings(manifest: Record) -> dict[str, str]:
    """Return which events waited for prices or for their day, by id."""
    recorded: dict[str, Any] = manifest.get("age") or {}
    return {name: STANDINGS[key] for key in STANDINGS for name in recorded.get(key, ())}


def standing_lines(manifest: Record, lang: Language) -> list[Markup]:
    """Return the events whose day had passed without prices, and those ahead, a line each."""
    lines = []
    for key, name in STANDINGS.items():
        ids = manifest.get(f"age/{key}") or []
        if ids:
            cells = [manifest.cell(f"age/{key}/{i}", "text", lang) for i in range(len(ids))]
            listed = joined(cells, lang.t(", "))
            lines.append(lang.h("{name}: {text}", name=lang.phrase(name), text=listed))
    return lines
