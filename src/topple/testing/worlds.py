"""Recommenders with queries to try explainers on, and a split to fit recommenders on; made from seeds, in no time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from scipy import sparse

from topple.data.interactions import Interactions
from topple.data.preparation import Preparation, prepare
from topple.data.splitting import HeldOut, Split
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.randomness import generator
from topple.recommenders.models.mult_vae import MultVAE, MultVAESettings
from topple.records.question import UNSEEN, CandidateRule, Query
from topple.scoring.encoding import encode
from topple.scoring.ranking import only_competing, top_k
from topple.scoring.recommender import Recommender
from topple.scoring.variations import unchanged
from topple.testing.toy import OpaqueRecommender, ToyRecommender, film_world
from topple.types import CsrMatrix, Id


@dataclass(frozen=True, eq=False)
class World:
    """A recommender and queries that can be asked of it."""

    recommender: Recommender
    queries: tuple[Query, ...]


def worlds() -> tuple[World, ...]:
    """Return one world for each set of capabilities: additive, feed-forward, and none at all."""
    films, opaque = film_world(), film_world(OpaqueRecommender)
    network = random_mult_vae()
    return (
        World(films.recommender, films.queries),
        World(network, listed_queries(network, seed=0)),
        World(opaque.recommender, opaque.queries),
    )


def catalogue_of(items: int) -> Catalogue:
    """Return items with ids that no index equals: 101, 104, 107, ..."""
    return Catalogue(Vocabulary([101 + 3 * number for number in range(items)]))


def random_additive(items: int = 12, seed: int = 0) -> ToyRecommender:
    """Return a toy recommender with a random table of small whole numbers, so that ties are many."""
    random = generator(seed, "additive")
    return ToyRecommender(catalogue_of(items), torch.from_numpy(random.integers(-2, 6, (items, items))).float())


def random_mult_vae(items: int = 24, seed: int = 0, hidden: int = 12, latent: int = 5) -> MultVAE:
    """Return an untrained Mult-VAE with weights large enough that the lists depend on the history."""
    random = generator(seed, "mult-vae")
    shapes = MultVAE.shapes(items, MultVAESettings(hidden=hidden, latent=latent))
    arrays = {
        name: random.normal(0, 1.5 / np.sqrt(shape[0]) if len(shape) == 2 else 0.1, shape)
        for name, shape in shapes.items()
    }
    arrays["weight_q_0to1"] *= np.sqrt(items)
    return MultVAE.from_arrays(arrays, catalogue_of(items))


def listed_queries(recommender: Recommender, seed: int = 0, users: int = 5, k: int = 3) -> tuple[Query, ...]:
    """Return the top-k of random histories of 2, 4, ... items as queries, under both candidate rules."""
    rules = UNSEEN
    return tuple(
        replace(query, rule=rules[user % 2], user=f"user-{user}", protected=frozenset(query.history[: user % 2]))
        for user, listed in enumerate(top_k_of(recommender, [2 + 2 * user for user in range(users)], k, seed))
        for query in listed
    )


def top_k_of(recommender: Recommender, lengths: Sequence[int], k: int, seed: int = 0) -> list[list[Query]]:
    """Return the top-k of random histories of these lengths as queries, a list for each history."""
    random = generator(seed, "histories")
    vocabulary = recommender.catalogue.vocabulary
    histories: list[tuple[Id, ...]] = [
        vocabulary.decode(random.permutation(len(vocabulary))[:length]) for length in lengths
    ]
    lists = _lists(recommender, histories, k)
    return [
        [Query(history, target, k=k) for target in listed] for history, listed in zip(histories, lists, strict=True)
    ]


@cache
def tiny_split(users: int = 60, items: int = 30, seed: int = 0) -> Split:
    """Return a split of random users with a taste for one half of the items, with string ids."""
    random = generator(seed, "tiny")
    rows, columns = [], []
    for user in range(users):
        chance = np.where((np.arange(items) < items // 2) == bool(user % 2), 4.0, 1.0) / (1 + np.arange(items) % 5)
        length = int(random.integers(6, 12))
        rows.append(np.full(length, user))
        columns.append(random.choice(items, size=length, replace=False, p=chance / chance.sum()))
    interactions = Interactions(
        Vocabulary([f"u{user:03d}" for user in range(users)], "user"),
        Catalogue(Vocabulary([f"i{item:03d}" for item in range(items)])),
        np.concatenate(rows).astype(np.int64),
        np.concatenate(columns).astype(np.int64),
        name="tiny",
    )
    return prepare(interactions, Preparation(held_out_users=max(2, users // 6)))


def split_for(recommender: Recommender, users: int = 24, seed: int = 0) -> Split:
    """Return a split of random users over the catalogue of a recommender, for a method that learns from data."""
    random, items = generator(seed, "split for a world"), len(recommender.catalogue)
    rows = [np.sort(random.permutation(items)[: int(random.integers(2, max(3, items // 2)))]) for _ in range(3 * users)]

    def matrix(part: int) -> CsrMatrix:
        chosen = rows[part * users : (part + 1) * users]
        starts = np.cumsum([0, *map(len, chosen)])
        ones = np.ones(int(starts[-1]), dtype=np.float32)
        return sparse.csr_matrix((ones, np.concatenate(chosen), starts), shape=(users, items))

    def held_out(part: int) -> HeldOut:
        nothing = sparse.csr_matrix(np.zeros((users, items), dtype=np.float32))
        return HeldOut(Vocabulary([f"{part}-{user}" for user in range(users)], "user"), matrix(part), nothing)

    train_users = Vocabulary([f"0-{user}" for user in range(users)], "user")
    return Split(recommender.catalogue, train_users, matrix(0), held_out(1), held_out(2), name="random")


def _lists(recommender: Recommender, histories: Sequence[tuple[Id, ...]], k: int) -> list[tuple[Id, ...]]:
    vocabulary = recommender.catalogue.vocabulary
    strangers = [next(item for item in vocabulary.ids if item not in history) for history in histories]
    queries = [Query(history, item) for history, item in zip(histories, strangers, strict=True)]
    encoded = encode(queries, recommender.catalogue, device=recommender.device)
    keep = unchanged(encoded.histories)
    with torch.no_grad():
        scores = recommender.score(encoded.histories, keep)
    best = top_k(only_competing(scores, encoded.histories, keep, CandidateRule.UNSEEN_BEFORE)[:, 0], k)
    return [vocabulary.decode(best[row].cpu().numpy()) for row in encoded.row.tolist()]
