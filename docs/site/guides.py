"""The pages of the guides: each script of docs/guides, its docstring as the text."""

import ast
import inspect
import re
from pathlib import Path

from docs.site.settings import settings_table
from topple.web.settings import ServeSettings

FOLDER = Path(__file__).resolve().parents[1] / "guides"
LIBRARY = "explain-your-"
SERVE_MARK = "<!-- serve settings -->"
"""Where the page of the service has the table of settings."""


def pages(folder: Path = FOLDER) -> dict[str, str]:
    """Return the text of each page by path; those that are written by hand are taken as they are."""
    scripts, written = sorted(folder.glob("*.py")), sorted(folder.glob("*.md"))
    notebooks = sorted((folder.parent / "notebooks").glob("*.ipynb"))
    found = {f"guides/{path.name}": path.read_text(encoding="utf-8") for path in written}
    found = {name: text.replace(SERVE_MARK, settings_table(ServeSettings)) for name, text in found.items()}
    found |= {f"guides/{script.stem}.md": page(script) for script in scripts}
    found["guides/index.md"] = index(written, scripts, notebooks)
    return found


def page(script: Path) -> str:
    """Return the page of a script."""
    text = script.read_text(encoding="utf-8")
    tree = ast.parse(text)
    said = inspect.cleandoc(ast.get_docstring(tree) or "")
    code = "\n".join(text.splitlines()[tree.body[0].end_lineno :]).strip("\n") if said else text
    summary, _, more = said.partition("\n\n")
    run = f"The script is `docs/guides/{script.name}`, runs as it stands and is run in the tests."
    return f"# {title(script)}\n\n{' '.join(summary.split())}\n\n{more}\n\n```python\n{code}\n```\n\n{run}\n"


def title(script: Path) -> str:
    """Return the title of a script, of the name of the file."""
    words = re.sub(r"^explain-(your-)?", "", script.stem).replace("-", " ")
    words = f"a {words}" if script.stem.startswith("explain-your-") else words
    for name, written in _WRITTEN.items():
        words = re.sub(rf"\b{name}\b", written, words)
    return f"Explain {words}".replace("a implicit", "an implicit")


def index(written: list[Path], scripts: list[Path], notebooks: list[Path]) -> str:
    """Return the page that lists the guides: those on a topic, notebooks, longer scripts, and one for each library."""
    longer = [script for script in scripts if not script.stem.startswith(LIBRARY)]
    parts = [
        ("Topics", "", [(path.stem, _first_head(path)) for path in written]),
        (
            "Notebooks",
            "",
            [(f"../notebooks/{path.stem}", path.stem.replace("-", " ").capitalize()) for path in notebooks],
        ),
        ("Models that need more than a line", _LONGER, [(path.stem, title(path)) for path in longer]),
        ("A library each", _LIBRARIES, [(path.stem, title(path)) for path in scripts if path not in longer]),
    ]
    text = "# Guides\n"
    for head, lead, listed in parts:
        text += (
            ""
            if not listed
            else f"\n## {head}\n\n{lead}\n" + "\n".join(f"- [{name}]({stem}.md)" for stem, name in listed) + "\n"
        )
    tree = "\n".join(stem for _, _, listed in parts for stem, _ in listed)
    return f"{text}\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"


def _first_head(path: Path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


_WRITTEN = {
    "two tower": "two-tower",
    "re ranker": "re-ranker",
    "lenskit": "LensKit",
    "recbole": "RecBole",
    "rectools": "RecTools",
    "cornac": "Cornac",
    "sklearn": "scikit-learn",
    "torch": "PyTorch",
}
_LONGER = "Scripts that run as they stand, and are run in the tests.\n"
_LIBRARIES = """At most twenty lines each, run in the tests with the library that it names. What each adapter takes:
[Libraries](../libraries/index.md).
"""
