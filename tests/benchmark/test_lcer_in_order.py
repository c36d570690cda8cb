import numpy as np
import pytest
import torch

import topple
from topple import registry
from topple.benchmark import lcer_in_order
from topple.benchmark.lcer_in_order import LcerInOrder
from topple.errors import CapabilityError
from topple.explainers.lcer import LcerSettings

SETTINGS = LcerSettings(steps=120, learning_rate=0.02, alpha=0.05)


@pytest.fixture(scope="module")
def split():
    return topple.load_split("generated")


@pytest.fixture(scope="module")
def model(split):
    return topple.fit(split, settings={"hidden": 16, "latent": 8, "epochs": 4}, progress=False)


@pytest.fixture(scope="module")
def queries(model, split):
    return topple.top_k_queries(model, split.histories(limit=4), k=3, rule="unseen_after")


def explain(model, queries, seed=0):
    found = topple.explain_queries(model, queries, explainer=LcerInOrder(SETTINGS, seed), progress=False)
    return [explanation.items for explanation in found]


def as_a_script(model, queries, seed=0):
    """Return what a script in the paper's style finds, whose one variable and one optimiser are those of all items and queries.

    The sets, and the optimiser's means of gradients and of squares.
    """
    random, vocabulary = np.random.default_rng(seed), model.catalogue.vocabulary
    delta = torch.zeros(len(vocabulary), 2, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([delta], lr=SETTINGS.learning_rate)
    sets = []
    for query in queries:
        items, target = vocabulary.encode(list(query.history)), int(vocabulary.encode([query.target])[0])
        history = torch.zeros(len(vocabulary), dtype=torch.float64)
        history[items] = 1
        scores = forward(model, history).detach()
        scores[items] = -torch.inf
        margin = torch.topk(scores, query.k + 1).values[-1]
        with torch.no_grad():
            delta[items] = torch.from_numpy(random.random((2, len(items)), np.float32).T.astype(float))
        lowest, fell, gone = torch.inf, False, None
        draws = random.random((SETTINGS.steps, 2, len(items)), np.float32)
        for drawn in -np.log(1e-10 - np.log(draws + 1e-10)):
            noise = torch.zeros_like(delta)
            noise[items] = torch.from_numpy(drawn.T.astype(float))
            soft = torch.softmax(delta + noise, 1)
            hard = torch.nn.functional.one_hot(soft.argmax(1), 2)
            chosen = (hard - soft).detach() + soft
            score = forward(model, history * chosen[:, 1])[target]
            loss = torch.relu(SETTINGS.alpha + score - margin) + SETTINGS.lam * (history * chosen[:, 0]).sum()
            if loss.item() < lowest:
                lowest, fell, gone = loss.item(), bool(score <= margin), hard[items, 0].bool()
            adam.zero_grad()
            loss.backward()
            adam.step()
        sets.append(tuple(item for item, out in zip(query.history, gone.tolist(), strict=True) if out and fell))
    state = adam.state[delta]
    return sets, torch.stack([state["exp_avg"][:, 1], state["exp_avg_sq"][:, 1]]).numpy()


def forward(model, history):
    hidden = history * torch.rsqrt((history**2).sum().clamp(min=1e-12))
    for layer in model.layers():
        hidden = hidden @ layer.weight.double() + layer.bias.double()
        hidden = torch.tanh(hidden) if layer.tanh else hidden
    return hidden


def test_finds_the_sets_of_a_script_whose_one_optimiser_runs_on(model, queries):
    method, about = LcerInOrder(SETTINGS), [*queries[:9], *queries[:2]]  # the last two are of the first history again
    found = topple.explain_queries(model, about[:9], explainer=method, progress=False)
    found += topple.explain_queries(model, about[9:], explainer=method, progress=False)
    sets, means = as_a_script(model, about)
    assert [explanation.items for explanation in found] == sets
    assert any(sets)
    np.testing.assert_allclose(method.means, means, rtol=1e-3, atol=1e-9)


def test_an_answer_depends_on_the_queries_before_it(model, queries):
    found, turned = explain(model, queries), explain(model, queries[::-1])[::-1]
    assert found != turned
    assert explain(model, queries[:1]) == found[:1]
    assert [items for query in queries for items in explain(model, [query])] != found


def test_the_same_seed_gives_the_same_sets_and_another_seed_others(model, queries):
    assert explain(model, queries) == explain(model, queries)
    assert explain(model, queries, seed=1) != explain(model, queries)


def test_no_answer_depends_on_how_many_draws_are_held_at_a_time(model, queries, monkeypatch):
    found = explain(model, queries)
    monkeypatch.setattr(lcer_in_order, "rows_at_once", lambda numbers: 7)
    assert explain(model, queries) == found


def test_progress_and_work_are_counted(model, queries):
    done = []
    found = topple.explain_queries(model, queries, explainer=LcerInOrder(SETTINGS), on_progress=done.append)
    assert sum(done) == len(queries)
    assert {explanation.cost for explanation in found} == {121}


def test_nothing_else_offers_it():
    assert LcerInOrder.name not in registry.names("explainers")
    assert "carry" not in LcerSettings.model_fields


@pytest.mark.parametrize(
    ("name", "settings", "called"),
    [("ease", {}, "ease"), ("mult-dae", {"epochs": 1}, "mult-dae"), ("mult-vae", {"epochs": 1, "weighted": True}, "mult-vae with weights")],
)  # fmt: skip
def test_refuses_a_model_that_the_experiment_is_not_about(split, name, settings, called):
    other = topple.fit(split, name, settings=settings, progress=False)
    with pytest.raises(CapabilityError, match=rf"a mult-vae without weights; the model is {called}\. Give such"):
        topple.explain(other, split.histories(limit=1), explainer=LcerInOrder(), progress=False)
