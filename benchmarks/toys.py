"""Made-up worlds to measure on: one that costs next to nothing, and neighbours in catalogues of any size."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch

import topple
from topple.explainers.base import Explainer
from topple.randomness import generator
from topple.recommenders.models.item_knn import PARTS, ItemKNN
from topple.records.claims import Claims
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch

ITEMS, USERS, EVENTS = 400, 200, 40
CORE, NEIGHBOURS, TRAINING = 1410, 100, 1500
"""Items that are met in worlds of neighbours, how many neighbours each has among them, and users they are drawn from."""


class NextItem(Recommender):
    """Recommends the successors of what was met; costs next to nothing."""

    name = "next-item"

    def score(
        self, histories: HistoryBatch, keep: torch.Tensor, candidates: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return 1 for each successor of an item that is kept, and a little more for an item of a larger number."""
        little = torch.arange(len(self.catalogue), dtype=keep.dtype) / 1e4
        scores = little.repeat(*keep.shape[:2], 1)  # [B, S, I]
        after = ((histories.items + 1) % len(self.catalogue))[:, None].expand(keep.shape)
        scores.scatter_add_(2, after, keep)
        return scores if candidates is None else scores.gather(2, candidates[:, None].expand(*keep.shape[:2], -1))


class Predecessor(Explainer):
    """Names the item before the target."""

    name = "predecessor"

    def propose(
        self, recommender: Recommender, queries: EncodedQueries, on_progress: Any = None, meter: Any = None
    ) -> Claims:
        """Claim the position of the item before each target."""
        before = (queries.target - 1) % len(recommender.catalogue)
        present = queries.histories.present[queries.row]
        return Claims.unproven(present & (queries.histories.items[queries.row] == before[:, None]), queries.row * 0 + 1)


def cheap_world() -> tuple[Recommender, dict[Any, tuple[Any, ...]], Explainer]:
    """Return a model, histories and a method that cost next to nothing."""
    catalogue = topple.Catalogue(topple.Vocabulary([f"item-{number}" for number in range(ITEMS)]))
    draws = generator(0, "records")
    drawn = {user: draws.choice(ITEMS, EVENTS, replace=False) for user in range(USERS)}
    return (
        NextItem(catalogue),
        {user: tuple(f"item-{n}" for n in numbers) for user, numbers in drawn.items()},
        Predecessor(),
    )


def neighbours(items: int, seed: int = 0) -> tuple[ItemKNN, np.ndarray]:
    """Return a model of neighbours over so many items, and where in the catalogue the 1,410 items stand that are met.

    Whatever the size, these have the same neighbours among themselves with the same similarities, only elsewhere in the
    catalogue, so that a history touches as many items and has the same answers. The other items have as many neighbours, among
    themselves. The similarities are cosines of the users of drawn histories, as in models that are fitted.
    """
    order, similarity = _core(seed)
    draws = np.random.default_rng((seed, items))
    where = np.sort(draws.permutation(items)[:CORE])
    kept = [(where[order.ravel()], where[np.repeat(np.arange(CORE), NEIGHBOURS)], similarity.ravel())]
    rest = np.setdiff1d(np.arange(items), where)
    if len(rest):
        far = rest[draws.integers(len(rest), size=(len(rest), NEIGHBOURS))]
        kept.append((far.ravel(), np.repeat(rest, NEIGHBOURS), draws.random(far.size)))
    return _model(items, *(np.concatenate(part) for part in zip(*kept, strict=True))), where


@cache
def _core(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest neighbours of the items that are met, and their similarities [scored item, neighbour]."""
    met = _drawn(np.random.default_rng(seed).integers(20, 150, TRAINING), seed, "training")
    together = (met.T @ met).astype(np.float64)
    users = np.sqrt(np.maximum(1, together.diagonal()))
    near = together / users / users[:, None]
    np.fill_diagonal(near, 0)
    order = np.argsort(-near, axis=1, kind="stable")[:, :NEIGHBOURS]
    return order, np.take_along_axis(near, order, 1)


def _drawn(lengths: np.ndarray, seed: int, part: str) -> np.ndarray:
    """Return users with tastes as rows of 0 and 1 [users, 1,410], each with so many items; a few items are met often."""
    popular, kinds = -np.log1p(np.arange(CORE) / 20), generator(seed, "kinds").normal(size=(CORE, 12))
    draws = generator(seed, part, len(lengths), int(lengths.max()))
    likes = draws.normal(size=(len(lengths), 12)) @ kinds.T / 3 + popular + draws.gumbel(size=(len(lengths), CORE))
    met = np.zeros((len(lengths), CORE), dtype=np.float32)
    for user, order in enumerate(np.argsort(-likes, axis=1)):
        met[user, order[: lengths[user]]] = 1
    return met


def _model(items: int, row: np.ndarray, column: np.ndarray, value: np.ndarray) -> ItemKNN:
    """Return the model of entries: row the item that is kept, column the item that is scored."""
    from scipy.sparse import csr_matrix

    table = csr_matrix((value, (row, column)), shape=(items, items))
    table.sum_duplicates()
    parts = (table.indptr.astype(np.int64), table.indices.astype(np.int64), table.data.astype(np.float32))
    arrays: Mapping[str, Any] = dict(zip(PARTS, parts, strict=True))
    catalogue = topple.Catalogue(topple.Vocabulary(np.arange(items).tolist()))
    return ItemKNN.from_arrays(arrays, catalogue)


def histories_of(where: np.ndarray, length: int, users: int, seed: int = 0) -> dict[int, tuple[int, ...]]:
    """Return the histories of users with tastes as in training, each of so many items."""
    met = _drawn(np.full(users, length), seed, "asked")
    return {user: tuple(where[np.flatnonzero(row)].tolist()) for user, row in enumerate(met)}
