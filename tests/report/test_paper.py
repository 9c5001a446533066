"""Tables for papers."""

from __future__ import annotations

import re

import pytest

from aftershock.errors import UnknownName
from aftershock.report.paper import paper_tables
from aftershock.tables import read_table


def test_markdown_tables_are_rectangular_and_hold_the_numbers(run):
    text = paper_tables(run, "md")
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) >= 4
    for table in tables:
        widths = {line.count("|") for line in table.splitlines()}
        assert len(widths) == 1
    car = read_table(run / "studies" / "lockups" / "car.csv").iloc[0]
    assert f"| {car['car']:+.2%} |" in text
    assert "shows the method, not the market" in text


def test_latex_escapes_what_latex_reads(run):
    text = paper_tables(run, "latex")
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") >= 4
    assert not re.search(r"(?<!\\)%", text)
    assert r"unlock\_short" in text


def test_in_chinese(run):
    assert "估计结果" in paper_tables(run, "md", "zh")


def test_another_format_is_one_sentence(run):
    with pytest.raises(UnknownName, match="unknown format 'docx'.*latex"):
        paper_tables(run, "docx")
