import numpy as np
import pytest

import topple
from topple import Query
from topple.errors import QueryError
from topple.testing import film_recommender, random_mult_vae

HISTORY = ("alien", "brazil", "casablanca")


@pytest.mark.parametrize("rule", ["unseen_before", "unseen_after"])
def test_ranks_and_scores_without_each_unit(rule):
    model = random_mult_vae()
    ids = model.catalogue.vocabulary.ids
    history, groups = ids[:9], [(ids[7], ids[2])]
    found = topple.influence(model, history, 4, groups=groups, rule=rule)
    assert found.units == tuple((item,) if item != ids[2] else (ids[2], ids[7]) for item in ids[:9] if item != ids[7])
    assert list(found.listed) == topple.recommend(model, history, 4)
    targets = [one.item for one in found.listed]
    assert found.ranks.shape == found.scores.shape == found.drops.shape == (8, 4)
    for row, unit in enumerate(found.units):
        rest = [item for item in history if item not in unit]
        assert np.allclose(found.scores[row], topple.score(model, rest, targets), rtol=1e-9)
        for column, target in enumerate(targets):
            query = Query(history, target, k=4, rule=rule)
            assert topple.verify(model, [query], [unit])[0].rank_after == found.ranks[row, column]
            assert found.topples[row, column] == (found.ranks[row, column] > 4)
    assert np.allclose(found.drops, [one.score for one in found.listed] - found.scores)


def test_it_agrees_with_explain_where_one_item_does():
    model = random_mult_vae(seed=3)
    ids = model.catalogue.vocabulary.ids
    found = topple.influence(model, ids[:8])
    for column, explanation in enumerate(topple.explain(model, {"ann": ids[:8]}, progress=False)):
        alone = {unit[0] for row, unit in enumerate(found.units) if found.topples[row, column]}
        assert bool(alone) == (len(explanation.items) == 1)
        assert set(explanation.items) <= alone or not alone


def test_rows_for_a_data_frame_and_a_short_name():
    found = topple.influence(film_recommender(), HISTORY, 2)
    rows = found.as_rows()
    assert len(rows) == 6
    assert rows[0] == {"unit": ["alien"], "item": "evita", "rank_before": 1, "rank": 2, "score": 4.0, "drop": 4.0}
    assert repr(found) == "Influence(3 units on the top 2: 0 toppled by one unit)"


def test_a_history_of_one_item():
    found = topple.influence(film_recommender(), ["alien"], 2)
    assert found.ranks.shape == (1, 2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rule": "never"}, "rule='never' is not one of"),
        ({"groups": [["duel"]]}, "grouped item 'duel' is not in the history"),
        ({"k": 0}, "k must be at least 1"),
    ],
)
def test_what_cannot_be_asked_is_said(given, words):
    with pytest.raises(QueryError, match=words):
        topple.influence(film_recommender(), HISTORY, **{"k": 2, **given})


def test_an_item_that_comes_again_is_one_unit():
    model = random_mult_vae()
    a, b, c = model.catalogue.vocabulary.ids[:3]
    found = topple.influence(model, [a, b, a, c], 3)
    assert found.units == ((a,), (b,), (c,))
    query = Query((a, b, a, c), found.listed[0].item, k=3)
    assert topple.verify(model, [query], [(a,)])[0].rank_after == found.ranks[0, 0]
    assert np.allclose(found.scores[1], topple.score(model, [a, a, c], [one.item for one in found.listed]), rtol=1e-9)
