"""The same answers whatever the caller has switched on in torch, as servers do."""

import contextlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

import topple
from topple.scoring.devices import computing

SETTINGS = {
    "mult-vae": {"epochs": 1, "hidden": 16, "latent": 8},
    "sasrec": {"epochs": 1, "dimensions": 8},
    "bpr": {"epochs": 1, "dimensions": 8},
    "als": {"epochs": 1, "factors": 8},
}


@contextlib.contextmanager
def default_float64():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


CONTEXTS = {
    "inference_mode": torch.inference_mode,
    "no_grad": torch.no_grad,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "default float64": default_float64,
}


@pytest.fixture(scope="module")
def split():
    return topple.load_split("generated")


def answers(split, name):
    """Return what every verb says of a model that is fitted here."""
    model = topple.fit(split, name, settings=SETTINGS[name], progress=False)
    histories = split.histories(limit=2)
    history = next(iter(histories.values()))
    explained = topple.explain(model, histories, k=2, explainer="greedy", progress=False)
    queries, sets = [each.query for each in explained], [each.items for each in explained]
    learned = [] if name == "als" else topple.explain(
        model, history, k=1, explainer="lcer-rank", settings={"steps": 5}, progress=False
    )  # fmt: skip
    return (
        model.fingerprint,
        topple.recommend(model, history),
        topple.score(model, histories).tolist(),
        topple.what_if(model, history, 3, without=history[0]).after,
        topple.influence(model, history, 3).ranks.tolist(),
        [topple.canonical_json(each) for each in [*explained, *learned]],
        topple.evaluate(model, explained).measurements,
        [(verdict.necessary, verdict.rank_after) for verdict in topple.verify(model, queries, sets)],
    )


@pytest.fixture(scope="module")
def outside(split):
    return {name: answers(split, name) for name in SETTINGS}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SETTINGS)
def test_answers_are_those_outside(split, outside, name, context):
    with CONTEXTS[context]():
        assert answers(split, name) == outside[name]


def test_a_module_that_is_wrapped_inside_is_learned_from_outside(split):
    items = len(split.catalogue)
    torch.manual_seed(0)
    module = torch.nn.Linear(items, items)
    history = next(iter(split.histories(limit=1).values()))
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        inside = topple.wrap(module, "torch", split.catalogue)
        scores = topple.score(inside, history).tolist()
    outside = topple.wrap(module, "torch", split.catalogue)
    assert topple.score(outside, history).tolist() == scores
    assert inside.fingerprint == outside.fingerprint


def test_a_model_that_is_loaded_inside_is_learned_from_outside(split, tmp_path):
    model = topple.fit(split, "mult-vae", settings=SETTINGS["mult-vae"], progress=False)
    topple.save_model(model, tmp_path / "model")
    with torch.inference_mode():
        loaded = topple.load_model(tmp_path / "model")
    assert not any(array.is_inference() for array in loaded.arrays().values())
    history = next(iter(split.histories(limit=1).values()))
    topple.explain(loaded, history, k=1, explainer="lcer", settings={"steps": 2}, progress=False)


def test_a_training_in_another_thread_changes_no_answer_and_learns_the_same(split):
    model = topple.fit(split, "mult-vae", settings=SETTINGS["mult-vae"], progress=False)
    histories = split.histories(limit=6)
    settings = {**SETTINGS["mult-vae"], "epochs": 4}
    alone = [topple.canonical_json(each) for each in topple.explain(model, histories, k=2, progress=False)]
    trained_alone = topple.fit(split, "mult-vae", settings=settings, progress=False).fingerprint
    with ThreadPoolExecutor(1) as other:
        training = other.submit(topple.fit, split, "mult-vae", settings=settings, progress=False)
        beside = [topple.canonical_json(each) for each in topple.explain(model, histories, k=2, progress=False)]
        assert training.result().fingerprint == trained_alone
    assert beside == alone


def test_modes_are_as_before_when_the_work_is_done():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with computing():
            assert torch.is_inference_mode_enabled()
            assert not torch.is_autocast_enabled("cpu")
            with computing(gradients=True):
                assert torch.is_grad_enabled()
                assert not torch.is_inference_mode_enabled()
        assert torch.is_autocast_enabled("cpu")
        assert torch.is_grad_enabled()


FORKED = """
import os, torch, topple, topple.testing
torch.set_num_threads(2)
numbers = torch.arange(3_000_000, dtype=torch.float32)
model = topple.testing.film_recommender()
films = model.catalogue.vocabulary.ids[:3]
before = topple.recommend(model, films, 3), float(numbers.sum())
child = os.fork()
if not child:
    os._exit((topple.recommend(model, films, 3), float(numbers.sum()))[0] != before[0])
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_does_not_wait_for_the_threads_of_its_parent():
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], env=environment, timeout=60)
    assert done.returncode == 0
