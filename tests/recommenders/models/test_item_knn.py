import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from topple import load_model
from topple.errors import ModelFolderError, SettingsError
from topple.recommenders.models.ease import EaseSettings
from topple.recommenders.models.item_knn import ItemKNN, ItemKnnSettings
from topple.recommenders.saving.folders import save_model
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender, tiny_split
from topple.testing.worlds import catalogue_of

SPLIT = tiny_split()
ITEMS = len(SPLIT.catalogue)
SETTINGS = ItemKnnSettings(neighbours=4, shrink=2)
MODEL = ItemKNN.fit(SPLIT, SETTINGS)


def by_hand(settings):
    """Row the kept item, column the scored one, by sets of users and sorting, one pair after the other."""
    users = [set(np.flatnonzero(column)) for column in SPLIT.train.toarray().T]
    table = np.zeros((ITEMS, ITEMS))
    for scored in range(ITEMS):
        similarity = {}
        for kept in set(range(ITEMS)) - {scored}:
            both = len(users[scored] & users[kept])
            size = {
                "cosine": (len(users[scored]) * len(users[kept])) ** 0.5,
                "jaccard": len(users[scored] | users[kept]),
            }[settings.similarity]
            if both:
                similarity[kept] = both / (size + settings.shrink)
        for kept in sorted(similarity, key=lambda kept: (-similarity[kept], kept))[: settings.neighbours]:
            table[kept, scored] = similarity[kept]
    return table


def contributed(model):
    batch = HistoryBatch.of([list(range(ITEMS))])
    return model.contributions(batch)[0].numpy()


@pytest.mark.parametrize("similarity", ["cosine", "jaccard"])
@pytest.mark.parametrize(("neighbours", "shrink"), [(4, 2.0), (1, 0.0), (99, 0.5)])
@pytest.mark.parametrize("numbers", [1, 300, 4_000_000])
def test_similarities_are_those_by_hand_in_blocks_of_any_size(similarity, neighbours, shrink, numbers, set_memory):
    set_memory(numbers)
    settings = ItemKnnSettings(similarity=similarity, neighbours=neighbours, shrink=shrink)
    expected = by_hand(settings)
    np.testing.assert_allclose(contributed(ItemKNN.fit(SPLIT, settings)), expected, atol=1e-6)
    if neighbours == 4:
        assert (expected != expected.T).any(), "a transpose would not show"


def test_a_scored_item_has_at_most_its_neighbours_and_what_is_stored_is_sparse():
    arrays = MODEL.arrays()
    counts = np.bincount(arrays["indices"].numpy(), minlength=ITEMS)
    assert counts.max() == 4
    assert arrays["indptr"].shape == (ITEMS + 1,)
    assert len(arrays["similarities"]) == len(arrays["indices"]) == counts.sum() <= 4 * ITEMS


