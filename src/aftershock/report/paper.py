"""Tables of a run for papers, in Markdown and LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd
from markupsafe import Markup

from aftershock.errors import unknown
from aftershock.formats import METHOD_ONLY
from aftershock.report.blocks import Table
from aftershock.report.cells import Folder
from aftershock.report.sections.backtest import backtest_section
from aftershock.report.sections.study import study_section
from aftershock.report.words import language
from aftershock.runs.history import read_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aftershock.report.blocks import Section

Format = Literal["md", "latex"]
FORMATS = ("md", "latex")


def paper_tables(folder: Path, form: str, code: str = "en") -> str:
    """Return what each study and backtest came to: its sentence and its open tables.

    Parameters
    ----------
    folder
        The run's folder.
    form
        ``"md"`` or ``"latex"``; the latter needs the packages booktabs and longtable.
    code
        Language.

    Raises
    ------
    RunError, UnknownName
        The folder is no run; there is no such format or language.
    """
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    run, files, lang = read_run(folder), Folder(folder), language(code)
    sections = [study_section(files, name, lang) for name in run.studies]
    sections += [backtest_section(files, name, lang) for name in run.backtests]
    notice = f"{lang.phrase(run.manifest['notice'])}: {lang.t(METHOD_ONLY)}"
    said = notice if run.manifest["notice"] else ""
    parts = [part for section in sections for part in _section(section, form, said)]
    return "\n\n".join(parts) + "\n"


def _section(section: Section, form: str, notice: str) -> Iterator[str]:
    lead = Markup(" ").join(section.lead).striptags()
    if form == "md":
        yield f"## {section.title}"
        yield from filter(None, (notice and f"**{notice}**", lead))
    else:
        yield f"\\section*{{{_tex(section.title)}}}"
        yield from filter(None, (_tex(notice), _tex(lead)))
    for block in section.blocks:
        if isinstance(block, Table):
            yield _markdown(block) if form == "md" else _latex(block)


def _frame(table: Table) -> pd.DataFrame:
    rows = [[Markup("{}").format(cell).striptags() for cell in cells] for _, cells in table.body]
    return pd.DataFrame(rows, columns=[said for said, _ in table.heads])


def _markdown(table: Table) -> str:
    """Return a table with numbers flush right."""
    frame = _frame(table)
    rule = ["--:" if number else ":--" for _, number in table.heads]
    rows = [list(frame.columns), rule, *frame.to_numpy().tolist()]
    lines = [
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows
    ]
    return "\n".join([f"**{table.title}**", "", *lines])


def _latex(table: Table) -> str:
    form = "".join("r" if number else "l" for _, number in table.heads)
    frame = _frame(table)
    text = frame.to_latex(
        index=False, escape=True, longtable=True, column_format=form, caption=_tex(table.title)
    )
    return str(text).strip().replace("–", "--")


def _tex(text: str) -> str:
    marks = {
        "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
        "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    }  # fmt: skip
    return "".join(marks.get(sign, sign) for sign in text)
