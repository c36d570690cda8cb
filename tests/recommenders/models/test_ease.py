import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from topple import explain, load_model
from topple.cli.app import app
from topple.errors import ModelFolderError, RecommenderError, SettingsError
from topple.recommenders.families.row_sums import DenseRows, SparseRows
from topple.recommenders.models.ease import EASE, EaseSettings
from topple.recommenders.models.mult_vae import MultVAESettings
from topple.recommenders.saving.folders import save_model
from topple.recommenders.training.quality import held_out_quality
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender, tiny_split
from topple.testing.worlds import catalogue_of

SPLIT = tiny_split()
ITEMS = len(SPLIT.catalogue)
MODEL = EASE.fit(SPLIT, EaseSettings(lam=3))
PRUNED = EASE.fit(SPLIT, EaseSettings(lam=3, neighbours=4))


def dense(split, lam):
    """B by the paper's formula, in dense numpy; then by its definition, one regression for each column."""
    x = split.train.toarray().astype(np.float64)
    p = np.linalg.inv(x.T @ x + lam * np.eye(x.shape[1]))
    return np.eye(x.shape[1]) - p @ np.diag(1 / np.diag(p)), x


def test_weights_equal_the_formula_and_are_not_symmetric():
    expected, _ = dense(SPLIT, 3)
    found = MODEL.arrays()["weights"].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(expected - expected.T).max() > 0.05, "a transpose would not show"
    assert not np.diag(found).any()


def test_each_column_is_the_ridge_regression_of_its_item_on_the_others():
    x = SPLIT.train.toarray().astype(np.float64)
    for item in (0, 7, ITEMS - 1):
        others = np.delete(np.arange(ITEMS), item)
        a = x[:, others]
        expected = np.linalg.solve(a.T @ a + 3 * np.eye(len(others)), a.T @ x[:, item])
        np.testing.assert_allclose(MODEL.arrays()["weights"].numpy()[others, item], expected, atol=1e-6)


@given(st.lists(st.integers(0, ITEMS - 1), min_size=1, unique=True), st.integers(0, 2**12 - 1))
def test_scores_are_the_kept_weights_times_b(history, bits):
    kept = np.array([(bits >> position) & 1 for position in range(len(history))], dtype=np.float64) * 0.75
    x = np.zeros(ITEMS)
    x[history] = kept
    expected = x @ MODEL.arrays()["weights"].numpy().astype(np.float64)
    found = MODEL.score(HistoryBatch.of([history]), torch.from_numpy(kept)[None, None])
    np.testing.assert_allclose(found[0, 0].numpy(), expected, rtol=1e-10, atol=1e-12)


def test_scores_do_not_depend_on_how_many_histories_share_a_gathering(set_memory):
    batch = HistoryBatch.of([[1, 2, 3], [3, 9], [20], [5, 4, 3, 2, 1, 0]])
    together = MODEL.score(batch, unchanged(batch))
    set_memory(1)
    torch.testing.assert_close(MODEL.score(batch, unchanged(batch)), together, rtol=1e-12, atol=1e-12)


def test_base_weights_multiply():
    batch = HistoryBatch(torch.tensor([[4, 6]]), torch.tensor([[2.0, 0.5]], dtype=torch.float64))
    b = MODEL.arrays()["weights"].double()
    expected = 2 * b[4] + 0.5 * b[6]
    torch.testing.assert_close(MODEL.score(batch, unchanged(batch))[0, 0], expected)
    torch.testing.assert_close(MODEL.contributions(batch)[0], torch.stack([2 * b[4], 0.5 * b[6]]))


def test_the_loss_is_the_squared_error_of_the_training_users():
    b, x = dense(SPLIT, 3)
    assert MODEL.training["loss"] == pytest.approx(((x - x @ b) ** 2).sum() / len(x), rel=1e-9)


def test_the_hooks_are_called_once_with_the_fitted_model():
    epochs, best = [], []
    model = EASE.fit(SPLIT, on_epoch=epochs.append, on_best=best.append)
    assert best == [model]
    assert [(e.number, e.of, e.best_epoch) for e in epochs] == [(1, 1, 1)]
    expected = held_out_quality(model, SPLIT.validation)["ndcg_100"]
    assert epochs[0].ndcg_100 == epochs[0].best_ndcg_100 == model.training["validation_ndcg_100"] == expected


@pytest.mark.parametrize("model", [MODEL, PRUNED], ids=["whole", "pruned"])
def test_keeps_the_contract_and_a_model_folder_brings_it_back(model, tmp_path):
    check_recommender(model)
    save_model(model, tmp_path / "m", SPLIT)
    again = load_model(tmp_path / "m")
    assert again.fingerprint == model.fingerprint
    assert again.settings == model.settings
    assert again.training == model.training
    assert list(again.arrays()) == list(model.arrays())


@pytest.mark.parametrize("model", [MODEL, PRUNED], ids=["whole", "pruned"])
def test_moves_with_its_training_record(model):
    moved = model.to("cpu")
    assert moved.fingerprint == model.fingerprint
    assert moved.training == model.training
    assert moved.device == torch.device("cpu")


def table(model):
    """Row the kept item, column the scored one, as the scores say it."""
    return model.contributions(HistoryBatch.of([list(range(ITEMS))]))[0].numpy()


def test_the_largest_weights_of_each_scored_item_stay_and_the_others_are_0():
    whole, found = table(MODEL), table(PRUNED)
    for scored in range(ITEMS):
        largest = sorted(range(ITEMS), key=lambda kept: (-abs(whole[kept, scored]), kept))[:4]
        expected = np.zeros(ITEMS)
        expected[largest] = whole[largest, scored]
        np.testing.assert_array_equal(found[:, scored], expected)
    assert (found < 0).any(), "the largest by size, not by value"
    assert ((found != 0).sum(1) != 4).any(), "the largest of each row would not show"


