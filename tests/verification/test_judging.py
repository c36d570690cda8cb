"""Verdicts for goals and groups, worked out by hand in the world of the films, and held against every set."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explainers.brute_force import MODELS, allowed_sets, draw_query, one_less, true_sets
from topple.errors import QueryError
from topple.records.question import UNSEEN
from topple.testing import film_world
from topple.verification import verify

FILMS = film_world()
BEFORE, AFTER = UNSEEN

# What is left for evita, fargo and gattaca when only the named are kept, or only the others (see test_verify):
#   alien 4 1 0, brazil 3 2 0, casablanca 1 3 2, duel 0 1 4; all 8 7 6.
#
# name, rule, goal, groups, named -> valid, minimal
BY_HAND = [
    ("one", BEFORE, "sufficient", (), ("alien",), True, True),
    ("one", BEFORE, "sufficient", (), ("alien", "brazil"), True, False),  # each alone keeps it first
    ("one", BEFORE, "sufficient", (), ("casablanca",), False, None),  # 1 against 3
    ("one", BEFORE, "sufficient", (), ("alien", "casablanca"), True, False),  # alien alone does
    ("one", BEFORE, "sufficient", [("alien", "casablanca")], ("alien", "casablanca"), True, True),
    ("one", AFTER, "sufficient", (), ("brazil",), False, None),  # alien comes back with 5 against 3
    ("one", BEFORE, "both", (), ("alien",), True, True),
    ("one", BEFORE, "both", (), ("alien", "brazil"), True, False),
    ("one", BEFORE, "both", [("alien", "brazil")], ("alien", "brazil"), True, True),
    ("one", BEFORE, "both", (), ("duel",), False, None),
    ("one", BEFORE, "both", (), ("alien", "duel"), True, False),
    ("one", BEFORE, "necessary", [("alien", "duel")], ("alien", "duel"), True, True),
    ("one", BEFORE, "necessary", [("brazil", "duel")], ("alien", "brazil", "duel"), True, False),
    ("two", BEFORE, "necessary", [("brazil", "casablanca")], ("brazil", "casablanca"), True, True),
    ("two", BEFORE, "both", (), ("brazil", "casablanca"), True, True),
    ("two", AFTER, "both", (), ("brazil", "casablanca"), True, False),  # casablanca alone does both
    ("two", BEFORE, "sufficient", (), ("brazil", "casablanca"), True, False),
]


@pytest.mark.parametrize(("name", "rule", "goal", "groups", "named", "valid", "minimal"), BY_HAND)
def test_verdicts_on_goals_and_groups_worked_out_by_hand(name, rule, goal, groups, named, valid, minimal):
    query = replace(getattr(FILMS, name), rule=rule, goal=goal, groups=groups)
    (verdict,) = verify(FILMS.recommender, [query], [named])
    assert (verdict.valid, verdict.minimal) == (valid, minimal)


@pytest.mark.parametrize(
    ("constraints", "named", "match"),
    [
        ({"groups": [("alien", "duel")]}, ["alien"], r"of the group \('alien', 'duel'\) only a part is named"),
        ({"largest": 1}, ["alien", "brazil"], "2 items are named, more than largest=1"),
        ({"protected": ["alien"]}, ["alien", "brazil"], "named item 'alien' is protected"),
        ({"item_costs": {"alien": 0}}, ["alien"], "the cost of item 'alien' is 0"),
    ],
)
def test_sets_that_the_query_does_not_allow_are_refused(constraints, named, match):
    with pytest.raises(QueryError, match=match):
        verify(FILMS.recommender, [replace(FILMS.one, **constraints)], [named])


def test_an_empty_set_is_valid_for_no_goal():
    queries = [replace(FILMS.one, goal=goal) for goal in ("necessary", "sufficient", "both")]
    assert [v.valid for v in verify(FILMS.recommender, queries, [()] * 3)] == [False] * 3


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1_000_000))
def test_valid_and_minimal_are_what_every_set_says_and_depend_on_no_other(seed):
    random, model = np.random.default_rng(seed), MODELS[seed % len(MODELS)]
    queries, sets = [], []
    for query in [draw_query(model, random) for _ in range(3)]:
        some = [tuple(each) for each in allowed_sets(query)][:12]
        queries, sets = queries + [query] * len(some), sets + some
    order = random.permutation(len(queries))
    queries, sets = [queries[place] for place in order], [sets[place] for place in order]
    together = verify(model, queries, sets)
    for query, named, verdict in zip(queries, sets, together, strict=True):
        every = true_sets(model, query)
        assert verdict.valid == (frozenset(named) in every)
        less = any(one in every for one in one_less(query, frozenset(named)))
        assert verdict.minimal == (not less if verdict.valid else None)
    assert [verify(model, [query], [named])[0] for query, named in zip(queries[:4], sets, strict=False)] == together[:4]


def test_the_only_item_of_a_history_counts_however_often_it_was_played():
    for history, whole in ((("alien", "alien"), False), (("alien", "brazil"), True)):
        (verdict,) = verify(FILMS.recommender, [replace(FILMS.one, history=history)], [set(history)])
        assert (verdict.without_evidence, verdict.whole_history) == (True, whole)
