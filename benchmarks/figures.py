"""The figures of README and docs, made of the one file that `benchmarks.results` writes.

    python -m benchmarks.figures              says which pages differ from docs/figures.json, and ends with 1 if any does
    python -m benchmarks.figures --write      takes build/bench.json over into docs/figures.json, writes the pages, draws the picture

What stands between `<!-- figures: NAME -->` and `<!-- /figures -->` in a page is made by the function of that name in `benchmarks.tables`.
"""

import argparse
import hashlib
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.markdown import Results
from benchmarks.results import BUILD, CHECKED_IN, read
from benchmarks.tables import MADE
from benchmarks.timing import HERE

PAGES = ("README.md", "docs/figures.md", "docs/profile.md", "docs/reproduce.md", "docs/scale.md")
PICTURE = "docs/growth.png"
MARKED = re.compile(r"(<!-- figures: ([\w-]+) -->)(.*?)(<!-- /figures -->)", flags=re.DOTALL)


class FiguresError(RuntimeError):
    """A page that asks for figures that are not made, or a file without them."""


def filled(text: str, found: Results, page: str) -> str:
    """Return the text of a page with what is between the marks made anew.

    Raises:
        FiguresError: a mark with a name that is none, or rows that are not there.
    """

    def made(match: re.Match[str]) -> str:
        begin, name, _, end = match.groups()
        if name not in MADE:
            raise FiguresError(
                f"{page} asks for figures {name!r}, which are none of {', '.join(MADE)}. Correct the mark."
            )
        try:
            return begin + MADE[name](found) + end
        except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
            raise FiguresError(
                f"{page}, figures {name}: rows are missing ({error}). Measure them: see `benchmarks.bench`."
            ) from error

    if text.count("<!-- figures:") != len(MARKED.findall(text)):
        raise FiguresError(f"{page} has a mark of figures that is not ended by <!-- /figures -->. Add it.")
    return MARKED.sub(made, text)


def differing(whole: dict[str, Any], root: Path = HERE) -> dict[str, str]:
    """Return the pages that differ from a file of results, each with the text that it should have."""
    found, texts = Results(whole), {page: (root / page).read_text(encoding="utf-8") for page in PAGES}
    new = {page: filled(text, found, page) for page, text in texts.items()}
    return {page: text for page, text in new.items() if text != texts[page]}


def fingerprint(whole: dict[str, Any]) -> str:
    """Return what the picture says it was drawn of."""
    return hashlib.sha256(json.dumps(whole["sections"]["growth"]).encode()).hexdigest()[:16]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--write", action="store_true", help="take build/bench.json over, write the pages, draw the picture"
    )
    parser.add_argument("--keep", action="store_true", help="with --write: leave docs/figures.json as it is")
    options = parser.parse_args()
    try:
        if options.write and BUILD.is_file() and not options.keep:
            filled_from_build = differing(read(BUILD))  # fails before anything is replaced
            shutil.copyfile(BUILD, CHECKED_IN)
            print(f"{CHECKED_IN.relative_to(HERE)} is build/bench.json now; {len(filled_from_build)} pages differ")
        whole = read(CHECKED_IN)
        pages = differing(whole)
    except FiguresError as error:
        print(error, file=sys.stderr)
        return 1
    if not options.write:
        for page in pages:
            print(f"{page} differs from {CHECKED_IN.relative_to(HERE)}: python -m benchmarks.figures --write")
        return int(bool(pages))
    for page, text in pages.items():
        (HERE / page).write_text(text, encoding="utf-8")
        print(f"{page} is written")
    if fingerprint(whole) not in (HERE / PICTURE).read_bytes().decode("latin-1"):
        from benchmarks.growth import draw

        draw(whole["sections"]["growth"], HERE / PICTURE, fingerprint(whole))
        print(f"{PICTURE} is drawn")
    return 0


if __name__ == "__main__":
    sys.exit(main())
