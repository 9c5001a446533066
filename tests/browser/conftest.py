"""A headless Chromium, and pages to open in it; skipped with a reason where there is none."""

from __future__ import annotations

import shutil

import pytest
from workspaces import large_run, run_of

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("no Chromium is installed; apt-get install chromium")
    with playwright.sync_playwright() as driver:
        try:
            opened = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as cause:
            pytest.skip(f"{found} does not start: {str(cause).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser") / "ws"
    return run_of(folder, ["lockups", "model_launches"], ["unlock_short"])


@pytest.fixture(scope="session")
def large(run, tmp_path_factory):
    return large_run(run, tmp_path_factory.mktemp("large") / "run")


class Opened:
    """A page and what it said and asked for."""

    def __init__(self, browser, path, width=1440, theme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, accept_downloads=True
        )
        self.page = context.new_page()
        self.errors, self.requests, self.dialogs = [], [], []
        self.page.on(
            "console",
            lambda said: said.type in {"error", "warning"} and self.errors.append(said.text),
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda asked: self.requests.append(asked.url))
        self.page.on("dialog", self._refuse)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)

    def _refuse(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def scroll_through(self):
        """Open every fold and scroll to every figure, as a reader would."""
        self.page.evaluate(
            "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
        )
        for figure in self.page.locator("figure[data-figure]").all():
            figure.evaluate("(node) => node.scrollIntoView({block: 'center', behavior: 'instant'})")
            self.page.wait_for_function("(node) => node.dataset.drawn", arg=figure.element_handle())


@pytest.fixture
def opened(browser):
    pages = []

    def go(path, width=1440, theme="light"):
        pages.append(Opened(browser, path, width, theme))
        return pages[-1]

    yield go
    for each in pages:
        each.page.context.close()
