"""Greedy, prune, swap and exhaustive, held against every set of short histories."""

from itertools import chain, combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from topple import CandidateRule, Query, explain_queries, verify, wrap
from topple.api.explaining import make_explainer
from topple.api.recommending import recommend
from topple.explainers.exhaustive import Exhaustive, ExhaustiveSettings
from topple.explainers.search.exchange import exchange
from topple.explainers.search.explainer import engines
from topple.explainers.search.growing import (
    _choose,
    grow,
    prune,
    pruned_among_shortlist,
    settled,
    settled_and_pruned,
    singles,
)
from topple.explainers.search.promises import most_promising
from topple.explainers.search.slopes import lead_slopes, spread_of
from topple.records.answer import Proof, Status
from topple.records.question import UNSEEN
from topple.scoring.encoding import encode
from topple.scoring.ranking import Ranking
from topple.testing import random_additive, random_mult_vae

MODELS = [random_additive(), random_mult_vae()]


def query(model, size, place, k, rule, protected=0):
    history = tuple(model.catalogue.vocabulary.ids[:size])
    target = recommend(model, history, k)[place % k].item
    return Query(history, target, k=k, rule=rule, protected=frozenset(history[:protected]))


def toppling(model, asked):
    free = [item for item in asked.history if item not in asked.protected]
    sets = list(chain.from_iterable(combinations(free, size) for size in range(1, len(free) + 1)))
    verdicts = verify(model, [asked] * len(sets), sets)
    return [frozenset(some) for some, verdict in zip(sets, verdicts, strict=True) if verdict.necessary]


queries = st.builds(
    lambda model, size, place, k, rule, protected: (model, query(model, size, place, k, rule, protected)),
    st.sampled_from(MODELS),
    st.integers(2, 6),
    st.integers(0, 3),
    st.integers(1, 3),
    st.sampled_from(UNSEEN),
    st.integers(0, 1),
)


@settings(deadline=None, max_examples=40)
@given(queries)
def test_exhaustive_finds_the_minimum_and_proves_impossible(drawn):
    model, asked = drawn
    (found,) = explain_queries(model, [asked], explainer="exhaustive", progress=False)
    every = toppling(model, asked)
    if every:
        assert found.proof is Proof.MINIMUM
        assert frozenset(found.items) in every
        assert len(found.items) == min(map(len, every))
    else:
        assert found.status is Status.IMPOSSIBLE


def assert_true_and_minimal(named, every):
    assert named in every
    assert not any(named - {item} in every for item in named)


@settings(deadline=None, max_examples=40)
@given(queries)
def test_greedy_sets_are_true_and_no_item_of_them_can_be_given_back(drawn):
    model, asked = drawn
    (found,) = explain_queries(model, [asked], explainer="greedy", progress=False)
    every = toppling(model, asked)
    if found.status is Status.FOUND:
        assert_true_and_minimal(frozenset(found.items), every)
        assert found.proof is Proof.MINIMAL
    elif every:
        assert min(map(len, every)) > 1


@settings(deadline=None, max_examples=60)
@given(queries)
def test_auto_claims_a_minimum_or_impossible_only_where_it_is_so(drawn):
    model, asked = drawn
    (found,) = explain_queries(model, [asked], explainer="auto", progress=False)
    every = toppling(model, asked)
    if found.status is Status.FOUND:
        assert_true_and_minimal(frozenset(found.items), every)
        if found.proof is Proof.MINIMUM:
            assert len(found.items) == min(map(len, every))
    else:
        assert found.status is Status.IMPOSSIBLE
        assert not every


@settings(deadline=None, max_examples=15)
@given(queries.filter(lambda drawn: drawn[0] is MODELS[1]))
def test_lcer_rank_sets_are_true_and_minimal(drawn):
    model, asked = drawn
    (found,) = explain_queries(model, [asked], explainer="lcer-rank", settings={"steps": 60}, progress=False)
    every = toppling(model, asked)
    if found.status is Status.FOUND:
        assert frozenset(found.items) in every
        assert found.proof is Proof.MINIMAL
    assert found.status is not Status.IMPOSSIBLE


@pytest.mark.parametrize("rule", UNSEEN)
def test_slopes_are_those_of_the_leads(rule):
    model = random_mult_vae()
    engine, _, _ = search(model, [query(model, 5, place, 2, rule) for place in (0, 1)])
    removed = torch.zeros(1, 2, 5, dtype=torch.bool)
    removed[0, :, 1] = True
    leads, slope = lead_slopes(engine, removed, alpha=9.0, restarts=1, spread=spread_of(engine))
    assert torch.allclose(
        leads[0], engine.margins(torch.tensor([0, 0]), removed[0], torch.zeros(2, 2, dtype=torch.bool)).diagonal()
    )
    assert (slope[0].abs().sum(-1) > 0).all()


