"""The page in its files: self-contained, inert, translated, and every number as in its file."""

from __future__ import annotations

import copy
import json
import re
import shutil

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from aftershock.report.figures import draw_figures
from aftershock.report.page import INDEXES, PAGES, build_page
from aftershock.tables import read_table

SIZE = 4_000_000  # bytes, of the repository's workspace
DIGITS = re.compile(r"\d")


@pytest.fixture(scope="module")
def soups(run):
    return {
        code: BeautifulSoup((run / page).read_text("utf-8"), "html.parser")
        for code, page in PAGES.items()
    }


def attribute(node, name):
    """The value of an attribute of the node or of the nearest ancestor that has it."""
    while node is not None and not node.has_attr(name):
        node = node.parent
    return None if node is None else node[name]


def stated(folder, node):
    """What the file says that the number on the page claims to be from."""
    file, row, column = (attribute(node, f"data-{name}") for name in ("file", "row", "column"))
    if row is not None and not file.endswith(".json"):
        table = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
        return table[column].iloc[int(row) - 2]
    value = json.loads((folder / file).read_text("utf-8"))
    for part in column.split("/"):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def agrees(shown, value, moment):
    """Whether the text is the value, rounded to the digits the text has."""
    if moment:
        return str(value).startswith(moment)
    if shown in {"–", "", "not defined"}:
        return value in {"", None}
    try:
        number = float(value)
    except (TypeError, ValueError):
        return True  # a word; words are compared by the tests of phrases
    if shown.startswith("<"):
        return number < float(shown[1:])
    text = shown.replace(",", "")
    scale = 100 if text.endswith("%") else 1
    text = text.rstrip("%")
    mantissa = text.partition("e")[0].lstrip("+-")
    power = int(text.partition("e")[2] or 0)
    places = len(mantissa.partition(".")[2])
    return abs(float(text) - scale * number) <= 0.5000001 * 10.0 ** (power - places)


@pytest.mark.parametrize("code", PAGES)
def test_every_number_is_the_cell_it_says_it_is_from(run, soups, code):
    nodes = soups[code].select("[data-column]")
    tables = {}
    wrong = []
    for node in nodes:
        file, row, column = (attribute(node, f"data-{name}") for name in ("file", "row", "column"))
        if row is None or file.endswith(".json"):
            value = stated(run, node)
        else:
            if file not in tables:
                tables[file] = pd.read_csv(run / file, dtype=str, keep_default_na=False)
            value = tables[file][column].iloc[int(row) - 2]
        time = node.find("time")
        if not agrees(node.get_text().strip(), value, time["datetime"] if time else ""):
            wrong.append((file, row, column, node.get_text(), value))
    assert wrong == []
    assert len(nodes) > 1000


@pytest.mark.parametrize("code", PAGES)
def test_every_count_is_what_the_files_hold(run, soups, code):
    nodes = soups[code].select("[data-count]")
    assert nodes
    for node in nodes:
        file, query = node["data-file"], node["data-count"]
        if file.endswith(".json"):
            found = len(json.loads((run / file).read_text("utf-8"))[query])
        else:
            found = sum(len(read_table(path).query(query)) for path in run.glob(file))
        assert int(node.get_text()) == found, (file, query)


WORDS = r"day 0|alpha = 0|80%|= 100|R²|CAR ?\([^)]*\)|unlock_short"  # of the page itself


def test_no_id_stands_twice(soups):
    """Scripts and links find the first one only."""
    for soup in soups.values():
        ids = [node["id"] for node in soup.select("[id]")]
        assert len(ids) == len(set(ids))


def test_no_number_stands_on_the_page_without_an_origin(run, soups):
    main = copy.copy(soups["en"].find("main"))
    for node in main.select("[data-column], [data-count], .count, .tools"):
        node.decompose()
    events = read_table(run / "events.csv")
    names = "|".join(
        map(
            re.escape,
            sorted(
                {*events["id"], *events["ticker"], *events["title"]} - {""}, key=len, reverse=True
            ),
        )
    )
    loose = [re.sub(f"{names}|{WORDS}", "", text) for text in main.find_all(string=DIGITS)]
    assert [text for text in loose if DIGITS.search(text)] == []


def test_the_comparison_of_numbers_can_fail():
    assert agrees("-16.5%", "-0.16534", "")
    assert not agrees("-16.4%", "-0.16534", "")
    assert not agrees("–", "0.1", "")
    assert not agrees("9 Jul 2026", "2026-07-08", "2026-07-09")
    assert not agrees("<0.001", "0.002", "")


@pytest.mark.parametrize("page", PAGES.values())
def test_the_page_is_one_file_that_asks_for_nothing(run, page):
    html = (run / page).read_text("utf-8")
    soup = BeautifulSoup(html, "html.parser")
    inside = {"manifest.json", *(f"../../{index}" for index in INDEXES.values()), *PAGES.values()}
    links = {
        node["href"]
        for node in soup.select("[href]")
        if not node["href"].startswith(("#", "data:"))
    }
    assert links <= inside
    assert not soup.select("[src], link[rel=stylesheet], img, iframe, object")
    assert "http" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert len(html.encode()) < SIZE


@pytest.mark.parametrize("page", PAGES.values())
def test_titles_are_inert(run, page):
    html = (run / page).read_text("utf-8")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_no_sentence_claims_a_result_of_the_sample(soups):
    leads = soups["en"].select(".headlines li") + soups["en"].select("section .lead")
    assert leads
    for lead in leads:
        assert "%" not in lead.get_text(), lead.get_text()
        assert "p =" not in lead.get_text().replace("\xa0", " ")
    for plot in soups["en"].select("figure:not([data-files='supply.csv']) .plot"):
        assert "shows the method, not the market" in plot["aria-label"]
    for part in soups["en"].select("main section .kind"):
        said = part.get_text()
        assert "shows the method, not the market" in said or said.strip() in {
            "Input",
            "Reservations",
            "Reading aid",
        }, said


def test_the_pages_are_linked_and_lead_to_manifest_and_command(soups):
    for code, other in (("en", "zh"), ("zh", "en")):
        assert soups[code].select_one(f'a[hreflang="{other}"]')["href"] == PAGES[other]
        assert soups[code].select_one('a[href="manifest.json"]')
        assert "aftershock.run" in soups[code].select_one("header code").get_text()


def test_a_page_can_be_drawn_again_from_its_folder_alone(run, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(run, moved)
    for page in PAGES.values():
        (moved / page).unlink()
    page = build_page(moved)
    assert "Lock-up expiries" in page.read_text("utf-8")
    again = page.read_bytes()
    build_page(moved)
    assert page.read_bytes() == again


def test_figures_for_papers_stand_beside_the_tables(run, tmp_path):
    names = {path.name for path in run.rglob("figures/*")}
    assert {
        "timeline.png",
        "timeline.svg",
        "car.png",
        "car.svg",
        "equity.png",
        "equity.svg",
    } <= names
    moved = tmp_path / "elsewhere"
    shutil.copytree(run, moved)
    draw_figures(moved, every=True)
    assert len(list((moved / "studies" / "lockups" / "figures").glob("car-*.svg"))) == 2
