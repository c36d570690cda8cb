import torch

from topple.scoring.products import columns_of, factor_scores, same_for_all

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
