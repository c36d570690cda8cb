"""Every model and every method once on a device: the answers of the CPU, and no tensor of the CPU among those of the device.

The device is the stand-in, and where torch finds a GPU that too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature

import pytest
import torch

from tests.devices.marked import stand_in_device
from topple import registry
from topple.api.asking import top_k_queries
from topple.api.evaluating import evaluate
from topple.api.explaining import explain, explain_queries
from topple.api.recommending import recommend
from topple.api.wrapping import wrap
from topple.scoring.variations import HistoryBatch, unchanged
from topple.settings import Settings
from topple.testing import random_additive, random_mult_vae, tiny_split
from topple.testing.drawn import constrained
from topple.testing.methods.learning import fitted_to
from topple.testing.worlds import listed_queries


@contextmanager
def real_device() -> Iterator[torch.device]:
    yield torch.device("cuda", 0)


@pytest.fixture(params=["stand-in", "cuda"])
def a_device(request):
    """What opens a device: `with a_device() as device`."""
    if request.param == "stand-in":
        return stand_in_device
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU")
    return real_device


QUICK = {"epochs": 1, "hidden": 12, "latent": 6, "batch_size": 16, "steps": 10}


def quick(settings_type: type[Settings]) -> Settings:
    return settings_type.parse({key: value for key, value in QUICK.items() if key in settings_type.model_fields})


def on(model, device):
    """A model of the kit on a device; the toys have one array and no method for that."""
    return (
        model.to(device) if hasattr(model, "to") else type(model)(model.catalogue, model.arrays()["gives"].to(device))
    )


@pytest.mark.parametrize("name", registry.names("recommenders"))
def test_a_model_scores_where_it_lives(a_device, name):
    kind = registry.load("recommenders", name)
    model = kind.fit(tiny_split(), quick(kind.settings_type))
    histories = [[1, 2, 5], [3], [7, 4]]
    batch = HistoryBatch.of(histories)
    keep = torch.cat([unchanged(batch), unchanged(batch) * 0.5], 1)
    candidates, rows = torch.tensor([[6, 8], [0, 9], [8, 6]]), torch.tensor([2, 0])
    with torch.no_grad():
        expected = model.score(batch, keep), model.bind(batch, candidates)(keep[rows], rows)
    with a_device() as device, torch.no_grad():
        there = model.to(device)
        assert there.device == device
        moved = HistoryBatch.of(histories, device=device)
        scores = there.score(moved, keep.to(device))
        bound = there.bind(moved, candidates.to(device))(keep[rows].to(device), rows.to(device))
        assert scores.device == bound.device == device
        found = scores.cpu(), bound.cpu()
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in registry.names("recommenders")
        if "device" in signature(registry.load("recommenders", name).fit).parameters
    ],
)
def test_a_model_is_trained_on_a_device(a_device, name):
    kind = registry.load("recommenders", name)
    expected = kind.fit(tiny_split(), quick(kind.settings_type))
    with a_device() as device:
        model = kind.fit(tiny_split(), quick(kind.settings_type), device=device)
        assert model.device == device
        learned = {array_name: array.cpu() for array_name, array in model.arrays().items()}
    torch.testing.assert_close(learned, dict(expected.arrays()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", registry.names("recommenders"))
def test_the_default_method_explains_every_model_where_it_lives(a_device, name):
    kind = registry.load("recommenders", name)
    model = kind.fit(tiny_split(), quick(kind.settings_type))
    queries = top_k_queries(model, tiny_split().histories(limit=4), k=2)
    expected = explain_queries(model, queries, progress=False)
    with a_device() as device:
        there = model.to(device)
        found = explain_queries(there, queries, progress=False)
        measured = evaluate(there, found, progress=False).values
    assert [(e.status, e.items, e.proof) for e in found] == [(e.status, e.items, e.proof) for e in expected]
    assert measured == evaluate(model, expected).values


@pytest.mark.parametrize("name", registry.names("explainers"))
@pytest.mark.parametrize("model", [random_additive(), random_mult_vae()], ids=["additive", "network"])
def test_a_method_explains_where_the_model_lives(a_device, name, model):
    kind = registry.load("explainers", name)
    if not kind.needs <= model.capabilities:
        return
    method = kind(quick(kind.settings_type))
    method = fitted_to(method, model) if method.learns else method
    queries = [*listed_queries(model), *constrained(listed_queries(model), method.goals)]
    expected = explain_queries(model, queries, explainer=method, progress=False)
    with a_device() as device:
        there = on(model, device)
        assert there.device == device
        found = explain_queries(there, queries, explainer=method, progress=False)
    assert [(e.status, e.items, e.proof) for e in found] == [(e.status, e.items, e.proof) for e in expected]


def test_a_list_is_made_where_the_model_lives(a_device):
    model = random_mult_vae()
    history = model.catalogue.vocabulary.ids[:4]
    with a_device() as device:
        there = model.to(device)
        assert [one.item for one in recommend(there, history, 5)] == [one.item for one in recommend(model, history, 5)]


@pytest.mark.parametrize("between", [torch.nn.Tanh(), torch.nn.Softsign()], ids=["read as arrays", "asked"])
def test_a_wrapped_network_is_asked_where_it_lives(a_device, between):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(12, 4), between, torch.nn.Linear(4, 12))
    history = tuple(range(4))
    expected = explain(wrap(network, "torch", range(12)), history, k=2, progress=False)
    with a_device() as device:
        wrapped = wrap(network.to(device), "torch", range(12))
        assert wrapped.device == device
        found = explain(wrapped, history, k=2, progress=False)
    assert [(e.status, e.items, e.proof) for e in found] == [(e.status, e.items, e.proof) for e in expected]
