import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import topple
from topple.recommenders.families.learned import unmet
from topple.recommenders.models import neumf
from topple.recommenders.models.neumf import NeuMF, NeuMFSettings
from topple.recommenders.saving.folders import save_model
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender, tiny_split

SPLIT = tiny_split()
ITEMS = len(SPLIT.catalogue)
SETTINGS = NeuMFSettings(epochs=3, dimensions=6, hidden=12, batch_size=16, learning_rate=0.02)


def random_model(**changes):
    """Return an untrained model whose every number matters."""
    settings = SETTINGS.model_copy(update=changes)
    random = np.random.default_rng(0)
    shapes = NeuMF.shapes(ITEMS, settings)
    return NeuMF.from_arrays({n: random.normal(0, 0.7, s) for n, s in shapes.items()}, SPLIT.catalogue, settings)


MODEL = random_model()


def by_hand(model, history, item):
    """Score one item for a history of (item, share kept) pairs, number by number in float64 numpy."""
    p = {name: array.double().numpy() for name, array in model.arrays().items()}
    root = np.sqrt(max(1, sum(share for _, share in history)))

    def pooled(name):
        return sum((share * p[name][part] for part, share in history), np.zeros(model.settings.dimensions)) / root

    x = np.concatenate([pooled("layers_history"), p["layers_items"][item]])
    x = np.maximum(x @ np.concatenate([p["user_to_1"], p["item_to_1"]]) + p["bias_1"], 0)
    x = np.maximum(x @ p["1_to_2"] + p["bias_2"], 0)
    x = np.maximum(x @ p["2_to_3"] + p["bias_3"], 0)
    product = pooled("product_history") * p["product_items"][item]
    return product @ p["product_to_score"] + x @ p["3_to_score"] + p["biases"][item]


@given(st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=9, unique=True), st.integers(0, 2**9 - 1))
def test_scores_are_those_of_both_branches(history, bits):
    kept = [0.75 * ((bits >> position) & 1) for position in range(len(history))]
    found = MODEL.score(HistoryBatch.of([history]), torch.tensor([[kept]], dtype=torch.float64))[0, 0].numpy()
    expected = [by_hand(MODEL, list(zip(history, kept, strict=True)), item) for item in range(ITEMS)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_weights_are_not_used():
    batch = HistoryBatch(torch.tensor([[4, 6]]), torch.tensor([[2.0, 0.5]], dtype=torch.float64))
    expected = [by_hand(MODEL, [(4, 1.0), (6, 1.0)], item) for item in range(ITEMS)]
    np.testing.assert_allclose(MODEL.score(batch, unchanged(batch))[0, 0].numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize(("candidates", "most"), [(None, 1500), (torch.tensor([[5, 1], [29, 0], [3, 3]]), 200)])
def test_no_more_is_held_at_a_time_than_allowed(monkeypatch, set_memory, candidates, most):
    batch = HistoryBatch.of([[1, 2, 3], [3, 9], list(range(12))])
    keep = unchanged(batch).repeat(1, 7, 1)
    keep[:, 1:, 0] = 0
    together, sizes, plain = MODEL.score(batch, keep, candidates), [], neumf._perceptron

    def perceptron(p, first):
        sizes.append(first.numel())
        return plain(p, first)

    monkeypatch.setattr(neumf, "_perceptron", perceptron)
    set_memory(most)
    torch.testing.assert_close(MODEL.score(batch, keep, candidates), together, rtol=1e-12, atol=1e-12)
    assert max(sizes) <= most / 2
    assert len(sizes) > 5


@pytest.mark.parametrize("candidates", [None, torch.tensor([[5, 1]]).expand(2, -1), torch.tensor([[5, 1], [29, 0]])])
def test_what_is_bound_is_not_overwritten(candidates):
    batch = HistoryBatch.of([[1, 2, 3], [3, 9]])
    scorer, keep = MODEL.bind(batch, candidates), unchanged(batch)
    first = scorer(keep)
    assert torch.equal(scorer(keep), first)
    with_gradients = scorer(keep.clone().requires_grad_())
    torch.testing.assert_close(with_gradients.detach(), first, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("gradients", [False, True])
def test_parts_stay_in_the_cache_and_those_with_gradients_are_large(monkeypatch, gradients):
    batch = HistoryBatch.of([[1, 2, 3]])
    keep, sizes, plain = unchanged(batch).repeat(1, 9, 1).requires_grad_(gradients), [], neumf._perceptron

    def perceptron(p, first):
        sizes.append(first.numel())
        return plain(p, first)

    monkeypatch.setattr(neumf, "_perceptron", perceptron)
    monkeypatch.setattr(neumf, "CACHED", 4 * ITEMS * SETTINGS.hidden)
    MODEL.score(batch, keep)
    assert [size // (ITEMS * SETTINGS.hidden) for size in sizes] == ([9] if gradients else [2, 2, 2, 2, 1])


def test_the_loss_is_the_log_loss_of_each_item_from_the_rest_of_the_history():
    model = random_model(dropout=0.0, decay=0.01)
    batch = SPLIT.train[[2, 5]]
    others, good = unmet(batch, model.settings.negatives, torch.Generator().manual_seed(3))
    losses, rows = [], np.repeat([0, 1], np.diff(batch.indptr))
    for entry, (row, item) in enumerate(zip(rows, batch.indices, strict=True)):
        rest = [(part, 1.0) for part in batch[row].indices if part != item]
        losses.append(np.log1p(np.exp(-by_hand(model, rest, item))))
        for other, counted in zip(others[entry].tolist(), good[entry].tolist(), strict=True):
            if counted:
                losses.append(np.log1p(np.exp(by_hand(model, rest, other))))
    norms = sum(float(array.square().sum()) for array in model.arrays().values())
    found = model.loss(batch, 0, torch.Generator().manual_seed(3))
    assert float(found) == pytest.approx(np.mean(losses) + 0.01 * norms, rel=1e-5)


def test_dropout_drops_histories_and_not_what_is_predicted():
    model = random_model(dropout=0.5)
    losses = {float(model.loss(SPLIT.train[:8], 0, torch.Generator().manual_seed(seed))) for seed in range(3)}
    assert len(losses) == 3


def test_it_learns():
    epochs = []
    model = NeuMF.fit(SPLIT, SETTINGS.model_copy(update={"epochs": 30}), on_epoch=epochs.append)
    assert epochs[-1].loss < epochs[0].loss - 0.05
    assert model.training["validation_ndcg_100"] > epochs[0].ndcg_100


def test_the_seed_decides():
    one, again = NeuMF.fit(SPLIT, SETTINGS), NeuMF.fit(SPLIT, SETTINGS)
    other = NeuMF.fit(SPLIT, SETTINGS.model_copy(update={"seed": 1}))
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_keeps_the_contract_explains_and_a_model_folder_brings_it_back(tmp_path):
    check_recommender(MODEL)
    model = NeuMF.fit(SPLIT, SETTINGS)
    check_recommender(model)
    save_model(model, tmp_path / "m", SPLIT)
    again = topple.load_model(tmp_path / "m")
    assert (again.fingerprint, again.settings, again.training) == (model.fingerprint, SETTINGS, model.training)
    explained = topple.explain(again, SPLIT.histories(limit=2), k=2, progress=False)
    assert all(e.valid or not e.items for e in explained)
