"""How near the limit: scored variations a second, beside what one core's matrix products alone would allow.

    python benchmarks/limit.py --model FOLDER

While a method explains, the shape of every call to the recommender's scorer is noted: B histories, S variations, H places,
C columns. Then only the matrix products of these shapes are done, in float64, into memory that is there already: no
activations, no gathering, no ranking, no search. That is the limit; the share is its time over the method's. Times are those
of the processor, one thread, so that what else runs on the machine counts little.
Padding counts as scored on both sides. With gradients (LCER) the products of the way back count too.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

import topple
from topple.recommenders.families.autoencoder import Autoencoder
from topple.scoring.variations import HistoryBatch

COLUMNS = (
    "recommender", "method", "queries", "calls", "scored", "seconds", "scored_per_s", "limit_per_s", "limit_gflops", "share",
)  # fmt: skip
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "lcer, 30 steps": ("lcer", {"steps": 30}),
    "greedy": ("greedy", {}),
    "auto, no proof": ("auto", {"budget": 0}),
}


@dataclass(frozen=True)
class Shape:
    """One call of the scorer.

    Args:
        B: histories.
        S: variations of each.
        H: places of the padded histories.
        C: columns that are scored.
        own: whether each history has columns of its own, and not all the whole catalogue.
        back: whether a gradient goes back to the variations.
    """

    B: int
    S: int
    H: int
    C: int
    own: bool
    back: bool


@contextmanager
def noted(recommender: topple.Recommender) -> Iterator[Counter[Shape]]:
    """Count the shapes of all calls to the recommender's scorer."""
    found: Counter[Shape] = Counter()

    def note(histories: HistoryBatch, keep: Tensor, candidates: Tensor | None, rows: Tensor | None = None) -> None:
        columns = len(recommender.catalogue) if candidates is None else candidates.shape[1]
        lengths = histories.present.sum(1)
        H = max(1, round(float((lengths if rows is None else lengths[rows]).double().mean())))  # without the padding
        found[Shape(keep.shape[0], keep.shape[1], H, columns, candidates is not None, keep.requires_grad)] += 1

    original: Callable[..., Any] = recommender.bind

    def bind(histories: HistoryBatch, candidates: Tensor | None = None) -> Callable[..., Tensor]:
        bound = original(histories, candidates)

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            note(histories, keep, candidates, rows)
            scores: Tensor = bound(keep, rows)
            return scores

        return scorer

    def score(histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        return bind(histories, candidates)(keep)

    with patch.object(recommender, "bind", bind), patch.object(recommender, "score", score):
        yield found


def products(recommender: topple.Recommender, shape: Shape) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Return the factors of every matrix product that a call of this shape cannot do without, and room for each result."""
    widths = [shape.H, shape.C]  # additive: [S, H] x [H, C] for each history
    if isinstance(recommender, Autoencoder):
        widths = [shape.H, *(layer.weight.shape[1] for layer in recommender.layers()[:-1]), shape.C]
    found = []
    for place, (wide, out) in enumerate(pairwise(widths)):
        last = place == len(widths) - 2
        each = shape.own if last else place == 0  # a matrix for each history: its rows, its columns
        batch, rows = ((shape.B,), shape.S) if each else ((), shape.B * shape.S)
        sizes = ((*batch, rows, wide), (*batch, wide, out), (*batch, rows, out))
        left, right, room = (torch.rand(size, dtype=torch.float64) for size in sizes)
        found.append((left, right, room))
        if shape.back:
            found.append((room, right.transpose(-1, -2), left))
    return found


def replay(recommender: topple.Recommender, shapes: Counter[Shape]) -> tuple[float, float]:
    """Return the seconds of the matrix products of all calls, and their FLOP; the calls of one shape take as long."""
    seconds, flop = 0.0, 0.0
    for shape, calls in shapes.items():
        factors = products(recommender, shape)
        for left, right, room in factors:
            torch.matmul(left, right, out=room)  # warm-up
        started = time.process_time()
        for left, right, room in factors:
            torch.matmul(left, right, out=room)
        seconds += calls * (time.process_time() - started)
        flop += calls * sum(2.0 * left.numel() * right.shape[-1] for left, right, _ in factors)
    return seconds, flop


def rows(
    recommender: topple.Recommender,
    queries: Sequence[topple.Query],
    methods: Sequence[str] = tuple(METHODS),
    repeats: int = 5,
) -> list[dict[str, Any]]:
    """Return a row a method: what it scores a second, what the matrix products alone would, and the share."""
    found = []
    for name in methods:
        explainer, settings = METHODS[name]
        if explainer == "lcer" and not isinstance(recommender, Autoencoder):
            continue
        asked: dict[str, Any] = {"explainer": explainer, "settings": settings, "progress": False}
        with noted(recommender) as shapes:  # the warm-up too
            topple.explain_queries(recommender, queries, **asked)
        times, least, flop = [], [], 0.0
        for _ in range(repeats):  # in turn, so that whatever else the machine does meets both
            started = time.process_time()
            topple.explain_queries(recommender, queries, **asked)
            times.append(time.process_time() - started)
            seconds, flop = replay(recommender, shapes)
            least.append(seconds)
        seconds, limit = statistics.median(times), statistics.median(least)
        scored = sum(shape.B * shape.S * calls for shape, calls in shapes.items())
        found.append(
            {
                "recommender": recommender.name,
                "method": name,
                "queries": len(queries),
                "calls": sum(shapes.values()),
                "scored": scored,
                "seconds": seconds,
                "scored_per_s": scored / seconds,
                "limit_per_s": scored / limit,
                "limit_gflops": flop / limit / 1e9,
                "share": statistics.median(a / b for a, b in zip(least, times, strict=True)),
            }
        )
    return found


def show(found: Sequence[dict[str, Any]]) -> None:
    """Print the rows."""
    table = Table(
        title="how near the limit: scored variations a second, beside the matrix products alone; one core, float64"
    )
    for column in COLUMNS:
        table.add_column(column, overflow="fold", justify="left" if column in COLUMNS[:2] else "right")
    for row in found:
        cells = [f"{row[c]:.3f}" if c in ("seconds", "share") else f"{row[c]:,.0f}" for c in COLUMNS[2:]]
        table.add_row(row["recommender"], row["method"], *cells)
    Console(width=150).print(table)


def main() -> None:
    """Measure the recommender of a model folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder with its data")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--users", type=int, default=None, help="explain the first so many test users")
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument(
        "--repeats", type=int, default=5, help="rounds of explaining and replaying; their median counts"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, split = topple.load_model(options.model), topple.load_model_split(options.model)
    assert split is not None, "the model folder holds no data"
    queries = topple.top_k_queries(model, split.histories(limit=options.users), k=options.k)
    show(rows(model, queries, options.methods, options.repeats))


if __name__ == "__main__":
    main()
