"""Items that the training never met: their factors are zero, rounding decides nothing, and no answer hangs on the batch."""

from dataclasses import replace

import numpy as np
import pytest

import topple
from topple import Proof, Query, Status
from topple.recommenders.models.als import ALS
from topple.testing import tiny_split

FACTORS = """
    011 101 000 010 100 011 100 000 110 101 010 001 011 011 010 100 110 010 101 101 000 111
"""  # of 22 items, of which 102, 107 and 120 were never met
OTHERS = [Query((116, 104, 118, 109, 107, 102, 100), target, k=4) for target in (119, 108, 121)]
EMPTY_LEFT = Query((104, 102), 109, k=12, rule="unseen_after", protected=[102])
GROUPED = Query(OTHERS[0].history, 108, k=4, goal="sufficient", groups=((116, 104, 109, 118, 102),), largest=6)


@pytest.fixture(scope="module")
def by_hand():
    factors = np.array([[int(digit) for digit in item] for item in FACTORS.split()], np.float32)
    catalogue = topple.Catalogue(topple.Vocabulary(list(range(100, 122))))
    return ALS.from_arrays({"item_factors": factors, "fold_in": np.array([10.0, 1.0])}, catalogue)


def answer(explanation):
    return explanation.status, explanation.items, explanation.proof


@pytest.mark.parametrize("query", [EMPTY_LEFT, GROUPED], ids=["nothing left", "grouped"])
@pytest.mark.parametrize("method", ["auto", "exhaustive"])
def test_a_query_has_one_answer_alone_and_among_others(by_hand, query, method):
    found = []
    for batch in ([query], [query, *OTHERS], [*OTHERS, query]):
        explained = topple.explain_queries(by_hand, batch, explainer=method, progress=False)
        found += [answer(explanation) for explanation in explained if explanation.query is query]
    assert found[0] == found[1] == found[2]
    status, items, proof = found[0]
    assert (status, proof) == (Status.FOUND, Proof.MINIMUM)
    sets = [[item] for item in query.history if item not in query.protected and item not in sum(query.groups, ())]
    smaller = [verdict.valid for verdict in topple.verify(by_hand, [query] * len(sets), sets)]
    assert len(items) == 1 or not any(smaller)


def test_a_fitted_model_answers_the_same_alone_and_with_another_and_refutes_no_set_of_its_methods():
    split, random = tiny_split(), np.random.default_rng(0)
    ids, cold = split.catalogue.vocabulary.ids, [3, 11, 20]
    train = split.train.tolil()
    train[:, cold] = 0
    train = train.tocsr()
    train.eliminate_zeros()
    model = topple.fit(replace(split, train=train), "als", settings={"factors": 6, "epochs": 3}, progress=False)
    assert not model.arrays()["item_factors"][cold].any()
    met = [item for item in range(len(ids)) if item not in cold]
    for _ in range(20):
        queries = []
        for size in (1, 4):
            chosen = [*random.choice(met, size, replace=False), *random.choice(cold, 2, replace=False)]
            history = [ids[item] for item in chosen]
            queries.append(Query(history, topple.recommend(model, history, k=5)[4].item, k=5))
        (alone,) = topple.explain_queries(model, queries[:1], progress=False)
        among, _ = topple.explain_queries(model, queries, progress=False)
        assert answer(alone) == answer(among)
        assert alone.status is not Status.FOUND or alone.proof is not None
