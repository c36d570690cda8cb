import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from topple import randomness
from topple.randomness import derive_seed, generator, uniform

int64 = st.integers(-(2**63), 2**63 - 1)


def key(values):
    return torch.tensor(values, dtype=torch.int64)


def block():
    """Return draws of 40 queries, 50 steps and 60 items [40, 50, 60], as an explainer makes them."""
    queries = key([derive_seed(0, user, 7) for user in range(40)])
    return uniform(queries[:, None, None], torch.arange(50)[None, :, None], torch.arange(60)[None, None, :])


@given(st.lists(st.tuples(int64, int64, int64), min_size=1, max_size=20), st.randoms())
def test_a_draw_is_the_same_alone_in_a_batch_and_in_any_order(keys, random):
    together = uniform(*key(keys).T)
    shuffled = random.sample(range(len(keys)), len(keys))
    in_another_order = uniform(*key([keys[number] for number in shuffled]).T)
    for number, (query, step, item) in enumerate(keys):
        alone = uniform(key(query), key(step), key(item))
        assert alone == together[number]
        assert alone == in_another_order[shuffled.index(number)]


@given(int64, int64, int64)
def test_draws_lie_strictly_between_0_and_1(query, step, item):
    drawn = uniform(key(query), key(step), key(item))
    assert drawn.dtype == torch.float64
    assert 0 < drawn < 1


@pytest.mark.parametrize(("bits", "expected"), [(0, 2.0**-53), (-1, 1 - 2.0**-53)])
def test_the_smallest_and_the_largest_draw_have_a_finite_logit(monkeypatch, bits, expected):
    monkeypatch.setattr(randomness, "_mix", lambda value: torch.full_like(value, bits))
    drawn = uniform(key(0), key(0), key(0))
    assert drawn == expected
    assert torch.logit(drawn).isfinite()


def test_draws_are_the_same_on_every_machine_and_in_every_version():
    drawn = uniform(key([0, 1, -5]), key([0, 2, 3]), key([0, 3, 10**12]))
    expected = [_reference(0, 0, 0), _reference(1, 2, 3), _reference(-5, 3, 10**12)]
    assert drawn.tolist() == expected


def _reference(query, step, item):
    """Compute a draw in Python's integers, from the published constants of SplitMix64."""
    full = 2**64 - 1

    def mix(value):
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & full
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & full
        return value ^ (value >> 31)

    first = mix((query + step * 0x9E3779B97F4A7C15) & full)
    second = mix(first ^ ((item * 0xBF58476D1CE4E5B9 + 0x9E3779B97F4A7C15) & full))
    return ((second >> 12) + 0.5) / 2**52


def test_draws_are_uniform():
    drawn = block().flatten().numpy()
    assert abs(drawn.mean() - 1 / 2) < 4 * np.sqrt(1 / 12 / len(drawn))
    assert abs(drawn.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / len(drawn))
    assert stats.kstest(drawn, "uniform").pvalue > 1e-3


def test_draws_of_small_plain_keys_are_uniform():
    grid = torch.arange(50)
    drawn = uniform(grid[:, None, None], grid[None, :, None], grid[None, None, :]).flatten().numpy()
    assert stats.kstest(drawn, "uniform").pvalue > 1e-3
    assert len(np.unique(drawn)) == len(drawn)


@pytest.mark.parametrize("axis", [0, 1, 2], ids=["queries", "steps", "items"])
@pytest.mark.parametrize("lag", [1, 2, 7])
def test_neighbours_are_not_correlated(axis, lag):
    drawn = block()
    size = drawn.shape[axis]
    left, right = drawn.narrow(axis, 0, size - lag).flatten(), drawn.narrow(axis, lag, size - lag).flatten()
    correlation = np.corrcoef(left, right)[0, 1]
    assert abs(correlation) < 4 / np.sqrt(len(left))


def test_swapping_the_keys_changes_the_draw():
    assert (
        len({float(uniform(key(a), key(b), key(c))) for a, b, c in [(1, 2, 3), (1, 3, 2), (2, 1, 3), (3, 2, 1)]}) == 4
    )


def test_derived_seeds_tell_types_and_boundaries_apart():
    seeds = [
        derive_seed(0),
        derive_seed(1),
        derive_seed(0, 1),
        derive_seed(0, "1"),
        derive_seed(0, True),
        derive_seed(0, 1.0),
        derive_seed(0, None),
        derive_seed(0, 1, 2),
        derive_seed(0, 12),
        derive_seed(0, "1", "2"),
        derive_seed(0, "12"),
        derive_seed(0, "1\x1fstr:'2'"),
        derive_seed(0, 2, 1),
    ]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_derived_seeds_do_not_ask_which_library_an_id_came_from():
    assert derive_seed(np.int64(3), np.int32(7), np.str_("a")) == derive_seed(3, 7, "a")


def test_derived_seeds_stay_the_same_from_version_to_version():
    assert derive_seed(0, "user", 7) == 2206259382393369011


def test_generators_of_one_purpose_agree_and_of_two_differ():
    assert generator(1, "split").random() == generator(1, "split").random()
    assert generator(1, "split").random() != generator(1, "noise").random()
    assert generator(1, "split").random() != generator(2, "split").random()
