"""What a wrapped model is told besides the history reaches it from every verb, and is never ignored."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import topple
from tests.told import NORTH, SOUTH, TABLE, told_model, told_module
from topple import Query
from topple.api.recommending import recommend_many
from topple.errors import QueryError, RecommenderError
from topple.testing import check_recommender, film_recommender
from topple.testing.toy import ANA, FILMS

MODELS = {"callable": told_model(), "torch": told_module()}
USERS, CONTEXTS = {"ann": ANA, "bob": ANA}, {"ann": SOUTH, "bob": NORTH}
LISTS = {"ann": ["evita", "fargo"], "bob": ["gattaca", "evita"]}  # south: evita 8, fargo 7, gattaca 6; north: gattaca 9
both = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@both
def test_the_model_keeps_the_contract(model):
    assert model.takes_contexts
    check_recommender(model)


@both
def test_equal_histories_with_other_contexts_are_explained_apart_and_together(model):
    found = topple.explain(model, USERS, k=2, contexts=CONTEXTS, progress=False)
    assert [each.query.target for each in found] == [*LISTS["ann"], *LISTS["bob"]]
    assert all(each.valid for each in found if each.items)
    alone = [
        each for user in USERS for each in topple.explain(model, {user: ANA}, k=2, contexts=CONTEXTS, progress=False)
    ]
    assert [each.items for each in alone] == [each.items for each in found]
    assert [each.query.context for each in found] == [SOUTH, SOUTH, NORTH, NORTH]
    assert len({each.query.history_fingerprint for each in found}) == 2
    one = topple.explain(model, ANA, k=2, context=NORTH, progress=False)
    assert [each.query.target for each in one] == LISTS["bob"]
    assert [each.items for each in one] == [each.items for each in found[2:]]


@both
def test_every_verb_tells_the_context(model):
    for user, context in CONTEXTS.items():
        items = LISTS[user]
        assert [one.item for one in topple.recommend(model, ANA, 2, context=context)] == items
        assert [one.item for one in topple.what_if(model, ANA, 2, without="alien", context=context).before] == items
        assert [one.item for one in topple.influence(model, ANA, 2, context=context).listed] == items
        gattaca = topple.score(model, ANA, ["gattaca"], context=context)
        assert gattaca == pytest.approx([6 + context["bonus"]])
        query = Query(ANA, items[0], k=2, context=context)
        assert topple.verify(model, [query], [()])[0].rank_before == 1
    scores = topple.score(model, USERS, contexts=CONTEXTS)
    assert (scores[1] - scores[0]).tolist() == pytest.approx([0, 0, 0, 0, 0, 0, 3])
    assert topple.agreement(model, LISTS, 2, histories=USERS, contexts=CONTEXTS).share == 1
    turned = {"ann": CONTEXTS["bob"], "bob": CONTEXTS["ann"]}
    assert topple.agreement(model, LISTS, 2, histories=USERS, contexts=turned).share == 0
    lists = recommend_many(model, [ANA, ANA], 2, contexts=list(CONTEXTS.values()))
    assert [[one.item for one in listed] for listed in lists] == list(LISTS.values())
    queries = topple.top_k_queries(model, USERS, k=2, contexts=CONTEXTS)
    assert [query.target for query in queries] == [*LISTS["ann"], *LISTS["bob"]]
    answers = topple.explain_queries(model, queries, progress=False)
    assert topple.evaluate(model, answers, progress=False).queries == 4


@both
def test_contexts_limits_and_unknown_ids_go_together(model):
    left_out, best = {"ann": ["evita"], "bob": ["gattaca"]}, {"ann": "fargo", "bob": "evita"}
    unknown = {user: [*ANA, "new"] for user in USERS}
    asked = {"exclude": left_out, "unknown": "drop", "contexts": CONTEXTS}
    found = topple.explain(model, unknown, k=1, progress=False, **asked)
    assert {each.query.user: each.query.target for each in found} == best
    assert [each.query.context for each in found] == [SOUTH, NORTH]
    assert all(each.query.left_out == ("new",) for each in found)
    queries = topple.top_k_queries(model, unknown, k=1, **asked)
    assert [query.target for query in queries] == list(best.values())
    lists = {user: [item] for user, item in best.items()}
    assert topple.agreement(model, lists, 1, histories=unknown, **asked).share == 1
    scores = topple.score(model, unknown, contexts=CONTEXTS, unknown="drop")
    assert scores.tolist() == topple.score(model, USERS, contexts=CONTEXTS).tolist()
    for user, context in CONTEXTS.items():
        one = {"exclude": left_out[user], "unknown": "drop", "context": context}
        assert [each.item for each in topple.recommend(model, unknown[user], 1, **one)] == [best[user]]
        changed = topple.what_if(model, unknown[user], 1, without="alien", **one)
        assert [each.item for each in changed.before] == [best[user]]
        assert [each.item for each in topple.influence(model, unknown[user], 1, **one).listed] == [best[user]]


def test_without_and_with_the_context_what_is_said_of_evidence_is_of_that_context():
    model = told_model([NORTH, SOUTH])  # an empty history gives gattaca 3 in the north and 0 in the south
    assert model.empty_scores() is None
    found = {one.item: one for one in topple.recommend(model, ["casablanca", "evita"], 4, context=SOUTH)}
    assert found["gattaca"].score == 3
    assert found["gattaca"].evidence


def test_a_context_may_be_a_tensor():
    module = told_module()
    vectors = {
        "ann": {"region": "south", "bonus": torch.tensor(0.0)},
        "bob": {"region": "north", "bonus": torch.tensor(3.0)},
    }
    found = topple.explain(module, USERS, k=2, contexts=vectors, progress=False)
    assert [each.query.target for each in found] == [*LISTS["ann"], *LISTS["bob"]]
    assert not any(each.query.replayable for each in found)


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: topple.explain(model, USERS, k=2, progress=False),
        lambda model: topple.explain(model, ANA, k=2, progress=False),
        lambda model: topple.recommend(model, ANA, 2),
        lambda model: topple.what_if(model, ANA, 2, without="alien"),
        lambda model: topple.influence(model, ANA, 2),
        lambda model: topple.score(model, USERS),
        lambda model: topple.score(model, ANA),
        lambda model: topple.verify(model, [Query(ANA, "evita", k=2)], [()]),
        lambda model: topple.agreement(model, LISTS, 2, histories=USERS),
        lambda model: topple.top_k_queries(model, USERS, k=2),
    ],
)
@both
def test_a_model_that_is_told_contexts_is_not_asked_without(model, ask):
    with pytest.raises(
        QueryError, match=r"is told a context with each history, and .* has none\. Give contexts=\{user: context\}"
    ):
        ask(model)


def test_agreement_names_the_user_without_a_context_once():
    with pytest.raises(QueryError, match=r"user 'ann' has none") as refused:
        topple.agreement(MODELS["callable"], LISTS, 2, histories=USERS, contexts={"bob": NORTH})
    assert str(refused.value).count("'ann'") == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: topple.explain(model, USERS, k=2, contexts=CONTEXTS, progress=False),
        lambda model: topple.explain(model, ANA, k=2, context=NORTH, progress=False),
        lambda model: topple.recommend(model, ANA, 2, context=NORTH),
        lambda model: topple.what_if(model, ANA, 2, without="alien", context=NORTH),
        lambda model: topple.influence(model, ANA, 2, context=NORTH),
        lambda model: topple.score(model, USERS, contexts=CONTEXTS),
        lambda model: topple.verify(model, [Query(ANA, "evita", k=2, context=NORTH)], [()]),
        lambda model: topple.agreement(model, LISTS, 2, histories=USERS, contexts=CONTEXTS),
        lambda model: topple.top_k_queries(model, USERS, k=2, contexts=CONTEXTS),
    ],
)
@pytest.mark.parametrize(
    "model",
    [film_recommender(), topple.wrap(lambda rows: rows @ TABLE, "callable", list(FILMS), histories="csr")],
    ids=["toy", "callable"],
)
def test_a_model_that_is_told_none_is_given_none(model, ask):
    with pytest.raises(
        QueryError,
        match=r"is told no contexts, and .* has one: \{'region'.*Leave it out, or wrap the model with contexts=True",
    ):
        ask(model)


@pytest.mark.parametrize(
    "user", [pd.NA, np.array([1, 2]), pd.Series([1, 2]), object()], ids=["na", "array", "series", "object"]
)
def test_a_user_that_cannot_be_compared_is_invalid(user):
    (found,) = topple.explain_queries(film_recommender(), [Query(ANA, "evita", k=2, user=user)], progress=False)
    assert found.reason.endswith("is no user id. Give a text, a whole number, or None.")


def test_a_user_without_a_context_is_an_invalid_query_and_does_not_stop_the_others():
    found = topple.explain(MODELS["callable"], USERS, k=2, contexts={"bob": NORTH}, progress=False)
    assert [each.status.value for each in found] == ["invalid", "found", "found"]
    assert "user 'ann' has none" in found[0].reason
    queries = [Query(ANA, "evita", k=2), Query(ANA, "evita", k=2, context=SOUTH)]
    first, second = topple.explain_queries(MODELS["callable"], queries, progress=False)
    assert (first.status.value, second.valid) == ("invalid", True)


@pytest.mark.parametrize(
    ("histories", "options", "match"),
    [
        (ANA, {"contexts": CONTEXTS}, r"contexts= are those of users, and one history was given\. Give .* as context="),
        (USERS, {"context": NORTH}, r"context= is that of one history, and histories of users were given"),
        (USERS, {"contexts": [NORTH, SOUTH]}, r"context of type list is of no user\. Give a mapping by user id"),
    ],
)
@pytest.mark.parametrize("verb", [topple.explain, topple.score])
def test_contexts_of_nobody_are_refused(verb, histories, options, match):
    with pytest.raises(QueryError, match=match):
        verb(MODELS["callable"], histories, **options)


def test_a_context_that_was_not_stored_is_said(tmp_path):
    model = MODELS["callable"]
    lost = {**NORTH, "device": object()}
    (first, _) = topple.explain(model, {"bob": ANA}, k=2, contexts={"bob": lost}, progress=False)
    topple.write_explanations([first], model.catalogue, tmp_path / "out")
    (read,) = topple.read_explanations(tmp_path / "out")
    with pytest.raises(QueryError, match=r"user 'bob' has none that could be stored"):
        topple.evaluate(model, [read], progress=False)
    assert replace(read, query=first.query).query.context is lost


@both
def test_a_context_of_another_form_is_named(model):
    with pytest.raises(
        RecommenderError,
        match=r"raised KeyError: .*It was told contexts such as \{'age': 3\}: do all have the form that it reads",
    ):
        topple.recommend(model, ANA, 2, context={"age": 3})


def test_contexts_that_are_no_batch_are_not_taken_for_a_fault_of_precision():
    contexts = {"ann": SOUTH, "bob": {**NORTH, "bonus": [3.0, 1.0]}}
    with pytest.raises(
        RecommenderError, match=r"^torch:ByRegion: contexts with the shapes \(\) and \(2,\) cannot be told to a module"
    ):
        topple.explain(MODELS["torch"], USERS, k=2, contexts=contexts, progress=False)