@given(
    st.lists(st.integers(0, ITEMS - 1), min_size=1, unique=True),
    st.integers(0, 2**12 - 1),
    st.lists(st.integers(0, ITEMS - 1), min_size=1),
)
def test_scores_are_the_kept_weights_times_the_table(history, bits, columns):
    kept = np.array([(bits >> position) & 1 for position in range(len(history))], dtype=np.float64) * 0.75
    x = np.zeros(ITEMS)
    x[history] = kept
    expected = x @ contributed(MODEL)
    batch, keep, chosen = HistoryBatch.of([history]), torch.from_numpy(kept)[None, None], torch.tensor([columns])
    np.testing.assert_allclose(MODEL.score(batch, keep)[0, 0].numpy(), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(MODEL.bind(batch, chosen)(keep)[0, 0].numpy(), expected[columns], rtol=1e-10, atol=1e-12)


@pytest.fixture(params=[1, 10**9], ids=["sparse", "dense"])
def model(request, set_memory):
    """The model with its rows held sparse, as those of a large catalogue are, and dense."""
    set_memory(request.param)
    return ItemKNN.from_arrays(MODEL.arrays(), MODEL.catalogue, SETTINGS)


def test_scores_do_not_depend_on_how_many_numbers_are_held_at_a_time(model, set_memory):
    batch = HistoryBatch.of([[1, 2, 3], [3, 9], [20], [5, 4, 3, 2, 1, 0]])
    keep = unchanged(batch).repeat(1, 3, 1)
    keep[:, 1, 0] = 0
    columns = torch.tensor([[1, 1, 5], [2, 0, 9], [0, 0, 0], [9, 8, 7]])
    together = model.score(batch, keep), model.score(batch, keep, columns)
    set_memory(1)
    torch.testing.assert_close(model.score(batch, keep), together[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(model.score(batch, keep, columns), together[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("many", [1, 2, 6])
def test_entry_by_entry_and_dense_rows_give_the_same_scores(many, model):
    batch = HistoryBatch.of([[1, 2, 3, 11], [9, 3], [20]])
    keep = unchanged(batch).repeat(1, many, 1) * torch.linspace(0.1, 1, many)[:, None].double()
    keep[:, -1, 0] = 0
    table = torch.from_numpy(contributed(MODEL))
    expected = torch.stack([keep[row] @ table[batch.items[row]] for row in range(3)])
    found = model.score(batch, keep.requires_grad_())
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    (slope,) = torch.autograd.grad(found[..., 5].sum(), keep)
    torch.testing.assert_close(slope, (table[batch.items, 5] * batch.present)[:, None].expand_as(keep))


def test_base_weights_multiply(model):
    batch = HistoryBatch(torch.tensor([[4, 6]]), torch.tensor([[2.0, 0.5]], dtype=torch.float64))
    table = torch.from_numpy(contributed(model))
    torch.testing.assert_close(model.contributions(batch)[0], torch.stack([2 * table[4], 0.5 * table[6]]))
    torch.testing.assert_close(model.score(batch, unchanged(batch))[0, 0], 2 * table[4] + 0.5 * table[6])


def test_both_ways_to_hold_the_rows_keep_the_contract(model):
    check_recommender(model)
    assert model.fingerprint == MODEL.fingerprint


def test_no_histories_have_no_scores(model):
    nobody = HistoryBatch.of([])
    assert model.score(nobody, unchanged(nobody)).shape == (0, 1, ITEMS)
    assert model.contributions(nobody).shape == (0, 1, ITEMS)


def test_keeps_the_contract_and_a_model_folder_brings_it_back(tmp_path):
    check_recommender(MODEL)
    save_model(MODEL, tmp_path / "m", SPLIT)
    again = load_model(tmp_path / "m")
    assert again.fingerprint == MODEL.fingerprint
    assert again.settings == SETTINGS
    assert again.training == MODEL.training
    assert MODEL.to("cpu").fingerprint == MODEL.fingerprint


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"similarity": "pearson"}, "similarity='pearson'"),
        ({"neighbours": 0}, "neighbours=0"),
        ({"shrink": -1}, "shrink"),
    ],
)
def test_settings_out_of_range_are_refused(settings, match):
    with pytest.raises(SettingsError, match=match):
        ItemKnnSettings(**settings)


def test_settings_of_something_else_are_refused():
    with pytest.raises(SettingsError, match="EaseSettings given to item-knn, which takes ItemKnnSettings"):
        ItemKNN.fit(SPLIT, EaseSettings())


def arrays(**changed):
    whole = {"indptr": np.array([0, 2, 2, 3]), "indices": np.array([1, 2, 0]), "similarities": np.array([0.5, 0.25, 1])}
    return whole | changed


def test_arrays_are_rows_of_kept_items():
    model = ItemKNN.from_arrays(arrays(), catalogue_of(3))
    batch = HistoryBatch.of([[0], [1], [2]])
    assert model.score(batch, unchanged(batch))[:, 0].tolist() == [[0, 0.5, 0.25], [0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (
            {"indptr": np.array([0, 0, 0, 0])},
            r"'indices' is missing \(found: indptr\); item-knn needs indptr, indices, similarities",
        ),
        (arrays(indptr=np.array([0, 2, 3])), r"shapes \(3,\), \(3,\) and \(3,\) are not the sparse rows"),
        (arrays(indptr=np.array([0, 2, 1, 3])), "are not the sparse rows"),
        (arrays(indptr=np.array([0, 2, 2, 4])), "are not the sparse rows"),
        (arrays(indptr=np.array([1, 2, 2, 3])), "are not the sparse rows"),
        (arrays(indices=np.array([1, 3, 0])), "are not the sparse rows"),
        (arrays(indices=np.array([-1, 2, 0])), "are not the sparse rows"),
        (arrays(indices=np.array([2, 1, 0])), "columns in order"),
        (arrays(indices=np.array([1, 1, 0])), "columns in order"),
        (arrays(indices=np.array([1.0, 2, 0])), "are not the sparse rows"),
        (arrays(similarities=np.array([0.5, 0.25])), "are not the sparse rows"),
        (arrays(similarities=np.array(["a", "b", "c"])), "are not the sparse rows"),
        (arrays(similarities=np.array([0.5, np.nan, 1])), "'similarities' holds NaN or infinite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(given, match):
    with pytest.raises(ModelFolderError, match=match):
        ItemKNN.from_arrays(given, catalogue_of(3))
