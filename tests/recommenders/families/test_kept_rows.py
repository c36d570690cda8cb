import numpy as np
import pytest

from topple.recommenders.families.kept_rows import add_totals, first_layer

ITEMS = np.array([[3, 1, 4, 1, 5], [2, 0, 0, 0, 0]])
WEIGHTS = np.array([[1, 2, 1, 0.5, 3.0], [2, 0, 0, 0, 0]])
PRESENT = np.array([[True, True, True, False, True], [True, False, False, False, False]])
TABLE = np.random.default_rng(0).normal(size=(6, 4))
LARGEST, BIAS = np.abs(TABLE).max(1), np.arange(4.0)


def test_a_total_is_of_what_is_held_unchanged_and_no_other_is_touched():
    totals = np.full((2, 4), 7.0)
    add_totals(np.array([0]), ITEMS, WEIGHTS, PRESENT, TABLE, totals)
    np.testing.assert_allclose(totals[0], TABLE[3] + 2 * TABLE[1] + TABLE[4] + 3 * TABLE[5], rtol=1e-14)
    assert (totals[1] == 7).all()


@pytest.mark.parametrize("squares", [np.empty((0, 0)), np.array([[2.5, 9.0]])])
@pytest.mark.parametrize("keep", [[[1, 1, 0, 0, 1], [0, 0, 1, 0.5, 0]], [[1, 1, 1, 1, 1], [1, 1, 1, 0, 1]]])
def test_rows_of_what_is_kept_are_summed_and_divided_by_the_norm(keep, squares):
    shares, totals, out = np.array([keep], dtype=np.float64), np.zeros((2, 4)), np.empty((1, 2, 4))
    add_totals(np.array([0]), ITEMS, WEIGHTS, PRESENT, TABLE, totals)
    first_layer(shares, np.array([0]), ITEMS, WEIGHTS, PRESENT, TABLE, LARGEST, BIAS, totals, squares, out)
    kept = shares[0] * WEIGHTS[0]
    norms = np.sqrt(squares[0] if squares.size else (kept**2).sum(1))
    np.testing.assert_allclose(out[0], kept @ TABLE[ITEMS[0]] / norms[:, None] + BIAS, rtol=1e-13)


def test_few_changes_begin_with_the_total_and_many_do_not():
    shares = np.array([[[1, 1, 1, 0, 0], [1, 0, 0, 0, 0.0]]])
    totals, out = np.full((2, 4), 100.0), np.empty((1, 2, 4))
    nothing = np.empty((0, 0))
    sizes = np.where(np.arange(6) == 3, 1000.0, 1.0)  # what the second keeps is larger than what it changes
    first_layer(shares, np.array([0]), ITEMS, WEIGHTS, PRESENT, TABLE, sizes, BIAS, totals, nothing, out)
    np.testing.assert_allclose(out[0, 0], (100 - 3 * TABLE[5]) / np.sqrt(6) + BIAS, rtol=1e-13)
    np.testing.assert_allclose(out[0, 1], TABLE[3] + BIAS, rtol=1e-13)


def test_what_keeps_nothing_is_the_bias():
    out = np.empty((1, 1, 4))
    zero, nothing = np.zeros((1, 1, 5)), np.empty((0, 0))
    first_layer(zero, np.array([1]), ITEMS, WEIGHTS, PRESENT, TABLE, LARGEST, BIAS, np.ones((2, 4)), nothing, out)
    assert (out == BIAS).all()
