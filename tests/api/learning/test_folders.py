import json

import pytest

import topple
from topple.api.learning.folders import is_explainer_folder
from topple.errors import ExplainerFolderError, OutputExistsError
from topple.explainers.greedy import Greedy
from topple.testing import random_additive
from topple.testing.worlds import split_for

MODEL = random_additive(20)
SPLIT = split_for(MODEL)
FITTED = topple.fit_explainer(MODEL, SPLIT, "lxr", settings={"epochs": 2, "tries": 1, "hidden": 8}, progress=False)


@pytest.fixture
def folder(tmp_path):
    topple.save_explainer(FITTED, tmp_path / "lxr")
    return tmp_path / "lxr"


def answers(method):
    found = topple.explain(MODEL, SPLIT.histories(limit=4), k=3, explainer=method, progress=False)
    return [topple.canonical_json(each) for each in found], [each.attributions for each in found]


def test_the_explainer_of_a_folder_answers_as_the_one_that_was_saved(folder):
    loaded = topple.load_explainer(folder, MODEL)
    assert answers(loaded) == answers(FITTED)
    assert (loaded.settings, loaded.training, loaded.model) == (FITTED.settings, FITTED.training, FITTED.model)
    assert is_explainer_folder(folder)
    assert not is_explainer_folder(folder / "none")


def test_another_model_is_refused(folder):
    with pytest.raises(ExplainerFolderError, match=r"says nothing of another model\. Fit it to this one"):
        topple.load_explainer(folder, random_additive(20, seed=5))


def test_a_folder_is_replaced_only_when_told(folder):
    with pytest.raises(OutputExistsError):
        topple.save_explainer(FITTED, folder)
    topple.save_explainer(FITTED, folder, overwrite=True)


def test_what_has_learned_nothing_is_not_saved(tmp_path):
    with pytest.raises(ExplainerFolderError, match="greedy has learned nothing that could be saved"):
        topple.save_explainer(Greedy(), tmp_path / "g")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"format": "topple.explainer/9"}, "reads 'topple.explainer/1'"),
        ({"explainer": "greedy"}, "greedy does not learn"),
        ({"explainer": "gone"}, "another version of topple, or of a package that is not here"),
        ({"settings": {"old": 1}}, "another version of topple"),
        ({"settings": {"hidden": 9}}, "array 'history' is float32 of shape"),
        ({"training": 3}, "training is missing or no dict"),
    ],
)
def test_a_folder_that_is_not_what_it_says_is_refused(folder, change, match):
    path = folder / "explainer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ExplainerFolderError, match=match):
        topple.load_explainer(folder, MODEL)


@pytest.mark.parametrize("damage", ["{", "[]", "\x00"])
def test_a_damaged_description_is_refused(folder, damage):
    (folder / "explainer.json").write_text(damage)
    with pytest.raises(ExplainerFolderError, match="is damaged"):
        topple.load_explainer(folder, MODEL)


def test_damaged_weights_and_other_folders_are_refused(folder, tmp_path):
    (folder / "weights.safetensors").write_bytes(b"\x00" * 10)
    with pytest.raises(ExplainerFolderError, match="is damaged"):
        topple.load_explainer(folder, MODEL)
    with pytest.raises(ExplainerFolderError, match="is no folder of an explainer"):
        topple.load_explainer(tmp_path, MODEL)
