from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from topple.api.recommending import recommend
from topple.errors import QueryError, RecommenderError
from topple.records.question import CandidateRule, Query
from topple.scoring.encoding import encode
from topple.testing import ToyRecommender, film_recommender, film_world, random_mult_vae
from topple.testing.worlds import catalogue_of, listed_queries
from topple.verification import verify
from topple.verification.judging import Judge

BEFORE, AFTER = CandidateRule.UNSEEN_BEFORE, CandidateRule.UNSEEN_AFTER
FILMS = film_world()

# What each kept item (row) gives to what Ana has not seen, and to her own four films (used by unseen_after):
#
#              evita fargo gattaca | alien brazil casablanca duel
#   alien        4     1     0     |   0     1        0       2
#   brazil       3     2     0     |   5     0        1       0
#   casablanca   1     3     2     |   0     3        0       1
#   duel         0     1     4     |   1     0        8       0
#   all          8     7     6
#
# Bo kept gattaca (alien 3, brazil 0, casablanca 1, duel 1, fargo 2, evita 7) and evita (1, 0, 2, 0, fargo 5, gattaca 1):
#   fargo 7, alien 4, casablanca 3, duel 1, brazil 0.
#
# query, removed, rule -> rank before, after, alone; necessary, sufficient, minimal; replacements
BY_HAND = [
    ("one", ["alien"], BEFORE, (1, 3, 1), (True, True, True), ("fargo",)),
    ("one", ["alien"], AFTER, (1, 4, 1), (True, True, True), ("alien",)),
    ("one", ["brazil"], BEFORE, (1, 2, 1), (True, True, True), ("gattaca",)),
    ("one", ["brazil"], AFTER, (1, 2, 2), (True, False, True), ("gattaca",)),
    ("one", ["alien", "brazil"], BEFORE, (1, 3, 1), (True, True, False), ("gattaca",)),
    ("one", ["duel"], BEFORE, (1, 1, 3), (False, False, None), ()),
    ("two", ["brazil", "casablanca"], BEFORE, (2, 3, 1), (True, True, True), ("gattaca",)),
    ("two", ["casablanca", "brazil"], AFTER, (2, 4, 1), (True, True, False), ("casablanca",)),
    ("two", ["casablanca"], BEFORE, (2, 2, 1), (False, True, None), ()),
    ("two", ["casablanca"], AFTER, (2, 3, 1), (True, True, True), ("casablanca",)),
    ("two", ["alien", "brazil", "casablanca", "duel"], BEFORE, (2, 3, 2), (True, True, True), ()),  # all scores 0
    ("bo", ["evita"], BEFORE, (1, 2, 1), (True, True, True), ("alien",)),
    ("bo", ["evita"], AFTER, (1, 3, 1), (True, True, True), ("evita",)),
    ("bo", ["gattaca"], BEFORE, (1, 1, 2), (False, False, None), ()),
    ("bo", ["gattaca"], AFTER, (1, 1, 3), (False, False, None), ()),
]


@pytest.mark.parametrize(("name", "removed", "rule", "ranks", "truths", "replacements"), BY_HAND)
def test_verdicts_worked_out_by_hand(name, removed, rule, ranks, truths, replacements):
    query = getattr(FILMS, name)
    (verdict,) = verify(FILMS.recommender, [query], [removed], rule=rule)
    assert (verdict.query, verdict.rule, verdict.found, verdict.size) == (query, rule, True, len(removed))
    assert (verdict.rank_before, verdict.rank_after, verdict.rank_alone) == ranks
    assert (verdict.necessary, verdict.sufficient, verdict.minimal) == truths
    assert verdict.replacements == replacements


def test_without_a_rule_each_query_is_judged_under_its_own():
    queries = [FILMS.two, Query(**{**fields(FILMS.two), "rule": AFTER}), FILMS.bo]
    verdicts = verify(FILMS.recommender, queries, [["casablanca"], ["casablanca"], ["evita"]])
    assert [(v.rule, v.necessary) for v in verdicts] == [(BEFORE, False), (AFTER, True), (BEFORE, True)]


def fields(query):
    return {name: getattr(query, name) for name in ("history", "target", "k", "rule", "protected", "seed", "user")}


def test_an_empty_set_is_a_query_without_a_set():
    (verdict,) = verify(FILMS.recommender, [FILMS.two], [[]])
    assert (verdict.found, verdict.size, verdict.rank_before, verdict.rank_after) == (False, 0, 2, None)
    assert (verdict.necessary, verdict.sufficient, verdict.minimal, verdict.replacements) == (False, False, None, ())


