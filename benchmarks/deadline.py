"""Whether answers come by their deadline: `python -m benchmarks.deadline [--calls 200] [--seconds 0.05 0.2 1]`.

Four models (a wrapped function that takes 20 ms a history, one that takes 2 ms, Mult-VAE and EASE on generated films) are asked for
one target of one history with a budget in seconds, warm, from the entry of `explain` to the return. Printed for each deadline: how
many calls end within 1.1 times the deadline plus the time of scoring one history, what they took, and how the answers ended.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import topple
from benchmarks.timing import one_core, timed

LARGE = 400
"""Items of the wrapped functions."""


@dataclass
class Asked:
    """A model, and histories with a target each."""

    name: str
    model: Any
    histories: list[tuple[Any, ...]]
    k: int = 5


def slow(seconds: float) -> Any:
    """Return a wrapped function that takes so long a history."""
    gives = np.random.default_rng(0).random((LARGE, LARGE))

    def scores(rows: Any) -> Any:
        time.sleep(seconds * rows.shape[0])
        return rows @ gives

    return topple.wrap(scores, "callable", range(LARGE), histories="csr")


def models(calls: int) -> Iterator[Asked]:
    """Yield the models."""
    random = np.random.default_rng(1)
    drawn = [tuple(random.choice(LARGE, random.integers(10, 150), replace=False).tolist()) for _ in range(calls)]
    yield Asked("20 ms a history", slow(0.02), drawn)
    yield Asked("2 ms a history", slow(0.002), drawn)
    split = topple.load_split("generated")
    histories = list(split.training_histories(limit=calls).values())
    yield Asked("mult-vae", topple.fit(split, "mult-vae", settings={"epochs": 8}, progress=False), histories)
    yield Asked("ease", topple.fit(split, "ease", progress=False), histories)


def measure(asked: Asked, seconds: float, calls: int, explainer: str) -> tuple[float, list[float], Counter[str]]:
    """Return the share of the calls that end in time, what each took, and how the answers ended."""
    took, in_time, ended = [], 0, Counter[str]()
    for call in range(calls):
        history = asked.histories[call % len(asked.histories)]
        listed, _, one = timed(lambda history=history: topple.recommend(asked.model, history, asked.k))
        target = listed[call % asked.k].item
        (explanation,), _, spent = timed(
            lambda history=history, target=target: topple.explain(
                asked.model,
                history,
                k=asked.k,
                targets=[target],
                explainer=explainer,
                budget={"seconds": seconds},
                progress=False,
            )
        )
        took.append(spent)
        in_time += spent <= 1.1 * seconds + one
        ended[explanation.proof.value if explanation.proof else explanation.status.value] += 1
    return in_time / calls, took, ended


def main() -> int:
    """Run from the command line; 1 where fewer than 95 % of the calls end in time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.05, 0.2, 1.0])
    parser.add_argument("--explainers", nargs="+", default=["auto"])
    parser.add_argument("--models", nargs="+", type=int, default=[0, 1, 2, 3])
    chosen = parser.parse_args()
    one_core()
    late = 0
    print(f"{'model':<16} {'explainer':<11} deadline  in time  median   p95      slowest  answers")
    for number, asked in enumerate(models(chosen.calls)):
        if number not in chosen.models:
            continue
        for explainer in chosen.explainers:
            topple.explain(
                asked.model, asked.histories[0], k=asked.k, explainer=explainer, budget={"scored": 5}, progress=False
            )
            for seconds in chosen.seconds:
                share, took, ended = measure(asked, seconds, chosen.calls, explainer)
                late += share < 0.95
                counts = ", ".join(f"{name} {count}" for name, count in ended.most_common())
                median, high = np.quantile(took, [0.5, 0.95])
                figures = f"{share:7.3f}  {median:6.3f}s  {high:6.3f}s  {max(took):6.3f}s"
                print(f"{asked.name:<16} {explainer:<11} {seconds:8.2f}  {figures}  {counts}", flush=True)
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())
