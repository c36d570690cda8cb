import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import topple
from topple.recommenders.models import lightgcn
from topple.recommenders.models.lightgcn import LightGCN, LightGCNSettings
from topple.recommenders.saving.folders import save_model
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender, tiny_split

SPLIT = tiny_split()
ITEMS, USERS = len(SPLIT.catalogue), len(SPLIT.train_users)
SETTINGS = LightGCNSettings(epochs=3, dimensions=6, batch_size=16, learning_rate=0.02, propagations=2)


def trained(settings=SETTINGS):
    """Return the model and the vectors of users and items that it was made of."""
    kept = {}
    plain = lightgcn.InTraining.__init__

    def keeping(self, catalogue, learned, *rest):
        kept.update(learned)
        plain(self, catalogue, learned, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lightgcn.InTraining, "__init__", keeping)
        model = LightGCN.fit(SPLIT, settings)
    return model, kept["vectors"].double().numpy()


MODEL, VECTORS = trained()


def layers():
    """The vectors passed along the graph as the paper writes it, in dense numpy: those of users and items by layer."""
    met = SPLIT.train.toarray().astype(np.float64)
    graph = np.zeros((USERS + ITEMS, USERS + ITEMS))
    graph[:USERS, USERS:], graph[USERS:, :USERS] = met, met.T
    scale = np.diag(1 / np.sqrt(graph.sum(1)))
    found = [VECTORS]
    for _ in range(SETTINGS.propagations):
        found.append(scale @ graph @ scale @ found[-1])
    return found, graph.sum(1)[USERS:]


@given(st.lists(st.integers(0, ITEMS - 1), min_size=1, unique=True), st.integers(1, 2**12 - 1))
def test_a_new_user_is_folded_in_by_the_papers_propagation(history, bits):
    kept = [item for position, item in enumerate(history) if (bits >> position) & 1]
    found, degree = layers()
    user = sum(layer[USERS + item] / np.sqrt(len(kept) * degree[item]) for layer in found[:-1] for item in kept) / len(
        found
    )
    expected = np.mean(found, axis=0)[USERS:] @ user if kept else np.zeros(ITEMS)
    keep = torch.tensor([[[float(item in kept) for item in history]]], dtype=torch.float64)
    scores = MODEL.score(HistoryBatch.of([history]), keep)[0, 0].numpy()
    # the model leaves out what divides all scores of a row alike: the layers, and the root of the degree
    np.testing.assert_allclose(scores / len(found) / np.sqrt(max(1, len(kept))), expected, rtol=1e-4, atol=1e-6)


def test_it_is_additive_and_declared_so():
    assert Capability.ADDITIVE in LightGCN.capabilities
    explained = topple.explain(MODEL, SPLIT.histories(limit=2), k=2, explainer="exact", progress=False)
    assert {e.status for e in explained} <= {topple.Status.FOUND, topple.Status.IMPOSSIBLE}
    assert all(e.proof is topple.Proof.MINIMUM for e in explained if e.items)


def test_weights_are_not_used():
    batch = HistoryBatch(torch.tensor([[4, 6]]), torch.tensor([[2.0, 0.5]], dtype=torch.float64))
    gives, items = (MODEL.arrays()[name].double() for name in ("gives", "items"))
    expected = items @ (gives[4] + gives[6])
    torch.testing.assert_close(MODEL.score(batch, unchanged(batch))[0, 0], expected)


def test_the_loss_is_the_papers_and_its_gradient_that_of_finite_differences():
    """One update of plain gradient descent by hand gives what the loop's first loss and gradient say."""
    graph = lightgcn._Graph.of(SPLIT.train)
    vectors = torch.randn(USERS + ITEMS, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    graph.edges = graph.edges.double()
    weights = torch.randn(USERS + ITEMS, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def value(vectors):
        return (torch.stack(graph.layers(vectors, 3)).mean(0).tanh() * weights).sum()

    asked = vectors.clone().requires_grad_()
    (slope,) = torch.autograd.grad(value(asked), asked)
    for row, column in ((0, 0), (USERS - 1, 1), (USERS, 1), (USERS + ITEMS - 1, 0)):
        step = torch.zeros_like(vectors)
        step[row, column] = 1e-6
        difference = (value(vectors + step) - value(vectors - step)) / 2e-6
        assert float(slope[row, column]) == pytest.approx(float(difference), rel=1e-6)


def test_it_learns():
    epochs = []
    model = LightGCN.fit(SPLIT, SETTINGS.model_copy(update={"epochs": 15}), on_epoch=epochs.append)
    assert epochs[-1].loss < epochs[0].loss - 0.1
    assert model.training["validation_ndcg_100"] > epochs[0].ndcg_100


def test_the_best_state_is_saved_while_it_learns_and_is_what_returns():
    prints = []
    model = LightGCN.fit(
        SPLIT, SETTINGS, on_best=lambda m: prints.append((type(m), m.fingerprint, m.training["epochs"]))
    )
    assert prints[-1] == (LightGCN, model.fingerprint, model.training["best_epoch"])
    assert model.training["epochs"] == 3
    assert not any(array.requires_grad for array in model.arrays().values())


def test_the_seed_decides():
    other = LightGCN.fit(SPLIT, SETTINGS.model_copy(update={"seed": 1}))
    assert LightGCN.fit(SPLIT, SETTINGS).fingerprint == MODEL.fingerprint != other.fingerprint


def test_keeps_the_contract_and_a_model_folder_brings_it_back(tmp_path):
    check_recommender(MODEL)
    save_model(MODEL, tmp_path / "m", SPLIT)
    again = topple.load_model(tmp_path / "m")
    assert (again.fingerprint, again.settings, again.training) == (MODEL.fingerprint, SETTINGS, MODEL.training)
