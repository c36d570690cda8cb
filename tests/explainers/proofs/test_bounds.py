from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import topple
from topple.api.recommending import recommend
from topple.explainers.auto import BUDGET
from topple.explainers.proofs.bounds import Shrunk, lower_bounds, network_of
from topple.explainers.proofs.evidence import could_want_evidence
from topple.explainers.search.engine import Engine
from topple.explainers.search.explainer import engines
from topple.explainers.search.targets import TargetTable
from topple.recommenders.models.mult_dae import MultDAE, MultDAESettings
from topple.records.question import UNSEEN, CandidateRule, Goal, Query
from topple.scoring.encoding import encode
from topple.scoring.ranking import only_competing
from topple.scoring.variations import HistoryBatch, without
from topple.testing import film_world, random_mult_vae
from topple.testing.truth import truths
from topple.testing.worlds import catalogue_of

LARGEST = 5


def world(seed, rule, k, users=3, longest=9, strength=1.0):
    """A random Mult-VAE and the engine of the top-k of some random histories, some items protected."""
    random = np.random.default_rng(seed)
    model = random_mult_vae(items=18 + seed % 9, seed=seed, hidden=5 + seed % 14, latent=3 + seed % 5)
    if strength != 1.0:
        arrays = {name: array * strength for name, array in model.arrays().items()}
        model = type(model).from_arrays(arrays, model.catalogue)
    ids = model.catalogue.vocabulary.ids
    histories = {user: random.permutation(ids)[: random.integers(2, longest + 1)].tolist() for user in range(users)}
    protected = tuple({item for history in histories.values() for item in history[: random.integers(0, 2)]})
    queries = topple.top_k_queries(model, histories, k=k, rule=rule, protected=protected)
    ((_, engine),) = engines(model, encode(queries, model.catalogue), 32)
    return engine


def alike_world(seed, rule, k, goal):
    """A random Mult-DAE of which many items score the same for an empty history, some of them for every history.

    Returns:
        the engine, and the queries in the order of its cells, whose targets are in the lists of their histories; or nothing.
    """
    random = np.random.default_rng(seed)
    items, latent = 15 + seed % 5, 4
    arrays = {
        "weight_0to1": random.normal(0, 2, (items, latent)),
        "bias_1": random.normal(0, 0.3, latent) * (seed % 2),
        "weight_1to2": random.normal(0, 1, (latent, items)) * (random.random(items) < 0.6),
        "bias_2": random.choice([0.0, 0.0, 0.7], items),
    }
    arrays["weight_1to2"][:, 1::3] = arrays["weight_1to2"][:, ::3][:, : arrays["weight_1to2"][:, 1::3].shape[1]]
    model = MultDAE.from_arrays(arrays, catalogue_of(items), MultDAESettings(latent=latent))
    ids = model.catalogue.vocabulary.ids
    histories = {user: random.permutation(ids)[: random.integers(2, 7)].tolist() for user in range(3)}
    queries = topple.top_k_queries(model, histories, k=k, rule=rule)
    ((which, engine),) = engines(model, encode(queries, model.catalogue), 32)
    row, column = engine.table.cells
    listed = engine.settle(row, column, torch.zeros_like(engine.table.removable[row, column])) <= 0
    queries = [replace(queries[number], goal=goal) for number in which[listed].tolist()]
    if not queries:
        return None, []
    ((which, engine),) = engines(model, encode(queries, model.catalogue), 32)
    return engine, [queries[number] for number in which.tolist()]


def smallest(engine, row, column):
    """The size of the smallest set of at most LARGEST items that topples, by enumeration; None if there is none."""
    table = engine.table
    history = table.histories.rows(torch.tensor([row]))
    places = table.removable[row, column].nonzero()[:, 0].tolist()
    for size in range(1, LARGEST + 1):
        sets = list(combinations(places, size))
        if not sets:
            return None
        removed = torch.zeros(1, len(sets), history.items.shape[1], dtype=torch.bool)
        for number, chosen in enumerate(sets):
            removed[0, number, list(chosen)] = True
        keep = without(history, removed)
        scores = only_competing(engine.recommender.score(history, keep), history, keep, engine.rule)
        shape = (1, len(sets), 1)
        cells = (values[row, column].expand(shape) for values in (table.target, table.k, engine.tolerance))
        if engine.ranking.standing(scores, *cells).out.any():
            return size
    return None


def ruled_out(claims):
    """How many sizes are ruled out, as far as LARGEST [B, T]; all sets cost 1000 a unit here."""
    return (claims.proven_below / 1000 - 1).clamp(max=LARGEST).long()


def all_of(engine):
    return list(zip(engine.table.row.tolist(), engine.table.column.tolist(), strict=True))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(UNSEEN), st.integers(1, 5), st.sampled_from([0.6, 1.0, 2.0]))
