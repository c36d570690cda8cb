from itertools import combinations

import pytest
import torch

import topple
from topple.explainers.proofs.bounds import Shrunk, network_of
from topple.explainers.proofs.leaves import Leaves
from topple.explainers.search.engine import Engine
from topple.explainers.search.explainer import engines
from topple.records.question import UNSEEN, Goal
from topple.scoring.encoding import encode
from topple.testing import random_mult_vae


def leaves_of(goal, rule, seed):
    """The sets that a size of each target of a random history leaves open, and all sets of that size."""
    model = random_mult_vae(items=20, seed=seed)
    queries = topple.top_k_queries(model, {"ana": model.catalogue.vocabulary.ids[:7]}, k=3, rule=rule, goal=goal)
    ((_, engine),) = engines(model, encode(queries, model.catalogue), 32)
    for size in (2, 4):
        shrunk = Shrunk.of(engine, network_of(engine), 0, size)
        sets = torch.zeros(0, 7, dtype=torch.bool)
        for chosen in combinations(range(7), size):
            sets = torch.cat([sets, torch.zeros(1, 7, dtype=torch.bool).index_fill_(1, torch.tensor(chosen), True)])
        for column, problem in enumerate(shrunk.problems(torch.arange(engine.table.target.shape[1]))):
            if problem is not None:
                yield engine, column, Leaves(engine, 0, column, shrunk.items, problem), sets


@pytest.mark.parametrize("goal", [Goal.NECESSARY, Goal.BOTH])
@pytest.mark.parametrize("rule", UNSEEN)
def test_a_set_is_past_the_goal_where_the_full_catalogue_says_so(goal, rule):
    past = asked = 0
    for seed in range(6):
        for engine, column, leaves, sets in leaves_of(goal, rule, seed):
            row, at = torch.zeros(len(sets), dtype=torch.int64), torch.full((len(sets),), column)
            true = engine.settle(row, at, sets) > 0
            assert (leaves.score(sets) > 0).equal(true)
            past, asked = past + int(true.sum()), asked + len(sets)
    assert 20 < past < asked - 20


def test_sets_that_alone_do_not_keep_the_target_among_the_best_are_not_settled(monkeypatch):
    settled, toppling, settle = 0, 0, Engine.settle

    def counting(self, row, column, units):
        nonlocal settled
        settled += len(row)
        return settle(self, row, column, units)

    for seed in range(6):
        for engine, column, leaves, sets in leaves_of(Goal.BOTH, UNSEEN[0], seed):
            row, at = torch.zeros(len(sets), dtype=torch.int64), torch.full((len(sets),), column)
            necessary = Engine.over(engine.recommender, engine.table, engine.rule)
            toppling += int((settle(necessary, row, at, sets) > 0).sum())
            with monkeypatch.context() as patch:
                patch.setattr(Engine, "settle", counting)
                leaves.score(sets)
    assert 0 < settled < 0.8 * toppling
