"""All scores times a power of two: the same answers, at the same cost."""

from dataclasses import replace

import numpy as np
import pytest

from tests.explainers.brute_force import ADDITIVE, draw_query
from topple import explain_queries
from topple.records.question import Goal, Query
from topple.testing import random_mult_vae


def scaled(model, power):
    """A model whose scores are those of another times a power of two."""
    names = ("gives",) if "gives" in model.arrays() else ("weight_p_1to2", "bias_p_2")
    arrays = {name: array * 2.0**power if name in names else array for name, array in model.arrays().items()}
    if "gives" in arrays:
        return type(model)(model.catalogue, arrays["gives"])
    return type(model).from_arrays(arrays, model.catalogue)


def facts(model, queries, explainer, settings):
    found = explain_queries(model, queries, explainer=explainer, settings=settings, progress=False)
    return [(e.status, e.items, e.proof, e.at_least, e.cost) for e in found]


METHODS = {
    "greedy": ("greedy", {}),
    "auto": ("auto", {"again": 2}),
    "auto, bounds": ("auto", {"again": 0, "budget": 30}),
    "lcer-rank": ("lcer-rank", {"steps": 20}),
    "exact": ("exact", {}),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("power", [-12, 3, 20])
def test_answers_do_not_depend_on_the_scale_of_the_scores(method, power):
    explainer, settings = method
    random = np.random.default_rng(5)
    models = [ADDITIVE[2]] if explainer == "exact" else [ADDITIVE[2], random_mult_vae(30, seed=2)]
    for model in models:
        goals = {"goal": Goal.NECESSARY} if explainer == "lcer-rank" else {}
        asked: list[Query] = [draw_query(model, random, 9, **goals) for _ in range(12)]
        asked += [replace(query, groups=(), item_costs=(), largest=None) for query in asked]
        assert facts(scaled(model, power), asked, explainer, settings) == facts(model, asked, explainer, settings)
