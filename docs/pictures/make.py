"""The pictures of the README, taken from a run of the example workspace on its real prices.

    .venv/bin/python docs/pictures/make.py

Needs Chromium and the test tools. Everything is written beside this file.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "facebook-2012"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# name, page, theme, width, height, what is in view (empty: the first screen)
SHOTS = [
    ("first-screen", "report.html", "light", 1200, 900, ""),
    ("study", "report.html", "light", 1200, 980, "#study-lockups"),
    ("backtest", "report.html", "dark", 1200, 860, "#backtest-unlock_short"),
    ("phone-zh", "report.zh.html", "dark", 390, 780, ""),
]


def main() -> int:
    """Run the example, take every picture, say where they are."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        print("no Chromium is installed; apt-get install chromium")
        return 2
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        space = Path(folder) / "facebook-2012"
        shutil.copytree(EXAMPLE, space, ignore=shutil.ignore_patterns("results", "__pycache__"))
        with contextlib.chdir(space):  # so that the page names the folder as a user's would
            run = space / run_workspace(Workspace.open("."), Request(command="aftershock run"))
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for name, page, theme, width, height, place in SHOTS:
            take(browser, run / page, HERE / f"{name}.png", theme, (width, height), place)
        browser.close()
    return 0


def take(
    browser: Browser, page: Path, path: Path, theme: str, size: tuple[int, int], place: str
) -> None:
    """Take one picture of what a reader sees in a window of this size."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
    )
    view = context.new_page()
    view.goto(page.as_uri())
    view.wait_for_selector("html[data-ready]", state="attached")
    if place:
        view.evaluate("document.querySelector('.bar').hidden = true")
        view.locator(place).evaluate("(node) => node.scrollIntoView({behavior: 'instant'})")
        view.wait_for_function(
            "(place) => document.querySelector(`${place} figure`).dataset.drawn", arg=place
        )
        view.locator(place).evaluate("(node) => node.scrollIntoView({behavior: 'instant'})")
    view.wait_for_timeout(400)
    view.screenshot(path=path)
    context.close()
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
