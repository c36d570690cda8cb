import concurrent.futures
import copy
import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

import topple
from topple.errors import RecommenderError
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender

ITEMS = 30


class Slow(nn.Module):
    """A network that lets other threads run in the middle, and keeps what it is working on in itself."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b = nn.Linear(ITEMS, 16), nn.Linear(16, ITEMS)
        self.hidden = None

    def forward(self, rows):
        self.hidden = self.a(rows)
        time.sleep(0.001)
        return self.b(torch.tanh(self.hidden))


def answers(model, history):
    found = topple.explain(model, {0: history}, k=3, progress=False, explainer="greedy")
    return [(e.query.target, e.status, e.items, e.rank_after) for e in found]


def histories():
    random = np.random.default_rng(0)
    return [random.permutation(ITEMS)[:8].tolist() for _ in range(6)]


def test_threads_get_the_answers_of_one_and_leave_the_module_alone():
    module = Slow().train()
    model = topple.wrap(module, "torch", range(ITEMS))
    state, modes = copy.deepcopy(module.state_dict()), [part.training for part in module.modules()]
    alone = [answers(model, history) for history in histories()]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda history: answers(model, history), histories()))
    assert together == alone
    assert {part.dtype for part in module.parameters()} == {torch.float32}
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert module.hidden is None  # it was never called


def test_a_function_is_called_by_one_thread_at_a_time():
    table, inside = np.random.default_rng(0).random((ITEMS, ITEMS)), []

    def careless(rows):
        inside.append(1)
        most = len(inside)
        time.sleep(0.001)
        inside.pop()
        assert most == 1
        return rows @ table

    model = topple.wrap(careless, items=range(ITEMS), histories="dense")
    alone = [answers(model, history) for history in histories()]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda history: answers(model, history), histories())) == alone


def test_an_answer_that_is_the_models_own_array_is_not_written_to():
    table = np.random.default_rng(0).random((200, ITEMS))
    table[:] = table[0]
    before = table.copy()
    model = topple.wrap(lambda rows: table[: len(rows)], items=range(ITEMS), histories="dense")
    batch = HistoryBatch.of([[1, 2]])
    model.score(batch, unchanged(batch)).fill_(7)
    topple.recommend(model, [1, 2], k=3)
    assert np.array_equal(table, before)


def test_later_changes_of_the_module_do_not_show():
    module = Slow()
    model = topple.wrap(module, "torch", range(ITEMS))
    batch = HistoryBatch.of([[1, 2]])
    before = model.score(batch, unchanged(batch))
    with torch.no_grad():
        module.b.bias += 1
    assert torch.equal(model.score(batch, unchanged(batch)), before)
    assert topple.wrap(module, "torch", range(ITEMS)).fingerprint != model.fingerprint


def test_a_copy_of_the_recommender_scores_the_same():
    model = topple.wrap(nn.Sequential(nn.Linear(ITEMS, ITEMS), nn.Tanh()), "torch", range(ITEMS))
    again = copy.deepcopy(model)
    check_recommender(again)
    assert again.fingerprint == model.fingerprint


def test_what_a_module_remembers_of_a_call_is_no_obstacle():
    module = Slow()
    module(torch.ones(2, ITEMS))
    assert not module.hidden.is_leaf
    model = topple.wrap(module, "torch", range(ITEMS))
    assert topple.recommend(model, [1, 2], k=3)
    assert module.hidden.requires_grad


def test_a_module_that_cannot_be_copied_is_refused():
    module = Slow()
    module.lock = threading.Lock()
    with pytest.raises(RecommenderError, match=r"torch:Slow cannot be copied .*wrap a function .* as 'callable'"):
        topple.wrap(module, "torch", range(ITEMS))