def test_the_only_true_sets_of_the_films_are_the_one_in_the_docstring_and_the_whole_history():
    free = FILMS.two.history
    sets = [some for size in range(1, 5) for some in combinations(free, size)]
    true = [v.necessary for v in verify(FILMS.recommender, [FILMS.two] * len(sets), sets)]
    assert [some for some, holds in zip(sets, true, strict=True) if holds] == [("brazil", "casablanca"), free]
    (whole,) = verify(FILMS.recommender, [FILMS.two], [free])
    assert (whole.without_evidence, whole.whole_history, whole.replacements, whole.margin) == (True, True, (), 0)


def test_a_transposed_table_would_give_other_answers():
    turned = ToyRecommender(FILMS.recommender.catalogue, FILMS.recommender.arrays()["gives"].T.contiguous())
    queries, sets = [FILMS.one, FILMS.two, FILMS.bo], [["alien"], ["brazil", "casablanca"], ["evita"]]
    right, wrong = (verify(model, queries, sets) for model in (FILMS.recommender, turned))
    assert all(a != b for a, b in zip(right, wrong, strict=True))


def slow_rank(gives, history, kept, target, rule, k):
    """The rank by its definition: one item at a time, in plain Python."""
    scores = [sum(gives[item][candidate] for item in kept) for candidate in range(len(gives))]
    hidden = history if rule is BEFORE else kept
    others = [item for item in range(len(gives)) if item not in hidden and item != target]
    above = sum(scores[item] > scores[target] for item in others)
    tied = sum(scores[item] == 0 for item in others) if scores[target] == 0 else 0  # nothing speaks for any of them
    return 1 + above + (tied if above < k <= above + tied else 0), scores, hidden


@st.composite
def small_worlds(draw):
    items = draw(st.integers(5, 9))
    cells = st.lists(st.integers(-3, 5), min_size=items, max_size=items)
    gives = draw(st.lists(cells, min_size=items, max_size=items))
    order = draw(st.permutations(range(items)))
    length = draw(st.integers(1, items - 3))
    k = draw(st.integers(1, items - length - 1))
    removed = draw(st.sets(st.sampled_from(order[:length]), min_size=1))
    return gives, order[:length], order[length], k, removed


FLAT = [[0] * 8, [0] * 7 + [2], [3, *[0] * 5, 2, 0], [-2, *[0] * 5, -2, -2], [0] * 8, [-1, *[0] * 7], [0] * 8, [0] * 8]


@settings(max_examples=150)
@given(st.lists(small_worlds(), min_size=1, max_size=1), st.sampled_from([BEFORE, AFTER]))
@example([(FLAT, [3, 2, 5], 0, 3, {3})], BEFORE)
def test_ranks_minimality_and_replacements_equal_brute_force_on_small_worlds(drawn, rule):
    ((gives, history, target, k, removed),) = drawn
    catalogue = catalogue_of(len(gives))
    ids = catalogue.vocabulary.ids
    query = Query(tuple(ids[i] for i in history), ids[target], k=k, rule=rule)
    model = ToyRecommender(catalogue, torch.tensor(gives, dtype=torch.float32))
    (verdict,) = verify(model, [query], [[ids[i] for i in removed]])

    def topples(some):
        return slow_rank(gives, history, [i for i in history if i not in some], target, rule, k)[0] > k

    def top(kept):
        _, scores, hidden = slow_rank(gives, history, kept, target, rule, k)
        return sorted((i for i in range(len(gives)) if i not in hidden), key=lambda i: (-scores[i], i))[:k]

    kept = [i for i in history if i not in removed]
    assert verdict.rank_before == slow_rank(gives, history, history, target, rule, k)[0]
    assert verdict.rank_after == slow_rank(gives, history, kept, target, rule, k)[0]
    assert verdict.rank_alone == slow_rank(gives, history, list(removed), target, rule, k)[0]
    assert verdict.necessary == (topples(removed) and verdict.rank_before <= k)
    # Where the target's score and the scale are 0, the tolerance is 0: a tie is within the rounding, and is not claimed.
    undecided = model.scale == 0 and not sum(gives[item][target] for item in history) and not verdict.sufficient
    assert verdict.sufficient == (verdict.rank_alone <= k) or undecided
    if verdict.necessary:
        assert verdict.minimal == (not any(topples(removed - {item}) for item in removed))
    before = top(history)
    _, scores, _ = slow_rank(gives, history, kept, target, rule, k)
    entered = [i for i in top(kept) if i not in before and scores[i] > scores[target]]
    assert verdict.replacements == tuple(ids[i] for i in entered)


MODEL = random_mult_vae(items=30, seed=4)
QUERIES = listed_queries(MODEL, seed=1, users=6, k=3)
SETS = [
    query.history[len(query.protected) : len(query.protected) + 1 + place % 3] for place, query in enumerate(QUERIES)
]


def test_a_verdict_is_the_same_alone_in_a_batch_and_in_any_order():
    together = verify(MODEL, QUERIES, SETS)
    alone = [verify(MODEL, [query], [named])[0] for query, named in zip(QUERIES, SETS, strict=True)]
    assert alone == together
    assert verify(MODEL, QUERIES[::-1], SETS[::-1]) == together[::-1]
    assert {v.necessary for v in together} == {True, False}


