from itertools import combinations

import pytest
import torch

from tests.explainers.proofs.test_branch_and_bound import problem_of
from topple.explainers.proofs import tree as module
from topple.explainers.proofs.tree import Tree
from topple.explainers.proofs.trees.functions import Functions, rounding
from topple.explainers.proofs.trees.together import groups_above
from topple.explainers.proofs.trees.walking import halves


def tree_of(const, single, pair, size, k, most=0):
    """A tree over all items in their order; const [C], single [H, C], pair [C, H, H]; with sums of `most` groups at most."""
    items = torch.arange(len(single))
    problem = problem_of(0, size, k)[0]
    object.__setattr__(problem, "removable", torch.ones(len(items), dtype=torch.bool))
    functions = functions_of(const, single, pair, size)
    groups, sums = groups_above(const, functions.linear, k, size, most) if most else None, None
    if groups is not None:
        weighed = torch.einsum("mc,chi->mhi", groups, pair.to(groups))
        sums = functions_of(groups @ const, single @ groups.T, weighed, size)
    return Tree.begun(functions, sums, items, items, problem)


def functions_of(const, single, pair, size):
    return Functions(const, single, pair, torch.from_numpy(halves(pair.float().numpy(), size)).to(single))


def ranks(tree):
    """The sets of a tree in the order in which it hands them out."""
    out = []
    while not tree.ended:
        out += [tuple(one.nonzero()[:, 0].tolist()) for one in tree.removals(tree.next_sets())]
    return out


def symmetric(random, competitors, items):
    pair = torch.randn(competitors, items, items, dtype=torch.float64, generator=random)
    return (pair + pair.transpose(1, 2)) / 2 * (1 - torch.eye(items, dtype=torch.float64))


@pytest.mark.parametrize("sets", [1, 7, 512])
def test_a_walk_makes_each_set_once_and_in_order(sets, monkeypatch):
    monkeypatch.setattr(module, "SETS", sets)
    everyone, none = torch.full((1,), 9.0), torch.zeros(6, 1)
    tree = tree_of(everyone, none, torch.zeros(1, 6, 6), 3, 1)
    assert ranks(tree) == list(combinations(range(6), 3))


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_walk_keeps_the_sets_with_k_competitors_above_zero_and_no_others(size, k, monkeypatch):
    monkeypatch.setattr(module, "STEP", 100)
    shares = []
    for seed in range(8):
        random = torch.Generator().manual_seed(seed)
        const, single = (torch.randn(*shape, dtype=torch.float64, generator=random) for shape in ((4,), (7, 4)))
        pair = symmetric(random, 4, 7)
        sets = torch.tensor(list(combinations(range(7), size)))
        true = const + single[sets].sum(1) + pair[:, sets[:, :, None], sets[:, None]].sum((2, 3)).T
        able = (true > 0).sum(1) >= k
        assert ranks(tree_of(const, single, pair, size, k)) == [tuple(one) for one in sets[able].tolist()]
        shares.append(float(able.double().mean()))
    assert 0 < sum(shares) < len(shares)


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_sums_of_groups_cut_a_walk_short_and_drop_no_set_that_topples(size, k):
    plain = short = 0
    for seed in range(30):
        random = torch.Generator().manual_seed(seed)
        const, single = (torch.randn(*shape, dtype=torch.float64, generator=random) for shape in ((4,), (9, 4)))
        pair = 0.2 * symmetric(random, 4, 9)
        const = const - single.abs().mean(0) * size
        sets = torch.tensor(list(combinations(range(9), size)))
        true = const + single[sets].sum(1) + pair[:, sets[:, :, None], sets[:, None]].sum((2, 3)).T
        able = (true > 0).sum(1) >= k
        without, beside = tree_of(const, single, pair, size, k), tree_of(const, single, pair, size, k, most=24)
        assert ranks(without) == ranks(beside) == [tuple(one) for one in sets[able].tolist()]
        plain, short = plain + without.worked, short + beside.worked
    assert short < plain if k > 1 and size > 1 else short <= plain


@pytest.mark.parametrize("size", [2, 3, 4])
def test_rounding_drops_no_set_that_topples(size):
    kept = near = 0
    for seed in range(30):
        random = torch.Generator().manual_seed(seed)
        single = torch.randn(7, 4, dtype=torch.float64, generator=random) * 10.0 ** torch.randint(
            -3, 4, (7, 1), generator=random
        )
        pair = symmetric(random, 4, 7).float().double()
        sets = torch.tensor(list(combinations(range(7), size)))
        reach = single[sets].sum(1) + pair[:, sets[:, :, None], sets[:, None]].sum((2, 3)).T
        const = (
            1e-9 - reach[torch.randint(len(sets), (4,), generator=random), torch.arange(4)]
        )  # just above 0 for one set
        able = {tuple(one) for one in sets[(const + reach > 0).any(1)].tolist()}
        found = ranks(tree_of(const + rounding(const, single, pair, size), single, pair, size, 1))
        assert able <= set(found)
        kept, near = kept + len(found), near + len(able)
    assert near <= kept < 1.2 * near


def test_work_is_counted_and_a_little_at_a_time(monkeypatch):
    monkeypatch.setattr(module, "STEP", 1)
    tree = tree_of(torch.full((1,), 9.0), torch.zeros(6, 1), torch.zeros(1, 6, 6), 2, 1)
    steps, worked = 0, tree.worked
    while not tree.ended:
        assert len(tree.next_sets()) <= 6
        steps += 1
        assert tree.worked - worked <= 18 * 16
        worked = tree.worked
    assert steps > 5


@pytest.mark.parametrize("most", [0, 24])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_most_hopeful_sets_are_those_where_the_kth_competitor_is_bounded_highest(size, k, most):
    for seed in range(8):
        random = torch.Generator().manual_seed(seed)
        const, single = (torch.randn(*shape, dtype=torch.float64, generator=random) for shape in ((4,), (7, 4)))
        pair = symmetric(random, 4, 7)
        tree = tree_of(const, single, pair, size, k, most)
        sets = torch.tensor(list(combinations(range(7), size)))
        true = const + single[sets].sum(1) + pair[:, sets[:, :, None], sets[:, None]].sum((2, 3)).T
        best = true.topk(k).values[:, -1].argsort(descending=True)[:3]
        assert tree.most_hopeful(sets.numpy(), 3).tolist() == sets[best].tolist()
