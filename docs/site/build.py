"""Prepare the pages in `build/docs/pages`, and let Sphinx make the site of them; a warning is an error.

    python -m docs.site                 the site, in build/docs/html
    python -m docs.site --links         asks every address of the web that a page names, too

The pages are those of docs/, and those that are made of the code: methods, metrics, models, libraries, data sets, commands, guides, API.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from docs.site import api, commands, guides, lists, notebooks, rows, texts

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
OUT = ROOT / "build" / "docs"
LEFT_OUT = {"site", "guides", "notebooks", "__init__.py", "__pycache__"}


def made() -> dict[str, str]:
    """Return every page that is made of the code, by path."""
    return {
        name: text
        for part in (rows, lists, guides, notebooks, commands, api, texts)
        for name, text in part.pages().items()
    }


def prepare(target: Path) -> None:
    """Write all pages into a folder, in place of what it held."""
    written = [path.relative_to(DOCS) for path in sorted(DOCS.rglob("*")) if path.is_file()]
    wanted = {path.as_posix(): content(DOCS / path) for path in written if path.parts[0] not in LEFT_OUT}
    wanted |= {name: text.encode() for name, text in made().items()}
    shutil.rmtree(target, ignore_errors=True)
    for name, found in wanted.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(found)


def content(path: Path) -> bytes:
    """Return what is in a file; links of a page to scripts of docs/guides lead to the pages of these, which the site has instead."""
    found = path.read_bytes()
    return re.sub(rb"(\]\(\.\./guides/[\w-]+)\.py\)", rb"\1.md)", found) if path.suffix == ".md" else found


def build(out: Path = OUT, builder: str = "html") -> int:
    """Prepare the pages and build all of them, since each shows where it stands among the others; return Sphinx's exit code."""
    from sphinx.cmd.build import main as sphinx

    prepare(out / "pages")
    return sphinx(
        [
            "-W",
            "--keep-going",
            "-q",
            "-E",
            "-a",
            "-b",
            builder,
            "-d",
            str(out / "read"),
            str(out / "pages"),
            str(out / builder),
        ]
    )


def main(words: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT, help="folder of pages and site (default: build/docs)")
    parser.add_argument("--links", action="store_true", help="ask the addresses of the web too")
    options = parser.parse_args(words)
    code = build(options.out)
    if not code and options.links:
        code = build(options.out, "linkcheck")
    if not code:
        print(f"The site is {options.out / 'html' / 'index.html'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