def test_what_a_pruned_model_stores_is_sparse_and_in_order():
    arrays = PRUNED.arrays()
    assert {name: array.dtype for name, array in arrays.items()} == {
        "indptr": torch.int64,
        "indices": torch.int64,
        "values": torch.float32,
    }
    assert len(arrays["values"]) == len(arrays["indices"]) == 4 * ITEMS
    assert len(arrays["indptr"]) == ITEMS + 1
    for row in range(ITEMS):
        columns = arrays["indices"][arrays["indptr"][row] : arrays["indptr"][row + 1]]
        assert (columns.diff() > 0).all()


@pytest.mark.parametrize("neighbours", [ITEMS - 1, ITEMS, 10**9])
def test_as_many_neighbours_as_there_are_prune_nothing(neighbours):
    model = EASE.fit(SPLIT, EaseSettings(lam=3, neighbours=neighbours))
    assert list(model.arrays()) == ["weights"]
    torch.testing.assert_close(model.arrays()["weights"], MODEL.arrays()["weights"], rtol=0, atol=0)
    assert model.training["loss"] == MODEL.training["loss"]


@pytest.mark.parametrize("neighbours", [0, -1, 1.5, "many"])
def test_neighbours_are_one_or_more(neighbours):
    with pytest.raises(
        SettingsError, match=rf"neighbours={neighbours!r}: Input should be .* Change it in EaseSettings"
    ):
        EaseSettings(neighbours=neighbours)


def test_whole_weights_are_pruned_as_a_training_prunes_them():
    model = EASE.from_arrays(MODEL.arrays(), MODEL.catalogue, PRUNED.settings)
    assert model.fingerprint == PRUNED.fingerprint
    assert PRUNED.fingerprint != MODEL.fingerprint


def test_the_loss_of_a_pruned_model_is_that_of_what_it_kept():
    _, x = dense(SPLIT, 3)
    assert PRUNED.training["loss"] == pytest.approx(((x - x @ table(PRUNED)) ** 2).sum() / len(x), rel=1e-6)
    assert PRUNED.training["loss"] > MODEL.training["loss"]


def test_weights_of_other_settings_are_refused():
    match = r"array 'indices' has 4 weights for one item, more than neighbours=3 of the settings.* give B whole"
    with pytest.raises(ModelFolderError, match=match):
        EASE.from_arrays(PRUNED.arrays(), PRUNED.catalogue, EaseSettings(neighbours=3))
    for most in (None, 4, 5):
        EASE.from_arrays(PRUNED.arrays(), PRUNED.catalogue, EaseSettings(neighbours=most))


@pytest.mark.parametrize("numbers", [1, 10**9], ids=["sparse", "dense"])
def test_sparse_rows_and_rows_held_dense_are_scored_and_explained_the_same(numbers, set_memory):
    set_memory(numbers)
    model = EASE.from_arrays(PRUNED.arrays(), PRUNED.catalogue, PRUNED.settings)
    check_recommender(model)
    assert isinstance(model._rows, SparseRows if numbers == 1 else DenseRows)
    histories = SPLIT.histories(limit=6)
    set_memory(4_000_000)
    found = explain(model, histories, k=3, progress=False)
    expected = explain(PRUNED, histories, k=3, progress=False)
    assert [(each.status, each.items, each.proof) for each in found] == [
        (each.status, each.items, each.proof) for each in expected
    ]
    assert any(each.items for each in found)


def test_a_catalogue_that_is_too_large_is_refused_before_work():
    match = r"30 items, more than max_items=29: B alone would take .* Leave out rare items"
    with pytest.raises(RecommenderError, match=match):
        EASE.fit(SPLIT, EaseSettings(max_items=29))


def test_settings_of_something_else_are_refused():
    with pytest.raises(SettingsError, match="MultVAESettings given to ease, which takes EaseSettings"):
        EASE.fit(SPLIT, MultVAESettings())


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"b": np.zeros((3, 3))}, r"'weights' is missing \(found: b\)"),
        (
            {"weights": np.zeros((3, 2))},
            r"float64 of shape \(3, 2\), expected real numbers of shape \(3, 3\) for ease with 3",
        ),
        ({"weights": np.full((3, 3), "x")}, "expected real numbers of shape"),
        ({"weights": np.full((3, 3), np.nan)}, "NaN or infinite"),
        (
            {"indptr": np.array([0, 1, 1, 1]), "indices": np.array([3]), "values": np.ones(1)},
            "are not the sparse rows of",
        ),
        (
            {"indptr": np.zeros(4, np.int64)},
            r"'indices' is missing \(found: indptr\); ease needs indptr, indices, values",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, match):
    with pytest.raises(ModelFolderError, match=match):
        EASE.from_arrays(arrays, catalogue_of(3))


def test_the_command_line_fits_and_explains_it(tmp_path):
    from typer.testing import CliRunner

    fit = [
        "fit",
        "--dataset",
        "generated",
        "--recommender",
        "ease",
        "--set",
        "lam=50",
        "--out",
        str(tmp_path / "m"),
        "--json",
    ]
    result = CliRunner().invoke(app, fit)
    assert result.exit_code == 0, result.output
    assert 0 < json.loads(result.stdout)["test"]["ndcg_100"] < 1
    assert load_model(tmp_path / "m").settings.lam == 50
    found = CliRunner().invoke(app, ["explain", "--model", str(tmp_path / "m"), "--explainer", "exact", "--users", "2"])
    assert found.exit_code == 0, found.output
