from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional

import topple
from topple.recommenders.adapters.arrays.network import Network
from topple.recommenders.adapters.arrays.tracing import agree, traced
from topple.recommenders.adapters.asking.variations import Variations
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender

ITEMS = 20


def layers(*sizes, end=None):
    parts = []
    for width, out in pairwise(sizes):
        parts += [nn.Linear(width, out), nn.Tanh()]
    return nn.Sequential(*(parts[:-1] if end is None else [*parts[:-1], end]))


class MultVae(nn.Module):
    """The encoder's output holds means and log variances; a tuple returns."""

    def __init__(self, dropout=0.5):
        super().__init__()
        self.encoder, self.decoder = layers(ITEMS, 12, 8), layers(4, 12, ITEMS)
        self.dropout = dropout

    def forward(self, rows):
        hidden = functional.dropout(functional.normalize(rows), self.dropout, training=self.training)
        self.last = self.encoder(hidden)
        mean, deviation = self.last[:, :4], self.last[:, 4:]
        if self.training:
            mean = mean + torch.randn_like(mean) * torch.exp(deviation / 2)
        return self.decoder(mean), mean, deviation


class RecVae(nn.Module):
    """Swish, layer norms, and sums of all earlier layers."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(ITEMS, 6), nn.Linear(6, 6)
        self.norms = nn.ModuleList([nn.LayerNorm(6, eps=0.1), nn.LayerNorm(6, eps=0.1)])
        self.decoder = nn.Linear(6, ITEMS)

    def forward(self, rows):
        hidden = self.first(functional.normalize(rows))
        one = self.norms[0](hidden.mul(torch.sigmoid(hidden)))
        both = self.second(one) + one
        return self.decoder(self.norms[1](both * torch.sigmoid(both)) * (1 - 0.25))


class Padded(nn.Module):
    """The first column is padding."""

    def __init__(self):
        super().__init__()
        self.inner = layers(ITEMS + 1, 5, ITEMS + 1)

    def forward(self, rows):
        return torch.softmax(self.inner(functional.pad(rows, (1, 0))), dim=1)[:, 1:]


class Branches(nn.Module):
    """What it does depends on what it is given."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(ITEMS, ITEMS)

    def forward(self, rows):
        return self.inner(rows) if rows.sum() > 3 else self.inner(rows) * 1.0


class Sorts(Branches):
    """It does something that is no step."""

    def forward(self, rows):
        return self.inner(rows).sort(1).values


class Sigmoids(Branches):
    """A softmax along the histories."""

    def forward(self, rows):
        return torch.softmax(self.inner(rows), 0)


READ = [
    layers(ITEMS, 6, ITEMS),
    nn.Sequential(nn.Linear(ITEMS, 7, bias=False), nn.BatchNorm1d(7), nn.ReLU(), nn.Dropout(), nn.Linear(7, ITEMS)),
    nn.Sequential(nn.Linear(ITEMS, 7), nn.ELU(0.5), nn.LayerNorm(7), nn.SiLU(), nn.Linear(7, ITEMS), nn.Softmax(1)),
    layers(ITEMS, 3, ITEMS, end=nn.Sigmoid()),
    MultVae(),
    RecVae(),
    Padded(),
]


@pytest.mark.parametrize("module", READ, ids=lambda module: type(module).__name__)
def test_the_steps_score_as_the_module_does(module):
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    model = topple.wrap(module, "torch", range(ITEMS))
    assert type(model) is Network
    check_recommender(model)
    batch = HistoryBatch.of([[3, 5, 1], [], [2]], torch.float32)
    rows = torch.zeros(3, ITEMS)
    rows[0, [3, 5, 1]] = rows[2, 2] = 1
    with torch.no_grad():
        answer = module.eval()(rows)
    expected = answer[0] if isinstance(answer, tuple) else answer
    torch.testing.assert_close(model.score(batch, unchanged(batch))[:, 0], expected)


@pytest.mark.parametrize(
    ("module", "needed"), [(layers(ITEMS, 3, ITEMS), False), (MultVae(), False), (RecVae(), False), (Padded(), True)]
)
def test_histories_that_go_through_linear_layers_are_no_dense_rows(module, needed, monkeypatch):
    model, asked = topple.wrap(module, "torch", range(ITEMS)), []
    dense = Variations.dense
    monkeypatch.setattr(Variations, "dense", lambda self: asked.append(len(self)) or dense(self))
    batch = HistoryBatch.of([[3, 5, 1], [], [2]])
    scores = model.score(batch, unchanged(batch))
    assert bool(asked) == needed
    again = HistoryBatch.of([[3, 5, 1, 5], [], [2]])
    assert not scores.equal(model.score(again, unchanged(again)))
    assert scores[1:].allclose(model.score(again, unchanged(again))[1:])


@pytest.mark.parametrize("module", [Branches(), Sorts(), Sigmoids(), nn.Sequential(nn.Linear(ITEMS, ITEMS), nn.GELU())])
def test_a_module_that_does_anything_else_is_not_read(module):
    assert traced(module.eval()) is None


def test_steps_that_answer_otherwise_are_not_taken():
    module = layers(ITEMS, 6, ITEMS).eval()
    found, double = traced(module), module.double()
    assert found is not None
    assert agree(found, double, ITEMS, torch.device("cpu"))
    assert not agree(found, lambda rows: double(rows) * (1 + 1e-6), ITEMS, torch.device("cpu"))
    assert not agree(found, lambda rows: double(rows)[:, 1:], ITEMS, torch.device("cpu"))


def test_a_module_with_a_hook_is_asked():
    module = layers(ITEMS, 6, ITEMS)
    module[0].register_forward_hook(lambda part, given, out: out + 1)
    model = topple.wrap(module, "torch", range(ITEMS))
    assert type(model) is not Network
