"""A real browser for tests: Debian's chromium through Playwright; on a machine without one such tests skip and say so."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def missing(what):
    """Skip the test, or fail it where nothing may be skipped."""
    if os.environ.get("TOPPLE_NO_SKIPS") == "1":
        pytest.fail(f"{what}, and TOPPLE_NO_SKIPS=1 lets no test skip")
    pytest.skip(what)


def chromium():
    """Return the path of the browser."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or missing("no chromium is installed here")


def accessibility_issues(page, impacts=("minor", "moderate", "serious", "critical"), within=None):
    """Return what axe-core finds that keeps the page, or what a selector chooses of it, from some people."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        missing("axe-playwright-python is not installed")
    return [
        f"{each['id']}: {node['html'][:200]}"
        for each in Axe().run(page, context=within).response["violations"]
        if each["impact"] in impacts
        for node in each["nodes"]
    ]


class Opened:
    """A page, with what it said and asked for."""

    def __init__(self, page):
        self.page, self.told, self.asked = page, [], []
        page.on("console", lambda message: self.told.append(message.text))
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    @property
    def foreign(self):
        """The addresses that were asked for besides files of this machine."""
        return [address for address in self.asked if not address.startswith(("file:", "data:"))]


@contextmanager
def opened(file, *, width=1100, scheme="light", scripts=True):
    """Open a file in the browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed here")
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
        )
        found = Opened(context.new_page())
        found.page.goto(Path(file).absolute().as_uri())
        yield found
        browser.close()
