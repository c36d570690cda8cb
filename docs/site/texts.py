"""The pages that are made of other texts of the repository: one source each."""

import json
import re
from pathlib import Path

from docs.site.docstrings import cell
from docs.site.tables import table
from topple import types

ROOT = Path(__file__).resolve().parents[2]


def pages() -> dict[str, str]:
    """Return the text of each page by path."""
    return {
        "extending.md": extending((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")),
        "architecture.md": with_shapes((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")),
        "changelog.md": linked((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")),
        "runs.md": runs(json.loads((ROOT / "docs" / "figures.json").read_text(encoding="utf-8"))),
    }


def extending(contributing: str) -> str:
    """Return the page of the recipes of CONTRIBUTING.md."""
    return linked(contributing).replace("# Contributing", f"# Extending\n\n{_EXTENDING}", 1)


def linked(text: str) -> str:
    """Return a text of the repository with links to the pages; a link to what is no page is left out, not what it says."""

    def link(found: re.Match[str]) -> str:
        said, path, anchor = found[1], found[2], found[3] or ""
        page = _PAGES.get(path) or (path.removeprefix("docs/") if re.fullmatch(r"docs/.+\.md", path) else None)
        return f"[{said}]({page}{anchor})" if page else said

    return re.sub(r"(?<!!)\[([^\]\n]+)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)", link, text)


def with_shapes(text: str) -> str:
    """Return the text with the legend of shapes of `topple.types` at the mark."""
    legend = [line for line in (types.__doc__ or "").splitlines() if line.startswith("|")]
    return text.replace("<!-- shapes -->", "\n".join(legend))


def runs(whole: dict[str, dict[str, dict[str, object]]]) -> str:
    """Return the page of all runs that figures come from: when, where, by what command and of which version."""
    sections: dict[str, list[str]] = {}
    for section, found in whole["sections"].items():
        for row in found:
            sections.setdefault(str(row["run"]), []).append(section)  # type: ignore[call-overload]
    rows = []
    for name, run in whole["runs"].items():
        machine = ", ".join(str(run[key]) for key in ("machine", "cores") if run.get(key))
        machine += " cores" if run.get("cores") else ""
        libraries = ", ".join(
            f"{key} {run[key]}" for key in ("python", "torch", "numpy", "scipy", "numba") if run.get(key)
        )
        of = ", ".join(dict.fromkeys(sections.get(name, [])))
        rows.append([str(run["date"]), of, f"`{run['commit']}`", cell(f"`{run['command']}`"), machine, libraries])
    rows.sort(key=lambda row: row[0], reverse=True)
    return f"# Every run\n\n{_RUNS}\n\n{table(['date', 'figures', 'version', 'command', 'machine', 'with'], rows)}"


_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "extending.md",
    "docs/guides": "guides/index.md",
}
"""Pages of texts of the repository whose paths differ."""
_EXTENDING = """This is CONTRIBUTING.md of the repository. What is inherited from, with every docstring:
[For extensions](api/extending.md). What a package of yours adds has [a page](methods/index.md) in a docs build of an environment where
it is installed."""
_RUNS = """Every figure of these docs and of the README is a row of `docs/figures.json`; each row names the run that measured it.
`python -m benchmarks.figures --write` writes the tables; a number that is changed by hand fails a test. Models and data are named by
their folders."""
