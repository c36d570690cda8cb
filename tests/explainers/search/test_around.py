"""A second search, around sets that are known: true sets, never larger, and everything that is scored is charged."""

import pytest
import torch

from tests.explainers.search.test_promises import engine_of
from topple.explainers.search.around import smaller_around
from topple.records.question import UNSEEN, CandidateRule
from topple.testing import random_additive, random_mult_vae


def everything(engine):
    """The largest sets of all, where they meet the goal."""
    row, column = engine.table.cells
    sets = torch.zeros_like(engine.table.removable)
    met = engine.settle(row, column, engine.table.removable[row, column]) > 0
    sets[row[met], column[met]] = engine.table.removable[row[met], column[met]]
    return sets


@pytest.mark.parametrize("rule", [*UNSEEN, CandidateRule.ALL])
@pytest.mark.parametrize("world", [random_mult_vae, random_additive])
def test_sets_stay_true_and_none_becomes_larger(world, rule):
    smaller = 0
    for seed in range(6):
        engine = engine_of(world(seed=seed), rule, sizes=(4, 6, 7))
        known = everything(engine)
        found = smaller_around(engine, known, most=7)
        assert (found.any(-1) >= known.any(-1)).all()
        row, column = found.any(-1).nonzero(as_tuple=True)
        assert (engine.settle(row, column, found[row, column]) > 0).all()
        assert not (found & ~engine.table.removable).any()
        assert (found.sum(-1) <= known.sum(-1))[known.any(-1)].all()
        smaller += int((found.sum(-1) < known.sum(-1)).sum())
    assert smaller > 10


def test_where_scores_are_sums_the_sets_are_minimal_and_as_small_as_those_that_grow_by_the_sums():
    engine = engine_of(random_additive(seed=3), sizes=(7,))
    found = smaller_around(engine, everything(engine), most=7)
    row, column = found.any(-1).nonzero(as_tuple=True)
    assert len(row)
    for one, other in zip(row.tolist(), column.tolist(), strict=True):
        units = found[one, other].nonzero()[:, 0]
        fewer = found[one, other].repeat(len(units), 1).scatter(1, units[:, None], False)
        at = (torch.full_like(units, one), torch.full_like(units, other))
        assert len(units) == 1 or (engine.settle(*at, fewer) <= 0).all()


@pytest.mark.parametrize("protected", [0, 1])
def test_a_query_is_charged_what_was_scored_for_it(protected):
    engine = engine_of(random_mult_vae(), sizes=(7,), protected=protected)
    known = everything(engine)
    row, column = (cells[0] for cells in known.any(-1).nonzero(as_tuple=True))
    one = engine.table.removable & (
        torch.arange(known.shape[-1]) < 2
    )  # of the others: nothing is asked about sets of two
    one[row, column] = known[row, column]
    before, scored = engine.cost.clone(), engine.account.meter.scored
    assert smaller_around(engine, one, most=7).sum() < one.sum()
    spent = engine.cost - before
    assert int(spent[row, column]) == engine.account.meter.scored - scored > 7
    assert int(spent.sum()) == int(spent[row, column])


def test_a_set_of_two_is_left_alone():
    engine = engine_of(random_mult_vae(), sizes=(6,))
    two = engine.table.removable & (torch.arange(engine.table.removable.shape[-1]) < 2)
    before = engine.account.meter.scored
    assert torch.equal(smaller_around(engine, two, most=7), two)
    assert engine.account.meter.scored == before


@pytest.mark.parametrize("most", [1, 3, 7])
def test_where_no_set_is_known_first_ones_are_found_true_and_small_enough_to_begin_with(most):
    first = 0
    for seed in range(6):
        engine = engine_of(random_mult_vae(seed=seed), sizes=(5, 7), protected=1)
        found = smaller_around(engine, torch.zeros_like(engine.table.removable), most=most)
        row, column = found.any(-1).nonzero(as_tuple=True)
        assert (engine.settle(row, column, found[row, column]) > 0).all()
        assert not (found & ~engine.table.removable).any()
        assert found.sum(-1).max() <= most
        first += len(row)
    assert first > 5


def test_what_is_scored_around_the_unchanged_history_is_scored_once_for_all_its_targets_and_charged_to_each():
    engine = engine_of(random_mult_vae(), sizes=(7,))
    before, scored = engine.cost.clone(), engine.account.meter.scored
    smaller_around(engine, torch.zeros_like(engine.table.removable), most=1)
    asked = int(engine.table.asked.sum())
    assert asked > 1
    charged, made = int((engine.cost - before).sum()), engine.account.meter.scored - scored
    assert charged - made == (asked - 1) * (1 + 7)