def test_a_target_that_stays_for_everybody_is_told_so():
    model = random_additive()
    lost = [
        found
        for size in (2, 3)
        for place in (0, 1, 2)
        for found in explain_queries(model, [query(model, size, place, 3, CandidateRule.UNSEEN_BEFORE)], progress=False)
        if found.status is Status.IMPOSSIBLE
    ]
    for found in lost:
        (verdict,) = verify(model, [found.query], [()])
        assert ("nearly everyone" in found.reason) == (verdict.rank_alone <= found.query.k)


@pytest.mark.parametrize("rule", UNSEEN)
@pytest.mark.parametrize("method", ["greedy", "auto"])
def test_short_and_long_histories_of_a_tiny_catalogue_are_searched_together(rule, method):
    model = random_mult_vae()
    items = model.catalogue.vocabulary.ids
    asked = [
        Query(items[:size], recommend(model, items[:size], k)[0].item, k=k, rule=rule) for size, k in ((2, 15), (20, 2))
    ]
    together = explain_queries(model, asked, explainer=method, progress=False)
    alone = [explain_queries(model, [one], explainer=method, progress=False)[0] for one in asked]
    assert [e.items for e in together] == [e.items for e in alone]
    assert all(e.status is not Status.INVALID for e in together)


def test_a_size_that_does_not_fit_into_the_budget_is_not_begun():
    model = random_mult_vae()
    asked = query(model, 6, 0, 1, CandidateRule.UNSEEN_BEFORE)
    method = Exhaustive(ExhaustiveSettings(largest=None, whole=0, budget=6))
    claims = method.propose(model, encode([asked], model.catalogue))
    assert int(claims.cost[0]) <= 7
    assert claims.status[0] in (Status.FOUND, Status.BUDGET_SPENT)
    none = Exhaustive(ExhaustiveSettings(whole=0, budget=1)).propose(model, encode([asked], model.catalogue))
    assert none.status == (Status.BUDGET_SPENT,)
    assert int(none.cost[0]) == 1


def search(model, asked):
    ((_, engine),) = engines(model, encode(asked, model.catalogue), 32)
    leads = singles(engine)
    return engine, leads, prune(engine, grow(engine, leads, width=12, most=50))


@pytest.mark.parametrize("rule", UNSEEN)
def test_swaps_and_pruning_never_grow_a_set_and_keep_it_true(rule):
    model = random_mult_vae()
    asked = [query(model, size, place, 2, rule) for size in (4, 5, 6) for place in (0, 1)]
    engine, leads, found = search(model, asked)
    swapped = prune(engine, exchange(engine, found, found.any(-1), leads, width=4, tries=24))
    row, column = swapped.any(-1).nonzero(as_tuple=True)
    assert (engine.settle(row, column, swapped[row, column]) > 0).all()
    assert (swapped.sum(-1) <= found.sum(-1)).all()


def test_prune_gives_back_all_that_is_not_needed():
    model = random_additive()
    asked = [query(model, 6, 0, 1, CandidateRule.UNSEEN_BEFORE)]
    engine, _, _ = search(model, asked)
    everything = engine.table.removable.clone()
    toppled = (
        engine.settle(engine.table.row, engine.table.column, everything[engine.table.row, engine.table.column]) > 0
    )
    pruned = prune(engine, everything & toppled)
    removed = frozenset(i for i, gone in zip(asked[0].history, pruned[0, 0].tolist(), strict=True) if gone)
    every = toppling(model, asked[0])
    assert (removed in every) == bool(toppled)
    assert not any(removed - {item} in every for item in removed)


@pytest.mark.parametrize("rule", UNSEEN)
def test_the_shortlist_the_full_catalogue_and_the_packing_agree(rule, set_memory):
    model = random_mult_vae()
    asked = [query(model, size, place, 2, rule) for size in (3, 6) for place in (0, 1)]
    engine, _, _ = search(model, asked)
    rows = torch.arange(2).repeat_interleave(7)
    removed = torch.rand(14, engine.table.histories.items.shape[1], generator=torch.Generator().manual_seed(1)) < 0.4
    nobody = torch.zeros(14, 2, dtype=torch.bool)
    short, full = (engine.new_margins(rows, removed, nobody, full=full) for full in (False, True))
    assert torch.allclose(short, full)  # the shortlist holds this whole little catalogue
    set_memory(1)
    assert torch.allclose(engine.margins(rows, removed, nobody), short)
    for column in range(2):
        settled = engine.settle(rows, torch.full((14,), column), removed)
        assert torch.allclose(settled, full[:, column])


