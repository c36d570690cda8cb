"""Compiled promises are those of the scores that are expected, worked out with tables."""

import numpy as np
import pytest
import torch

from topple.explainers.loops.promises import (
    Alone,
    Growing,
    lead_with_one_more,
    leads_with_one_more,
    most_promising_units,
)
from topple.explainers.search.promises import most_promising, worth
from topple.explainers.search.shortlist import Targets

HISTORIES, UNITS, COMPETITORS, BACK, SETS = 3, 9, 12, 2, 40


def drawn(seed):
    """Single units' scores and sets that grow, some of whose competitors do not compete; some units are level."""
    random = np.random.default_rng(seed)
    unchanged = random.normal(size=(HISTORIES, COMPETITORS)).round(1)
    known = (unchanged[:, None] + random.normal(0, 0.3, (HISTORIES, UNITS, COMPETITORS))).round(1)
    row = np.sort(random.integers(HISTORIES, size=SETS))
    scores = (unchanged[row] + random.normal(0, 0.5, (SETS, COMPETITORS))).round(1)
    unchanged[:, -BACK:] = scores[:, -BACK:] = -np.inf  # compete only once they are removed
    known[:, :, -BACK:] = np.where(random.random((HISTORIES, UNITS, BACK)) < 0.5, known[:, :, -BACK:], -np.inf)
    scores[::2, -1] = 0.7
    unchanged[:, 3] = known[:, :, 3] = scores[:, 3] = -np.inf  # never competes
    promise = random.normal(size=(SETS, UNITS)).round(1)
    promise[0, :4] = -np.inf
    target = random.integers(COMPETITORS - BACK, size=SETS)
    sets = Growing(
        row,
        target,
        random.integers(1, 6, SETS),
        np.full(SETS, 1e-9),
        scores,
        promise,
        (random.random((SETS, COMPETITORS)) < 0.8) | (np.arange(COMPETITORS) == target[:, None]),
    )
    return (
        Alone(known, unchanged),
        sets,
        random.random((SETS, UNITS)) < 0.7,
        random.normal(size=SETS),
        random.integers(1, 4, (SETS, UNITS)),
    )


def lead_of(alone, sets, query, unit):
    """Return the lead to expect of one set without one unit more."""
    return lead_with_one_more(alone, sets, query, unit, np.empty(sets.scores.shape[1]), np.empty(sets.k.max() + 1))


def expected_leads(alone, sets, units):
    """Return the leads to expect [Q, L], by a table [Q, L, C]."""
    row, number = torch.from_numpy(sets.row), torch.arange(SETS)
    known, unchanged = (torch.from_numpy(each) for each in alone)
    now, single = torch.from_numpy(sets.scores)[:, None], known[row[:, None], units]
    effect = torch.where(unchanged[row, None].isfinite(), single - unchanged[row, None], 0)
    scores = torch.where(now.isfinite(), now + effect, single)
    target, k, tolerance = (
        torch.from_numpy(each)[number, None, None] for each in (sets.target, sets.k, sets.tolerance)
    )
    return Targets(target, k, tolerance, torch.from_numpy(sets.counted)[:, None]).leads(scores)[..., 0]


@pytest.mark.parametrize("seed", range(5))
def test_leads_are_those_of_the_expected_scores(seed):
    alone, sets, *_ = drawn(seed)
    every = torch.arange(UNITS).expand(SETS, -1)
    found = [[lead_of(alone, sets, query, unit) for unit in range(UNITS)] for query in range(SETS)]
    expected = expected_leads(alone, sets, every)
    assert found == expected.tolist()
    assert leads_with_one_more(alone, sets, every.numpy().copy()).tolist() == found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("looked_at", "width"), [(32, 3), (4, 3), (32, 20)])
def test_units_are_those_that_are_worth_most_and_level_ones_keep_their_order(seed, looked_at, width):
    alone, sets, free, now, price = drawn(seed)
    units, able = most_promising_units(alone, sets, free, now, price.astype(float), looked_at, width)
    looked, _ = most_promising(torch.from_numpy(sets.promise), torch.from_numpy(free), looked_at)
    leads = torch.from_numpy(leads_with_one_more(alone, sets, looked.numpy().copy()))
    leads = leads.masked_fill(~torch.from_numpy(free & np.isfinite(sets.promise)).gather(1, looked), -torch.inf)
    worths = worth(leads, leads - torch.from_numpy(now)[:, None], torch.from_numpy(price).double().gather(1, looked))
    tried, real = most_promising(worths, worths > -torch.inf, width)
    assert able.tolist() == real.tolist()
    for query in range(SETS):
        assert units[query, able[query]].tolist() == looked[query, tried[query, real[query]]].tolist()


def test_sets_go_on_alone():
    _, sets, *_ = drawn(0)
    some = sets.select(np.arange(SETS) % 2 == 0)
    assert all(np.array_equal(one, two[::2]) for one, two in zip(some, sets, strict=True))
