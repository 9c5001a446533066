"""The page as a reader meets it, in a headless Chromium."""

from __future__ import annotations

import csv
import io
import json

import pytest
from workspaces import TRICK

PAGES = ("report.html", "report.zh.html")
WIDTHS = (390, 1440)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_every_chart_draws_nothing_is_asked_for_and_nothing_is_too_wide(opened, run, name, width):
    seen = opened(run / name, width)
    seen.scroll_through()
    empty = seen.page.evaluate(
        "[...document.querySelectorAll('figure[data-figure]')]"
        ".filter((node) => !node.querySelector('.main-svg')).map((node) => node.dataset.figure)"
    )
    assert empty == []
    assert seen.page.locator("figure[data-figure]").count() > 15
    assert seen.errors == []
    assert seen.requests == [(run / name).as_uri()]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_figures_wait_until_they_are_scrolled_to(opened, run):
    page = opened(run / "report.html").page
    drawn = page.locator("figure[data-drawn]").count()
    assert 1 <= drawn < page.locator("figure[data-figure]").count()


def test_hover_shows_source_and_quote_and_titles_are_inert(opened, run):
    seen = opened(run / "report.html")
    plot = seen.page.locator("figure[data-figure=timeline] .plot")
    plot.scroll_into_view_if_needed()
    with (run / "events.csv").open(encoding="utf-8") as file:
        events = list(csv.DictReader(file))
    tricky = next(row for row in events if row["title"] == TRICK)
    place = plot.evaluate(
        """(node, day) => {
            const trace = node._fullData.find((one) => one.mode === 'markers' && [...one.x].includes(day));
            const level = trace.y[[...trace.x].indexOf(day)];
            const {xaxis, yaxis} = node._fullLayout, box = node.getBoundingClientRect();
            return [box.x + xaxis._offset + xaxis.d2p(day), box.y + yaxis._offset + yaxis.d2p(level)];
        }""",
        tricky["session"],
    )
    seen.page.mouse.move(*place)
    layer = plot.locator(".hoverlayer")
    layer.locator(".hovertext").first.wait_for()
    flat = "".join((layer.text_content() or "").split())
    assert "<script>alert(1)</script>" in flat
    assert tricky["source"].replace(" ", "") in flat
    assert tricky["quote"].replace(" ", "")[:20] in flat
    assert tricky["quote"]
    assert seen.dialogs == []
    assert seen.page.locator("main b:text('bold')").count() == 0
    assert seen.errors == []


def column(page, table, at):
    return page.eval_on_selector_all(
        f"#{table} tbody tr:not([hidden])",
        f"(rows) => rows.map((row) => row.cells[{at}].textContent)",
    )


def test_tables_sort_and_filter(opened, run):
    page = opened(run / "report.html").page
    table = "studies-model_launches-car"
    box = page.locator(f"#{table}")
    head = box.locator("th", has_text="CAR").first
    at = head.evaluate("(node) => node.cellIndex")
    before = column(page, table, at)

    def numbers():
        return [float(text.rstrip("%")) for text in column(page, table, at)]

    head.locator("button").press("Enter")  # by keyboard
    assert numbers() == sorted(numbers())
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").click()
    assert numbers() == sorted(numbers(), reverse=True)
    assert sorted(column(page, table, at)) == sorted(before)
    first = column(page, table, 0)[0]
    box.locator("input[type=search]").fill(first)
    left = column(page, table, 0)
    assert set(left) == {first}
    assert 0 < len(left) < len(before)


def test_dates_sort_as_dates(opened, run):
    page = opened(run / "report.zh.html").page
    table = "events-all"
    head = page.locator(f"#{table} th").nth(5)
    head.locator("button").click()
    days = page.eval_on_selector_all(
        f"#{table} tbody tr",
        "(rows) => rows.map((row) => row.cells[5].querySelector('time')?.dateTime ?? '')",
    )
    known = [day for day in days if day]
    assert known == sorted(known)
    assert days[: len(known)] == known  # those without a day come last


def test_the_languages_are_linked(opened, run):
    seen = opened(run / "report.html")
    seen.page.click("a[hreflang=zh]")
    seen.page.wait_for_selector("html[data-ready]", state="attached")
    assert seen.page.url.endswith("report.zh.html")
    assert seen.page.get_attribute("html", "lang") == "zh-Hans"
    seen.page.click("a[hreflang=en]")
    seen.page.wait_for_selector("html[data-ready]", state="attached")
    assert seen.page.get_attribute("html", "lang") == "en"


