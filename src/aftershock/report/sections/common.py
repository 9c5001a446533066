"""What studies and backtests have in common on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from aftershock.report.blocks import Fold, Prose
from aftershock.report.cells import Cell, joined
from aftershock.report.mark import mark
from aftershock.report.tables import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftershock.report.cells import Record
    from aftershock.report.words import Language

RESERVATIONS = "reservations"


def event_columns(*, study: bool) -> list[Column]:
    """Return the columns of a table of events: those of a study, or those of the input."""
    columns = [
        Column("id", mark("event"), "text"), Column("ticker", mark("ticker"), "text"),
        Column("title", mark("title"), "text"), Column("kind", mark("kind"), "phrase"),
        Column("when", mark("when"), "text"), Column("session", mark("day 0"), "day"),
        Column("session_alt", mark("or day 0"), "day"), Column("n_obs", mark("returns"), "count"),
        Column("status", mark("status"), "phrase"), Column("reason", mark("reason"), "phrase"),
        Column("confounders", mark("other events in the window"), "text"),
        Column("note", mark("note"), "phrase"), Column("source", mark("source"), "text"),
    ]  # fmt: skip
    if study:
        return columns
    extra = [Column("percent", mark("percent"), "plain"), Column("shares", mark("shares"), "count")]
    return [*columns, *extra, Column("quote", mark("quote"), "text")]


def warnings(manifest: Record, path: str, lang: Language) -> list[Fold]:
    """Return the warnings of one study or backtest, none where there are none.

    Those that others have too are said once, under the reservations.
    """
    found: list[Any] = manifest.get(path)["warnings"]
    if not found:
        return []
    every = [
        text
        for kind in ("studies", "backtests")
        for record in manifest.get(kind).values()
        for text in set(record["warnings"])
    ]
    own = {text for text in found if every.count(text) == 1}
    said = [
        said_of(manifest, f"{path}/warnings/{i}", text, lang)
        for i, text in enumerate(found)
        if text in own
    ]
    if len(own) < len(set(found)):
        place = Markup('<a href="#{}">{}</a>').format(
            RESERVATIONS, lang.t("Warnings and exclusions")
        )
        said.append(lang.h("What concerns others too is said once, under {place}.", place=place))
    return [Fold(lang.t("Warnings"), [Prose(said, as_list=True)], len(found), open=True)]


def conventions(manifest: Record, path: str, lang: Language) -> Fold:
    """Return what was assumed, in words."""
    said = [
        lang.h(
            "{name}: {text}", name=Markup("<b>{}</b>").format(lang.phrase(name)),
            text=said_of(manifest, f"{path}/conventions/{name}", text, lang),
        )
        for name, text in manifest.get(path)["conventions"].items()
    ]  # fmt: skip
    return Fold(lang.t("Conventions"), [Prose(said, as_list=True)])


def asked(manifest: Record, path: str, names: Sequence[str], lang: Language) -> Markup:
    """Return some conventions that together say what was asked."""
    found = manifest.get(path)["conventions"]
    parts = [
        said_of(manifest, f"{path}/conventions/{n}", found[n], lang) for n in names if n in found
    ]
    return joined(list(parts), lang.t("; "))


def said_of(manifest: Record, column: str, text: object, lang: Language) -> Markup:
    """Return a sentence of the manifest, with where it stands there."""
    return Markup("{}").format(Cell(lang.phrase(str(text)), manifest.file, None, column))
