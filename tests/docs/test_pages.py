"""What the pages say: their commands and Python run, what they show is printed, their links lead somewhere."""

import re
import shlex
import shutil

import pytest
import typer.main
from typer.testing import CliRunner

from docs.site.build import DOCS, ROOT
from topple.cli.app import app

PAGES = sorted(path for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
STARTS = sorted((DOCS / "start").glob("*.md"))
GUIDES = sorted((DOCS / "guides").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def commands_of(code):
    return [line for line in code.replace("\\\n", " ").splitlines() if line.startswith("topple ")]


@pytest.mark.parametrize("page", [*STARTS, *GUIDES], ids=name_of)
def test_what_a_page_shows_runs_in_the_order_of_the_page_and_prints_what_it_says(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for table in page.parent.glob("*.csv"):
        shutil.copy(table, tmp_path)
    names, printed = {"__name__": page.stem}, ""
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(code, page.name, "exec"), names)  # noqa: S102
            printed = capsys.readouterr().out
        elif language == "console":
            printed = "".join(map(run, commands_of(code)))
        elif language == "text":
            missing = [line for line in code.splitlines() if line not in printed]
            assert not missing, printed


def test_the_engineers_page_names_what_was_bought_within_the_time_of_a_request(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "engineer"}
    for language, code in BLOCK.findall((DOCS / "start" / "engineer.md").read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(code, "engineer.md", "exec"), names)  # noqa: S102
    assert "because you bought" in capsys.readouterr().out


def run(line):
    if line.startswith("topple doctor"):  # has tests, and compiles for a minute
        return ""
    words = shlex.split(line)[1:]
    if words[0] == "explain" and "lcer" in words and "--set" not in words:
        words += ["--set", "steps=300"]  # of 3,000, which take a minute; tests/benchmark has what they come to
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, f"{line}\n{result.output}"
    return result.output


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_of_a_page_exist(page):
    root = typer.main.get_command(app)
    blocks = [code for language, code in BLOCK.findall(page.read_text(encoding="utf-8")) if language == "console"]
    for line in (line for code in blocks for line in commands_of(code)):
        command, words = root, shlex.split(line)[1:]
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("-")} <= options, line


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", DOCS / "start" / "engineer.md"], ids=name_of
)
def test_files_that_a_text_of_the_repository_links_to_are_there(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if "://" in link or link == "CITATION.cff":
            continue
        assert (page.parent / path).exists(), link
        if anchor:
            text = (page.parent / path).read_text(encoding="utf-8")
            heads = [
                re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")
                for head in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
            ]
            assert anchor in heads, link
