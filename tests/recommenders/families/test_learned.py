from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from topple.errors import ModelFolderError, SettingsError
from topple.recommenders.families.learned import unmet, user_numbers, with_user_numbers
from topple.recommenders.models.ease import EaseSettings
from topple.recommenders.models.lightgcn import LightGCN, LightGCNSettings
from topple.testing import tiny_split
from topple.testing.worlds import catalogue_of

SPLIT = tiny_split()
GOOD = {"gives": np.ones((3, 2)), "items": np.ones((3, 2))}
SETTINGS = LightGCNSettings(dimensions=2)


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"items": GOOD["items"]}, r"'gives' is missing \(found: items\)"),
        (
            {**GOOD, "items": np.ones((4, 2))},
            r"'items' is float64 of shape \(4, 2\), expected real numbers of shape \(3, 2\)",
        ),
        ({**GOOD, "gives": np.full((3, 2), "x")}, "expected real numbers of shape"),
        ({**GOOD, "gives": np.full((3, 2), np.inf)}, "'gives' holds NaN or infinite values"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, match):
    assert LightGCN.from_arrays(GOOD, catalogue_of(3), SETTINGS).arrays()["items"].dtype is torch.float32
    with pytest.raises(ModelFolderError, match=match):
        LightGCN.from_arrays(arrays, catalogue_of(3), SETTINGS)


def test_settings_of_something_else_are_refused():
    with pytest.raises(SettingsError, match="EaseSettings given to lightgcn, which takes LightGCNSettings"):
        LightGCN.fit(SPLIT, EaseSettings())


def test_moves_with_its_training_record():
    model = LightGCN.from_arrays(GOOD, catalogue_of(3), SETTINGS)
    model.training = {"epochs": 3}
    moved = model.to("cpu")
    assert (moved.fingerprint, moved.training, moved.device) == (model.fingerprint, {"epochs": 3}, torch.device("cpu"))


def test_every_entry_of_a_batch_knows_its_user():
    rows = [5, 0, 7]
    batch = with_user_numbers(SPLIT)[rows]
    assert user_numbers(batch).tolist() == np.repeat(rows, np.diff(SPLIT.train.indptr)[rows]).tolist()
    assert (SPLIT.train.data == 1).all()


def test_the_number_of_a_user_is_exact_however_many_there_are():
    users = 2**24 + 3  # from 2^24 on float32 holds no odd number
    ends = np.concatenate([np.zeros(users - 2, dtype=np.int64), [1, 2, 3]])
    train = sparse.csr_matrix((np.ones(3, dtype=np.float32), np.zeros(3, dtype=np.int64), ends), shape=(users, 2))
    batch = with_user_numbers(replace(SPLIT, train=train))[[users - 3, users - 2, users - 1]]
    assert user_numbers(batch).tolist() == [users - 3, users - 2, users - 1]


def test_unmet_items_are_told_from_met_ones():
    batch = with_user_numbers(SPLIT)[[3, 4, 9]]
    drawn, good = unmet(batch, 50, torch.Generator().manual_seed(0))
    assert drawn.shape == (batch.nnz, 50)
    assert set(drawn.flatten().tolist()) == set(range(len(SPLIT.catalogue)))
    dense = batch.toarray() > 0
    rows = np.repeat(np.arange(3), np.diff(batch.indptr))
    np.testing.assert_array_equal(good.numpy(), ~dense[rows[:, None], drawn.numpy()])
    again, _ = unmet(batch, 50, torch.Generator().manual_seed(0))
    assert torch.equal(again, drawn)


def test_a_batch_without_interactions_draws_nothing():
    drawn, good = unmet(sparse.csr_matrix((2, 5), dtype=np.float32), 4, torch.Generator().manual_seed(0))
    assert drawn.shape == good.shape == (0, 4)
