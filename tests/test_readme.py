"""The examples that people copy must run."""

import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import typer.main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_python_examples_run(tmp_path, monkeypatch, capsys):
    random = np.random.default_rng(0)
    rows = {
        (f"user{u}", f"film{i}", 3 + int(random.integers(3))) for u in range(60) for i in random.permutation(30)[:18]
    }
    seen = {(u, i): r for u, i, r in rows}
    lines = [f"{u},{i},{r}" for (u, i), r in sorted(seen.items())]
    (tmp_path / "ratings.csv").write_text("user,item,rating\n" + "\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    assert blocks("python")
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102
    assert capsys.readouterr().out.count("You are recommended") == 15


def test_commands_and_options_of_the_readme_exist():
    from topple.cli.app import app

    root = typer.main.get_command(app)
    lines = [line for block in blocks("console") for line in block.splitlines() if line.startswith("topple ")]
    assert len(lines) >= 4
    for line in lines:
        command, words = root, shlex.split(line)[1:]
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, line


@pytest.mark.parametrize("target", ["demo", "test"])
def test_make_targets_of_the_readme_exist(target):
    assert f"make {target}" in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 130


def test_files_that_the_readme_shows_are_there():
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file()


def test_ci_calls_the_readme_command():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
