"""Compiled promises are those of the scores that are expected, worked out with tables."""

import numpy as np
import pytest
import torch

from topple.explainers.loops.promises import Growing, lead_with_one_more, most_promising_units
from topple.explainers.search.promises import Singles, most_promising, worth
from topple.explainers.search.shortlist import Targets

HISTORIES, UNITS, COMPETITORS, SETS = 3, 9, 12, 40


def drawn(seed):
    """Single units' scores and sets that grow, some of whose competitors do not compete; some units are level."""
    random = np.random.default_rng(seed)
    unchanged = random.normal(size=(HISTORIES, COMPETITORS)).round(1)
    known = (unchanged[:, None] + random.normal(0, 0.3, (HISTORIES, UNITS, COMPETITORS))).round(1)
    row = np.sort(random.integers(HISTORIES, size=SETS))
    scores = (unchanged[row] + random.normal(0, 0.5, (SETS, COMPETITORS))).round(1)
    unchanged[:, -2:] = scores[:, -2:] = -np.inf  # compete only once they are removed
    known[:, :, -2:] = np.where(random.random((HISTORIES, UNITS, 2)) < 0.5, known[:, :, -2:], -np.inf)
    scores[::2, -1] = 0.7
    promise = random.normal(size=(SETS, UNITS)).round(1)
    promise[0, :4] = -np.inf
    sets = Growing(
        row,
        random.integers(COMPETITORS - 2, size=SETS),
        random.integers(1, 6, SETS),
        np.full(SETS, 1e-9),
        scores,
        promise,
    )
    return (
        known,
        unchanged,
        sets,
        random.random((SETS, UNITS)) < 0.7,
        random.normal(size=SETS),
        random.integers(1, 4, (SETS, UNITS)),
    )


def expected_leads(known, unchanged, sets, units):
    alone = Singles(torch.zeros(0), torch.from_numpy(known), torch.from_numpy(unchanged))
    scores = alone.with_one_more(torch.from_numpy(sets.row), units, torch.from_numpy(sets.scores))
    target, k, tolerance = (torch.from_numpy(each)[:, None, None] for each in (sets.target, sets.k, sets.tolerance))
    return Targets(target, k, tolerance).leads(scores)[..., 0]


@pytest.mark.parametrize("seed", range(5))
def test_leads_are_those_of_the_expected_scores(seed):
    known, unchanged, sets, *_ = drawn(seed)
    every = torch.arange(UNITS).expand(SETS, -1)
    found = [
        [lead_with_one_more(known, unchanged, sets, query, unit) for unit in range(UNITS)] for query in range(SETS)
    ]
    assert torch.equal(torch.tensor(found, dtype=torch.float64), expected_leads(known, unchanged, sets, every))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("looked_at", "width"), [(32, 3), (4, 3), (32, 20)])
def test_units_are_those_that_are_worth_most_and_level_ones_keep_their_order(seed, looked_at, width):
    known, unchanged, sets, free, now, price = drawn(seed)
    units, able = most_promising_units(known, unchanged, sets, free, now, price.astype(float), looked_at, width)
    looked, _ = most_promising(torch.from_numpy(sets.promise), torch.from_numpy(free), looked_at)
    leads = expected_leads(known, unchanged, sets, looked)
    leads = leads.masked_fill(~torch.from_numpy(free & np.isfinite(sets.promise)).gather(1, looked), -torch.inf)
    worths = worth(leads, leads - torch.from_numpy(now)[:, None], torch.from_numpy(price).double().gather(1, looked))
    tried, real = most_promising(worths, worths > -torch.inf, width)
    assert able.tolist() == real.tolist()
    for query in range(SETS):
        assert units[query, able[query]].tolist() == looked[query, tried[query, real[query]]].tolist()


def test_sets_go_on_alone():
    _, _, sets, *_ = drawn(0)
    some = sets.select(np.arange(SETS) % 2 == 0)
    assert all(np.array_equal(one, two[::2]) for one, two in zip(some, sets, strict=True))
