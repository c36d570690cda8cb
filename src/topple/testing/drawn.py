"""Worlds with many queries of short histories, with constraints and without: enough that a claim wrong once in 50 shows."""

from collections.abc import Sequence, Set
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch

from topple.randomness import generator
from topple.records.question import CandidateRule, Goal, Query, Repeats
from topple.scoring.encoding import encode_histories
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.testing.toy import OpaqueRecommender, ToyRecommender
from topple.testing.worlds import World, catalogue_of, random_additive, random_mult_vae
from topple.types import Id

COSTS = (1.0, 2.0, 0.5, 0.001, 0.1, 0.2, 0.3, 1.001, 0.999, 12.345)
"""What items cost: sums of these are equal in thousandths where sums of floats are not."""
HISTORIES = 40
WEIGHTS = (0.5, 1.0, 2.0, 3.0)
LONGEST = 7
"""Items of the longest history."""
K = 3


@cache
def claim_worlds() -> tuple[World, ...]:
    """Return worlds in which every claim can be enumerated: additive (level, fine, sparse scores), networks, and no capability."""
    level, fine, sparse = random_additive(14), real_additive(), sparse_additive()
    opaque = OpaqueRecommender(level.catalogue, real_additive(seed=1).arrays()["gives"])
    networks = [random_mult_vae(16, seed=seed) for seed in (0, 1)]
    return tuple(World(model, _queries(model)) for model in (level, fine, sparse, *networks, opaque))


def real_additive(items: int = 14, seed: int = 0) -> ToyRecommender:
    """Return a toy recommender with a random table of real numbers, so that scores hardly ever tie."""
    table = generator(seed, "real additive").normal(0.3, 1, (items, items))
    return ToyRecommender(catalogue_of(items), torch.from_numpy(table).float())


def sparse_additive(items: int = 14, seed: int = 0) -> ToyRecommender:
    """Return a toy recommender of which each item speaks for three others and says nothing of the rest, as neighbours do."""
    random = generator(seed, "sparse additive")
    table = np.zeros((items, items))
    for item in range(items):
        others = [other for other in range(items) if other != item]
        table[item, random.choice(others, 3, replace=False)] = random.integers(1, 4, 3)
    return ToyRecommender(catalogue_of(items), torch.from_numpy(table).float())


def constrained(queries: Sequence[Query], goals: Set[Goal], seed: int = 0) -> tuple[Query, ...]:
    """Return each query with one of the goals, and with constraints drawn for it: groups for a history, others for a query."""
    random, wanted = generator(seed, "constraints"), [goal for goal in Goal if goal in goals]
    groups: dict[tuple[Any, ...], tuple[tuple[Any, ...], ...]] = {}
    drawn = []
    for number, query in enumerate(queries):
        goal = wanted[number % len(wanted)]
        if query.history not in groups:
            groups[query.history] = _groups(query, random)
        drawn.append(replace(query, goal=goal, groups=groups[query.history], **_constraints(query, random)))
    return tuple(drawn)


def _queries(model: Recommender) -> tuple[Query, ...]:
    """Return the lists of random histories as queries."""
    random, ids = generator(0, "histories of claims"), model.catalogue.vocabulary.ids
    histories = (_history(ids, number, random) for number in range(HISTORIES))
    return tuple(query for history in histories for query in _listed(model, history))


def _history(ids: Sequence[Id], number: int, random: np.random.Generator) -> Query:
    """Return a query about no item of a list: a history of each kind in turn.

    The candidate rules take turns; every third history has weights, every fourth one item twice, and every fifth asks for a list
    without two items.
    """
    mixed = [ids[item] for item in random.permutation(len(ids))]
    length, rules, repeats = int(random.integers(1, LONGEST + 1)), tuple(CandidateRule), tuple(Repeats)
    twice = number % 4 == 3
    history = tuple(mixed[: length - twice] + mixed[:1] * twice) if length > 1 else tuple(mixed[:1])
    weights = random.choice(WEIGHTS, len(history)).tolist() if number % 3 == 2 else ()
    left_out = frozenset(mixed[-2:] if number % 5 == 4 else ())
    return Query(
        history=history,
        target=mixed[LONGEST],
        k=K,
        rule=rules[number % len(rules)],
        repeats=repeats[number // 4 % len(repeats)],
        weights=tuple(weights),
        exclude=left_out,
    )


def _listed(model: Recommender, history: Query) -> list[Query]:
    """Return a query for each item of the list that something in the history speaks for."""
    encoded = encode_histories([history], model.catalogue, device=model.device)
    scores, row = UnchangedScores(model, encoded, history.rule), torch.tensor([0], device=model.device)
    items, _ = scores.best(history.k)
    ranks, _ = scores.ranks(row, items, torch.full_like(items, history.k))
    listed = items[ranks <= history.k].cpu().numpy()
    return [replace(history, target=item) for item in model.catalogue.vocabulary.decode(listed)]


def _groups(query: Query, random: np.random.Generator) -> tuple[tuple[Any, ...], ...]:
    """Return up to two groups of the history, in one of three histories."""
    items = list(dict.fromkeys(query.history))
    mixed = [items[number] for number in random.permutation(len(items))]
    first, second = sorted(random.integers(0, len(mixed) + 1, 2).tolist())
    if random.random() < 2 / 3 or query.repeats is Repeats.EVENTS:  # groups name items, and there events are named
        return ()
    return tuple(tuple(group) for group in (mixed[:first], mixed[first:second]) if group)


def _constraints(query: Query, random: np.random.Generator) -> dict[str, Any]:
    items = query.history
    priced, shielded, short = (random.random() < share for share in (0.5, 0.3, 0.3))
    return {
        "protected": frozenset(items[: random.integers(0, 2)] if shielded else ()),
        "item_costs": {item: float(random.choice(COSTS)) for item in items[1:]} if priced else {},
        "largest": int(random.integers(1, len(items) + 1)) if short else None,
        "sets": int(random.integers(1, 4)),
    }
