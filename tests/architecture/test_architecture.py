import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import topple
from topple import registry

ROOT = Path(topple.__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "topple").rglob("*.py"))
RELATIVE = [str(path.relative_to(ROOT / "src" / "topple")) for path in SOURCES]


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "line", ["import topple", "import topple, topple.registry; dir(topple); topple.registry.names('explainers')"]
)
def test_importing_the_library_loads_nothing_heavy(line):
    loaded = python(f"{line}\nimport sys\nprint(*sys.modules)").split()
    heavy = {"torch", "pandas", "polars", "numpy", "scipy", "pyarrow", "rich", "typer", "pydantic", "matplotlib"}
    assert not heavy & set(loaded)


def test_reading_data_does_not_load_torch_or_a_frame_library():
    loaded = python(
        "import topple, sys; topple.read_interactions; topple.prepare; topple.load_split; print(*sys.modules)"
    )
    assert not {"torch", "pandas", "polars"} & set(loaded.split())


@pytest.mark.parametrize("name", topple.__all__)
def test_every_public_name_resolves_and_has_a_docstring(name):
    found = getattr(topple, name)
    if name != "__version__":
        assert found.__name__ == name
        assert found.__doc__
        assert "(" not in found.__doc__.splitlines()[0][: len(name) + 1], "a generated dataclass docstring"


def test_the_public_names_are_the_typed_ones():
    tree = ast.parse((ROOT / "src" / "topple" / "__init__.py").read_text())
    typed = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    assert typed == set(topple.__all__) - {"__version__"}
    assert sorted(topple.__all__) == dir(topple)


def test_an_unknown_public_name_lists_the_known_ones():
    with pytest.raises(AttributeError, match="module 'topple' has no attribute 'explian'; it has Agreement, Budget"):
        _ = topple.explian


@pytest.mark.parametrize("kind", ["datasets", "recommenders", "explainers", "metrics"])
def test_every_row_of_the_registry_loads_under_the_name_of_the_row(kind):
    for name in registry.names(kind):
        found = registry.load(kind, name)
        assert found.name == name
        assert found.__doc__


@pytest.mark.parametrize("path", SOURCES, ids=RELATIVE)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_the_contracts_between_layers_are_kept():
    lint = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if lint is None:
        pytest.skip("import-linter is not installed beside this Python")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
