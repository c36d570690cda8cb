"""Several sets of one size, held against every set of short histories."""

from dataclasses import replace
from math import isclose

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explainers.brute_force import MODELS, draw_query, price, true_sets
from topple import explain_queries
from topple.explainers.exhaustive import Exhaustive
from topple.explainers.search import enumeration, more_sets
from topple.records.answer import Proof
from topple.records.question import Query
from topple.scoring.encoding import encode
from topple.testing import film_world
from topple.testing.toy import ToyRecommender
from topple.testing.worlds import catalogue_of

FILMS = film_world()


def units_of(query, some):
    return {next((tuple(group) for group in query.groups if item in group), (item,)) for item in some}


def explained(model, asked, explainer="exhaustive", **kwargs):
    (found,) = explain_queries(model, [asked], explainer=explainer, progress=False, **kwargs)
    return found


def are_true(found, every):
    """What holds of other sets however they were found."""
    sets = [frozenset(some) for some in (found.items, *found.alternatives)]
    assert len(set(sets)) == len(sets) <= found.query.sets
    assert set(sets) <= every
    assert len({price(found.query, some) for some in sets}) == 1
    assert len({len(units_of(found.query, some)) for some in sets}) == 1


def shared(query, some, before):
    return sum(len(units_of(query, some) & units_of(query, other)) for other in before)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1_000_000), st.integers(2, 9))
def test_other_sets_are_all_that_there_are_and_share_few_items(seed, sets):
    random, model = np.random.default_rng(seed), MODELS[seed % len(MODELS)]
    query = replace(draw_query(model, random), sets=sets)
    found = explained(model, query)
    every = true_sets(model, query)
    if found.proof is None:
        assert found.alternatives == ()
        return
    are_true(found, every)
    named = frozenset(found.items)
    like = [
        some
        for some in every - {named}
        if isclose(price(query, some), price(query, named))
        and len(units_of(query, some)) == len(units_of(query, named))
    ]
    assert len(found.alternatives) == min(sets - 1, len(like))
    chosen = [named]
    for some in found.alternatives:
        left = [other for other in like if other not in chosen]
        assert shared(query, some, chosen) == min(shared(query, other, chosen) for other in left)
        chosen.append(frozenset(some))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1_000_000))
def test_exchanged_units_lead_to_true_sets_too(seed):
    random, model = np.random.default_rng(seed), MODELS[seed % len(MODELS)]
    query = replace(draw_query(model, random), sets=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(more_sets, "ENUMERATED", 0)
        found = explained(model, query, "greedy")
        assert explained(model, query, "greedy").alternatives == found.alternatives
    if found.proof:
        are_true(found, true_sets(model, query))


def test_exchanges_find_the_other_set_of_one_item(monkeypatch):
    monkeypatch.setattr(more_sets, "ENUMERATED", 0)
    found = explained(FILMS.recommender, replace(FILMS.one, sets=5))
    assert {found.items, *found.alternatives} == {("alien",), ("brazil",)}


def test_the_films():
    one = explained(FILMS.recommender, replace(FILMS.one, sets=3))
    assert {one.items, *one.alternatives} == {("alien",), ("brazil",)}
    assert explained(FILMS.recommender, replace(FILMS.one, sets=1)).alternatives == ()
    dear = explained(FILMS.recommender, replace(FILMS.one, sets=3, item_costs={"brazil": 2}))
    assert (dear.items, dear.alternatives) == (("alien",), ())
    grouped = explained(FILMS.recommender, replace(FILMS.one, sets=3, groups=[("alien", "brazil")]))
    assert (grouped.items, grouped.alternatives) == (("alien", "brazil"), ())
    assert explained(FILMS.recommender, replace(FILMS.two, sets=3)).alternatives == ()


@pytest.mark.parametrize("at_once", [1, 3])
def test_how_many_sets_are_tried_at_once_changes_nothing(at_once, monkeypatch):
    model, random = MODELS[0], np.random.default_rng(4)
    asked = [replace(draw_query(model, random), sets=5) for _ in range(20)]

    def ask():
        found = explain_queries(model, asked, explainer="exhaustive", progress=False)
        return [(e.items, e.alternatives, e.proof, e.cost) for e in found]

    expected = ask()
    monkeypatch.setattr(enumeration, "BETWEEN_LOOKS", at_once)
    assert ask() == expected


def test_sums_that_differ_by_rounding_are_the_same_cost():
    """0.1 + 0.2 is not 0.3 to a computer. Either pair of the first four topples."""

    table = torch.zeros(12, 12)
    table[:4, 10], table[4, 9] = 1, 2.5
    model = ToyRecommender(catalogue_of(12), table)
    ids = model.catalogue.vocabulary.ids
    query = Query(ids[:5], ids[10], k=1, sets=3, groups=[ids[:2], ids[2:4]])
    query = replace(query, item_costs=dict(zip(ids[:5], (0.1, 0.2, 0.3, 1e-3, 9), strict=True)))
    found = explained(model, query)
    assert (found.items, found.proof) == (ids[:2], Proof.MINIMUM)
    assert found.alternatives == ()
    even = explained(model, replace(query, item_costs=dict(zip(ids[:5], (0.1, 0.2, 0.15, 0.15, 9), strict=True))))
    assert {even.items, *even.alternatives} == {ids[:2], ids[2:4]}


def test_a_set_that_is_too_large_takes_no_other_ones_place():
    """Either single item costs what the pair does, and the pair has two items."""
    table = torch.zeros(12, 12)
    table[:4, 10], table[4, 9] = 1, 3.5
    model = ToyRecommender(catalogue_of(12), table)
    ids = model.catalogue.vocabulary.ids
    query = Query(ids[:5], ids[10], k=1, sets=2, groups=[ids[:2]], protected=ids[4:5], largest=1)
    found = explained(model, replace(query, item_costs={ids[0]: 0.5, ids[1]: 0.5}))
    assert {found.items, *found.alternatives} == {ids[2:3], ids[3:4]}


def test_the_set_itself_is_none_of_the_others():
    method = Exhaustive()
    found = method.propose(FILMS.recommender, encode([replace(FILMS.one, sets=9)], FILMS.recommender.catalogue))
    assert found.others[0].tolist() in ([[True, False, False, False]], [[False, True, False, False]])
    assert found.others[0].tolist() != found.sets.tolist()


def test_sets_are_chosen_one_by_one_so_that_each_shares_least_with_all_before():
    base = torch.tensor([1, 1, 0, 0, 0, 0], dtype=torch.bool)
    others = torch.tensor(
        [[1, 0, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 1, 1]], dtype=torch.bool
    )
    chosen = more_sets._share_least(base, others, 3)
    assert chosen.tolist() == others[[1, 3, 0]].tolist()  # both that are left share two units with these: the first
    chosen = more_sets._share_least(base, others[[1, 2, 3]], 2)
    assert chosen.tolist() == others[[1, 3]].tolist()
