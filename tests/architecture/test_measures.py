"""Sizes of files, functions and folders; what a docstring may name; the legend of shapes.

An exception is a rule that a file still breaks. The lists may only shrink: one that is no longer needed fails too.
"""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

import topple
from topple import types

SOURCE = Path(topple.__file__).resolve().parent
FILES = {str(path.relative_to(SOURCE)): path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))}
TREES = {name: ast.parse(text) for name, text in FILES.items()}

LONGEST_FILE, LONGEST_BODY, MOST_FILES = 300, 40, 15
LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()
FULL_FOLDERS: set[str] = set()
PLANS: set[str] = set()
"""Files whose docstrings refer to a plan that is not in the repository."""
METAPHORS: set[str] = set()
"""Files whose docstrings call the library a house, with rooms and a door."""


VAGUE = {
    "place",
    "places",
    "alike",
    "lay",
    "lays",
    "own",
    "its",
    "some",
    "slot",
    "packing",
    "wide",
    "lasts",
    "mask",
    "flip",
}
"""Words that as names say nothing: a position, a rank, a path or a device may be a place."""
PLAIN = (
    *(
        "api/",
        "audit/",
        "benchmark/",
        "cli/",
        "data/",
        "explainers/",
        "metrics/",
        "records/",
        "reports/",
        "scoring/",
        "verification/",
    ),
    *("errors.py", "exchange.py", "files.py", "inputs.py", "randomness.py", "registry.py", "settings.py", "types.py"),
    *(f"recommenders/{name}" for name in ("adapters/", "saving/", "training/")),
    *(f"recommenders/models/{name}" for name in ("bpr", "ease", "item_knn", "mult", "neumf", "popularity")),
    *(f"recommenders/families/{name}" for name in ("auto", "fold_in", "l", "pruning", "row_sums", "s")),
)
"""Folders and files without such a name; more join when they are rid of them."""


def functions():
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name}: {node.name}", node


def body_lines(function):
    """Return the lines of a body, without signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def texts(name):
    """Return the docstrings, texts after attributes included, and the comments of a file."""
    found = [
        node.value.value
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(FILES[name]).readline)
    return found + [token.string for token in tokens if token.type == tokenize.COMMENT]


def shapes(text):
    """Return the shapes of a text, each as its dimensions: brackets with at least one single capital letter."""
    found = [re.split(r"\s*(?:,|\bor\b)\s*", inner) for inner in re.findall(r"(?<![\w`'\"])\[([^\[\]\n]+)\]", text)]
    return [dimensions for dimensions in found if any(re.fullmatch(r"[A-Z]", part) for part in dimensions)]


def letters(dimensions):
    return {letter for part in dimensions for letter in re.findall(r"(?<![A-Za-z_.])[A-Z](?![A-Za-z_.])", part)}


LEGEND = set(re.findall(r"^\| `([A-Z])` ", types.__doc__, flags=re.MULTILINE))


def test_no_file_is_long():
    assert {name for name, text in FILES.items() if len(text.splitlines()) > LONGEST_FILE} == LONG_FILES


def test_no_function_is_long():
    assert {name for name, function in functions() if body_lines(function) > LONGEST_BODY} == LONG_FUNCTIONS


def test_no_folder_is_full():
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    full = {folder for folder in folders if len(list(folder.glob("*.py"))) > MOST_FILES}
    assert {str(folder.relative_to(SOURCE)) for folder in full} == FULL_FOLDERS


def test_no_docstring_or_comment_refers_to_a_plan():
    named = re.compile(r"\b(DESIGN|METHODS|SPEED|EXPLORER)\b(?!\s*[=:\[])")
    assert {name for name in FILES if any(named.search(text) for text in texts(name))} == PLANS


def test_no_docstring_or_comment_calls_the_library_a_house():
    metaphor = re.compile(r"\b(house|rooms|the door)\b", re.IGNORECASE)
    assert {name for name in FILES if any(metaphor.search(text) for text in texts(name))} == METAPHORS


def identifiers(tree):
    """Return the names that a file gives or uses: variables, arguments, functions, classes, attributes."""
    for node in ast.walk(tree):
        for field in ("id", "arg", "attr", "name"):
            if isinstance(found := getattr(node, field, None), str):
                yield found


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(PLAIN)])
def test_no_name_is_vague(name):
    assert not {found for found in identifiers(TREES[name]) if VAGUE & set(found.lower().strip("_").split("_"))}


@pytest.mark.parametrize("name", FILES)
def test_every_letter_of_a_shape_is_in_the_legend(name):
    used = {letter for text in texts(name) for dimensions in shapes(text) for letter in letters(dimensions)}
    assert used <= LEGEND


def test_the_legend_holds_no_letter_that_no_shape_has():
    used = {
        letter
        for name in FILES
        for text in texts(name)
        for dimensions in shapes(text)
        for letter in letters(dimensions)
    }
    assert used == LEGEND


def test_shapes_are_told_from_other_brackets():
    text = "scores [B, S, I or C] of `rows` [R + 1], `[Q]`, bool [B, T * restarts, H], a[0], [rows], x[N], dict[str, A]"
    assert shapes(text) == [["B", "S", "I", "C"], ["B", "T * restarts", "H"]]
    assert letters(["B", "T * restarts", "I"]) == {"B", "T", "I"}
    assert body_lines(ast.parse('def f():\n    """Say."""\n    a = 1\n\n    return a').body[0]) == 3
