from itertools import combinations

import pytest
import torch

from topple.explainers.proofs.trees.together import groups_above, none_above


def drawn(seed, items=8, functions=5):
    """Functions that are each above 0 for some set of three: const [C], linear [H, C]."""
    random = torch.Generator().manual_seed(seed)
    linear = torch.randn(items, functions, dtype=torch.float64, generator=random)
    share = torch.rand(functions, dtype=torch.float64, generator=random) * 0.7
    return -linear.topk(3, dim=0).values.sum(0) * (0.3 + share), linear


def above(const, linear, size):
    """For every set of `size` items, the functions that are above 0 [S, C]."""
    sets = torch.tensor(list(combinations(range(len(linear)), size)))
    return const + linear[sets].sum(1) > 0


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_all_that_are_above_together_are_a_group_and_few_others_are(k):
    groups = true = possible = 0
    for seed in range(40):
        const, linear = drawn(seed)
        weights = groups_above(const, linear, k, 3, 10)
        assert (weights >= 0).all()
        assert ((weights > 0).sum(1) == k).all()
        said = {tuple(one.nonzero()[:, 0].tolist()) for one in weights}
        met = {group for one in above(const, linear, 3) for group in combinations(one.nonzero()[:, 0].tolist(), k)}
        assert met <= said
        groups, true, possible = groups + len(said), true + len(met), possible + len(list(combinations(range(5), k)))
    assert true <= groups < possible or k == 1
    assert groups < 2 * true + 20


def test_weights_are_better_than_equal_ones():
    better = total = 0
    for seed in range(40):
        const, linear = drawn(seed)
        for weights in groups_above(const, linear, 3, 3, 10):
            group = weights > 0
            equal = (group / (const + linear.topk(3, dim=0).values.sum(0))).nan_to_num()

            def bound(of, const=const, linear=linear):
                return (const @ of + (linear @ of).topk(3).values.sum()) / of.sum()

            better += bool(bound(weights) * weights.sum() / equal.sum() < bound(equal) - 1e-9)
            total += 1
    assert better > total / 2


def test_nothing_is_said_of_more_groups_than_asked_for_or_of_too_many_to_look_at():
    const, linear = torch.ones(5, dtype=torch.float64), torch.ones(4, 5, dtype=torch.float64)
    assert len(groups_above(const, linear, 2, 2, 10)) == 10
    assert groups_above(const, linear, 2, 2, 9) is None
    const, linear = torch.ones(60, dtype=torch.float64), torch.ones(4, 60, dtype=torch.float64)
    assert groups_above(const, linear, 3, 2, 10**5) is None


def test_no_function_at_all_is_above_for_every_set():
    assert not none_above(*drawn(0), 0, 3)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_none_is_above_only_where_no_set_brings_so_many_there(k):
    ruled, never = 0, 0
    for seed in range(60):
        const, linear = drawn(seed)
        none = int(above(const, linear, 3).sum(1).max()) < k
        assert none or not none_above(const, linear, k, 3)
        ruled, never = ruled + none_above(const, linear, k, 3), never + none
    assert never <= 2 * ruled
    assert never or k == 1


def test_items_that_are_level_are_taken_as_many_as_are_needed():
    const = torch.tensor([-2.5, -2.5], dtype=torch.float64)
    linear = torch.ones(6, 2, dtype=torch.float64)
    assert none_above(const, linear, 2, 2)
    assert not none_above(const, linear, 2, 3)


def test_a_bound_below_zero_by_rounding_alone_rules_nothing_out():
    const = torch.tensor([-1e9, -1e9], dtype=torch.float64) - 1e-7
    linear = torch.full((3, 2), 5e8, dtype=torch.float64)
    assert not none_above(const, linear, 2, 2)
