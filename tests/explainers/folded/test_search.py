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
