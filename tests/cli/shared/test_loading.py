"""The options that several commands have to name a model and histories."""

import json
import re
import sys

import pytest

FACTORY = """
import numpy as np
import topple

gives = np.random.default_rng(0).random((9, 9))


def build():
    return topple.wrap(lambda histories: [gives[history].sum(0) for history in histories], "callable", range(9))


def other():
    return topple.wrap(lambda histories: [gives[history].sum(0) ** 2 for history in histories], "callable", range(9))
"""


@pytest.fixture
def described(tmp_path, monkeypatch):
    """The folder of a model that only code can build, with that code in the working folder."""
    import topple as package

    (tmp_path / "models_of_a_test.py").write_text(FACTORY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    from models_of_a_test import build

    package.save_model(build(), tmp_path / "m")
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(tmp_path)])
    yield tmp_path / "m"
    sys.modules.pop("models_of_a_test")


def test_a_described_model_is_built_by_the_function_that_is_named(topple, described, tmp_path):
    sys.modules.pop("models_of_a_test")
    history, built = ("--history", "1,2,3"), ("--factory", "models_of_a_test:build")
    listed = json.loads(topple("recommend", "-m", described, *history, *built, "--json").stdout)
    assert len(listed[0]["items"]) == 5
    out = tmp_path / "out"
    explained = topple("explain", "-m", described, *history, *built, "--out", out)
    assert explained.exit_code == 0, explained.output
    judged = topple("evaluate", out, "-m", described, *built, "--json")
    assert judged.exit_code == 0, judged.output
    assert json.loads(judged.stdout)["pn"]["unseen_before"] in (1, None)
    assert topple("explainers", "--for", described, *built).exit_code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Name the function that returns it: .*on the command line --factory package.module:function"),
        (("--factory", "models_of_a_test:other"), "Build the model that was saved"),
        (("--factory", "nothing"), "is not the name of a function"),
    ],
)
def test_without_that_function_it_is_said(topple, described, options, words):
    for command in (("recommend",), ("explain",), ("explainers",)):
        model = ("--for", described) if command == ("explainers",) else ("-m", described, "--history", "1,2,3")
        refused = topple(*command, *model, *options)
        assert refused.exit_code == 2
        assert re.search(words, " ".join(refused.stderr.split()))


def test_a_folder_without_data_has_no_users(topple, described):
    refused = topple("recommend", "-m", described, "--factory", "models_of_a_test:build")
    assert refused.exit_code == 2
    assert "this model folder holds no users. Give --history with item ids." in refused.stderr
