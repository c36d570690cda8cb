"""Rows held dense and sparse, with and without a gradient, against one product with the table."""

import numpy as np
import pytest
import torch
from scipy.sparse import random as random_matrix

from topple.recommenders.families.row_sums import DenseRows, RowSums, SparseRows, sparse_rows
from topple.scoring.variations import HistoryBatch
from topple.testing.worlds import catalogue_of

ITEMS = 20
TABLE = random_matrix(ITEMS, ITEMS, 0.4, format="csr", random_state=0)
PARTS = (
    torch.from_numpy(TABLE.indptr.astype(np.int64)),
    torch.from_numpy(TABLE.indices.astype(np.int64)),
    torch.from_numpy(TABLE.data),
)
ROWS = {"dense": DenseRows(torch.from_numpy(TABLE.toarray())), "sparse": SparseRows(*PARTS)}


def asked(variations):
    """Histories whose padding is an item that they hold, base weights that are not 1, and shares of their items."""
    random = np.random.default_rng(variations)
    items, weights = np.zeros((4, 7), dtype=np.int64), np.zeros((4, 7))
    for row, length in enumerate((1, 5, 0, 7)):
        items[row, :length] = [0, *(1 + random.permutation(ITEMS - 1))][:length]
        weights[row, :length] = random.uniform(0.5, 3, length)
    keep = random.random((4, variations, 7)) * (weights > 0)[:, None] * (random.random((4, variations, 7)) < 0.7)
    dense = np.zeros((4, variations, ITEMS))
    for row, variation, position in np.ndindex(keep.shape):
        dense[row, variation, items[row, position]] += keep[row, variation, position] * weights[row, position]
    return (
        HistoryBatch(torch.from_numpy(items), torch.from_numpy(weights)),
        torch.from_numpy(keep),
        dense @ TABLE.toarray(),
    )


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("variations", [1, 2, 5])
@pytest.mark.parametrize("numbers", [1, 4_000_000])
@pytest.mark.parametrize("with_gradient", [False, True])
def test_scores_are_the_weights_of_what_is_kept_times_the_table(kind, variations, numbers, with_gradient, set_memory):
    set_memory(numbers)
    model = type("Model", (RowSums,), {"name": "model"})(catalogue_of(ITEMS), ROWS[kind])
    histories, keep, expected = asked(variations)
    keep.requires_grad_(with_gradient)
    columns = torch.tensor([[3, 0, 3], [0, 0, 19], [5, 6, 7], [2, 1, 2]])  # repeated ones too
    chosen = np.take_along_axis(expected, columns.numpy()[:, None].repeat(variations, 1), 2)
    rows = torch.tensor([1, 0, 1])  # cut to the five positions that these have
    for scores, wanted in (
        (model.score(histories, keep), expected),
        (model.bind(histories)(keep[rows, :, :5], rows), expected[rows]),
        (model.score(histories, keep, columns), chosen),
        (model.bind(histories, columns)(keep[rows, :, :5], rows), chosen[rows]),
    ):
        np.testing.assert_allclose(scores.detach().numpy(), wanted, rtol=1e-12, atol=1e-12)
        if with_gradient:
            (slope,) = torch.autograd.grad(scores[0].sum(), keep)
            assert slope.any()


def test_rows_are_held_dense_in_small_catalogues_only(set_memory):
    assert isinstance(sparse_rows(*PARTS), DenseRows)
    set_memory(ITEMS**2 - 1)
    assert isinstance(sparse_rows(*PARTS), SparseRows)
    set_memory(ITEMS**2)
    rows = sparse_rows(*PARTS)
    assert isinstance(rows, DenseRows)
    np.testing.assert_array_equal(rows.weights.numpy(), TABLE.toarray())