@given(st.lists(st.integers(-3, 3), min_size=3, max_size=9), st.integers(1, 3), st.data())
def test_a_lead_above_0_is_a_rank_below_the_list(scores, k, data):
    place = data.draw(st.integers(0, len(scores) - 1))
    row = torch.tensor(scores, dtype=torch.float64)
    ranking = Ranking(1e-12, 1.0, None)
    tolerance = ranking.tolerance(row[place])[None]
    standing = ranking.standing(row, torch.tensor([place]), torch.tensor([k]), tolerance)
    assert bool(standing.lead > 0) == (int(ranking.rank(row, standing, tolerance)) > k)


@pytest.mark.parametrize("name", ["greedy", "auto"])
def test_answers_and_costs_do_not_depend_on_how_much_is_worked_on_at_a_time(monkeypatch, name):
    model = random_mult_vae()
    asked = [query(model, size, place, 2, rule) for size in (3, 5, 6) for place in (0, 1) for rule in UNSEEN]
    method = make_explainer(name, {"width": 3})
    whole = method.propose(model, encode(asked, model.catalogue))
    monkeypatch.setattr(type(method), "histories_at_once", 1)
    alone = method.propose(model, encode(asked, model.catalogue))
    assert torch.equal(whole.sets, alone.sets)
    assert torch.equal(whole.cost, alone.cost)


def test_of_level_units_the_first_are_tried_whatever_pads_the_batch():
    promise = torch.tensor([[1.0, 2, 2, 2, 2, 2, 2, 2, 2, 1, 2, 2]])
    for more in (0, 5, 50):
        padded = torch.cat([promise, torch.zeros(1, more)], 1)
        units, free = most_promising(padded, padded > 0, 4)
        assert units.tolist() == [[1, 2, 3, 4]]
        assert free.all()


def test_a_position_that_goes_along_with_a_group_is_never_the_first_choice():
    """Positions of a group but the first may not be named alone, and cost nothing."""
    margin = torch.tensor([-3.0, -torch.inf, -1.0, -2.0])
    choice, behind = _choose(margin, margin + 4, torch.tensor([2.0, 0, 1, 1]))
    assert choice.tolist() == [2]
    assert behind.tolist() == [-2.5, -torch.inf, 0, -1]


@pytest.mark.parametrize("rule", UNSEEN)
def test_what_the_shortlist_prunes_still_topples_and_what_is_settled_is_minimal(rule):
    model, shorter = random_mult_vae(), 0
    asked = [query(model, size, place, 2, rule) for size in (4, 5, 6) for place in (0, 1)]
    ((_, engine),) = engines(model, encode(asked, model.catalogue), 32)
    everything = engine.table.removable & engine.table.asked[..., None]
    short = pruned_among_shortlist(engine, settled(engine, everything))
    found = settled_and_pruned(engine, short)
    assert found.any(-1).equal(short.any(-1))
    assert not (found & ~short).any()
    assert found.equal(prune(engine, found)), "nothing more can be given back"
    shorter += int(everything[short.any(-1)].sum() - short.sum())
    assert shorter > 0
    assert settled_and_pruned(engine, everything).any(-1).equal(settled(engine, everything).any(-1))


@pytest.mark.parametrize("additive", [False, True])
def test_of_what_leaves_for_want_of_evidence_nothing_can_be_given_back(additive):
    """One turn through the units is not enough: a unit may be spared once another one is back."""
    found = []
    for seed in range(20):
        random, items = np.random.default_rng(seed), 30
        table = np.round(random.normal(0, 2, (items, items))) * (random.random((items, items)) < 0.4)
        model = wrap(
            lambda rows, table=table: rows @ table, "callable", list(range(items)), histories="dense", additive=additive
        )
        history = tuple(random.permutation(items)[:12].tolist())
        queries = [Query(history, listed.item, k=4) for listed in recommend(model, history, k=4)]
        # grown sets of one item only, so that other targets leave by whole histories first
        found += explain_queries(model, queries, explainer="greedy", settings={"largest": 1}, progress=False)
    large = [explanation.verdict for explanation in found if len(explanation.items) > 1]
    assert len(large) > 20
    assert all(verdict.necessary and verdict.minimal for verdict in large)