@pytest.mark.parametrize(("name", "theme"), [(PAGES[0], "light"), (PAGES[1], "dark")])
def test_no_serious_barrier(opened, run, name, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    seen = opened(run / name, 1440, theme)
    seen.scroll_through()
    first_rows = {"exclude": [["tbody tr:nth-child(n + 4)"]]}  # the others are like them
    found = axe.run(seen.page, context=first_rows).response["violations"]
    said = [
        (one["id"], node["target"], node["failureSummary"])
        for one in found if one["impact"] in {"serious", "critical"} for node in one["nodes"][:2]
    ]  # fmt: skip
    assert said == []


def test_the_theme_can_be_changed_and_charts_follow(opened, run):
    page = opened(run / "report.html", theme="dark").page
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.get_attribute("figure[data-figure=timeline]", "data-drawn") == "dark"
    page.click("#theme")
    assert page.get_attribute("html", "data-theme") == "light"
    assert page.get_attribute("figure[data-figure=timeline]", "data-drawn") == "light"


def test_paper_has_every_section_and_figure(opened, run):
    seen = opened(run / "report.html", theme="dark")
    paper = seen.page.pdf(format="A4", print_background=True, outline=True, tagged=True)
    titles = seen.page.locator("h2").all_inner_texts()
    assert len(titles) >= 6
    for title in titles:
        assert f"({title})".encode() in paper, title
    undrawn = "[...document.querySelectorAll('figure[data-figure]')].filter((node) => !node.querySelector('.main-svg')).length"
    assert seen.page.evaluate(undrawn) == 0
    assert seen.page.get_attribute("html", "data-theme") == "dark"  # as before
    assert seen.errors == []


def downloads(page, button, count=1):
    got = []
    page.on("download", lambda one: got.append(one))  # noqa: PLW0108 - builtins take no marks
    button.click()
    page.wait_for_function("() => true")
    for _ in range(100):
        if len(got) >= count:
            break
        page.wait_for_timeout(50)
    return {one.suggested_filename: one.path() for one in got}


def test_tables_and_figures_can_be_downloaded(opened, run):
    page = opened(run / "report.html").page
    got = downloads(page, page.locator("#backtests-unlock_short-trades [data-csv]"))
    text = got["backtests-unlock_short-trades.csv"].read_text("utf-8")
    assert text == (run / "backtests" / "unlock_short" / "trades.csv").read_text("utf-8")
    assert next(csv.reader(io.StringIO(text)))[0] == "trade"
    figure = page.locator("figure[data-figure=timeline]")
    assert (
        downloads(page, figure.locator("[data-image=png]"))["timeline.png"].read_bytes()[:4]
        == b"\x89PNG"
    )
    svg = downloads(page, figure.locator("[data-image=svg]"))["timeline.svg"].read_text("utf-8")
    assert svg.lstrip().startswith("<svg")


def test_scale_can_be_changed(opened, run):
    page = opened(run / "report.html").page
    kind = "document.querySelector('figure[data-figure=timeline] .plot').layout.yaxis.type"
    assert page.evaluate(kind) == "log"
    page.get_by_role("button", name="Linear scale").click()
    assert page.evaluate(kind) == "linear"


def test_a_number_says_where_it_is_from(opened, run):
    page = opened(run / "report.html").page
    cell = page.locator("#studies-lockups-car tbody td[data-column=t]").first
    cell.hover()
    assert cell.get_attribute("title") == "from studies/lockups/car.csv, line 2, column t"


def test_a_large_page_is_small_enough_and_usable(opened, large):
    path = large / "report.html"
    assert path.stat().st_size < 6_000_000
    seen = opened(path, 390)
    page = seen.page
    assert page.locator("#backtests-unlock_short-trades tbody tr").count() == 500
    page.locator("#backtests-unlock_short-trades input[type=search]").fill("event-7@")
    assert 0 < page.locator("#backtests-unlock_short-trades tbody tr:not([hidden])").count() < 500
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert seen.errors == []


def test_the_list_of_runs_filters(opened, run):
    index = run.parents[1] / "index.html"
    page = opened_plain(opened, index)
    rows = "#runs tbody tr:not([hidden])"
    assert page.locator(rows).count() == 1
    page.fill("[data-filter=text]", "no such run")
    assert page.locator(rows).count() == 0
    page.fill("[data-filter=text]", "")
    page.select_option("[data-filter=part]", "lockups")
    assert page.locator(rows).count() == 1
    page.fill("[data-filter=since]", "2099-01-01")
    assert page.locator(rows).count() == 0
    page.fill("[data-filter=since]", "")
    assert json.loads((run / "manifest.json").read_text("utf-8"))["command"] in page.inner_text(
        rows
    )


def opened_plain(opened, path):
    """The list of runs has no charts to wait for."""
    html = path.read_text("utf-8")
    assert "http" not in html
    ready = path.with_name("index-ready.html")
    ready.write_text(html.replace("<html ", '<html data-ready="yes" '), "utf-8")
    return opened(ready).page
