"""``report.html`` and ``report.zh.html``: one self-contained file each, out of a run's folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from aftershock.errors import RunError
from aftershock.locale import LOCALES
from aftershock.report import pack
from aftershock.report.age import age_line
from aftershock.report.cells import Folder
from aftershock.report.charts.base import announce, templates
from aftershock.report.charts.timeline import timeline
from aftershock.report.derive import write_derived
from aftershock.report.sections import overview
from aftershock.report.sections.backtest import backtest_section, benchmark_of
from aftershock.report.sections.common import RESERVATIONS
from aftershock.report.sections.glossary import glossary, hints
from aftershock.report.sections.study import study_section
from aftershock.report.tables import html
from aftershock.report.words import NAMES, Language, language
from aftershock.runs.history import Run, read_run
from aftershock.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aftershock.report.blocks import Chart, Section

PAGES = {"en": "report.html", "zh": "report.zh.html"}
INDEXES = {"en": "index.html", "zh": "index.zh.html"}


def build_page(
    folder: Path,
    *,
    results: Path | None = None,
    step: Callable[[str], None] | None = None,
    files: Folder | None = None,
) -> Path:
    """Write the page of a run in every language.

    Parameters
    ----------
    folder
        The run's folder.
    results
        The folder of all runs, for the run's name.
    step
        Called with the name of each part before it is drawn.
    files
        The folder's files, where somebody has read them already.

    Returns
    -------
    Path
        The page in English; the others stand beside it.

    Raises
    ------
    RunError
        The folder is no run, lacks one of its files, or cannot be written.
    """
    run = read_run(folder, results)
    notify = step or (lambda _: None)
    files = files or Folder(folder)
    try:
        for name in run.backtests:
            write_derived(files, f"backtests/{name}")
        with ThreadPoolExecutor(1) as beside:  # compressing leaves the interpreter to others
            library = beside.submit(pack.plotting_library)
            for code in LOCALES:
                notify(f"page, {NAMES[code]}")
                page = render(run, files, language(code), library.result)
                write_whole(folder / PAGES[code], page)
    except RunError:
        raise
    except OSError as cause:
        raise RunError(
            f"the page of {folder} cannot be written: {cause.strerror or cause};"
            " what was there is untouched"
        ) from cause
    return folder / PAGES["en"]


def render(run: Run, files: Folder, lang: Language, library: Callable[[], str]) -> str:
    """Return the page of a run in one language, around the packed plotting library."""
    sections = [study_section(files, name, lang) for name in run.studies]
    sections += [backtest_section(files, name, lang) for name in run.backtests]
    reservations = overview.reservations(files, lang)
    shares = overview.shares(files, lang)
    first = timeline(files, files.names(lang), _benchmark(run), lang)
    every = [*([shares] if shares else []), *sections, reservations, overview.events(files, lang)]
    every.append(glossary(lang))
    charts = [*([first] if first else []), *(chart for part in every for chart in part.charts)]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            manifest=files.record("manifest.json"), **_words(lang), sections=every,
            age=age_line(files.record("manifest.json"), lang),
            headlines=overview.headlines(sections), timeline=first,
            reservations=reservations.lead[0], anchor=RESERVATIONS,
            others=_others(PAGES, lang), index=INDEXES[lang.code],
            library=library(), themes=templates(),
            figures=pack.packed_json(_figures(run, charts, lang)),
            files=pack.packed_json(_contents(run.path, every, charts)),
        )
    )  # fmt: skip


def index_pages(runs: list[Run]) -> dict[str, str]:
    """Return the page that lists every run, in every language, by its file's name."""
    return {INDEXES[code]: _index(runs, language(code)) for code in LOCALES}


def _index(runs: list[Run], lang: Language) -> str:
    return (
        environment()
        .get_template("index.html.j2")
        .render(runs=runs, pages=PAGES, others=_others(INDEXES, lang), **_words(lang))
    )


@cache
def environment() -> Environment:
    """Return the templates; everything put into a page is escaped."""
    return Environment(
        loader=PackageLoader("aftershock.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _words(lang: Language) -> dict[str, Any]:
    """Return what templates say anything with."""
    return {"lang": lang, "t": lang.t, "h": lang.h, "table_html": partial(html, hints=hints(lang))}


def _others(files: dict[str, str], lang: Language) -> dict[str, tuple[str, str]]:
    """Return name and file of a page's other languages."""
    return {code: (NAMES[code], files[code]) for code in LOCALES if code != lang.code}


def _benchmark(run: Run) -> str:
    """Return the benchmark that the run's backtests, or its studies' models, name."""
    for record in run.manifest["backtests"].values():
        return benchmark_of(record["conventions"])
    tickers = run.manifest["prices"].get("tickers", [])
    models: list[str] = [
        record["conventions"]["model"] for record in run.manifest["studies"].values()
    ]
    return next((t for t in tickers for model in models if model.endswith(f" {t}")), "")


def _figures(run: Run, charts: list[Chart], lang: Language) -> dict[str, Any]:
    """Return every figure by name; those drawn from a reconstruction say so."""
    notice = lang.phrase(run.manifest["notice"])
    drawn = {chart.name: chart.figure for chart in charts}
    if not notice:
        return drawn
    facts = {chart.name for chart in charts if chart.files == ["supply.csv"]}
    return {n: plain if n in facts else announce(plain, notice) for n, plain in drawn.items()}


def _contents(folder: Path, sections: list[Section], charts: list[Chart]) -> dict[str, str]:
    """Return every file that a table or chart of the page can be downloaded as."""
    wanted = {file for chart in charts for file in chart.files}
    wanted |= {table.file for section in sections for table in section.tables}
    return {
        file: (folder / file).read_text("utf-8")
        for file in sorted(wanted)
        if (folder / file).is_file()
    }
