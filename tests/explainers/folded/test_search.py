"""Factor models: the compiled search answers what the general one does, and the judge says what scores in full say."""

from contextlib import contextmanager

import numpy as np
import pytest

import topple
from tests.explainers.sums.parity import RULES, differences, draw_queries
from topple import registry

KINDS = ("plain", "duplicates", "zeros", "certain")


def draw_model(random, kind):
    """Return ALS over 60 to 300 items: some the same as others, some without factors, or confidences that settle a user by an item."""
    items = int(random.integers(60, 300))
    catalogue = topple.Catalogue(topple.Vocabulary([f"i{7 * item + 3}" for item in range(items)]))
    factors = random.normal(0, 0.5, (items, 8)).astype(np.float32)
    if kind == "duplicates":
        factors[1::2] = factors[: factors[1::2].shape[0] * 2 : 2]
    if kind == "zeros":
        factors[random.random(items) < 0.3] = 0
    method = registry.load("recommenders", "als")
    alpha = 40.0 if kind == "certain" else 2.0
    return method.from_arrays({"item_factors": factors, "fold_in": [alpha, 5.0]}, catalogue)


@contextmanager
def by_the_general_path(model):
    """While it is open, the model offers no equations."""
    model.solved = lambda histories: None
    try:
        yield
    finally:
        del model.solved


def explained(model, queries, method="auto", **settings):
    asked = {"explainer": method, "settings": settings, "progress": False}
    fast = topple.explain_queries(model, queries, **asked)
    with by_the_general_path(model):
        return fast, topple.explain_queries(model, queries, **asked)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["auto", "greedy"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_compiled_search_answers_what_the_general_one_does(kind, rule, method):
    random = np.random.default_rng([KINDS.index(kind), RULES.index(rule), len(method)])
    model = draw_model(random, kind)
    queries = draw_queries(random, model, 6, rule)
    settings = {"budget": 0} if method == "auto" else {}
    fast, slow = explained(model, queries, method, **settings)
    assert not differences(fast, slow)
    assert [one.cost for one in fast] == [one.cost for one in slow]


@pytest.mark.filterwarnings("ignore")
def test_a_limit_ends_the_search_of_a_query_with_what_it_has_alone_and_among_others():
    random = np.random.default_rng(12)
    model = draw_model(random, "plain")
    queries = draw_queries(random, model, 5, "unseen_before", k=5)
    asked = {"explainer": "auto", "settings": {"budget": 0}, "progress": False}
    free, ended = topple.explain_queries(model, queries, **asked), 0
    for scored in (1, 30, 80):
        few = topple.explain_queries(model, queries, budget={"scored": scored}, **asked)
        for each, whole in zip(few, free, strict=True):
            if whole.cost <= scored:
                assert each.items == whole.items
            if each.items:
                assert each.verdict.valid
            assert each.cost <= scored + len(each.query.history) + 32
            ended += each.status is topple.Status.BUDGET_SPENT
        alone = [topple.explain_queries(model, [query], budget={"scored": scored}, **asked)[0] for query in queries[:5]]
        assert [(each.items, each.cost) for each in alone] == [(each.items, each.cost) for each in few[:5]]
    in_all = topple.explain_queries(model, queries, budget={"total_scored": 150}, **asked)
    spent = [each.status is topple.Status.BUDGET_SPENT for each in in_all]
    assert ended
    assert any(spent)
    assert not all(spent)
