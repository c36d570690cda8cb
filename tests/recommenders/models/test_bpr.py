import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import topple
from topple.errors import SettingsError
from topple.recommenders.families.learned import InTraining, unmet, user_numbers, with_user_numbers
from topple.recommenders.models import bpr
from topple.recommenders.models.bpr import BPR, BPRSettings
from topple.recommenders.saving.folders import save_model
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch
from topple.testing import check_recommender, tiny_split

SPLIT = tiny_split()
ITEMS = len(SPLIT.catalogue)
SETTINGS = BPRSettings(epochs=3, dimensions=6, batch_size=16, learning_rate=0.02, negatives=2)
MODEL = BPR.fit(SPLIT, SETTINGS)


@given(st.lists(st.integers(0, ITEMS - 1), min_size=1, unique=True), st.integers(0, 2**12 - 1))
def test_a_history_is_the_sum_of_its_items(history, bits):
    kept = [0.75 * ((bits >> position) & 1) for position in range(len(history))]
    items = MODEL.arrays()["items"].double().numpy()
    expected = items @ sum(share * items[item] for share, item in zip(kept, history, strict=True))
    weights = torch.full((1, len(history)), 2.0, dtype=torch.float64)
    found = MODEL.score(HistoryBatch(torch.tensor([history]), weights), torch.tensor([[kept]], dtype=torch.float64))
    np.testing.assert_allclose(found[0, 0].numpy(), expected, rtol=1e-9, atol=1e-12)


def test_the_loss_is_the_papers(monkeypatch):
    """Minus the log of the chance that the met item is ranked above the unmet one, plus the decay, in plain numpy."""
    seen = []

    class Looking(InTraining):
        def loss(self, batch, update, random):
            state = random.get_state()
            value = super().loss(batch, update, random)
            learned = {name: array.detach().double().numpy() for name, array in self.arrays().items()}
            seen.append((batch, state, float(value.detach()), {n: a.copy() for n, a in learned.items()}))
            return value

    monkeypatch.setattr(bpr, "InTraining", Looking)
    BPR.fit(SPLIT, SETTINGS.model_copy(update={"epochs": 1, "decay": 0.3}))
    for batch, state, found, learned in seen:
        random = torch.Generator()
        random.set_state(state)
        others, good = (part.numpy() for part in unmet(batch, 2, random))
        total = 0.0
        for user, item, other, counts in zip(user_numbers(batch), batch.indices, others, good, strict=True):
            u, i = learned["users"][user], learned["items"][item]
            for j, counted in zip(learned["items"][other], counts, strict=True):
                total += np.log1p(np.exp(-(u @ i - u @ j))) * counted + 0.3 * (j @ j) / 2
            total += 0.3 * (u @ u + i @ i)
        assert found == pytest.approx(total / batch.nnz, rel=1e-4)
    assert len(seen) == -(-len(SPLIT.train_users) // 16)


def test_it_is_additive_and_declared_so():
    assert Capability.ADDITIVE in BPR.capabilities
    explained = topple.explain(MODEL, SPLIT.histories(limit=2), k=2, explainer="exact", progress=False)
    assert {e.status for e in explained} <= {topple.Status.FOUND, topple.Status.IMPOSSIBLE}
    assert all(e.proof is topple.Proof.MINIMUM for e in explained if e.items)


def test_it_learns_and_leaves_the_users_behind():
    epochs = []
    model = BPR.fit(SPLIT, SETTINGS.model_copy(update={"epochs": 30}), on_epoch=epochs.append)
    assert epochs[-1].loss < epochs[0].loss - 0.1
    assert model.training["validation_ndcg_100"] > epochs[0].ndcg_100
    assert {name: tuple(array.shape) for name, array in model.arrays().items()} == {"items": (ITEMS, 6)}


def test_the_best_state_is_saved_while_it_learns_and_is_what_returns():
    prints = []
    model = BPR.fit(SPLIT, SETTINGS, on_best=lambda m: prints.append((type(m), m.fingerprint, m.training["epochs"])))
    assert prints[-1] == (BPR, model.fingerprint, model.training["best_epoch"])
    assert not any(array.requires_grad for array in model.arrays().values())


def test_the_seed_decides():
    other = BPR.fit(SPLIT, SETTINGS.model_copy(update={"seed": 1}))
    assert BPR.fit(SPLIT, SETTINGS).fingerprint == MODEL.fingerprint != other.fingerprint


def test_the_split_stays_as_it_was():
    before = SPLIT.train.copy()
    with_user_numbers(SPLIT)
    BPR.fit(SPLIT, SETTINGS.model_copy(update={"epochs": 1}))
    assert (SPLIT.train != before).nnz == 0


def test_keeps_the_contract_and_a_model_folder_brings_it_back(tmp_path):
    check_recommender(MODEL)
    save_model(MODEL, tmp_path / "m", SPLIT)
    again = topple.load_model(tmp_path / "m")
    assert (again.fingerprint, again.settings, again.training) == (MODEL.fingerprint, SETTINGS, MODEL.training)


@pytest.mark.parametrize("name", ["bpr", "lightgcn", "neumf", "sasrec", "mult-vae"])
def test_a_learning_rate_beyond_numbers_of_32_bits_is_refused(name):
    with pytest.raises(SettingsError, match=r"learning_rate=1e\+300: Input should be less than or equal to 1000"):
        topple.fit(tiny_split(), name, settings={"learning_rate": 1e300, "epochs": 1}, progress=False)
