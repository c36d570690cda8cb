"""Costs are counted as whole thousandths: a set that is a thousandth cheaper is cheaper, and nothing finer is taken."""

import numpy as np
import pytest

from tests.explainers.brute_force import price
from topple import explain_queries
from topple.api.recommending import recommend
from topple.errors import QueryError
from topple.recommenders.models.ease import EASE
from topple.records.answer import Proof
from topple.records.question import Query
from topple.scoring.checks import check
from topple.testing.worlds import catalogue_of


def asked(trial, step, base=1):
    """A random additive model, and a query whose items cost `base` and a few steps more."""
    random = np.random.default_rng(trial)
    catalogue = catalogue_of(24)
    model = EASE.from_arrays({"weights": random.normal(size=(24, 24)).astype(np.float32)}, catalogue)
    ids = catalogue.vocabulary.ids
    history = tuple(ids[place] for place in random.permutation(24)[:9])
    costs = {item: round(base + step * int(random.integers(10)), 9) for item in history}
    return model, Query(history, recommend(model, history, 3)[2].item, k=3, item_costs=costs)


@pytest.mark.parametrize(("base", "step"), [(1, 1e-3), (999, 1e-3), (1e-3, 1e-3)])
def test_a_minimum_is_the_cheapest_to_the_thousandth(base, step):
    proven = 0
    for trial in range(25):
        model, query = asked(trial, step, base)
        programs, every = (
            explain_queries(model, [query], explainer=e, progress=False)[0] for e in ("auto", "exhaustive")
        )
        assert every.proof is Proof.MINIMUM
        if programs.proof is Proof.MINIMUM:
            assert price(query, programs.items) == price(query, every.items)
            proven += 1
    assert proven == 25


def test_costs_finer_than_a_thousandth_are_refused():
    model, query = asked(0, 1e-7)
    with pytest.raises(
        QueryError, match=r"the cost of item \d+ is 1.000000\d.*at most three decimals.*Round it, or name all costs"
    ):
        check(query, model.catalogue)
