import pytest
import torch

from topple.scoring import products
from topple.scoring.products import (
    AT_ONCE,
    LEAST,
    batch_invariant_linear,
    columns_of,
    factor_scores,
    least_rows,
    same_for_all,
)

VECTORS = torch.arange(15, dtype=torch.float32).reshape(5, 3)


def test_columns_are_gathered_once_where_all_histories_share_the_candidates():
    few = torch.tensor([3, 0])
    shared, each = few.expand(4, -1), few.repeat(4, 1)
    assert (same_for_all(shared), same_for_all(each), same_for_all(None)) == (True, False, False)
    whole, once, gathered = (columns_of(VECTORS, some, torch.float64) for some in (None, shared, each))
    assert [tuple(columns.shape) for columns in (whole, once, gathered)] == [(3, 5), (3, 2), (4, 3, 2)]
    rows, users = torch.tensor([2, 0]), torch.tensor([[[1.0, 0, 2]], [[0.0, 1, 1]]], dtype=torch.float64)
    scores = factor_scores(users, gathered, rows)
    assert torch.equal(factor_scores(users, once, rows), scores)
    assert torch.equal(factor_scores(users, whole, rows)[..., few], scores)


@pytest.fixture
def forgotten(monkeypatch):
    """Layouts that were tried before are tried again."""
    monkeypatch.setattr(products, "_least_rows", {})


@pytest.mark.parametrize("shape", [(600, 200), (200, 600), (7, 5), (64, 33)])
@pytest.mark.parametrize("transposed", [True, False])
def test_a_row_of_a_product_is_the_same_whatever_is_beside_it(forgotten, shape, transposed):
    random = torch.Generator().manual_seed(1)
    weight = torch.randn(shape[::-1], generator=random).T if transposed else torch.randn(shape, generator=random)
    bias, left = torch.randn(shape[1], generator=random), torch.randn(2 * AT_ONCE + 3, shape[0], generator=random)
    least = least_rows(weight)
    if least is None:
        pytest.skip("this BLAS adds up in another order in every batch")
    whole = batch_invariant_linear(left, weight, bias, least)
    assert torch.allclose(whole, left @ weight + bias, atol=1e-3)
    for count in (1, 2, 3, 5, 31, 200, AT_ONCE, AT_ONCE + 1):
        for start in (0, 1, len(left) - count):
            assert torch.equal(
                batch_invariant_linear(left[start : start + count], weight, bias, least), whole[start : start + count]
            )
    stacked = left[:12].reshape(3, 4, -1)
    assert torch.equal(batch_invariant_linear(stacked, weight, bias, least), whole[:12].reshape(3, 4, -1))


@pytest.mark.parametrize(("few", "least"), [(4, 4), (9, 16), (1 << 30, None)])
def test_where_few_rows_are_added_up_in_another_order_more_are_asked_for(forgotten, monkeypatch, few, least):
    addmm = torch.addmm

    def of_another_blas(bias, left, weight, **options):
        return addmm(bias, left, weight, **options) + (1e-6 * len(left) if len(left) < few else 0)

    monkeypatch.setattr(torch, "addmm", of_another_blas)
    assert least_rows(torch.ones(3, 2)) == least
    assert least is None or least in LEAST
