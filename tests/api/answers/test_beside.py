import numpy as np
import pytest

import topple
from tests.api.planted import tied
from topple import canonical_json, explain, sentence
from topple.errors import QueryError
from topple.records.answer import Status
from topple.testing import film_recommender, random_mult_vae
from topple.testing.toy import ANA, BO

TOY = film_recommender()


def test_the_models_list_is_explained_and_said_to_be_the_models():
    explained = explain(TOY, ANA, shown=["evita", "fargo"], progress=False)
    plain = explain(TOY, ANA, k=2, progress=False)
    assert [each.shown for each in explained] == [("evita", "fargo")] * 2
    assert [each.shown_is_models for each in explained] == [True, True]
    assert [(e.query, e.items, e.reason) for e in explained] == [(e.query, e.items, e.reason) for e in plain]
    assert [e.shown_is_models for e in plain] == [None, None]
    assert [e.query.k for e in explained] == [2, 2]


def test_another_list_is_said_to_be_another_and_items_that_the_model_does_not_list_are_invalid():
    first, second = explain(TOY, {"ana": ANA}, shown={"ana": ["gattaca", "evita"]}, progress=False)
    assert (first.status, first.rank_before, first.shown_is_models) == (Status.INVALID, 3, False)
    assert first.reason == (
        "'gattaca' was shown at rank 1, and the model does not list it: there it is at rank 3, not in the top 2. What is not listed "
        "cannot leave; the list as shown is not the model's: 1 of the 2 items are (topple.agreement looks for the reason)"
    )
    assert second.status is Status.FOUND
    assert second.valid
    assert second.reason.startswith("the list as shown is not the model's: 1 of the 2 items are")
    assert sentence(second, TOY.catalogue).endswith("The list that was shown is not the model's.")
    assert '"shown":["gattaca","evita"],"shown_is_models":false' in canonical_json(second)


def test_one_history_with_an_item_that_is_not_listed_is_answered_too():
    first, second = explain(TOY, ANA, shown=["gattaca", "evita"], progress=False)
    assert (first.status, second.status) == (Status.INVALID, Status.FOUND)


def test_the_length_of_the_models_list_can_be_given():
    explained = explain(TOY, ANA, shown=["evita", "fargo"], k=1, progress=False)
    assert [each.status for each in explained] == [Status.FOUND, Status.INVALID]
    assert [each.shown_is_models for each in explained] == [True, True]


def test_a_list_that_differs_among_ties_is_the_models():
    case = tied()
    user = next(iter(case.shown))
    history = case.told["histories"][user]
    listed = tuple(one.item for one in topple.recommend(case.model, history, case.k))
    explained = explain(case.model, history, shown=case.shown[user], explainer="greedy", progress=False)
    assert listed != explained[0].shown
    assert all(each.shown_is_models for each in explained)


def test_items_that_are_unknown_or_in_the_history_are_invalid_with_their_reason():
    unknown, seen, _ = explain(TOY, BO, shown=["jaws", "evita", "fargo"], progress=False)
    assert "unknown item id 'jaws'" in unknown.reason
    assert "a text; the list as shown is not the model's" in unknown.reason
    assert "is in the history" in seen.reason
    assert unknown.shown_is_models is seen.shown_is_models is False


@pytest.mark.parametrize(
    ("histories", "options", "match"),
    [
        (ANA, {"shown": ["evita"], "targets": ["evita"]}, "targets= and shown= both say what is explained"),
        (ANA, {"shown": []}, "the shown list of the history is empty or holds an item twice"),
        (ANA, {"shown": {"ana": ["evita"]}}, "is no list of the history"),
        (ANA, {"shown": "evita"}, "shown='evita' is no list of the history"),
        ({"ana": ANA}, {"shown": {"bo": ["evita"]}}, "shown=None is no list of user 'ana'"),
        ({"ana": ANA}, {"shown": ["evita"]}, "is no list of user 'ana'"),
        (
            {"ana": ANA},
            {"shown": {"ana": ["evita", "evita"]}},
            "the shown list of user 'ana' is empty or holds an item",
        ),
        ((), {"shown": ["evita"]}, "the history is empty"),
        (ANA, {"shown": ["evita", ["fargo"]]}, "the shown list of the history holds what is no item id"),
        (ANA, {"shown": np.array(1)}, r"shown=array\(1\) is no list of the history"),
    ],
)
def test_bad_lists_are_refused(histories, options, match):
    with pytest.raises(QueryError, match=match):
        explain(TOY, histories, progress=False, **options)


def test_two_users_of_one_history_keep_the_lists_that_each_was_shown():
    model = random_mult_vae()
    history = model.catalogue.vocabulary.ids[:4]
    listed = [one.item for one in topple.recommend(model, history, 3)]
    shown = {"ann": listed, "bob": listed[::-1]}
    queries = [query for user in shown for query in topple.top_k_queries(model, {user: history}, k=3)]
    found = topple.explain_queries(model, queries, shown=shown, progress=False)
    assert [each.query for each in found] == queries
    assert [each.shown for each in found] == [tuple(shown[each.query.user]) for each in found]
    assert [each.shown_is_models for each in found] == [True] * 3 + [False] * 3
