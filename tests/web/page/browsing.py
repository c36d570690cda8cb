"""A browser of the system, which tells what went wrong on a page."""

import contextlib
from urllib.parse import urlsplit

from tests.browsers import ARGUMENTS, chromium, missing


@contextlib.contextmanager
def browsing():
    """Yield a browser of the system; skip where there is none."""
    path = chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def visiting(browser, address, *, quiet=True, **options):
    """Yield a page of its own context; nothing may be asked of elsewhere, and where it is `quiet` nothing complained about."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options})
    context.set_default_timeout(60_000)
    page = context.new_page()
    complaints, asked = [], []
    page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.asked = asked
    try:
        yield page
        elsewhere = [
            url for url in asked if urlsplit(url).netloc != urlsplit(address).netloc and not url.startswith("data:")
        ]
        assert not elsewhere
        assert not (quiet and complaints), complaints
    finally:
        page.unroute_all(behavior="ignoreErrors")
        context.close()


def settled(page):
    """Wait until the page shows all that it asked for."""
    page.wait_for_selector("main[aria-busy=false]", state="attached")


def open_view(page, view):
    """Open the page anew with a view, as a link that was sent."""
    page.goto("about:blank")
    page.goto(f"{page.base}/#{view}")
    settled(page)


def texts(locator):
    """Return the visible texts of elements."""
    return [" ".join(text.split()) for text in locator.all_inner_texts()]
