import numpy as np
import pytest
import torch

from topple.errors import QueryError
from topple.records.question import CandidateRule, Query
from topple.scoring.encoding import check, check_history, draw_key, encode
from topple.testing import film_recommender
from topple.testing.toy import ANA
from topple.testing.worlds import catalogue_of

FILMS = film_recommender().catalogue


def refused(match, **query):
    with pytest.raises(QueryError, match=match):
        check(Query(**{"history": ANA, "target": "evita", "k": 1, **query}), FILMS)


def test_a_query_that_can_be_asked_passes():
    check(Query(ANA, "evita", k=2, protected=frozenset({"alien"})), FILMS)


def test_an_empty_history_is_refused():
    refused("the history is empty: there is nothing to remove. Give at least one item", history=())


def test_a_repeated_item_is_refused():
    refused("item 'duel' stands twice in the history of 3 items", history=("duel", "alien", "duel"))


def test_an_item_outside_the_catalogue_is_refused_by_its_id():
    refused(
        "the history holds items outside the catalogue: unknown item id 'jaws'.*Leave them out",
        history=("alien", "jaws"),
    )


@pytest.mark.parametrize("item", [None, 3, 1.5, ("alien",), ["alien"], {"id": "alien"}])
def test_an_item_of_a_type_that_is_no_id_is_refused_too(item):
    refused("the history holds items outside the catalogue: unknown item id", history=("alien", item))


def test_an_unknown_target_is_refused():
    refused("target_item='jaws': unknown item id 'jaws'", target="jaws")
    refused("target_item=None: unknown item id None", target=None)


def test_a_target_of_the_history_is_refused():
    refused(r"target_item='duel' is in the history \(4 items\); only unseen items.*recommend\(history\)", target="duel")


@pytest.mark.parametrize("k", [0, -1, 3, 100])
def test_k_must_leave_room_for_a_replacement(k):
    refused(rf"k={k} with 3 candidates \(catalogue 7 less a history of 4\): k must be at least 1", k=k)


@pytest.mark.parametrize("k", ["2", 1.5, None, True])
def test_k_must_be_a_whole_number(k):
    refused(f"k={k!r} is not a whole number", k=k)


def test_a_numpy_k_and_numpy_ids_are_accepted():
    check(Query((np.int64(101), np.int64(107)), np.int64(104), k=np.int64(2)), catalogue_of(9))
    check_history(np.array([101, 107]), 2, catalogue_of(9))


def test_an_integer_index_is_not_an_id():
    with pytest.raises(QueryError, match="unknown item id 0, 1"):
        check_history([0, 1], 2, catalogue_of(9))


def test_a_protected_item_outside_the_history_is_refused():
    refused(
        "protected item 'fargo' is not in the history. Constraints are about items of the history only",
        protected=frozenset({"fargo"}),
    )


def test_encoding_stores_each_history_once_and_keeps_the_queries_apart():
    queries = [
        Query(("duel", "alien", "brazil"), "evita", k=2, protected=frozenset({"brazil", "duel"})),
        Query(("fargo",), "alien", k=4, rule=CandidateRule.UNSEEN_AFTER),
        Query(("duel", "alien", "brazil"), "fargo", k=1),
    ]
    encoded = encode(queries, FILMS)
    assert len(encoded) == 3
    assert encoded.histories.items.tolist() == [[3, 0, 1], [5, 0, 0]]
    assert encoded.row.tolist() == [0, 1, 0]
    assert encoded.target.tolist() == [4, 0, 5]
    assert encoded.k.tolist() == [2, 4, 1]
    assert encoded.protected.tolist() == [[True, False, True], [False] * 3, [False] * 3]
    assert encoded.removable.tolist() == [[False, True, False], [True, False, False], [True] * 3]
    assert {rule: places.tolist() for rule, places in encoded.by_rule().items()} == {
        CandidateRule.UNSEEN_BEFORE: [0, 2],
        CandidateRule.UNSEEN_AFTER: [1],
    }


def test_selecting_queries_leaves_the_histories():
    encoded = encode([Query(("duel",), "evita", k=2), Query(("fargo", "alien"), "evita", k=1)], FILMS)
    chosen = encoded.select(torch.tensor([1]))
    assert (chosen.queries, chosen.row.tolist(), chosen.k.tolist()) == ((encoded.queries[1],), [1], [1])
    assert chosen.histories is encoded.histories


def test_the_key_depends_on_seed_user_and_target():
    base = Query(("a", "b"), "t", user="ana", seed=1)
    others = [
        Query(("a", "b"), "t", user="ana", seed=2),
        Query(("a", "b"), "t", user="bo", seed=1),
        Query(("a", "b"), "u", user="ana", seed=1),
        Query(("a", "b"), "t", seed=1),
    ]
    assert len({draw_key(query) for query in [base, *others]}) == 5


def test_the_key_depends_on_nothing_else():
    base = Query(("a", "b"), "t", user="ana")
    same = Query(("c",), "t", k=9, rule=CandidateRule.UNSEEN_AFTER, protected=frozenset("c"), user="ana")
    assert draw_key(base) == draw_key(same)


def test_without_a_user_the_key_is_that_of_the_history_in_any_order():
    assert draw_key(Query((1, 12), "t")) == draw_key(Query((12, 1), "t"))
    assert draw_key(Query((1, 12), "t")) != draw_key(Query((1, 2), "t"))
    assert draw_key(Query((1, 12), "t")) != draw_key(Query(("1", "12"), "t"))


def test_numpy_ids_have_the_keys_of_the_ids_that_they_are():
    assert draw_key(Query((np.int64(1), np.int64(2)), np.int64(7))) == draw_key(Query((1, 2), 7))
    assert draw_key(Query((1,), 7, user=np.int64(3))) == draw_key(Query((1,), 7, user=3))
    assert draw_key(Query((np.str_("a"),), np.str_("t"))) == draw_key(Query(("a",), "t"))
