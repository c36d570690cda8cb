"""The truth that claims are held against, by hand on the films."""

from dataclasses import replace

import pytest
import torch

from topple.api.explaining import explain_queries
from topple.records.question import CandidateRule, Goal
from topple.testing import film_world
from topple.testing.asking import named
from topple.testing.drawn import claim_worlds, constrained
from topple.testing.truth import LONGEST, thousandths, truths
from topple.verification import verify

FILMS = film_world()
PRICED = {"alien": 1.001, "brazil": 0.5, "casablanca": 0.499}


def true_sets(query):
    (truth,) = truths(FILMS.recommender, [query])
    return {named(query, chosen) for chosen, true in zip(truth.sets, truth.true, strict=True) if true}, truth


@pytest.mark.parametrize(
    ("query", "smallest", "cheapest"),
    [
        (FILMS.one, {("alien",), ("brazil",)}, 1000),
        (FILMS.two, {("brazil", "casablanca")}, 2000),
        (FILMS.impossible, set(), None),
        (replace(FILMS.two, item_costs=PRICED), {("brazil", "casablanca")}, 999),
        (replace(FILMS.two, largest=1), set(), None),
        (replace(FILMS.one, protected=frozenset({"alien"})), {("brazil",)}, 1000),
        (replace(FILMS.two, rule=CandidateRule.UNSEEN_AFTER), {("casablanca",)}, 1000),
    ],
)
def test_the_cheapest_true_sets_of_the_films_are_those_worked_out_by_hand(query, smallest, cheapest):
    found, truth = true_sets(query)
    assert truth.cheapest == cheapest
    least = {items for items in found if thousandths(query, [item in items for item in query.history]) == cheapest}
    assert least == smallest


def test_items_of_a_group_are_named_together():
    found, _ = true_sets(replace(FILMS.one, groups=(("alien", "duel"),)))
    assert ("alien",) not in found
    assert ("alien", "duel") in found


def test_a_set_is_true_for_a_goal_where_the_judge_says_so():
    for goal in Goal:
        for query in FILMS.queries:
            asked = replace(query, goal=goal)
            (truth,) = truths(FILMS.recommender, [asked])
            sets = [named(asked, chosen) for chosen in truth.sets]
            verdicts = verify(FILMS.recommender, [asked] * len(sets), sets)
            assert truth.true.tolist() == [verdict.valid for verdict in verdicts]


def test_a_longer_history_has_no_truth_and_padding_holds_nothing():
    ids = claim_worlds()[0].recommender.catalogue.vocabulary.ids
    query = replace(claim_worlds()[0].queries[0], history=ids[: LONGEST + 1], target=ids[-1])
    assert truths(claim_worlds()[0].recommender, [query]) == [None]
    (truth,) = truths(FILMS.recommender, [FILMS.one])
    assert truth.holds(torch.tensor([True, False, False, False, False]))
    assert not truth.holds(torch.tensor([True, False, False, False, True]))


def test_the_drawn_queries_can_be_asked_and_use_every_constraint():
    for world in claim_worlds():
        queries = (*world.queries, *constrained(world.queries, set(Goal)))
        assert not [
            e.reason
            for e in explain_queries(world.recommender, queries[::10], explainer="greedy", progress=False)
            if e.status == "invalid"
        ]
        for field in (
            "goal",
            "protected",
            "groups",
            "item_costs",
            "largest",
            "sets",
            "rule",
            "weights",
            "repeats",
            "exclude",
        ):
            assert len({repr(getattr(query, field)) for query in queries}) > 1, field
        found = truths(world.recommender, queries)
        assert any(truth.cheapest is None for truth in found)
        assert {truth.cheapest for truth in found} - {None, 1000, 2000, 3000}


def test_an_item_that_comes_again_costs_once_unless_events_are_named():
    history = ("alien", "brazil", "alien")
    query = replace(FILMS.one, history=history, item_costs={"alien": 0.25})
    assert thousandths(query, [True, True, True]) == 1250
    assert thousandths(replace(query, repeats="events"), [True, True, True]) == 1500
