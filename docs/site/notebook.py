"""The picture of the explorer in a notebook, taken in a real notebook server: python -m docs.site.notebook."""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from docs.site.explorer import FOLDER, shrink
from tests.browsers import ARGUMENTS
from tests.notebook.served import run_first_cell, serving

NAME = "explorer-notebook.png"
CELL = """import topple

split = topple.load_split("generated")
model = topple.fit(split, "ease", progress=False)
history = split.histories(limit=1)["user-007"]

topple.explore(model, history, k=5, because="watched")"""
"""What the guide shows, as one cell."""
PATIENCE = 120_000
"""Milliseconds that a kernel may need to start and fit the model on a machine that is busy."""


def take(folder: Path, path: str | None = None) -> Path:
    """Take the picture into a folder, and return the file.

    Args:
        folder: where it is written.
        path: of the browser; the one of the system without.
    """
    from playwright.sync_api import sync_playwright

    file = folder / NAME
    with (
        tempfile.TemporaryDirectory(prefix="topple-notebook-") as apart,
        serving(Path(apart), CELL) as address,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(
            executable_path=path or shutil.which("chromium"), args=[*ARGUMENTS, "--disable-lcd-text"]
        )
        page = browser.new_page(viewport={"width": 1240, "height": 1100}, reduced_motion="reduce")
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        shown(page).screenshot(path=file)
        browser.close()
    shrink(file)
    return file


def shown(page: Any) -> Any:
    """Run the cell, ask why the second recommendation is listed, and return what of the page is in the picture."""
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    run_first_cell(page, ".topple-explorer [role=status]")
    page.get_by_role("list", name="the list today").get_by_role("button").nth(1).click()
    page.wait_for_selector(".topple-explorer .sentence")
    page.wait_for_selector(".topple-explorer[aria-busy=false]")
    return page.locator(".jp-Notebook .jp-CodeCell").first


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=FOLDER, help="a folder for the picture")
    taken = take(arguments.parse_args().out)
    print(f"{taken}: {taken.stat().st_size // 1000} kB")