@pytest.mark.parametrize("scores", [1, 100, 10_000])
def test_how_many_scores_are_held_at_once_changes_nothing(set_memory, scores):
    expected = verify(MODEL, QUERIES, SETS)
    set_memory(scores)
    assert verify(MODEL, QUERIES, SETS) == expected


def test_the_judge_takes_places_as_the_door_gives_them():
    encoded = encode(QUERIES, MODEL.catalogue)
    places = torch.zeros_like(encoded.protected)
    for row, (query, named) in enumerate(zip(QUERIES, SETS, strict=True)):
        places[row, : len(query.history)] = torch.tensor([item in named for item in query.history])
    found = {}
    for (rule, _), numbers in encoded.by_rule_and_goal().items():
        verdicts = Judge(MODEL, encoded.select(numbers), rule=rule).verdicts(places[numbers])
        found.update(zip(numbers.tolist(), verdicts, strict=True))
    assert [found[number] for number in range(len(QUERIES))] == verify(MODEL, QUERIES, SETS)


def test_sets_of_other_systems_are_judged_by_their_ids_in_any_order_and_of_any_collection():
    expected = verify(FILMS.recommender, [FILMS.two], [["brazil", "casablanca"]])
    for named in (("casablanca", "brazil"), {"brazil", "casablanca"}, frozenset({"brazil", "casablanca"})):
        assert verify(FILMS.recommender, [FILMS.two], [named]) == expected
    assert verify(FILMS.recommender, [FILMS.two], [["brazil", "casablanca", "brazil"]]) == expected


def test_a_query_with_lists_is_judged_as_one_with_tuples():
    query = Query(list(FILMS.two.history), "fargo", k=2, protected=["duel"], user="ana")
    (verdict,) = verify(FILMS.recommender, [query], [["brazil", "casablanca"]])
    assert (verdict.necessary, verdict.rank_after) == (True, 3)


def test_no_query_is_no_verdict():
    assert verify(FILMS.recommender, [], []) == []


@pytest.mark.parametrize(
    ("queries", "sets", "match"),
    [
        ([FILMS.one], [], "0 sets for 1 queries: give one set a query, empty where none was found"),
        ([FILMS.one], [["fargo"]], "named item 'fargo' is not in the history"),
        ([FILMS.one], [["jaws"]], "named item 'jaws' is not in the history. Name unprotected items"),
        ([FILMS.impossible], [["brazil"]], "named item 'brazil' is protected"),
        ([Query(("alien", "jaws"), "evita")], [[]], "unknown item id 'jaws'"),
        ([Query((), "evita")], [[]], "the history is empty"),
        ([Query(("alien",), "alien")], [["alien"]], "target_item='alien' is in the history"),
        ([FILMS.one, Query(("alien",), "evita", k=9)], [[], []], "k=9 with 6 candidates"),
    ],
)
def test_what_cannot_be_judged_is_refused(queries, sets, match):
    with pytest.raises(QueryError, match=match):
        verify(FILMS.recommender, queries, sets)


class Broken(ToyRecommender):
    """Returns what `make` makes of the scores."""

    make = staticmethod(lambda scores: scores)

    def score(self, histories, keep, candidates=None):
        return type(self).make(super().score(histories, keep, candidates))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda scores: scores[:, 0], r"toy returned scores of shape \(1, 7\), expected \(1, 1, 7\)"),
        (lambda scores: scores[..., :-1], r"toy returned scores of shape \(1, 1, 6\), expected \(1, 1, 7\)"),
        (lambda scores: scores * np.nan, r"the score of item index 0 is NaN"),
    ],
)
def test_a_recommender_that_breaks_the_contract_is_named(monkeypatch, make, match):
    monkeypatch.setattr(Broken, "make", staticmethod(make))
    with pytest.raises(RecommenderError, match=match):
        verify(film_recommender(Broken), [FILMS.one], [["alien"]])


def test_a_recommender_is_never_asked_about_no_history_at_all(monkeypatch):
    def seen(scores):
        assert scores.shape[0] > 0
        return scores

    monkeypatch.setattr(Broken, "make", staticmethod(seen))
    assert [v.found for v in verify(film_recommender(Broken), [FILMS.one, FILMS.bo], [[], []])] == [False, False]


def test_a_target_that_was_not_in_the_list_is_not_toppled():
    model = random_mult_vae()
    history = model.catalogue.vocabulary.ids[:4]
    (verdict,) = verify(model, [Query(history, recommend(model, history, 15)[-1].item, k=2)], [history[:1]])
    assert verdict.rank_before > 2
    assert not verdict.necessary
    assert verdict.minimal is None
