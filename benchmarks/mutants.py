"""Would a lost heuristic be noticed? `python -m benchmarks.mutants [--count 10] [--seed 0] [--list]`.

Mutants of `explainers/search/`, each with one change: a function emptied, a call or a condition dropped, a comparison
negated, a constant changed, the best taken for the worst. Each is put into a copy of the tree, and the tests of the searches
and of the golden figures are run on it. What is drawn at random is printed as caught or not; what only bounds memory or time is
left alone.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEARCH = Path("src/topple/explainers/search")
TESTS = ("tests/golden", "tests/explainers/search")
MEMORY = {"LEAST", "REMEMBERED", "UNITS", "BETWEEN_LOOKS", "VARIATIONS_A_ROW", "ROUNDING"}
"""Constants that change no answer, and no count of scored histories."""
SPELLING = {"keepdim", "as_tuple", "eq", "frozen", "strict"}
"""Arguments that decide nothing about which sets are tried."""
PLUMBING = {"__init__.py", "memo.py", "by_history.py"}
"""Files that decide nothing about which sets are tried."""
SECONDS = 150
"""What the tests of a mutant may take."""


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="show all mutants and run none")
    chosen = parser.parse_args()
    files = [file for file in sorted((ROOT / SEARCH).glob("*.py")) if file.name not in PLUMBING]
    everything = [(file, *mutant) for file in files for mutant in mutants(file.read_text())]
    if chosen.list:
        for file, what, _ in everything:
            print(f"{file.name}: {what}")
        return 0
    drawn = random.Random(chosen.seed).sample(everything, min(chosen.count, len(everything)))  # noqa: S311 # no secret
    caught = 0
    for file, what, text in drawn:
        started = time.perf_counter()
        told = run(file, text)
        caught += bool(told)
        print(
            f"{'caught' if told else 'NOT CAUGHT'}  {file.name}: {what}  ({told or 'all pass'}, {time.perf_counter() - started:.0f} s)",
            flush=True,
        )
    print(f"{caught} of {len(drawn)} caught; {len(everything)} mutants in all")
    return 0 if caught >= 0.8 * len(drawn) else 1


def run(file: Path, text: str) -> str:
    """Return the first test that fails with a file changed, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for part in ("src", "tests"):
            shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        (tree / file.relative_to(ROOT)).write_text(text)
        paths = os.pathsep.join([str(tree / "src"), str(tree)])
        environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS]
        try:
            done = subprocess.run(
                command, cwd=tree, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return f"longer than {SECONDS} s"
    if done.returncode == 0:
        return ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if failed else f"pytest ended with {done.returncode}"


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """Yield what is changed and the changed text, for every mutant of a file."""
    for position, node in enumerate(ast.walk(ast.parse(text))):
        for turn, _ in enumerate(list(changes(node))):
            tree = ast.parse(text)
            what, old, new = list(changes(list(ast.walk(tree))[position]))[turn]
            changed = ast.unparse(ast.fix_missing_locations(Exchange(old, new).visit(tree)))
            yield f"line {getattr(old, 'lineno', 0)}, {what}", changed


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    """Yield the changes of a node: what is done, the node, and what stands there instead."""
    shown = ast.unparse(node)[:70] if isinstance(node, ast.expr) else ""
    match node:
        case ast.FunctionDef(name=name) if not name.startswith("__"):
            emptied = _emptied(node)
            if emptied is not None:
                yield f"{name} emptied", node, emptied
        case ast.Compare(ops=[operator]) if type(operator) in NEGATED:
            yield f"{shown} negated", node, ast.Compare(node.left, [NEGATED[type(operator)]()], node.comparators)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() | float() as value)) if (
            name not in MEMORY
        ):
            yield f"{name} = {value} becomes {_other(value)}", node.value, ast.Constant(_other(value))
        case ast.BinOp(op=ast.Mult() | ast.Add(), right=ast.Constant(value=int() | float() as value)):
            yield f"{shown} with {_other(value)}", node.right, ast.Constant(_other(value))
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr(), left=left, right=right) if ast.unparse(right) != "None":
            yield f"{ast.unparse(right)[:70]} dropped from {shown}", node, left
            yield f"{ast.unparse(left)[:70]} dropped from {shown}", node, right
        case ast.Attribute(attr=name) if name in REVERSED:
            yield f"{shown}: {REVERSED[name]}", node, ast.Attribute(node.value, REVERSED[name], node.ctx)
        case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in CHAINED and not isinstance(
            inner, ast.Name
        ):
            yield f"{name} dropped from {shown}", node, inner
        case ast.Call(func=ast.Attribute(attr="where"), args=[_, yes, no]):
            yield f"always {ast.unparse(yes)} in {shown}", node, yes
            yield f"always {ast.unparse(no)} in {shown}", node, no
        case ast.Call(func=ast.Name(id="prune" | "settled" | "swap"), args=[_, inner, *_]):
            yield f"call dropped: {shown}", node, inner
        case ast.keyword(arg=name, value=ast.Constant(value=bool() as value)) if name not in SPELLING:
            yield f"{name}={not value}", node.value, ast.Constant(not value)
        case ast.IfExp(body=yes, orelse=no):
            yield f"always {ast.unparse(yes)[:70]}", node, yes
            yield f"always {ast.unparse(no)[:70]}", node, no


NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq
}  # fmt: skip
CHAINED = {"masked_fill", "masked_fill_", "clamp"}
REVERSED = {"max": "min", "argmax": "argmin", "amax": "amin", "maximum": "minimum"}
REVERSED |= {new: old for old, new in REVERSED.items()}


def _other(value: float) -> float:
    return {0: 1, 1: 2}.get(value, value // 4 if isinstance(value, int) else value / 4)


def _emptied(node: ast.FunctionDef) -> ast.FunctionDef | None:
    """Return a function that gives back an argument of the type that it returns, or does nothing where it returns nothing."""
    wanted = ast.unparse(node.returns) if node.returns else ""
    given = [each.arg for each in node.args.args if each.annotation and ast.unparse(each.annotation) == wanted]
    if wanted == "None":
        body: list[ast.stmt] = [ast.Pass()]
    elif given:
        body = [ast.Return(ast.Name(given[0], ast.Load()))]
    elif wanted.startswith("dict"):
        body = [ast.Return(ast.Dict([], []))]
    else:
        return None
    return ast.FunctionDef(**{**{name: getattr(node, name, None) for name in node._fields}, "body": body})


class Exchange(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the new node for the old one."""
        return self.new if node is self.old else self.generic_visit(node)


if __name__ == "__main__":
    sys.exit(main())
