"""The pages of the guides: each script of docs/guides, its docstring as the text."""

import ast
import inspect
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "guides"


def pages(folder: Path = FOLDER) -> dict[str, str]:
    """Return the text of each page by path."""
    scripts = sorted(folder.glob("*.py"))
    found = {f"guides/{script.stem}.md": page(script) for script in scripts}
    found["guides/index.md"] = index(scripts)
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


def index(scripts: list[Path]) -> str:
    """Return the page that lists the guides."""
    listed = "\n".join(f"- [{title(script)}]({script.stem}.md)" for script in scripts)
    tree = "\n".join(script.stem for script in scripts)
    return f"# Guides\n\n{_LEAD}\n{listed}\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"


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
_LEAD = """Scripts that run as they stand: one of at most twenty lines for each library, and longer ones for what takes more than a
line. Each is run in the tests, with the library that it names.
"""
