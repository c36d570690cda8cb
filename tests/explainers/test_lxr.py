import numpy as np
import pytest
import torch

import topple
from topple.errors import CapabilityError, RecommenderError
from topple.explainers.learning import training
from topple.explainers.learning.masks import MaskNetwork
from topple.explainers.learning.training import _tries
from topple.explainers.lxr import Lxr, LxrSettings
from topple.testing import random_additive, random_mult_vae
from topple.testing.worlds import listed_queries, split_for

MODEL = random_additive(20)
SPLIT = split_for(MODEL, users=200)
LEARNED = Lxr.fit(MODEL, SPLIT, LxrSettings(hidden=32, epochs=60, tries=2, learning_rate=0.02, targets=3))


def test_it_learns_which_items_hold_targets_up():
    histories = SPLIT.histories(limit=60)
    by_method = {}
    for name, method in {
        "lxr": LEARNED,
        "random": Lxr.fit(MODEL, SPLIT, LxrSettings(epochs=1, tries=1, targets=3)),
    }.items():
        found = topple.explain(MODEL, histories, k=3, explainer=method, progress=False)
        measured = topple.evaluate(MODEL, found, progress=False).measurements[topple.CandidateRule.UNSEEN_BEFORE]
        by_method[name] = measured["pos"].value
        assert measured["pos"].denominator > 100
    assert by_method["lxr"] < by_method["random"] - 0.03
    best, first = LEARNED.training["validation_pos"], LEARNED.training
    assert 0 < best < 1
    assert first["tries"] == 2
    assert first["users"] == 200


def test_its_attributions_are_masks_between_0_and_1_and_score_nothing():
    queries = listed_queries(MODEL, seed=1, users=5, k=3)
    for explanation in topple.explain_queries(MODEL, queries, explainer=LEARNED, progress=False):
        assert all(0 <= value <= 1 for value in explanation.attributions)
        assert explanation.cost <= 1 + 2 * len(explanation.query.history)


def test_the_same_seed_learns_the_same_and_another_one_something_else():
    settings = LxrSettings(epochs=2, tries=1, hidden=8)
    one, two, other = (
        Lxr.fit(MODEL, SPLIT, each) for each in (settings, settings, settings.model_copy(update={"seed": 1}))
    )
    assert all(torch.equal(array, two.arrays()[name]) for name, array in one.arrays().items())
    assert not torch.equal(one.arrays()["kept"], other.arrays()["kept"])


def test_the_mask_of_the_network_by_hand():
    random = torch.Generator().manual_seed(0)
    network = MaskNetwork.drawn(6, 4, random)
    items, weights, targets = torch.tensor([[1, 3, 0]]), torch.tensor([[1.0, 2.0, 0.0]]), torch.tensor([[5, 2]])
    found = network.masks(items, weights, targets)
    for turn, target in enumerate((5, 2)):
        both = torch.cat([network.history[1] + 2 * network.history[3], network.target[target]])
        hidden = torch.tanh(torch.tanh(both) @ network.joined)
        for position, item in enumerate((1, 3)):
            assert float(found[0, turn, position]) == pytest.approx(float(torch.sigmoid(hidden @ network.kept[item])))


def test_tries_begin_with_the_settings_and_are_drawn_by_the_seed():
    first, *others = _tries(LxrSettings(tries=4))
    assert (first.lambda_pos, first.lambda_neg, first.learning_rate) == (3.19, 1.42, 0.01)
    assert len({first, *others}) == 4
    assert others == list(_tries(LxrSettings(tries=4)))[1:]


def test_progress_is_told_and_test_users_are_never_looked_at():
    told = []
    with_nan = SPLIT.test.fold_in.copy()
    with_nan.data[:] = np.nan
    Lxr.fit(
        MODEL, SPLIT, LxrSettings(epochs=4, tries=2, hidden=8), lambda done, of, note: told.append((done, of, note))
    )
    assert [done for done, _, _ in told] == list(range(1, 6))
    assert {of for _, of, _ in told} == {5}
    assert "validation POS@5" in told[0][2]


def test_a_method_that_has_learned_nothing_or_of_another_model_is_refused():
    history = list(MODEL.catalogue.vocabulary.ids[:4])
    with pytest.raises(CapabilityError, match=r"lxr learns before it is asked.*topple\.fit_explainer"):
        topple.explain(MODEL, history, explainer="lxr", progress=False)
    other = random_mult_vae()
    with pytest.raises(CapabilityError, match="what it has learned says nothing of another model"):
        topple.explain(other, list(other.catalogue.vocabulary.ids[:4]), explainer=LEARNED, progress=False)


def test_a_model_that_is_told_contexts_is_refused():
    model = random_additive(20)
    model.takes_contexts = True
    with pytest.raises(CapabilityError, match="learns from histories alone"):
        Lxr.fit(model, SPLIT, LxrSettings(epochs=1, tries=1))


def test_a_training_that_diverges_says_so(monkeypatch):
    monkeypatch.setattr(training, "_tries", lambda settings: [training.Try(0.005, 1.0, 1.0, float("nan"))])
    with pytest.raises(RecommenderError, match=r"the training diverged\. Lower learning_rate"):
        Lxr.fit(MODEL, SPLIT, LxrSettings(epochs=40, tries=1))
