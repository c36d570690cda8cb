import copy

import numpy as np
import pytest
import torch
from torch import nn

import topple
from tests.recommenders.adapters.matrices import ITEMS
from topple.errors import CapabilityError, RecommenderError
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender

IDS = [f"item-{number:02d}" for number in range(20)]


def network(dropout=0.5):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(20, 16), nn.Tanh(), nn.BatchNorm1d(16), nn.Dropout(dropout), nn.Linear(16, 20))


def test_scores_equal_the_modules_own_in_evaluation_mode():
    model = network()
    recommender = topple.wrap(model, "torch", IDS)
    check_recommender(recommender)
    assert recommender.capabilities == {Capability.DIFFERENTIABLE}
    rows = torch.zeros(2, 20)
    rows[0, [1, 5]] = rows[1, [19]] = 1
    histories = HistoryBatch.of([[5, 1], [19]], torch.float32)
    with torch.no_grad():
        expected = model.eval()(rows)
    torch.testing.assert_close(recommender.score(histories, unchanged(histories))[:, 0], expected)
    best = expected[0].masked_fill(rows[0] > 0, -torch.inf).topk(3).indices.tolist()
    listed = topple.recommend(recommender, ["item-05", "item-01"], k=3)
    assert [entry.item for entry in listed] == [IDS[item] for item in best]


def test_mode_weights_and_gradients_stay_as_they_were():
    model = network().train()
    model[3].eval()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    model[4].weight.requires_grad_(False)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    recommender = topple.wrap(model, "torch", IDS)
    topple.explain(recommender, IDS[:6], k=2, progress=False)
    assert [module.training for module in model] == [True, True, True, False, True]
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert torch.equal(model[0].weight.grad, torch.ones_like(model[0].weight))
    assert model[0].weight.requires_grad
    assert not model[4].weight.requires_grad


def test_a_linear_module_may_be_additive():
    torch.manual_seed(0)
    recommender = topple.wrap(nn.Linear(20, 20), "torch", IDS, additive=True)
    assert recommender.capabilities == {Capability.DIFFERENTIABLE, Capability.ADDITIVE}
    check_recommender(recommender)
    explained = topple.explain(recommender, IDS[:6], k=3, progress=False)
    assert {e.proof.value for e in explained if e.status.value == "found"} == {"minimum"}
    with pytest.raises(CapabilityError, match="is said to be additive"):
        topple.wrap(network(), "torch", IDS, additive=True)


class Detached(nn.Linear):
    def forward(self, rows):
        return super().forward(rows.detach())


class Tuple(nn.Linear):
    def forward(self, rows):
        return super().forward(rows), rows, rows


class Single(nn.Linear):
    def forward(self, rows):
        return nn.functional.linear(rows.float(), self.weight, self.bias)


def test_a_module_without_a_gradient_says_so():
    with pytest.raises(CapabilityError, match=r"torch:Detached gives no gradient .*Give differentiable=False"):
        topple.wrap(Detached(20, 20), "torch", IDS)
    recommender = topple.wrap(Detached(20, 20), "torch", IDS, differentiable=False)
    assert recommender.capabilities == frozenset()
    check_recommender(recommender)


def test_the_scores_are_picked_from_what_the_module_returns():
    check_recommender(topple.wrap(Tuple(20, 20), "torch", IDS))
    check_recommender(topple.wrap(Tuple(20, 20), "torch", IDS, output=lambda out: 2 * out[0]))
    with pytest.raises(RecommenderError, match=r"other scores alone|returned scores of shape"):
        topple.wrap(Tuple(20, 20), "torch", IDS, output=lambda out: out[0][:, :4])


def test_a_module_of_one_precision_runs_in_its_own():
    with pytest.raises(
        RecommenderError, match=r"when it was run in torch.float64, with weights of .*give double=False"
    ):
        topple.wrap(Single(20, 20), "torch", IDS)
    recommender = topple.wrap(Single(20, 20), "torch", IDS, double=False)
    assert recommender.capabilities == frozenset()
    assert recommender.rounding == 3e-6
    check_recommender(recommender)


def test_a_module_must_be_on_one_real_device():
    mixed = nn.Sequential(nn.Linear(20, 4), nn.Linear(4, 20, device="meta"))
    with pytest.raises(RecommenderError, match=r"torch:Sequential is on cpu, meta: .*Move it with"):
        topple.wrap(mixed, "torch", IDS)
    with pytest.raises(RecommenderError, match="is on meta"):
        topple.wrap(nn.Linear(20, 20, device="meta"), "torch", IDS)
    with pytest.raises(RecommenderError, match="torch:function is not a torch module"):
        topple.wrap(lambda rows: rows, "torch", IDS)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_module_on_a_gpu_is_asked_there():
    recommender = topple.wrap(network().cuda(), "torch", IDS)
    assert recommender.device.type == "cuda"
    check_recommender(recommender)
    assert topple.explain(recommender, IDS[:6], k=2, progress=False)


def test_no_parameters_are_no_obstacle():
    class Sums(nn.Module):
        def forward(self, rows):
            return rows.flip(1).cumsum(1)

    check_recommender(topple.wrap(Sums(), "torch", IDS, additive=True))


def test_the_gradient_is_in_what_is_kept_and_not_in_the_weights():
    model = network()
    recommender = topple.wrap(model, "torch", IDS)
    histories = HistoryBatch.of([[1, 2]])
    assert not recommender.score(histories, unchanged(histories)).requires_grad
    keep = unchanged(histories).requires_grad_()
    recommender.score(histories, keep).sum().backward()
    assert keep.grad is not None
    assert all(parameter.grad is None for parameter in model.parameters())


def test_weights_are_in_the_rows_unless_told_otherwise(tmp_path):
    module = nn.Sequential(nn.Linear(len(ITEMS), 4), nn.Tanh(), nn.Linear(4, len(ITEMS)))
    history = topple.History([ITEMS[3], ITEMS[9]], [2, 0.5])
    rows = torch.zeros(2, len(ITEMS), dtype=torch.float64)
    rows[0, [3, 9]], rows[1, [3, 9]] = torch.tensor([2, 0.5], dtype=torch.float64), 1.0
    with torch.no_grad():
        expected = copy.deepcopy(module).double()(rows).numpy()
    for uses_weights, scores in zip((True, False), expected, strict=True):
        model = topple.wrap(module, "torch", ITEMS, uses_weights=uses_weights)
        assert model.uses_weights == uses_weights
        topple.save_model(model, tmp_path / str(uses_weights))
        for known in (model, topple.load_model(tmp_path / str(uses_weights))):
            np.testing.assert_allclose(topple.score(known, history), scores, rtol=1e-9)


def test_lists_of_weighted_histories_equal_the_modules_own():
    model = network().eval()
    recommender = topple.wrap(model, "torch", IDS)
    random = torch.Generator().manual_seed(1)
    for _ in range(20):
        history = torch.randperm(20, generator=random)[:5]
        weights = torch.randint(1, 30, (5,), generator=random)
        row = torch.zeros(1, 20).index_put((torch.zeros_like(history), history), weights.float())
        scores = model.double()(row.double())[0].detach()
        scores[history] = -torch.inf
        listed = topple.recommend(recommender, topple.History([IDS[item] for item in history], weights.tolist()), k=5)
        assert [entry.item for entry in listed] == [IDS[item] for item in scores.topk(5).indices]
