"""The worked examples of CONTRIBUTING.md, in a package that is installed beside: they come into everything with no edit here."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MODULE = re.compile(r'```python\n("""my_package/(\w+)\.py: .*?)```', flags=re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder on the path of Python where the examples stand as an installer leaves them, and a model folder."""
    home = tmp_path_factory.mktemp("installed")
    package, told = home / "my_package", home / "my_package-1.0.dist-info"
    package.mkdir()
    told.mkdir()
    (package / "__init__.py").write_text("")
    for code, name in MODULE.findall(TEXT):
        (package / f"{name}.py").write_text(code)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    points = re.findall(r'\[project\.entry-points\."(topple\.\w+)"\]\n((?:.+\n)+?)(?=\n|```)', TEXT)
    written = []
    for group, rows in points:
        if "my-model" not in rows:
            written.append(f"[{group}]\n" + rows.replace('"', ""))
    (told / "entry_points.txt").write_text("\n".join(written))
    made = python(home, "-m", "topple", "fit", "--dataset", "generated", "--recommender", "ease", "--out", "model")
    assert made.returncode == 0, made.stderr
    return home


def python(home, *arguments):
    path = os.pathsep.join([str(home), str(ROOT), *sys.path])
    env = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=home,
        env=env,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def test_the_examples_are_there(installed):
    names = sorted(path.name for path in (installed / "my_package").glob("*.py"))
    assert names == ["__init__.py", "common.py", "first_step.py", "in_turn.py", "similar.py"]
    assert (
        "halved = my_package.similar:Halved"
        in (installed / "my_package-1.0.dist-info" / "entry_points.txt").read_text()
    )


def test_the_contract_kit_takes_them(installed):
    checked = python(
        installed,
        "-c",
        "from topple import registry\n"
        "from topple.testing import check_explainer, check_metric, worlds\n"
        "among = worlds()[:2]\n"
        "for name in ('halved', 'common'): check_explainer(registry.load('explainers', name), among)\n"
        "check_metric(registry.load('metrics', 'first_step'))\n"
        "print('kept')",
    )
    assert checked.stdout.strip() == "kept", checked.stderr


def test_the_command_line_has_them(installed):
    menu = python(installed, "-m", "topple", "explainers", "--json")
    assert {"halved", "common"} <= {each["explainer"] for each in json.loads(menu.stdout)["explainers"]}
    fitted = python(installed, "-m", "topple", "fit", "--explainer", "common", "--model", "model", "--out", "common")
    assert fitted.returncode == 0, fitted.stderr
    for method, out in (("halved", "a"), ("common", "b")):
        told = python(
            installed, "-m", "topple", "explain", "--model", "model", "--explainer", method, "--users", 3, "--out", out
        )
        assert told.returncode == 0, told.stderr
        measured = python(installed, "-m", "topple", "evaluate", out, "--model", "model", "--json")
        assert 0 <= json.loads(measured.stdout)["first_step"]["unseen_before"] <= 1, measured.stderr


def test_a_batch_is_run_by_it(installed):
    asked = ["-m", "topple", "batch", "--model", "model", "--effort", "instant", "--shards", 2, "--json"]
    told = python(installed, *asked, "--executor", "in-turn", "--out", "why")
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert (found["done"], found["workers"]) == (2, 1)
    assert found["rows"] == 5 * found["users"]


def test_compare_has_them(installed):
    compared = python(
        installed, *("-m", "topple", "compare", "--model", "model", "--users", 3, "--format", "csv"),
        *("--method", "halved", "--method", "leave-one-out", "--metric", "first_step"),
    )  # fmt: skip
    assert compared.returncode == 0, compared.stderr
    assert {"halved", "leave-one-out"} <= {line.split(",")[1] for line in compared.stdout.splitlines()[1:]} | {
        line.split(",")[0] for line in compared.stdout.splitlines()[1:]
    }, compared.stdout


def test_the_docs_of_a_checkout_have_a_page_of_each(installed):
    pages = python(
        installed,
        "-c",
        "from docs.site import rows\nimport json\nprint(json.dumps(sorted(rows.pages())))",
    )
    found = pages.stdout
    for name in ("halved", "common", "first_step"):
        assert name in found, pages.stderr + found
