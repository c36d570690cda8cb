"""The budget of memory bounds what is worked on at a time and changes no answer, of any recommender and any method."""

import pytest

import topple
from topple import registry
from topple.testing import tiny_split

SPLIT = tiny_split()


def answers(model, method="auto", settings=None):
    explained = topple.explain(
        model, SPLIT.histories(limit=3), k=3, explainer=method, settings=settings, progress=False, seed=1
    )
    return [topple.canonical_json(explanation) for explanation in explained]


@pytest.mark.parametrize("name", registry.names("recommenders"))
def test_every_recommender_is_explained_the_same(name, set_memory):
    kind = registry.load("recommenders", name).settings_type
    model = topple.fit(SPLIT, name, settings={"epochs": 1} if "epochs" in kind.model_fields else None, progress=False)
    expected = answers(model)
    for numbers in (1, 300):
        set_memory(numbers)
        assert answers(model) == expected


@pytest.mark.parametrize("name", registry.names("explainers"))
def test_every_method_gives_the_same(name, set_memory):
    kind = registry.load("explainers", name)
    model = topple.fit(SPLIT, "ease", progress=False)
    settings = {"steps": 20} if "steps" in kind.settings_type.model_fields else None
    method = name
    if kind.learns:
        method = topple.fit_explainer(model, SPLIT, name, settings={"epochs": 2, "tries": 1}, progress=False)
    expected = answers(model, method, settings)
    set_memory(1)
    assert answers(model, method, settings) == expected
