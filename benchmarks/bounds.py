"""What an answer would take if nothing but its numbers were read and multiplied: on this machine, one core.

- Scores that are sums: the rows of each history are read and added up once, and the columns of a hundred competitors are read for
  each unit. Five targets of one history share that.
- Networks whose layers are in view: the products of the histories that were scored, in float32, a history's first layer by
  difference, a hundred columns of the last, and the whole catalogue twice a query, for the search and the judge.
- Other models: their own `score` of the histories that were scored, at a hundred columns, 32 variations a call.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numba import njit

import topple
from benchmarks.timing import repeated
from topple.scoring.recommender import Capability, Recommender
from topple.scoring.variations import HistoryBatch

COLUMNS, TOGETHER = 100, 96
"""Competitors of a search, and rows of a product that stay in the cache."""


def bound(recommender: Recommender, queries: Sequence[topple.Query], scored: int) -> tuple[str, float]:
    """Return what the bound consists of, and its seconds for all queries.

    Args:
        recommender: the model.
        queries: those that were explained, k of each history.
        scored: histories that were scored for them.
    """
    by_user = {query.history: None for query in queries}
    histories = [recommender.catalogue.vocabulary.encode(list(history)).tolist() for history in by_user]
    batch = HistoryBatch.of(histories)
    offered = recommender.rows(batch)
    if offered is not None:
        return "rows added once", _sums(offered[0], offered[1], np.array([len(history) for history in histories]))
    if Capability.FEED_FORWARD in recommender.capabilities:
        return "products", _products(
            [tuple(layer.weight.shape) for layer in recommender.layers()], scored, len(queries)
        )  # type: ignore[attr-defined]
    return "own scoring", _scoring(recommender, histories, scored)


def _sums(rows: Any, items: np.ndarray, lengths: np.ndarray) -> float:
    chosen = np.random.default_rng(0).choice(max(1, rows.dense.shape[1] or len(rows.indptr) - 1), COLUMNS)
    add = _add_dense if len(rows.dense) else _add_sparse
    numbers = (rows.dense,) if len(rows.dense) else (rows.indptr, rows.indices, rows.values)
    call = partial(add, *numbers, items, lengths, chosen.astype(np.int64))
    call()
    return repeated(call).seconds


@njit(cache=True)
def _add_dense(dense, items, lengths, chosen):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    total, gains = np.zeros(dense.shape[1]), 0.0
    for history in range(len(items)):
        total[:] = 0
        for position in range(lengths[history]):
            row = dense[items[history, position]]
            for column in range(len(total)):
                total[column] += row[column]
            for column in chosen:
                gains += row[column]
    return gains + total[0]


@njit(cache=True)
def _add_sparse(indptr, indices, values, items, lengths, chosen):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    total, gains = np.zeros(len(indptr) - 1), 0.0
    for history in range(len(items)):
        for position in range(lengths[history]):
            row = items[history, position]
            for entry in range(indptr[row], indptr[row + 1]):
                total[indices[entry]] += values[entry]
        for position in range(lengths[history]):  # what the next history must find at 0
            row = items[history, position]
            for entry in range(indptr[row], indptr[row + 1]):
                gains += total[indices[entry]]
                total[indices[entry]] = 0
    return gains + len(chosen)


def _products(shapes: Sequence[tuple[int, ...]], scored: int, queries: int) -> float:
    widths = [shapes[0][1], *(shape[1] for shape in shapes[1:])]  # the first layer is a difference of its rows
    near = _product_seconds([*widths[:-1], COLUMNS])
    whole = _product_seconds(widths)
    return scored * near + 2 * queries * whole


def _product_seconds(widths: Sequence[int]) -> float:
    """Return the seconds a row of the products of layers so wide."""
    factors = [
        (torch.rand(TOGETHER, wide), torch.rand(wide, out), torch.empty(TOGETHER, out))
        for wide, out in pairwise(widths)
    ]

    def multiply() -> None:
        for left, right, room in factors:
            torch.matmul(left, right, out=room)

    multiply()
    return repeated(multiply, 20).seconds / TOGETHER


def _scoring(recommender: Recommender, histories: Sequence[list[int]], scored: int) -> float:
    """Return the seconds of scoring so many histories, from what 32 variations of up to 16 take."""
    some = HistoryBatch.of(histories[:16])
    rows, variations = len(some), 32
    candidates = torch.randperm(len(recommender.catalogue))[: min(COLUMNS, len(recommender.catalogue))].expand(rows, -1)
    draws = torch.rand(rows, variations, some.items.shape[1], generator=torch.Generator().manual_seed(0))
    keep = ((draws > 0.1) & some.present[:, None]).to(some.weights.dtype)
    scorer = recommender.bind(some, candidates)
    with torch.inference_mode():
        scorer(keep)
        return repeated(lambda: scorer(keep)).seconds * scored / (rows * variations)
