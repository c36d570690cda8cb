"""Every set of a short history, tried one by one: what the searches are held against."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import torch

from topple.api.recommending import recommend
from topple.records.question import UNSEEN, CandidateRule, Goal, Query
from topple.scoring.variations import HistoryBatch
from topple.testing import OpaqueRecommender, ToyRecommender, random_additive, random_mult_vae
from topple.testing.worlds import catalogue_of


class Constant(ToyRecommender):
    """Additive, and every item has a constant besides: some stay in the list whatever is removed."""

    name = "constant"

    def score(self, histories, keep, candidates=None):
        bias = (7 * torch.arange(len(self.catalogue)) % 5 - 2).to(keep)
        return super().score(histories, keep, candidates) + (bias if candidates is None else bias[candidates][:, None])


def real_numbers(items=14, seed=0):
    """An additive recommender whose scores hardly ever tie."""
    table = np.random.default_rng(seed).normal(0.3, 1, (items, items))
    return ToyRecommender(catalogue_of(items), torch.from_numpy(table).float())


def rebuilt(kind, like):
    return kind(like.catalogue, like.arrays()["gives"])


ADDITIVE = [random_additive(14), rebuilt(Constant, random_additive(14, seed=1)), real_numbers()]
OTHERS = [random_mult_vae(16), rebuilt(OpaqueRecommender, random_additive(14, seed=2))]
MODELS = ADDITIVE + OTHERS
PRICES = (1, 2, 0.5, 0.01, 100, 0.1, 0.2, 0.3)


def draw_query(model, random, size=6, **fixed):
    """A query whose target is in the list, with some constraints."""
    ids = model.catalogue.vocabulary.ids
    history = tuple(ids[place] for place in random.permutation(len(ids))[: random.integers(1, size + 1)])
    k = int(random.integers(1, 4))
    return draw_constraints(Query(history, recommend(model, history, k)[random.integers(k)].item, k=k), random, **fixed)


def draw_constraints(query, random, **fixed):
    history, kinds = list(query.history), UNSEEN
    mixed = [history[place] for place in random.permutation(len(history))]
    cuts = sorted(random.integers(0, len(mixed) + 1, 2))
    groups = (mixed[: cuts[0]], mixed[cuts[0] : cuts[1]])
    drawn = {
        "rule": kinds[random.integers(2)],
        "goal": tuple(Goal)[random.integers(3)],
        "protected": frozenset(history[: random.integers(0, 2)] if random.random() < 0.3 else ()),
        "groups": tuple(tuple(group) for group in groups if group) if random.random() < 0.4 else (),
        "item_costs": {item: random.choice(PRICES) for item in history[1:]} if random.random() < 0.4 else {},
        "largest": int(random.integers(1, len(history) + 1)) if random.random() < 0.3 else None,
    }
    return replace(query, **{**drawn, **fixed})


def allowed_sets(query):
    """All sets that the query allows: groups whole, nothing protected, not too many items."""
    grouped = {item for group in query.groups for item in group}
    units = [group for group in query.groups if group] + [(item,) for item in query.history if item not in grouped]
    free = [unit for unit in units if not set(unit) & query.protected]
    chosen = (some for size in range(1, len(free) + 1) for some in combinations(free, size))
    sets = (frozenset(item for unit in some for item in unit) for some in chosen)
    return [some for some in sets if query.largest is None or len(some) <= query.largest]


def out(model, query, kept):
    """Whether the target is out of the list with each of some histories, by the definition."""
    index = model.catalogue.vocabulary.encode(list(query.history))
    batch = HistoryBatch.of([index.tolist()])
    keep = torch.tensor([[[item in some for item in query.history] for some in kept]], dtype=torch.float64)
    with torch.no_grad():
        scores = model.score(batch, keep)[0].numpy()
        whole = model.score(batch, torch.ones_like(keep[:, :1]))[0, 0].numpy()
        empty = model.score(batch, torch.zeros_like(keep[:, :1]))[0, 0].numpy()
    ids, out = model.catalogue.vocabulary.ids, []
    target = ids.index(query.target)
    tolerance = 2.0 ** np.ceil(np.log2(8 * model.rounding * max(abs(whole[target]), model.scale)))
    for row, some in zip(scores, kept, strict=True):
        hidden = query.history if query.rule is CandidateRule.UNSEEN_BEFORE else some
        rivals = np.array([item not in hidden for item in ids])
        above = rivals & (row - row[target] > tolerance)
        fillers = rivals & (abs(row - empty) <= tolerance) & (abs(row - row[target]) <= tolerance)
        fillers[target] = False
        tied = int(fillers.sum()) if abs(row[target] - empty[target]) <= tolerance else 0
        out.append(int(above.sum()) + tied >= query.k)
    return out


def true_sets(model, query):
    """Those of the allowed sets that do what the goal asks."""
    sets, whole = allowed_sets(query), frozenset(query.history)
    if not sets:
        return set()
    without, alone = out(model, query, [whole - some for some in sets]), out(model, query, sets)
    return {
        some
        for some, gone, lost in zip(sets, without, alone, strict=True)
        if (gone or query.goal is Goal.SUFFICIENT) and (not lost or query.goal is Goal.NECESSARY)
    }


def price(query, some):
    """What a set costs, to the digit: prices are meant as they are written."""
    costs = dict(query.item_costs)
    return sum(Fraction(str(costs.get(item, 1))) for item in some)


def one_less(query, some):
    """The sets with one item, or one group, given back."""
    units = {next((frozenset(group) for group in query.groups if item in group), frozenset([item])) for item in some}
    return [some - unit for unit in units if unit < some]
