"""CITATION.cff, the pre-commit file, the workflows and the pins say what pyproject.toml, constraints.txt and the Makefile say."""

import re
import tomllib
from pathlib import Path

import pytest

import topple

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def pins(name):
    """Return the pinned version of each package of a constraints file."""
    lines = [line.partition("#")[0].strip() for line in text(name).splitlines()]
    return {package.lower().replace("_", "-"): version for package, version in (line.split("==") for line in lines if line)}  # fmt: skip


def numbers(version):
    return tuple(map(int, re.findall(r"\d+", version)))


def lower_bounds():
    """Return the lower bound of each package that the oldest pins are about: what is needed, and the extras of `dev`."""
    extras = PROJECT["optional-dependencies"]
    (tested,) = (re.search(r"\[(.*)\]", need)[1].split(",") for need in extras["dev"] if need.startswith("topple"))
    needs = [*PROJECT["dependencies"], *extras["dev"], *(need for name in tested for need in extras[name])]
    found = (re.fullmatch(r"([\w-]+)>=([\d.]+)", need) for need in needs)
    return {match[1].lower(): match[2] for match in found if match}


def test_the_version_and_the_licence_to_cite_are_those_of_the_package():
    citation = text("CITATION.cff")
    assert re.search(r"^version: (\S+)$", citation, flags=re.MULTILINE)[1] == topple.__version__
    assert re.search(r"^license: (\S+)$", citation, flags=re.MULTILINE)[1] == PROJECT["license"]
    assert "title: Learning-based counterfactual explanations for recommendation" in citation


def test_the_hooks_run_the_versions_that_the_tests_ran_with():
    named = re.findall(r'additional_dependencies: \["([\w-]+)==([\d.]+)"\]', text(".pre-commit-config.yaml"))
    assert named
    for package, version in named:
        assert pins("constraints.txt")[package] == version, package


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".pre-commit-config.yaml"], ids=lambda path: path.name)
def test_every_command_is_a_target_of_the_makefile(path):
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))
    commands = re.findall(r"(?:run|entry): (make .*)", path.read_text(encoding="utf-8"))
    assert commands
    matrix = re.search(r"target: \[(.*)\]", path.read_text(encoding="utf-8"))
    for command in commands:
        named = matrix[1].split(", ") if "matrix.target" in command else [command.split()[1]]
        assert set(named) <= targets, command


def test_the_workflow_tests_every_python_that_the_metadata_name():
    workflow = text(".github/workflows/check.yml")
    named = [c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]
    assert re.search(r"python: \[(.*)\]", workflow)[1].replace('"', "").split(", ") == named


def test_the_oldest_pins_are_the_lower_bounds():
    oldest = pins("constraints-oldest.txt")
    for package, bound in lower_bounds().items():
        if package in oldest:
            assert numbers(oldest[package])[: len(numbers(bound))] == numbers(bound), package
    needed = {re.match(r"[\w-]+", need)[0].lower() for need in PROJECT["dependencies"]}
    assert needed <= set(oldest)


def test_the_source_distribution_holds_what_these_tests_read():
    hatch = tomllib.loads(text("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    for name in ("CITATION.cff", "SECURITY.md", "constraints-oldest.txt", ".pre-commit-config.yaml", ".github"):
        assert f"/{name}" in hatch
        assert (ROOT / name).exists()