def test_with_budget_enough_it_is_what_enumeration_says_and_without_never_more(seed, rule, k, strength):
    engine = world(seed, rule, k, strength=strength)
    sizes = engine.table.asked * LARGEST
    full = lower_bounds(engine, sizes, 10**7)
    little = [lower_bounds(engine, sizes, budget) for budget in (0, 60, 400)]
    for row, column in all_of(engine):
        true = smallest(engine, row, column)
        assert ruled_out(full)[row, column] == (LARGEST if true is None else true - 1)
        assert full.sets[row, column].sum() == (true or 0)
        for partly in little:
            assert ruled_out(partly)[row, column] <= ruled_out(full)[row, column]
            assert partly.sets[row, column].sum() in (0, true)


@pytest.mark.parametrize("goal", list(Goal))
@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from(list(CandidateRule)), st.integers(1, 8))
def test_where_items_score_the_same_for_an_empty_history_no_bound_is_above_the_smallest_set(goal, seed, rule, k):
    engine, queries = alike_world(seed, rule, k, goal)
    assume(queries)
    known = truths(engine.recommender, queries)
    for budget in (0, 100, 10**7):
        bounds = lower_bounds(engine, engine.table.asked * LARGEST, budget)
        for truth, row, column in zip(known, *engine.table.cells, strict=True):
            assert truth.cheapest is None or bounds.proven_below[row, column] <= truth.cheapest
            found = bounds.sets[row, column]
            assert not found.any() or truth.holds(found)


@pytest.mark.parametrize("goal", [Goal.NECESSARY, Goal.BOTH])
def test_where_items_score_the_same_for_an_empty_history_nearly_all_is_proven_with_budget_enough(goal):
    able, proven, alike = 0, 0, 0
    for seed in range(16):
        engine, queries = alike_world(seed, list(CandidateRule)[seed % 3], 1 + seed % 8, goal)
        if not queries:
            continue
        bounds = lower_bounds(engine, engine.table.asked * LARGEST, 10**7)
        alike += int(could_want_evidence(engine)[engine.table.cells].sum())
        for truth, row, column in zip(truths(engine.recommender, queries), *engine.table.cells, strict=True):
            able += LARGEST if truth.cheapest is None else truth.cheapest // 1000 - 1
            proven += int(ruled_out(bounds)[row, column])
    assert alike > 100
    assert 0.95 * able < proven <= able, f"{proven} of {able}"


@pytest.mark.parametrize("rule", UNSEEN)
def test_the_bound_of_the_whole_history_alone_proves_something(rule):
    proven, spent = 0, 0
    for seed in range(6):
        engine = world(seed, rule, 3)
        before = engine.cost.clone()
        found = lower_bounds(engine, engine.table.asked * 3, 0)
        proven += int(ruled_out(found)[engine.table.cells].sum())
        spent += int((engine.cost - before).sum())
    assert proven > 5
    assert spent == 0


def test_a_set_found_on_the_way_topples_and_is_a_minimum():
    engine = world(3, CandidateRule.UNSEEN_BEFORE, 3)
    bounds = lower_bounds(engine, engine.table.asked * LARGEST, BUDGET)
    some = bounds.sets.any(-1)
    assert some.any()
    row, column = some.nonzero(as_tuple=True)
    assert (engine.settle(row, column, bounds.sets[row, column]) > 0).all()
    assert not (bounds.sets & ~engine.table.removable).any()
    assert bounds.sets.sum(-1)[some].equal(ruled_out(bounds)[some] + 1)


def test_minimum_is_a_found_set_with_every_smaller_size_ruled_out():
    engine = world(5, CandidateRule.UNSEEN_AFTER, 2)
    true = {its: smallest(engine, *its) for its in all_of(engine)}
    sizes = torch.zeros_like(engine.table.k)
    for its, size in true.items():
        sizes[its] = (size or 1) - 1
    bounds = lower_bounds(engine, sizes, BUDGET)
    assert not bounds.sets.any()
    for its, size in true.items():
        assert int(ruled_out(bounds)[its]) >= (size or 1) - 1


def test_cells_without_a_query_and_no_sizes_are_no_work():
    engine = world(1, CandidateRule.UNSEEN_BEFORE, 3)
    before = engine.cost.clone()
    bounds = lower_bounds(engine, torch.zeros_like(engine.table.k), BUDGET)
    assert not ruled_out(bounds)[engine.table.cells].any()
    assert engine.cost.equal(before)


def test_scored_sets_are_counted():
    engine = world(11, CandidateRule.UNSEEN_BEFORE, 3)
    before, told = int(engine.account.cost.sum()), engine.account.meter.scored
    scored = []
    model = engine.recommender
    bind = model.bind

    def counting(histories, candidates=None):
        scorer = bind(histories, candidates)

        def score(keep, rows=None):
            scored.append(keep.shape[0] * keep.shape[1])
            return scorer(keep, rows)

        return score

    model.bind = counting
    lower_bounds(engine, engine.table.asked * LARGEST, BUDGET)
    assert sum(scored) > 0
    assert engine.account.meter.scored - told == sum(scored)
    assert int(engine.account.cost.sum()) - before >= sum(
        scored
    )  # what was known already counts for the query that asks


