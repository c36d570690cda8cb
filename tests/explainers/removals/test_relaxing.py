import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from topple.explainers.removals.relaxing import BEYOND, GIVEN_UP, SOLVED, Rows, relaxed


def random_program(seed):
    """Rows of numbers over a few units, floors, costs, and which units may be chosen; ties in every second."""
    random = np.random.default_rng(seed)
    rows, units = int(random.integers(1, 7)), int(random.integers(1, 15))
    number = random.integers(-2, 4, (rows, units)) / 1.0 if seed % 2 else random.normal(0.3, 1, (rows, units))
    cost = random.choice([1.0, 1.0, 2.0, 7.0], units) if seed % 3 else np.ones(units)
    columns = np.flatnonzero(random.random(units) < 0.8)
    return Rows(number, random.normal(1, 2, rows), np.empty(rows)), columns, cost


def least(rows, columns, cost):
    """What scipy says that the program costs, infinity where it cannot be solved."""
    if not len(columns):
        return 0.0 if (rows.floor <= 0).all() else np.inf
    solved = linprog(cost[columns], A_ub=-rows.number[:, columns], b_ub=-rows.floor, bounds=(0, 1))
    return solved.fun if solved.status == 0 else np.inf


@given(st.integers(0, 100_000))
@settings(max_examples=200, deadline=None)
def test_what_a_program_costs_is_what_scipy_says(seed):
    rows, columns, cost = random_program(seed)
    part, work = np.zeros(len(cost)), np.zeros(1, dtype=np.int64)
    ended, bound = relaxed(rows, len(rows.floor), columns, cost, 1e6, part, work)
    truth = least(rows, columns, cost)
    assert ended != GIVEN_UP
    assert (ended == BEYOND) == np.isinf(truth)
    if ended == SOLVED:
        assert bound <= truth + 1e-9
        np.testing.assert_allclose(bound, truth, atol=1e-6)
        np.testing.assert_allclose(cost[columns] @ part[columns], truth, atol=1e-6)
        assert (rows.number @ part >= rows.floor - 1e-6).all()


@given(st.integers(0, 100_000), st.integers(0, 12))
@settings(max_examples=200, deadline=None)
def test_a_program_is_beyond_what_it_may_cost_only_where_it_is(seed, most):
    rows, columns, cost = random_program(seed)
    ended, bound = relaxed(rows, len(rows.floor), columns, cost, most, np.zeros(len(cost)), np.zeros(1, dtype=np.int64))
    truth = least(rows, columns, cost)
    assert ended != BEYOND or truth > most - 1e-6
    assert ended != SOLVED or truth <= most + 1e-6
    assert bound <= truth + 1e-9


def test_only_the_rows_that_count_are_asked_for():
    rows = Rows(np.array([[1.0, 2.0], [-1.0, -1.0]]), np.array([1.0, 5.0]), np.empty(2))
    part, work = np.zeros(2), np.zeros(1, dtype=np.int64)
    ended, bound = relaxed(rows, 1, np.arange(2), np.ones(2), 2.0, part, work)
    assert ended == SOLVED
    np.testing.assert_allclose((bound, *part), (0.5, 0, 0.5), atol=1e-8)
    assert work[0] > 0
    assert relaxed(rows, 2, np.arange(2), np.ones(2), 2.0, part, work)[0] == BEYOND
