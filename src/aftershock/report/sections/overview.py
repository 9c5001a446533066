"""The first screen: what was asked, what came out, from which prices, with which reservations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aftershock.report.age import standing_lines
from aftershock.report.blocks import Fold, Prose, Section
from aftershock.report.cells import Count
from aftershock.report.charts.shares import share_structure
from aftershock.report.mark import mark
from aftershock.report.sections.common import RESERVATIONS, event_columns, said_of
from aftershock.report.tables import Column, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markupsafe import Markup

    from aftershock.report.blocks import Block
    from aftershock.report.cells import Folder, Record
    from aftershock.report.words import Language

SUPPLY = [
    Column("ticker", mark("ticker"), "text"),
    Column("event", mark("unlock"), "text"),
    Column("basis", mark("counted"), "phrase"),
    Column("before", mark("float before"), "share"),
    Column("added", mark("freed"), "share"),
    Column("after", mark("float after"), "share"),
    Column("multiple", mark("supply multiple"), "number"),
    Column("total", mark("of shares"), "count"),
    Column("holders", mark("holders of what is freed"), "holders"),
]
EXCLUDED = [
    Column("id", mark("event"), "text"), Column("when", mark("when"), "text"),
    Column("reason", mark("reason"), "phrase"),
]  # fmt: skip

SHOWN = 12  # warnings of one kind that are not folded away


@dataclass(frozen=True, slots=True)
class Headline:
    """One line of the first screen."""

    anchor: str
    kind: str
    title: str
    lead: Markup
    asked: Markup | str


def headlines(sections: Iterable[Section]) -> list[Headline]:
    """Return the first sentence of every section."""
    return [Headline(s.anchor, s.kind, s.title, s.lead[0], s.asked) for s in sections if s.lead]


def counts(manifest: Record, folder: Folder, lang: Language) -> Markup:
    """Return how many warnings and exclusions there are."""
    warned = Count(len(manifest.get("warnings")), manifest.file, "warnings")
    sheets = [folder.sheet(f"studies/{name}/events.csv") for name in manifest.get("studies")]
    total = sum(int(sheet.count("status == 'excluded'")) for sheet in sheets if len(sheet))
    left_out = Count(total, "studies/*/events.csv", "status == 'excluded'")
    return lang.h(
        "{warnings}, {events} excluded from a study",
        warnings=lang.numbered("{n} warning", "{n} warnings", warned),
        events=lang.numbered("{n} event", "{n} events", left_out),
    )


def reservations(folder: Folder, lang: Language) -> Section:
    """Return every warning, and every event that was excluded with its reason."""
    manifest = folder.record("manifest.json")
    blocks: list[Block] = [*_warnings(manifest, lang)]
    for name, record in manifest.get("studies").items():
        sheet = folder.sheet(f"studies/{name}/events.csv")
        rows = [
            i for i, status in enumerate(sheet.columns.get("status", [])) if status == "excluded"
        ]
        if rows:
            title = lang.t("Excluded from {title}", title=record["title"])
            blocks.append(table(f"excluded-{name}", title, sheet, EXCLUDED, lang, rows))
    lead = [counts(manifest, folder, lang)]
    return Section(
        RESERVATIONS, lang.t("Reservations"), lang.t("Warnings and exclusions"), lead, blocks
    )


def _warnings(manifest: Record, lang: Language) -> Iterator[Fold]:
    """Yield the run's warnings by the studies and backtests that they are about."""
    parts = {name: record["title"] for name, record in manifest.get("studies").items()}
    parts |= {name: name for name in manifest.get("backtests")}
    said: dict[str, list[Markup]] = {}
    for i, text in enumerate(manifest.get("warnings")):
        names, _, own = text.partition(": ")
        concerned = set(names.split(", "))
        known = concerned <= parts.keys()
        whole = not known or (concerned == parts.keys() and len(parts) > 1)
        about = lang.t("The run") if whole else ", ".join(parts[name] for name in names.split(", "))
        found = said_of(manifest, f"warnings/{i}", own if known else text, lang)
        said.setdefault(about, []).append(found)
    for about, lines in said.items():
        title = lang.t("Warnings: {name}", name=about)
        few = len(lines) <= SHOWN
        yield Fold(title, [Prose(lines, as_list=True)], len(lines), open=few)


def shares(folder: Folder, lang: Language) -> Section | None:
    """Return what unlocks do to the float of each company, None where nothing is known."""
    sheet = folder.sheet("supply.csv")
    if not len(sheet):
        return None
    blocks: list[Block] = [*share_structure(folder, folder.names(lang), lang)]
    title = lang.t("Share structure")
    blocks.append(table("supply", lang.t("Float before and after"), sheet, SUPPLY, lang))
    lead = [
        lang.h(
            "Float before and after each unlock, and who holds what is freed. Two ways of counting"
            " stand side by side where sources use different share counts."
        )
    ]
    return Section("shares", lang.t("Input"), title, lead, blocks)


def events(folder: Folder, lang: Language) -> Section:
    """Return the table of events the run was made from."""
    sheet = folder.sheet("events.csv")
    blocks: list[Block] = []
    lines = standing_lines(folder.record("manifest.json"), lang)
    if lines:
        blocks.append(Prose(lines, as_list=True))
    if len(sheet):
        title = lang.t("All events of the workspace")
        blocks.append(table("events-all", title, sheet, event_columns(study=False), lang))
    return Section("events", lang.t("Input"), lang.t("Events"), [], blocks)
