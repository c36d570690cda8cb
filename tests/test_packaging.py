"""The distribution is topple-recsys; the import and the command are topple."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

import topple
from topple import errors, registry
from topple.recommenders.adapters.catalogues import library

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
TEXTS = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile")), *sorted((ROOT / "src").rglob("*.py"))]


def installed():
    for name in (PROJECT["name"], "topple"):
        try:
            return distribution(name)
        except PackageNotFoundError:
            continue
    pytest.skip("topple is on the path without being installed")


def test_the_distribution_has_a_name_that_is_not_taken():
    assert PROJECT["name"] == "topple-recsys"
    assert PROJECT["scripts"] == {"topple": "topple.__main__:main"}


def test_the_command_is_installed_under_either_name_of_the_distribution():
    (command,) = [point for point in installed().entry_points if point.group == "console_scripts"]
    assert (command.name, command.value) == ("topple", "topple.__main__:main")
    from topple.__main__ import main

    assert command.load() is main


def test_the_version_is_written_once():
    assert PROJECT["dynamic"] == ["version"]
    assert "version" not in PROJECT
    assert re.fullmatch(r"\d+\.\d+\.\d+", topple.__version__)
    assert f"## {topple.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_metadata_name_every_python_version_from_the_oldest_on():
    named = [c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert named[0] == oldest
    assert named == [f"3.{minor}" for minor in range(int(oldest[2:]), int(oldest[2:]) + len(named))]
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in named


def test_links_are_addresses():
    assert all(re.match(r"https://[\w.-]+/", link) for link in PROJECT["urls"].values())


def test_no_text_tells_to_install_the_other_project():
    other = re.compile(r"pip install [^\n`]*?(?<![\w./-])topple(?![\w-])")
    assert other.search("pip install 'topple[pictures]'")
    assert other.search("pip install --quiet topple")
    for path in TEXTS:
        assert not other.search(path.read_text(encoding="utf-8")), path


def test_every_extra_that_a_text_names_exists():
    named = [
        (path.name, extra)
        for path in TEXTS
        for found in re.findall(r"(?:'\.|topple-recsys|\.whl)\[([a-z,]+)\]", path.read_text(encoding="utf-8"))
        for extra in found.split(",")
    ]
    assert {name for name, _ in named} >= {"README.md", "Makefile"}
    assert {extra for _, extra in named} <= set(EXTRAS)


def test_an_extra_of_extras_names_this_distribution_and_its_extras():
    (itself,) = [need for need in EXTRAS["dev"] if need.startswith("topple")]
    name, extras = re.fullmatch(r"([\w-]+)\[([\w,]+)\]", itself).groups()
    assert name == PROJECT["name"]
    assert set(extras.split(",")) <= set(EXTRAS)


def test_every_library_has_an_extra_and_a_message_that_names_it():
    libraries = set(registry.names("adapters")) - {"callable", "torch"}
    assert libraries <= set(EXTRAS)
    with pytest.raises(
        errors.RecommenderError, match=r"Install it: pip install 'topple-recsys\[lenskit\]', or in a checkout"
    ):
        library("no_such_library_of_lenskit", "lenskit")


def test_every_engine_of_batches_has_an_extra_that_is_tested_apart_and_a_message_that_names_it(monkeypatch):
    for name in sorted({*registry.names("executors")} - {"local"}):
        assert name in EXTRAS
        assert not [need for need in EXTRAS["dev"] if re.search(rf"\b{name}\b", need)], (
            "too large for every clone: make test-engines"
        )
        monkeypatch.setitem(sys.modules, {"spark": "pyspark"}.get(name, name), None)
        monkeypatch.setitem(sys.modules, {"spark": "pyspark.sql"}.get(name, name), None)
        with pytest.raises(errors.CapabilityError, match=rf"pip install 'topple-recsys\[{name}\]'"):
            next(registry.load("executors", name)({"out": "out"}, [0], 1))
