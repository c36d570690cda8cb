"""One model and one method serve several threads at once, and every thread gets the answers of one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from topple import registry
from topple.api.explaining import explain_queries
from topple.api.wrapping import wrap
from topple.testing import random_additive, random_mult_vae
from topple.testing.methods.learning import fitted_to
from topple.testing.worlds import listed_queries

THREADS = 4


def answers(model, queries, method):
    found = explain_queries(model, queries, explainer=method, progress=False)
    return [(e.status, e.items, e.proof, e.cost, e.reason) for e in found]


def same_in_threads(model, queries, method):
    alone = answers(model, queries, method)
    with ThreadPoolExecutor(THREADS) as threads:
        asked = [threads.submit(answers, model, queries, method) for _ in range(THREADS)]
        return [one.result() for one in asked] == [alone] * THREADS


@pytest.mark.parametrize("name", registry.names("explainers"))
def test_a_method_gives_every_thread_the_same_answers(name):
    kind = registry.load("explainers", name)
    quick = {key: value for key, value in {"steps": 10, "epochs": 2}.items() if key in kind.settings_type.model_fields}
    method = kind(kind.settings_type.parse(quick))
    model = next(model for model in (random_mult_vae(), random_additive()) if method.needs <= model.capabilities)
    method = fitted_to(method, model) if method.learns else method
    assert same_in_threads(model, listed_queries(model)[:9], method)


def test_a_wrapped_module_gives_every_thread_the_same_answers_and_stays_as_it_is():
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(16, 4), torch.nn.Dropout(), torch.nn.Softsign(), torch.nn.Linear(4, 16)
    )
    model = wrap(module, "torch", range(16))
    assert same_in_threads(model, listed_queries(model, users=3), registry.load("explainers", "greedy")())
    assert all(part.training for part in module.modules())
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
