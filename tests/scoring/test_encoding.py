import numpy as np
import pytest
import torch

from topple.errors import QueryError
from topple.records.question import CandidateRule, Goal, Query
from topple.scoring.checks import check, check_request
from topple.scoring.encoding import draw_key, encode, positions_of, sets_at
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


def test_an_item_may_come_again_and_is_named_with_all_of_the_events_or_event_by_event():
    history = ("duel", "alien", "duel", "brazil")
    whole, single = Query(history, "evita", k=1), Query(history, "evita", k=1, repeats="events")
    for query in (whole, single):
        check(query, FILMS)
    encoded = encode([whole, single], FILMS)
    assert encoded.unit.tolist() == [[0, 1, 0, 3], [0, 1, 2, 3]]
    assert encoded.size.tolist() == [[1, 1, 0, 1], [1, 1, 1, 1]]
    assert encoded.item_cost.tolist() == [[1000, 1000, 0, 1000], [1000] * 4]


def test_weights_times_and_contexts_reach_the_histories():
    queries = [
        Query(("duel", "alien"), "evita", k=1, weights=(3, 0.5), times=(7, 9), context={"device": "tv"}),
        Query(("duel", "alien"), "evita", k=1, weights=(3, 0.5), times=(7, 9)),
        Query(("duel", "alien"), "fargo", k=1, weights=(3, 0.5), times=(7, 9), context={"device": "tv"}),
    ]
    encoded = encode(queries, FILMS)
    assert encoded.row.tolist() == [0, 1, 0], "equal histories in different contexts are two"
    assert encoded.histories.weights.tolist() == [[3, 0.5]] * 2
    assert encoded.histories.times.tolist() == [[7, 9]] * 2
    assert encoded.histories.contexts == ({"device": "tv"}, None)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"weights": (1, 2)}, "2 weights for a history of 4 events"),
        ({"weights": (1, 2, 0, 1)}, r"weights\[2\]=0(.0)? is not a finite number above 0"),
        ({"weights": (1, -2, 1, 1)}, r"weights\[1\]=-2"),
        ({"weights": (1, float("nan"), 1, 1)}, r"weights\[1\]=nan"),
        ({"times": (1, 2, "late", 3)}, r"times\[2\]='late' is not a finite number\."),
        ({"repeats": "plays"}, "repeats='plays' is not one of item, events"),
        ({"candidates": ["evita", "jaws"]}, "candidates: unknown item id 'jaws'"),
        ({"exclude": ["jaws"]}, "exclude: unknown item id 'jaws'"),
        ({"exclude": "evita"}, "exclude='evita' is not a sequence of item ids"),
        ({"exclude": ["evita"]}, "target_item='evita' is not among the candidates of the query"),
        (
            {"candidates": ["evita", "fargo"], "k": 2},
            r"k=2 with 2 candidates \(catalogue 7, of which 2 may be listed, 0 of these in the history",
        ),
        ({"groups": [("alien", "duel")], "repeats": "events"}, "a group names items, and here events are named"),
    ],
)
def test_what_does_not_fit_the_history_or_the_catalogue_is_refused(values, match):
    refused(match, **values)


def test_the_candidates_of_a_query_reach_the_histories_as_filters_each_once():
    queries = [Query(ANA, "evita", k=1, exclude=["fargo"]), Query(ANA, "evita", k=1), Query(ANA, "fargo", k=1)]
    histories = encode(queries, FILMS).histories
    assert histories.filters.tolist() == [[True] * 5 + [False, True], [True] * 7]
    assert histories.filter_of.tolist() == [0, 1]


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
    check_request(Query(np.array([101, 107]), 104, k=2), catalogue_of(9))


def test_an_integer_index_is_not_an_id():
    with pytest.raises(QueryError, match="unknown item id 0, 1"):
        check_request(Query([0, 1], 104, k=2), catalogue_of(9))


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


def test_queries_are_told_apart_by_rule_and_goal():
    queries = [
        Query(("duel",), "evita", rule=rule, goal=goal)
        for rule, goal in (("unseen_before", "necessary"), ("unseen_after", "necessary"), ("unseen_before", "both"))
    ]
    encoded = encode([*queries, queries[0]], FILMS)
    assert {kind: numbers.tolist() for kind, numbers in encoded.by_rule_and_goal().items()} == {
        (CandidateRule.UNSEEN_BEFORE, Goal.NECESSARY): [0, 3],
        (CandidateRule.UNSEEN_AFTER, Goal.NECESSARY): [1],
        (CandidateRule.UNSEEN_BEFORE, Goal.BOTH): [2],
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


def test_queries_about_few_histories_point_to_the_first_of_each():
    queries = [Query(ANA[:size], "evita", k=1) for size in (3, 2, 3, 1, 2)]
    encoded = encode(queries, FILMS)
    assert encoded.row.tolist() == [0, 1, 0, 2, 1]
    assert encoded.histories.lengths.tolist() == [3, 2, 1]
    assert encoded.histories.items[1, :2].tolist() == FILMS.vocabulary.encode(ANA[:2]).tolist()


def test_sets_and_positions_are_the_same_told_in_two_ways():
    sets = torch.tensor([[1, 0, 1], [0, 0, 0], [0, 1, 0]], dtype=torch.bool)
    positions = [(0, 2), (), (1,)]
    assert positions_of(sets) == positions
    assert torch.equal(sets_at(positions, sets), sets)
    assert torch.equal(sets_at([()] * 3, sets), sets & False)
