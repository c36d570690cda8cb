"""What units promise: what they bring exactly, where scores are sums."""

import pytest
import torch

from topple import CandidateRule, Query
from topple.api.recommending import recommend
from topple.explainers.search.explainer import engines
from topple.explainers.search.growing import singles
from topple.explainers.search.promises import (
    AdditivePromises,
    PastPromises,
    ScoredPromises,
    most_promising,
    promises_of,
    with_one_more,
)
from topple.records.question import Goal
from topple.scoring.encoding import encode
from topple.testing import random_additive, random_mult_vae


def engine_of(model, rule=CandidateRule.UNSEEN_BEFORE, goal=Goal.NECESSARY, sizes=(5, 6), protected=0):
    asked = [
        Query(history, target.item, k=2, rule=rule, goal=goal, protected=frozenset(history[:protected]))
        for size in sizes
        for history in [tuple(model.catalogue.vocabulary.ids[:size])]
        for target in recommend(model, history, 2)
    ]
    ((_, engine),) = engines(model, encode(asked, model.catalogue), 32)
    return engine


def begun(engine, kind):
    """Each set begins with the first unit."""
    alone = singles(engine)
    row, column = engine.table.asked.nonzero(as_tuple=True)
    first = torch.zeros(len(row), dtype=torch.int64)
    promises = kind(engine, alone, row, column, first, alone.margins[row, column])
    sets = torch.nn.functional.one_hot(first, alone.margins.shape[-1]).bool()
    return promises, row, column, sets, engine.table.removable[row, column] & ~sets, alone


@pytest.mark.parametrize("rule", list(CandidateRule))
@pytest.mark.parametrize("seed", range(5))
def test_where_scores_are_sums_the_most_promising_units_are_those_that_bring_most(seed, rule):
    engine = engine_of(random_additive(seed=seed), rule)
    kind = promises_of(engine, singles(engine))
    assert (kind is ScoredPromises) == (rule is CandidateRule.UNSEEN_AFTER)
    promises, row, column, sets, free, alone = begun(engine, kind)
    now = alone.margins[row, column, 0]
    tried, able = promises.units(free, now, engine.table.price[row, column], 2)
    every = torch.arange(sets.shape[1]).expand(len(sets), -1)
    margins = torch.stack(
        [engine.margin(row, column, with_one_more(sets, every)[:, unit]) for unit in range(sets.shape[1])], 1
    ).masked_fill(~free, -torch.inf)
    assert able[:, 0].all()
    reached = promises.margins(with_one_more(sets, tried), able)
    assert torch.allclose(reached[:, 0], margins.amax(1))
    assert torch.equal(reached, torch.where(able, margins.gather(1, tried), -torch.inf))


def test_a_query_is_charged_what_is_tried_for_it_and_the_run_what_was_scored():
    engine = engine_of(random_mult_vae(), sizes=(2, 6))
    promises, row, column, sets, free, alone = begun(engine, AdditivePromises)
    before, scored = engine.cost.clone(), engine.account.meter.scored
    tried, able = promises.units(free, alone.margins[row, column, 0], engine.table.price[row, column], 3)
    promises.margins(with_one_more(sets, tried), able)
    assert (engine.cost - before)[row, column].tolist() == able.sum(1).tolist() == [1, 1, 3, 3]
    assert engine.account.meter.scored - scored == able.numel()


def test_targets_go_on_alone_as_they_would_together():
    engine = engine_of(random_mult_vae())
    going = torch.tensor([True, False, False, True])
    answers = []
    for chosen in (torch.ones(4, dtype=torch.bool), going):
        promises, row, column, sets, free, alone = begun(engine, AdditivePromises)
        promises.select(chosen)
        now, price = alone.margins[row, column, 0][chosen], engine.table.price[row, column][chosen]
        tried, able = promises.units(free[chosen], now, price, 3)
        answers.append((tried, promises.margins(with_one_more(sets[chosen], tried), able)))
    (together, all_margins), (alone_tried, margins) = answers
    assert torch.equal(together[going], alone_tried)
    assert torch.allclose(all_margins[going], margins)


def test_what_the_full_catalogue_judges_cannot_be_foreseen():
    engine = engine_of(random_mult_vae(), goal=Goal.SUFFICIENT)
    with pytest.raises(TypeError, match="the full catalogue judges the goal"):
        begun(engine, AdditivePromises)
    promises, *_, free, _ = begun(engine, PastPromises)
    tried, able = promises.units(free, torch.zeros(4), torch.ones(free.shape), 2)
    assert able.all()
    promises.take(tried, tried[:, :1] * 0, torch.full(tried.shape, -torch.inf, dtype=torch.float64))
    again, _ = promises.units(free, torch.zeros(4), torch.ones(free.shape), 2)
    assert not (again[:, :, None] == tried[:, None]).any(), "a unit that brought nothing is tried last"


def test_of_level_units_the_first_come_first_and_those_that_are_not_free_last():
    promise = torch.tensor([[1.0, 3.0, 3.0, 2.0], [5.0, 1.0, 1.0, 1.0]])
    free = torch.tensor([[True, True, True, False], [False, False, True, True]])
    units, able = most_promising(promise, free, 3)
    assert units.tolist() == [[1, 2, 0], [2, 3, 0]]
    assert able.tolist() == [[True, True, True], [True, True, False]]
