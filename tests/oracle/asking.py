"""Draws queries of a world, has them explained, and holds the answers against the rule."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

import topple
from tests.oracle.judge import judge, question
from tests.oracle.rule import History, Precision
from tests.oracle.verdicts import judge_scale, judge_verdicts
from tests.oracle.worlds import draw_world
from topple import Query

RULES = tuple(topple.CandidateRule)
PRICES = (1, 2, 0.5, 0.01, 100, 0.1, 0.2, 0.3, 0.125, 1.001)
HISTORIES, TARGETS = 12, 5
"""Histories of a world, targets of a history."""
EVENTS, LONG, OFTEN_LONG = 8, 11, 0.1
"""Most events of a history; of a long one; how often histories are long."""


@dataclass
class Tally:
    """What came of the questions: counts, and false claims with what reproduces them."""

    counts: Counter = field(default_factory=Counter)
    false: list = field(default_factory=list)

    def add(self, other):
        """Take in another tally."""
        self.counts.update(other.counts)
        self.false.extend(other.false)

    @property
    def by_kind(self):
        """How many false claims there are of each kind."""
        return dict(Counter(kind for kind, *_ in self.false).most_common())


def precision_of(world):
    """Return rounding and scale as the model tells them; the scale is worked out anew elsewhere."""
    model = world.model
    return Precision(model.rounding, model.scale, world.fillers and not model.coarse)


def draw_history(random, items):
    """Return the items of a history, now and then with one that comes again, and the weights of its events."""
    most = LONG if random.random() < OFTEN_LONG else EVENTS
    history = random.permutation(items)[: random.integers(1, most + 1)].tolist()
    weights = ()
    if random.random() < 0.2:
        history += [history[0]] * int(random.integers(1, 3))
    if random.random() < 0.25:
        weights = tuple(float(weight) for weight in random.choice([0.5, 1, 2, 3, 0.25], len(history)))
    return history, weights


def draw_constraints(random, history, ids):
    """Return fields of a query."""
    names = list(dict.fromkeys(history))
    mixed = [names[each] for each in random.permutation(len(names))]
    cuts = sorted(random.integers(0, len(mixed) + 1, 2))
    groups = (mixed[: cuts[0]], mixed[cuts[0] : cuts[1]])
    drawn = {
        "rule": RULES[random.integers(len(RULES))],
        "goal": tuple(topple.Goal)[random.choice(3, p=[0.6, 0.2, 0.2])],
        "protected": frozenset(names[: random.integers(0, 3)] if random.random() < 0.2 else ()),
        "groups": tuple(tuple(group) for group in groups if group) if random.random() < 0.25 else (),
        "item_costs": {item: random.choice(PRICES) for item in names[1:]} if random.random() < 0.25 else {},
        "largest": int(random.integers(1, len(names) + 1)) if random.random() < 0.2 else None,
        "sets": int(random.integers(2, 4)) if random.random() < 0.15 else 1,
        "seed": int(random.integers(5)),
    }
    by_event = random.random() < 0.5
    drawn |= {"repeats": "events", "groups": ()} if by_event else {"repeats": "item"}  # a group names items
    if random.random() < 0.2:
        drawn["candidates"] = frozenset(item for item in ids if random.random() < 0.8)
    if random.random() < 0.2:
        drawn["exclude"] = frozenset(item for item in ids if random.random() < 0.1)
    return drawn


def draw_queries(world, random, histories=HISTORIES, first=0):
    """Yield queries with the `History` of each; the targets of a history, and most of its constraints, are shared.

    The first so many items of a list are not asked about.
    """
    ids = list(world.model.catalogue.vocabulary.ids)
    for _ in range(histories):
        items, weights = draw_history(random, len(ids))
        history = History(world.score, items, weights)
        named = tuple(ids[item] for item in items)
        shared = draw_constraints(random, named, ids)
        order = np.argsort(-history.scores[-1], kind="stable")
        if str(shared["rule"]) != "all":
            order = order[~np.isin(order, items)]
        hidden = shared.get("exclude", frozenset()).union(set(ids) - shared.get("candidates", set(ids)))
        order = np.array([item for item in order if ids[item] not in hidden])
        if not len(order):
            continue
        for _ in range(TARGETS):
            k = first + int(random.integers(1, 6))
            target = ids[order[min(random.integers(first, k + (random.random() < 0.05)), len(order) - 1)]]
            more = {} if random.random() < 0.7 else draw_constraints(random, named, ids)
            more.pop("rule", None)  # the targets were drawn for the rule
            given = {"weights": weights} if weights else {}
            yield Query(named, target, k=k, **{**shared, **more, **given}), history


METHODS = {
    "auto": (None, 6),
    "exhaustive": (None, 2),
    "greedy": (None, 1),
    "exact": (None, 2),
    "lcer-rank": ({"steps": 15}, 0.3),
    "lcer": ({"steps": 15}, 0.2),
}


def draw_method(world, random):
    """Return the name of an explainer that fits the model, and its settings."""
    capabilities = world.model.capabilities
    names = [
        name
        for name in METHODS
        if (name != "exact" or "additive" in capabilities)
        and (not name.startswith("lcer") or "differentiable" in capabilities)
    ]
    weights = np.array([METHODS[name][1] for name in names])
    name = str(random.choice(names, p=weights / weights.sum()))
    return name, METHODS[name][0]


def ask(seed, number):
    """Return the tally of one world."""
    world, random = draw_world(seed, number)
    method, settings = draw_method(world, random)
    drawn = list(draw_queries(world, random))
    if method not in ("auto", "exhaustive", "greedy"):  # the others look for necessary sets only
        drawn = [(replace(query, goal="necessary"), history) for query, history in drawn]
    if method.startswith("lcer"):
        drawn = drawn[:20]
    queries = [query for query, _ in drawn]
    explained = topple.explain_queries(world.model, queries, explainer=method, settings=settings, progress=False)
    precision, ids = precision_of(world), list(world.model.catalogue.vocabulary.ids)
    tally = Tally()
    for at, ((query, history), explanation) in enumerate(zip(drawn, explained, strict=True)):
        found = judge(explanation, question(query, history, precision, ids))
        tally.counts.update(found.counts)
        tally.counts["queries"] += 1
        if world.ties and method in ("auto", "exact", "exhaustive") and found.counts["found"]:
            tally.counts["ties: found"] += 1
            tally.counts["ties: proven"] += found.counts["minimum"]
        where = f"{world.name}, {method}: tests.oracle.asking.ask({seed}, {number}), query {at}"
        tally.false.extend((kind, what, where, query, explanation) for kind, what in found.false)
    for found in (judge_scale(world), judge_verdicts(drawn, explained, world, precision, ids, random)):
        tally.counts.update(found.counts)
        where = f"{world.name}: tests.oracle.asking.ask({seed}, {number})"
        tally.false.extend((kind, what, where, None, None) for kind, what in found.false)
    return tally
