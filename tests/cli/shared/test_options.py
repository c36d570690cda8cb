"""An option that an error text names exists on every command that can end with that text."""

import ast
import re
from pathlib import Path

import pytest
import typer

import topple
from topple.cli.app import app

DATA = Path(topple.__file__).parent / "data"
TABLES = ("ranked.py", "tables.py", "dates.py", "vocabulary.py", "rows/names.py", "formats.py")
"""What reads the tables of `topple agree`."""
NAMED = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def named_options(path):
    """Return the options that the texts of errors of a file name: those of its strings and not of its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]
    return {option for text in texts for option in NAMED.findall(text)}


def options_of(*words):
    command = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


EVERY = sorted({str(path.relative_to(DATA)) for path in DATA.rglob("*.py") if named_options(path)})


def test_there_are_texts_that_name_options():
    assert {"reading.py", "tables.py", "dates.py", "rows/columns.py"} & set(EVERY) >= {
        "reading.py",
        "tables.py",
        "dates.py",
    }


@pytest.mark.parametrize("command", ["fit", "data describe", "bench recommenders", "reproduce lcer"])
@pytest.mark.parametrize("name", EVERY)
def test_commands_that_take_data_have_every_option_that_errors_of_data_name(name, command):
    assert named_options(DATA / name) <= options_of(*command.split())


@pytest.mark.parametrize("name", TABLES)
def test_agree_has_every_option_that_errors_of_tables_name(name):
    assert named_options(DATA / name) <= options_of("agree")


def test_describe_takes_every_option_of_data_that_fit_takes():
    from topple.cli.shared.options import DataChoice

    names = {f"--{name.replace('_', '-')}" for name in DataChoice.__dataclass_fields__}
    assert names <= options_of("fit") & options_of("data", "describe")
