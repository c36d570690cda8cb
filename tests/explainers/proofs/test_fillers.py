from itertools import combinations

import pytest
import torch

from topple.explainers.proofs.fillers import Asked, possible_fillers
from topple.explainers.proofs.linear_relaxation import Network, Relaxation
from topple.recommenders.models.mult_dae import MultDAE, MultDAESettings
from topple.scoring.ranking import Ranking
from topple.testing.worlds import catalogue_of

ITEMS, HISTORY = 12, 5


def network_of(seed):
    """A Mult-DAE whose items 6 to 9 have the level of item 5 and no other output; items 10 and 11 have that level alone."""
    random = torch.Generator().manual_seed(seed)
    weight = torch.randn(4, ITEMS, generator=random, dtype=torch.float64)
    weight[:, 5:10] = 0
    level = torch.randn(ITEMS, generator=random, dtype=torch.float64)
    level[5:] = 0.5
    first = torch.randn(ITEMS, 4, generator=random, dtype=torch.float64)
    arrays = {"weight_0to1": first, "bias_1": torch.zeros(4), "weight_1to2": weight, "bias_2": level}
    return MultDAE.from_arrays(arrays, catalogue_of(ITEMS), MultDAESettings(latent=4))


def fillers_of(model, targets, size, competing=None, ranking=None):
    """What `possible_fillers` says of the targets, where `size` of the items 0, 1, ... are removed."""
    network = Network.of(model.layers())
    first = model.layers()[0].weight.double()[:HISTORY] / max(1, HISTORY - size) ** 0.5
    free = torch.ones(HISTORY, dtype=torch.bool)
    relaxation = Relaxation.over(network, first.sum(0)[None], -first[None], free[None], size)
    target, ranking = torch.tensor(targets), ranking or Ranking.of(model)
    tolerance = ranking.tolerance(torch.ones(len(targets), dtype=torch.float64))
    everything = torch.ones(ITEMS, dtype=torch.bool) if competing is None else competing
    return possible_fillers(ranking, Asked(target, tolerance, everything, free, size, 1.0), relaxation)


def ties(model, target, size):
    """The other items that tie as fillers with a target after the removal of some set of so many items."""
    first, last = model.layers()
    ranking, found = Ranking.of(model), set()
    eps = float(ranking.tolerance(torch.ones((), dtype=torch.float64)))
    for kept in combinations(range(HISTORY), HISTORY - size):
        given = first.weight.double()[list(kept)].sum(0) / max(1, len(kept)) ** 0.5
        scores = torch.tanh(given) @ last.weight.double() + last.bias.double()
        filler = ((scores - ranking.empty).abs() <= eps) & ((scores - scores[target]).abs() <= eps)
        found |= set(filler.nonzero()[:, 0].tolist()) if filler[target] else set()
    return found - {target}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", range(1, HISTORY + 1))
def test_every_item_that_ties_as_a_filler_is_among_them_and_few_others(seed, size):
    model = network_of(seed)
    said = fillers_of(model, list(range(ITEMS)), size)
    for target in range(ITEMS):
        true = ties(model, target, size)
        possible = set(said[target].nonzero()[:, 0].tolist())
        assert true <= possible <= set(range(5, ITEMS)) - {target}
        assert target >= 5 or not possible
    assert true == (set(range(5, ITEMS - 1)) if size == HISTORY else set())


def test_an_item_that_no_set_lets_score_what_an_empty_history_gives_it_ties_with_none():
    sizes = [
        size for size in range(1, HISTORY) for seed in range(8) if not fillers_of(network_of(seed), [11], size).any()
    ]
    assert {1, 2, 3} <= set(sizes), "for targets"
    alone = [fillers_of(network_of(seed), [5], 1)[0].nonzero()[:, 0].tolist() for seed in range(8)]
    assert [6, 7, 8, 9] in alone, "for the items beside one"


def test_items_that_do_not_compete_are_none():
    competing = torch.ones(ITEMS, dtype=torch.bool)
    competing[[6, 8]] = False
    said = fillers_of(network_of(0), [5], HISTORY, competing)
    assert said[0].nonzero()[:, 0].tolist() == [7, 9, 10, 11]


def test_there_are_none_where_the_scores_of_an_empty_history_say_nothing():
    model = network_of(0)
    assert not fillers_of(model, [5, 6], HISTORY, ranking=Ranking.of(model).without_fillers()).any()
