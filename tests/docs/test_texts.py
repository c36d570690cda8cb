"""Pages that are made of other texts, and texts that must agree with the source."""

import json
import re

import topple
from docs.site import texts
from docs.site.build import DOCS, ROOT

PAGES = texts.pages()


def test_the_layout_is_that_of_the_source():
    table = (DOCS / "architecture.md").read_text(encoding="utf-8").partition("## Layout")[2].partition("## ")[0]
    named = {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([\w/]+(?:\.py)?)`", line.split(" | ")[0])
    }
    source = ROOT / "src" / "topple"
    folders = {f"{path.name}/" for path in source.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    files = {path.name for path in source.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert named == folders | files


def test_the_legend_of_shapes_is_that_of_the_source():
    assert "<!-- shapes -->" not in PAGES["architecture.md"]
    assert "| `B`    | histories " in PAGES["architecture.md"]
    assert PAGES["architecture.md"].count("\n| `") > topple.types.__doc__.count("\n| `") > 15


def test_the_recipes_are_those_of_contributing():
    page = PAGES["extending.md"]
    assert page.startswith("# Extending\n")
    assert "## A metric" in page
    assert (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").count("\n## ") == page.count("\n## ")


def test_links_to_files_of_the_repository_lead_to_pages():
    text = "[a](README.md), [b](docs/proofs.md#counting), [c](https://a.b), [d](#x), [e](src/topple/types.py), [f](docs/guides)"
    assert (
        texts.linked(text)
        == "[a](index.md), [b](proofs.md#counting), [c](https://a.b), [d](#x), e, [f](guides/index.md)"
    )
    assert texts.extending("# Contributing\n\n[a](README.md)\n").endswith("\n\n[a](index.md)\n")


def test_every_run_is_told_with_date_machine_and_command():
    whole = json.loads((DOCS / "figures.json").read_text(encoding="utf-8"))
    for run in whole["runs"].values():
        (line, *_) = [
            line for line in PAGES["runs.md"].splitlines() if f"`{run['command']}`" in line and run["date"] in line
        ]
        assert run.get("machine", "") in line
