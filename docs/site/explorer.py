"""The pictures of the explorer page, taken from the page itself: python -m docs.site.explorer."""

import argparse
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.browsers import ARGUMENTS

FOLDER = Path(__file__).resolve().parents[1] / "_static"
USER = "user-009"
FREE = "document.querySelector('header').style.position = 'static'"
"""The bar at the top stands before no part that is taken alone."""
VIEWS = {
    "start": ("", {}),
    "why": (f"user={USER}", {}),
    "switch": (f"user={USER}", {}),
    "matrix": (f"user={USER}&open=matrix", {}),
    "compare": (f"user={USER}&open=compare&methods=auto~greedy~leave-one-out", {}),
    "phone": (f"user={USER}", {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark"}),
}
"""What is shown in each picture, and in what window."""


@contextlib.contextmanager
def served() -> Iterator[str]:
    """Serve the model of `topple demo`, and yield the address."""
    import topple
    from topple.cli.demo import DEMO
    from topple.web.app import create_app
    from topple.web.models import ServedModel, ServedModels
    from topple.web.serving import in_background

    split = topple.load_split("generated")
    model = topple.fit(split, "mult-vae", settings={**DEMO, "seed": 0}, progress=False)
    app = create_app(ServedModels([ServedModel("films", model, split)]))
    with in_background(app) as address:
        yield address


def take(folder: Path, address: str, path: str | None = None) -> list[Path]:
    """Take the pictures into a folder, and return the files.

    Args:
        folder: where they are written.
        address: of the service.
        path: of the browser; the one of the system without.
    """
    from playwright.sync_api import sync_playwright

    files = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path or shutil.which("chromium"), args=[*ARGUMENTS, "--disable-lcd-text"]
        )
        for name, (view, window) in VIEWS.items():
            page = browser.new_page(
                **{"viewport": {"width": 1120, "height": 720}, "reduced_motion": "reduce", **window}  # type: ignore[arg-type]
            )
            page.goto(f"{address}/#{view}")
            settled(page)
            files.append(folder / f"explorer-{name}.png")
            shown(page, name).screenshot(path=files[-1])
            shrink(files[-1])
            page.close()
        browser.close()
    return files


def shown(page: Any, name: str) -> Any:
    """Do what a person does, and return what of the page is in the picture."""
    if name == "start":
        page.locator("#find").fill("orbit")
        page.wait_for_selector("#find-list [role=option]")
        return page
    page.locator("#pair button").nth(1).click()
    settled(page)
    if name == "why":
        page.locator(".badge").nth(1).click()
    if name == "switch":
        page.locator("#items li:not(.named) input[type=checkbox]").first.click()
        settled(page)
    if name == "matrix":
        page.wait_for_selector(".matrix tbody tr")
        page.evaluate(FREE)
        return page.locator("#panel-matrix")
    if name == "compare":
        page.wait_for_selector(".chart")
        page.wait_for_selector(".answers .working", state="detached")
        page.evaluate(FREE)
        return page.locator("#panel-compare")
    return page


def shrink(file: Path) -> None:
    """Write a picture anew with 96 colours: a third of the bytes."""
    from PIL import Image

    with Image.open(file) as picture:
        picture.convert("RGB").quantize(96).save(file, optimize=True)


def settled(page: Any) -> None:
    """Wait until the page shows all that it asked for."""
    page.wait_for_selector("main[aria-busy=false]", state="attached", timeout=120_000)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=FOLDER, help="a folder for the pictures")
    with served() as address:
        for file in take(arguments.parse_args().out, address):
            print(f"{file}: {file.stat().st_size // 1000} kB")
