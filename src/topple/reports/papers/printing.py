"""A page as PDF, printed by a browser that is installed; the browser asks no address."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from topple.errors import CapabilityError, OutputError
from topple.files import writing
from topple.types import FilePath

VARIABLE = "TOPPLE_BROWSER"
"""The environment variable that names the browser, where it is not found by name."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
SECONDS = 120
ARGUMENTS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions", "--no-pdf-header-footer", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


def browser() -> str:
    """Return the path of a browser that prints.

    Raises:
        CapabilityError: there is none.
    """
    named = os.environ.get(VARIABLE, "")
    found = shutil.which(named) if named else next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        looked = f"{VARIABLE}={named!r} is no program" if named else f"none of {', '.join(NAMES)} is installed"
        raise CapabilityError(
            f"a PDF is printed by a browser, and {looked}. Install chromium, name a browser of that kind in {VARIABLE}, or print the "
            "HTML page by hand."
        )
    return found


def print_page(text: str, path: FilePath, *, overwrite: bool = False) -> None:
    """Print a page to a PDF.

    Raises:
        CapabilityError: no browser is installed.
        OutputExistsError, OutputError: the file could not be written, or the browser failed.
    """
    program = browser()
    with writing(path, overwrite=overwrite) as aside, tempfile.TemporaryDirectory(prefix="topple-print-") as folder:
        page, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(text, encoding="utf-8")
        arguments = [
            *ARGUMENTS,
            f"--user-data-dir={Path(folder) / 'browser'}",
            f"--print-to-pdf={printed}",
            page.as_uri(),
        ]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            arguments.insert(0, "--no-sandbox")  # which the browser refuses to do without as root
        try:
            done = subprocess.run([program, *arguments], capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutputError(f"{program} printed nothing: {error}. Print the HTML page by hand.") from error
        if done.returncode or not printed.exists():
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise OutputError(f"{program} printed nothing: {said[0]}. Print the HTML page by hand.")
        shutil.copyfile(printed, aside)
