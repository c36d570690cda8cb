import pytest

import topple
from topple.errors import CapabilityError, DataError, SettingsError, UnknownNameError
from topple.testing import OpaqueRecommender, film_recommender, random_additive, tiny_split
from topple.testing.worlds import split_for

MODEL = random_additive(20)
SPLIT = split_for(MODEL)
QUICK = {"epochs": 2, "tries": 1, "hidden": 8}


def test_a_fitted_explainer_explains():
    fitted = topple.fit_explainer(MODEL, SPLIT, "lxr", settings=QUICK, progress=False)
    found = topple.explain(MODEL, SPLIT.histories(limit=3), k=3, explainer=fitted, progress=False)
    assert all(len(each.attributions) == len(each.query.history) for each in found if each.attributions)
    assert any(each.valid for each in found)
    assert {each.method for each in found} == {"lxr"}
    assert fitted.training["data"] == SPLIT.fingerprint


@pytest.mark.parametrize(
    ("data", "name", "settings", "error", "match"),
    [
        (SPLIT, "greedy", None, CapabilityError, "greedy does not learn. Explain with it at once"),
        (SPLIT, "lxrr", None, UnknownNameError, "Did you mean 'lxr'"),
        (SPLIT, "lxr", {"epoch": 3}, SettingsError, "'epoch' is not a setting of LxrSettings"),
        ([1, 2], "lxr", None, DataError, "fit_explainer takes a Split, not list"),
        (tiny_split(), "lxr", None, DataError, "Give the split that the model was fitted on"),
    ],
)
def test_what_cannot_be_fitted_is_refused_before_the_work(data, name, settings, error, match):
    with pytest.raises(error, match=match):
        topple.fit_explainer(MODEL, data, name, settings=settings, progress=False)


def test_a_model_without_gradients_is_refused():
    model = film_recommender(OpaqueRecommender)
    with pytest.raises(CapabilityError, match="lxr needs a recommender that is differentiable"):
        topple.fit_explainer(model, split_for(model), "lxr", progress=False)
