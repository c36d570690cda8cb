import numpy as np
import pytest

import topple
from tests.data.prepared import played_split
from topple import CandidateRule
from topple.errors import QueryError
from topple.testing import film_recommender, random_mult_vae

HISTORY = ("alien", "brazil", "casablanca")


@pytest.fixture
def model():
    return random_mult_vae()


def ids_of(recommended):
    return [one.item for one in recommended]


@pytest.mark.parametrize("change", ["without", "only", "add"])
@pytest.mark.parametrize("rule", ["unseen_before", "unseen_after"])
def test_both_lists_and_all_moves_follow_from_the_scores(model, change, rule):
    ids, k = model.catalogue.vocabulary.ids, 5
    history = ids[2:10]
    items = {"without": ids[3:6], "only": ids[3:6], "add": [ids[20], ids[0]]}[change]
    changed = {"without": (ids[2], *ids[6:10]), "only": ids[3:6], "add": (*history, ids[20], ids[0])}[change]
    found = topple.what_if(model, history, k, rule=rule, **{change: items})
    assert (found.history, found.changed, found.rule) == (history, changed, CandidateRule(rule))

    def ranked(events, seen):
        scores = topple.score(model, events)
        return [ids[index] for index in np.argsort(-scores, kind="stable") if ids[index] not in seen]

    before = ranked(history, history)
    after = ranked(changed, changed if rule == "unseen_after" else {*history, *changed})
    assert ids_of(found.before) == before[:k] == [one.item for one in topple.recommend(model, history, k)]
    assert ids_of(found.after) == after[:k]
    assert [one.rank for one in found.after] == [1, 2, 3, 4, 5]
    assert {one.item for one in found.left} == set(before[:k]) - set(after[:k])
    assert {one.item for one in found.entered} == set(after[:k]) - set(before[:k])
    stays = set(before[:k]) & set(after[:k])
    assert {one.item for one in found.moved} == {item for item in stays if before.index(item) != after.index(item)}
    for one in (*found.left, *found.entered, *found.moved):
        assert one.before == (before.index(one.item) + 1 if one.item in before else None)
        assert one.after == (after.index(one.item) + 1 if one.item in after else None)


def test_a_removed_item_may_come_back_or_not(model):
    ids = model.catalogue.vocabulary.ids
    comes = topple.what_if(model, ids[:6], 17, without=ids[:6], rule="unseen_after")
    stays = topple.what_if(model, ids[:6], 17, without=ids[:6])
    assert set(ids_of(comes.after)) & set(ids[:6])
    assert not set(ids_of(stays.after)) & set(ids[:6])
    assert all(one.before is None for one in comes.entered)


def test_one_item_may_be_given_as_it_is():
    model = film_recommender()
    one, several = (topple.what_if(model, HISTORY, 2, without=items) for items in ("alien", ["alien", "alien"]))
    assert one == several
    assert repr(one) == "WhatIf(3 to 2 items of history: 0 left, 0 entered, 2 moved of the top 2)"


def test_an_explanation_is_what_happens(model):
    ids = model.catalogue.vocabulary.ids
    explained = [e for e in topple.explain(model, {"ann": ids[:8]}, progress=False) if e.valid]
    assert explained
    for explanation in explained:
        found = topple.what_if(model, ids[:8], without=explanation.items)
        assert explanation.query.target in [one.item for one in found.left]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "takes one of without, only and add, and was given none of them"),
        ({"without": ["alien"], "add": ["duel"]}, "was given without, add. Give one of the three"),
        ({"without": ["duel"]}, r"without='duel' is not in the history \(3 items\)"),
        ({"only": "duel"}, "only='duel' is not in the history"),
        ({"add": "alien"}, "add='alien' is in the history already"),
        ({"add": "nothing"}, "unknown item id 'nothing'"),
        ({"without": "alien", "rule": "never"}, "rule='never' is not one of"),
        ({"without": "alien", "k": 4}, "k must be at least 1 and below the candidates"),
        ({"add": ["duel", "evita"], "k": 3}, r"k=3 with 2 items outside both histories.*Choose a smaller k"),
    ],
)
def test_what_cannot_be_changed_is_said(given, words):
    with pytest.raises(QueryError, match=words):
        topple.what_if(film_recommender(), HISTORY, **{"k": 2, **given})


def test_under_the_rule_all_items_of_the_history_are_listed_too(model):
    ids = model.catalogue.vocabulary.ids
    found = topple.what_if(model, ids[:6], 24 - 1, without=ids[0], rule="all")
    assert set(ids_of(found.before)) & set(ids[:6])
    assert ids_of(found.before) == [one.item for one in topple.recommend(model, ids[:6], 23, rule="all")]


def test_all_events_of_an_item_are_taken_out(model):
    a, b = model.catalogue.vocabulary.ids[:2]
    assert topple.what_if(model, [a, b, a], without=a).changed == (b,)


def test_weights_go_along():
    split = played_split()
    model = topple.fit(split, "ease", progress=False)
    (history, *_) = split.histories().values()
    found = topple.what_if(model, history, without=history[1])
    assert ids_of(found.before) == ids_of(topple.recommend(model, history))
    assert found.changed.weights == (history.weights[0], *history.weights[2:])
    scores = topple.score(model, topple.History(found.changed, found.changed.weights))
    assert found.after[0].score == pytest.approx(scores[model.catalogue.vocabulary.encode([found.after[0].item])[0]])
    added = next(item for item in model.catalogue.vocabulary.ids if item not in history)
    assert topple.what_if(model, history, add=added).changed.weights == (*history.weights, 1)
    assert topple.what_if(model, list(history), add=added).changed.weights == ()
