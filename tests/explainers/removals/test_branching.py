"""Branch and bound against every set of units."""

from itertools import chain, combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from topple.explainers.removals.asked import Program
from topple.explainers.removals.branching import FOUND, NONE, OPEN, cheapest_removal

ALL = 10**9


def random_program(seed):
    """Up to six competitors over up to eight units, none enough before a removal; whole numbers with many ties in every second."""
    random = np.random.default_rng(seed)
    competitors, units = int(random.integers(1, 7)), int(random.integers(1, 9))
    shape = competitors, units
    gain = random.integers(-3, 4, shape) / 4.0 if seed % 2 else random.normal(0.1, 0.5, shape)
    gain[:, 1::3] = gain[:, : gain[:, 1::3].shape[1]]  # units that do the same
    free = random.random(units) < 0.9
    returns = np.full(competitors, -1)
    if seed % 3 == 0:
        returns[: units // 3] = random.permutation(units)[: len(returns[: units // 3])]
    size = random.choice([0.5, 1.0], units)
    limited = bool(random.random() < 0.3)
    return Program(
        random.choice([-1, -0.25, -0.125, 0.5], competitors) + (0 if seed % 2 else random.normal(0, 0.3, competitors)),
        gain,
        returns,
        random.choice([1, 1, 2, 5], units).astype(float) if seed % 5 < 2 else np.ones(units),
        size,
        free,
        int(random.integers(1, competitors + 1)),
        float(random.integers(1, 4)) / 2 if limited else np.inf,
        limited,
    )


def enough(program, units):
    """Whether a set of units, numbers, brings enough gaps above 0 and is not too large."""
    level = program.start + program.gain[:, units].sum(1)
    able = (program.returns < 0) | np.isin(program.returns, units)
    size = program.size[units].sum()
    return ((level > 0) & able).sum() >= program.needed and (not program.limited or size <= program.largest)


def cheapest(program):
    """What a cheapest set costs, infinity where there is none."""
    free = np.flatnonzero(program.free)
    every = chain.from_iterable(combinations(free, size) for size in range(1, len(free) + 1))
    return min((program.cost[list(units)].sum() for units in every if enough(program, list(units))), default=np.inf)


@given(st.integers(0, 1_000_000), st.integers(1, 12))
@settings(max_examples=400, deadline=None)
def test_a_cheapest_set_is_found_or_there_is_none(seed, most):
    program = random_program(seed)
    if enough(program, []):
        return
    truth = cheapest(program)
    ended, found = cheapest_removal(program, 1, most, ALL)
    assert ended == (FOUND if truth <= most else NONE)
    if ended == FOUND:
        assert program.cost[found].sum() == truth
        assert enough(program, np.flatnonzero(found))
        assert not (found & ~program.free).any()
    else:
        assert not found.any()


@given(st.integers(0, 1_000_000), st.integers(0, 400))
@settings(max_examples=200, deadline=None)
def test_what_a_little_effort_finds_is_true_though_not_always_cheapest(seed, effort):
    program = random_program(seed)
    if enough(program, []):
        return
    truth, most = cheapest(program), int(program.cost.sum())
    ended, found = cheapest_removal(program, 1, most, effort)
    if ended == NONE:
        assert np.isinf(truth)
    if found.any():
        assert enough(program, np.flatnonzero(found))
        assert program.cost[found].sum() >= truth
        assert ended == OPEN or program.cost[found].sum() == truth


def test_a_set_that_costs_what_no_set_costs_less_than_ends_the_search():
    program = Program(
        np.array([-0.5]), np.array([[0.3, 0.3, 0.6]]), np.array([-1]), np.array([1.0, 1.0, 3.0]), np.ones(3),
        np.ones(3, dtype=np.bool_), 1, np.inf, False,
    )  # fmt: skip
    ended, found = cheapest_removal(program, 2, 9, ALL)
    assert (ended, found.tolist()) == (FOUND, [True, True, False])
    assert cheapest_removal(program, 1, 1, ALL)[0] == NONE
    assert cheapest_removal(program, 1, 9, 0)[0] == OPEN
