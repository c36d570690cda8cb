"""Scores have no unit: times a power of two, all answers are the same to the bit."""

from dataclasses import replace

import numpy as np
import pytest

import topple
from tests.oracle.asking import draw_queries
from tests.oracle.shifted import ITEMS, Shift, shifted_world
from tests.oracle.worlds import MAKERS

LAST = {
    "ease": ("weights",),
    "item-knn": ("similarities",),
    "bpr": (),
    "lightgcn": ("items",),
    "als": (),
    "mult-vae": ("weight_p_1to2", "bias_p_2"),
    "mult-dae": ("weight_1to2", "bias_2"),
    "neumf": ("product_to_score", "3_to_score", "biases"),
    "sasrec": ("norm",),
    "popularity": ("counts",),
}
"""The arrays that scores are proportional to; of those without, all scores would have to be learned anew."""
FACTORS = [2.0**-40, 2.0**-3, 2.0**30]


def scaled(model, factor):
    """The same model with all scores times a factor; BPR's vectors count twice, so each takes the square root."""
    names = LAST[model.name] or ("items",)
    share = factor if LAST[model.name] else np.sqrt(factor)
    arrays = {name: array * (share if name in names else 1) for name, array in model.arrays().items()}
    return type(model).from_arrays(arrays, model.catalogue, model.settings)


def answers(model, queries, method="auto", settings=None, *, work=True):
    """What is said of each query, all that does not count in units of score."""
    explained = topple.explain_queries(model, queries, explainer=method, settings=settings, progress=False)
    return [
        (
            str(each.status), each.items, each.proof, each.rank_before, each.rank_after, each.rank_alone,
            each.replacements, each.alternatives, each.cost if work else 0, each.at_least, each.within_rounding,
        )
        for each in explained
    ]  # fmt: skip


def asked(world, seed=3, histories=5, **fixed):
    drawn = [query for query, _ in draw_queries(world, np.random.default_rng(seed), histories)]
    return [replace(query, **fixed) for query in drawn]


@pytest.mark.parametrize("name", [name for name in LAST if name != "als"])
@pytest.mark.parametrize("kind", ["real", "integers"])
def test_a_power_of_two_changes_no_answer(name, kind):
    world = MAKERS[name](np.random.default_rng(11), kind, 20)
    queries = asked(world)
    work = name not in ("mult-vae", "mult-dae")  # bounds of layers are rounded in units of their own
    before = answers(world.model, queries, work=work)
    assert {status for status, *_ in before} >= {"found"} or name == "popularity"
    for factor in FACTORS if name != "bpr" else [2.0**-40, 2.0**-4, 2.0**30]:
        assert answers(scaled(world.model, factor), queries, work=work) == before, factor


@pytest.mark.parametrize("method", ["greedy", "exact", "exhaustive"])
def test_nor_with_another_method(method):
    world = MAKERS["ease"](np.random.default_rng(12), "integers", 20)
    queries = asked(world, goal="necessary")
    before = answers(world.model, queries, method)
    assert all(answers(scaled(world.model, factor), queries, method) == before for factor in FACTORS)


@pytest.mark.parametrize("additive", [False, True])
def test_nor_of_a_wrapped_function(additive):
    table = np.random.default_rng(4).normal(0.3, 1, (ITEMS, ITEMS)).round(1)

    def wrapped(factor):
        from tests.oracle.worlds import catalogue_of

        return topple.wrap(
            lambda rows: factor * (rows @ table), "callable", catalogue_of(ITEMS), histories="dense", additive=additive
        )

    world, _ = shifted_world(Shift("plain", lambda scores: scores), numbers=table)
    queries = asked(world)
    before = answers(wrapped(1.0), queries)
    assert all(answers(wrapped(factor), queries) == before for factor in FACTORS)