def test_each_query_has_the_same_answer_alone_and_beside_others():
    engine = world(8, CandidateRule.UNSEEN_AFTER, 3)
    sizes = engine.table.asked * 4
    together = lower_bounds(engine, sizes, 500)
    for row, column in all_of(engine):
        only = torch.zeros_like(sizes)
        only[row, column] = 4
        alone = lower_bounds(engine, only, 500)
        assert alone.proven_below[row, column] == together.proven_below[row, column]
        assert alone.sets[row, column].equal(together.sets[row, column])


def test_weights_other_than_one_are_claimed_nothing_about():
    engine = world(1, CandidateRule.UNSEEN_BEFORE, 3)
    weights = engine.table.histories.weights.clone()
    weights[0] *= 2
    table = replace(engine.table, histories=HistoryBatch(engine.table.histories.items, weights))
    plain = engine.recommender
    weighted = type(plain)(plain.catalogue, plain.arrays(), plain.settings.model_copy(update={"weighted": True}))
    bounds = lower_bounds(Engine.over(weighted, table, engine.rule), table.asked * 3, BUDGET)
    assert not ruled_out(bounds)[0, table.asked[0]].any()
    assert ruled_out(bounds)[1:][table.asked[1:]].any()
    same = lower_bounds(
        Engine.over(plain, table, engine.rule), table.asked * 3, BUDGET
    )  # the model does not use weights
    assert same.proven_below.equal(lower_bounds(engine, table.asked * 3, BUDGET).proven_below)


def test_a_recommender_without_layers_is_claimed_nothing_about():
    films = film_world()
    encoded = encode([films.two], films.recommender.catalogue)
    engine = Engine.over(films.recommender, TargetTable.of(encoded, torch.tensor([0])), CandidateRule.UNSEEN_BEFORE)
    assert not ruled_out(lower_bounds(engine, torch.tensor([[2]]), BUDGET)).any()


@pytest.mark.parametrize("size", [1, 3, 6])
def test_the_first_units_see_what_stays_divided_by_its_norm(size):
    model = random_mult_vae(seed=2)
    ids = model.catalogue.vocabulary.ids
    queries = topple.top_k_queries(model, {"ana": ids[:6], "bo": ids[4:13]}, k=2)
    ((_, engine),) = engines(model, encode(queries, model.catalogue), 32)
    first = model.layers()[0]
    for row in range(2):
        shrunk = Shrunk.of(engine, network_of(engine), row, size)
        kept = torch.zeros(1, len(ids), dtype=torch.float64)
        kept[0, shrunk.items[size:]] = 1
        given = torch.nn.functional.normalize(kept) @ first.weight.double() + first.bias.double()
        assert torch.allclose(shrunk.start + shrunk.effect[:size].sum(0), given[0], atol=1e-9)


def test_targets_of_one_history_may_protect_different_items():
    claims = 0
    for seed in range(12):
        engine = world(seed, CandidateRule.UNSEEN_BEFORE, 4, users=1)
        table = engine.table
        mine = table.removable.clone()
        for column in range(mine.shape[1]):
            mine[0, column, column :: mine.shape[1]] = False
        engine = Engine.over(engine.recommender, replace(table, removable=mine), engine.rule)
        for budget in (0, 10**7):
            bounds = lower_bounds(engine, table.asked * LARGEST, budget)
            for row, column in all_of(engine):
                true = smallest(engine, row, column)
                assert ruled_out(bounds)[row, column] <= (LARGEST if true is None else true - 1)
                assert not (bounds.sets & ~mine).any()
                claims += int(ruled_out(bounds)[row, column])
    assert claims > 50


def test_nothing_is_claimed_for_groups_and_the_others_of_the_batch_lose_no_claim():
    model = random_mult_vae(60, seed=3)
    ids = model.catalogue.vocabulary.ids
    plain = [
        Query(ids[:26], recommend(model, ids[:26], 1)[0].item, k=8),
        Query(ids[:5], recommend(model, ids[:5], 1)[0].item),
    ]
    grouped = [replace(query, groups=(query.history[1:3],)) for query in plain]
    ((mine, engine),) = engines(model, encode([*plain, *grouped], model.catalogue), 32)
    ruled = ruled_out(lower_bounds(engine, torch.full_like(engine.table.k, 3), 500))
    found = ruled[engine.table.row, engine.table.column][mine.argsort()].tolist()
    alone = []
    for query in plain:
        ((_, single),) = engines(model, encode([query], model.catalogue), 32)
        alone.append(int(ruled_out(lower_bounds(single, torch.full_like(single.table.k, 3), 500))))
    assert found == [*alone, 0, 0]
    assert max(alone) > 0
