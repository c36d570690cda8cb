"""Compiled exchanges are those that promise most by the scores that are expected, worked out with tables."""

import numpy as np
import pytest
import torch

from topple.explainers.loops.exchanges import Beside, most_promising_exchanges
from topple.explainers.search.shortlist import Targets
from topple.scoring.ranking import top_k

UNITS, INSIDE, OUTSIDE, COMPETITORS, SETS = 14, 5, 4, 12, 40


def counted(random, target):
    """Draw which competitors count for each target, itself among them."""
    return (random.random((SETS, COMPETITORS)) < 0.8) | (np.arange(COMPETITORS) == target[:, None])


def drawn(seed):
    """Sets of two to five units, of which some may not be given back; the last two competitors compete once they are removed."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=(SETS, 1 + INSIDE + OUTSIDE, COMPETITORS)).round(1)
    scores[:, :, -2:] = np.where(random.random((SETS, 1 + INSIDE + OUTSIDE, 2)) < 0.5, scores[:, :, -2:], -np.inf)
    units = random.permuted(np.tile(np.arange(UNITS), (SETS, 1)), axis=1)
    held, free = np.arange(INSIDE) < random.integers(2, INSIDE + 1, (SETS, 1)), random.random((SETS, OUTSIDE)) < 0.8
    target = random.integers(COMPETITORS - 2, size=SETS)
    return Beside(
        target,
        random.integers(1, 6, SETS),
        np.full(SETS, 1e-9),
        units[:, :INSIDE],
        units[:, INSIDE : INSIDE + OUTSIDE],
        held,
        free,
        scores,
        random.integers(1, 4, (SETS, UNITS)).astype(float),
        counted(random, target),
    )


def by_tables(beside, width, tries):
    scores = torch.from_numpy(beside.scores)
    cells = (torch.from_numpy(each)[:, None, None] for each in (beside.target, beside.k, beside.tolerance))
    targets = Targets(*cells, torch.from_numpy(beside.counted)[:, None])
    pairs = torch.combinations(torch.arange(INSIDE))
    inside, outside, price, held, free = map(
        torch.from_numpy, (beside.inside, beside.outside, beside.price, beside.held, beside.free)
    )
    cheaper = price.gather(1, outside)[:, None] < price.gather(1, inside)[:, pairs].sum(-1)[..., None]  # [Q, P, W]
    real = cheaper & held[:, pairs].all(-1)[..., None] & free[:, None]
    now, one, two = scores[:, :1], scores[:, 1 + pairs[:, 0]], scores[:, 1 + pairs[:, 1]]
    left = targets.leads(torch.where(now.isfinite(), one + two - now, -torch.inf))[..., 0]
    best = top_k(left.masked_fill(~real.any(-1), -torch.inf), min(width, len(pairs)))  # [Q, P]
    found = []
    for query in range(SETS):
        tried = []
        for pair in best[query].tolist():
            for other in range(OUTSIDE):
                if real[query, pair, other]:
                    back, taken = scores[query, 1 + pairs[pair]], scores[query, 1 + INSIDE + other]
                    expected = torch.where(now[query, 0].isfinite(), back.sum(0) + taken - 2 * now[query, 0], taken)
                    lead = targets.select(torch.tensor([query])).leads(expected[None, None])[0, 0, 0]
                    tried.append((-float(lead), *inside[query, pairs[pair]].tolist(), int(outside[query, other])))
        found.append([exchange for _, *exchange in sorted(tried, key=lambda each: each[0])[:tries]])
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("width", "tries"), [(1, 8), (3, 2), (20, 8)])
def test_exchanges_are_those_that_promise_most_and_level_ones_keep_their_order(seed, width, tries):
    beside = drawn(seed)
    chosen, real = most_promising_exchanges(beside, width, tries)
    assert [one[these].tolist() for one, these in zip(chosen, real, strict=True)] == by_tables(beside, width, tries)
    assert (real[:, 1:] <= real[:, :-1]).all()  # the real ones come first
