"""How soon the page shows what was clicked: the time until it is on the screen, in a browser of this machine.

A click on a recommendation ends when the sentence and the changed list stand there; a switch of an item when the changed list does.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.timing import about
from tests.browsers import ARGUMENTS
from topple.web.models import ServedModel, load_served

LIST = 5
"""Recommendations of the list that are clicked one after the other."""
WATCH = """(button) => new Promise((resolve) => {
  const main = document.getElementById("main"), begun = performance.now();
  const shown = () => requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
  new MutationObserver((_, watch) => {
    if (main.getAttribute("aria-busy") === "true") return;
    watch.disconnect();
    shown();
  }).observe(main, { attributes: true, attributeFilter: ["aria-busy"] });
  button.click();
})"""
"""Clicks, and resolves to the milliseconds until all that was asked for is painted."""


@contextmanager
def served(model: ServedModel) -> Iterator[str]:
    """Serve a model, and yield the address."""
    from topple.web.app import create_app
    from topple.web.models import ServedModels
    from topple.web.serving import in_background

    with in_background(create_app(ServedModels([model]))) as address:
        yield address


def measured(page: Any, address: str, model: ServedModel, clicks: int, seed: int) -> dict[str, list[float]]:
    """Return the milliseconds of clicks on recommendations, and of switches of items, of drawn users."""
    drawn = random.Random(seed)  # noqa: S311
    users = model.users("", 50)
    found: dict[str, list[float]] = {"why": [], "switch": []}
    for turn in range(clicks):
        if turn % LIST == 0:
            page.goto("about:blank")
            page.goto(f"{address}/#user={drawn.choice(users)}")
            page.wait_for_selector("main[aria-busy=false]", state="attached")
        found["why"].append(page.locator("#pair button").nth(turn % LIST).evaluate(WATCH))
        boxes = page.locator("#items input[type=checkbox]")
        found["switch"].append(boxes.nth(drawn.randrange(boxes.count())).evaluate(WATCH))
    return found


def p95(values: list[float]) -> float:
    """Return what 95 of 100 values do not exceed."""
    return statistics.quantiles(values, n=20)[-1]


def main(arguments: list[str] | None = None) -> None:
    """Measure and print a row for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, nargs="+", help="model folders")
    parser.add_argument("--clicks", type=int, default=100)
    parser.add_argument("--warm", type=int, default=5, help="clicks before, which are not counted")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    chosen = parser.parse_args(arguments)
    from playwright.sync_api import sync_playwright

    told = about("python -m benchmarks.page " + " ".join(arguments or sys.argv[1:]))
    print(f"{told['date']}, {told['machine']}, {told['cores']} cores, version {told['commit']}")
    print(f"{'model':>28}  {'why p50':>8} {'why p95':>8} {'switch p50':>11} {'switch p95':>11}  ms")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chosen.browser, args=ARGUMENTS)
        for folder in chosen.models:
            model = load_served("model", folder)
            with served(model) as address:
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                measured(page, address, model, chosen.warm, seed=1)
                found = measured(page, address, model, chosen.clicks, seed=0)
                page.close()
            why, switch = found["why"], found["switch"]
            name = "/".join(folder.resolve().parts[-2:])
            row = (statistics.median(why), p95(why), statistics.median(switch), p95(switch))
            print(f"{name:>28}  {row[0]:8.1f} {row[1]:8.1f} {row[2]:11.1f} {row[3]:11.1f}")
        browser.close()


if __name__ == "__main__":
    main()
