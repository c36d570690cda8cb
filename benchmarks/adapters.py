"""What an adapter costs beside the model's own scoring: the same histories through topple.wrap and straight to the model.

python -m benchmarks.adapters [--items 1700] [--histories 64] [--variations 32] [--repeat 7]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import random as random_matrix

import topple
from benchmarks.timing import one_core
from benchmarks.timing import timed as timed_call
from topple.scoring.variations import HistoryBatch, without

LENGTH = 60


class Timed:
    """A callable that adds up its own time and counts its calls."""

    def __init__(self, model: Callable[..., object]) -> None:
        self.model, self.seconds, self.calls = model, 0.0, 0

    def __call__(self, rows: object) -> object:
        """Ask the model."""
        started = time.perf_counter()
        scores = self.model(rows)
        self.seconds += time.perf_counter() - started
        self.calls += 1
        return scores


def models(items: int) -> dict[str, tuple[str, Callable[..., object]]]:
    """Return models that score as outside ones do, by name: the form of histories they take, and the callable."""
    random = np.random.default_rng(0)
    dense = random.normal(size=(items, items))
    sparse = random_matrix(items, items, density=100 / items, format="csr", random_state=0)
    first, last = (random.normal(size=shape) for shape in ((items, 600), (600, items)))
    place = {f"item-{number}": number for number in range(items)}

    def by_lists(histories: list[list[str]]) -> object:
        return np.stack([dense[[place[item] for item in history]].sum(0) for history in histories])

    return {
        "lists of ids, dense item-item": ("ids", by_lists),
        "CSR, dense item-item (EASE)": ("csr", lambda rows: rows @ dense),
        "CSR, sparse item-item (100 neighbours)": ("csr", lambda rows: (rows @ sparse).toarray()),
        "dense, autoencoder of 600": ("dense", lambda rows: np.tanh(rows @ first) @ last),
    }


def main() -> None:
    """Measure and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    for name, value in (("items", 1700), ("histories", 64), ("variations", 32), ("repeat", 7)):
        arguments.add_argument(f"--{name}", type=int, default=value)
    given = arguments.parse_args()
    one_core()
    random = torch.Generator().manual_seed(0)
    rows = [torch.randperm(given.items, generator=random)[:LENGTH].tolist() for _ in range(given.histories)]
    batch = HistoryBatch.of(rows)
    keep = without(batch, torch.rand(given.histories, given.variations, LENGTH, generator=random) < 0.1)
    ids = [f"item-{number}" for number in range(given.items)]
    print(f"{given.histories} histories of {LENGTH} items x {given.variations} variations, {given.items:,} items")
    print(
        f"{'model':40} {'own ms':>8} {'adapter ms':>11} {'ratio':>6} {'calls':>6}   explain: own s, whole s, histories"
    )
    for name, (form, model) in models(given.items).items():
        timed = Timed(model)
        recommender = topple.wrap(timed, "callable", ids, histories=form)
        own, whole = [], []
        for _ in range(given.repeat):
            timed.seconds, timed.calls = 0.0, 0
            whole.append(timed_call(lambda recommender=recommender: recommender.score(batch, keep)).clock)
            own.append(timed.seconds)
        calls, ratio = timed.calls, float(np.median(np.array(whole) / np.array(own)))
        timed.seconds, started = 0.0, time.perf_counter()
        people = {number: [ids[item] for item in history] for number, history in enumerate(rows[:4])}
        explained = topple.explain(recommender, people, k=3, explainer="greedy", progress=False)
        spent, cost = time.perf_counter() - started, sum(e.cost for e in explained)
        print(
            f"{name:40} {1e3 * np.median(own):8.1f} {1e3 * np.median(whole):11.1f} {ratio:6.2f} {calls:6}   "
            f"{timed.seconds:.2f}, {spent:.2f}, {cost:,}"
        )


if __name__ == "__main__":
    main()
