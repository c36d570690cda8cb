"""Additive worlds with long histories, and what the compiled path answers beside the general one.

python -m tests.explainers.sums.parity [--queries 10000] [--seed 0] tells of many drawn queries what the two say differently, and
whether `topple.verify`, on the general path, finds each set as the answer says.
"""

import argparse
import sys
import warnings
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch

import topple
from topple import Query, registry
from topple.recommenders.families.row_sums import SparseRows

RULES = ("unseen_before", "unseen_after", "all")
GOALS = ("sufficient", "both")
"""Goals of sets that are judged alone, too."""
KINDS = ("real", "integers", "few", "cancelling", "duplicates")
TOLD = ("status", "proof", "at_least", "proof_by", "reason", "rank_before", "within_rounding")
"""What both paths must say alike; and where they name the same set, what becomes of the list."""
OF_THE_SET = ("rank_after", "replacements")


def numbers(random, kind, items):
    """Return a table [I, I]: `few` are so few that many users touch less than a hundred items."""
    table = random.normal(0.2, 1, (items, items))
    share = {"few": 0.01}.get(kind, 0.15 if random.random() < 0.7 else 1)
    if kind == "integers":
        table = random.integers(-2, 6, table.shape).astype(float)
    if kind == "cancelling":  # sums of a million that come to little
        table = table + 1e6 * random.integers(-1, 2, (items, 1))
    if kind == "duplicates":
        table[:, 1::2] = table[:, : table[:, 1::2].shape[1] * 2 : 2]
    table = table * (random.random(table.shape) < share)
    np.fill_diagonal(table, 0)
    return table.astype(np.float32)


def draw_model(random, kind):
    """Return an additive model: rows in a table, rows stored sparse, or factors."""
    items = int(random.integers(60, 300))
    catalogue = topple.Catalogue(topple.Vocabulary([f"i{7 * item + 3}" for item in range(items)]))
    which = str(random.choice(["ease", "item-knn", "bpr", "lightgcn"], p=[0.3, 0.4, 0.15, 0.15]))
    method = registry.load("recommenders", which)
    if which == "ease":
        return method.from_arrays({"weights": numbers(random, kind, items)}, catalogue)
    if which != "item-knn":
        names = ("items",) if which == "bpr" else ("gives", "items")
        vectors = {name: random.normal(0, 1, (items, 8)).astype(np.float32) for name in names}
        return method.from_arrays(vectors, catalogue, method.settings_type(dimensions=8))
    table = np.abs(numbers(random, kind, items))
    row, column = table.nonzero()
    parts = (np.concatenate([[0], np.bincount(row, minlength=items).cumsum()]), column, table[row, column])
    model = method.from_arrays(dict(zip(("indptr", "indices", "similarities"), parts, strict=True)), catalogue)
    model._rows = SparseRows(*(torch.as_tensor(part) for part in parts))  # as in a catalogue too large for a table
    return model


def draw_queries(random, model, users, rule, longest=60, goals=("necessary",), **fixed):
    """Return queries of users with histories of 1 to 60 items, their lists' items the targets, and here and there a constraint.

    The goals are those of one user after the other.
    """
    ids, queries = list(model.catalogue.vocabulary.ids), []
    for user in range(users):
        length = int(random.integers(1, min(longest, len(ids) // 2)))
        history = [ids[item] for item in random.permutation(len(ids))[:length]]
        given = {"rule": rule, "k": int(random.choice([1, 3, 5, 10])), "goal": goals[user % len(goals)], **fixed}
        if random.random() < 0.2:
            history += history[:2]
            given["repeats"] = str(random.choice(["item", "events"]))
        if random.random() < 0.2:
            given["weights"] = tuple(random.choice([0.25, 0.5, 1, 2, 3], len(history)))
        if random.random() < 0.2:
            given["exclude"] = frozenset(random.choice(ids, len(ids) // 4, replace=False).tolist())
        if random.random() < 0.2 and given.get("repeats") != "events":
            given["groups"] = (tuple(dict.fromkeys(history[:3])),)
        if random.random() < 0.2:
            given["item_costs"] = {item: float(random.choice([0.1, 0.5, 2, 1.001])) for item in dict.fromkeys(history)}
        if random.random() < 0.2:
            given["protected"] = frozenset(history[: length // 2])
        if random.random() < 0.1:
            given["largest"] = int(random.integers(1, 4))
        shared = Query(tuple(history), ids[0], **given)
        listed = topple.recommend(
            model, history, **{name: given[name] for name in ("k", "rule", "exclude", "weights") if name in given}
        )
        targets = [item.item for item in listed] + [ids[int(random.integers(len(ids)))]]
        queries += [replace(shared, target=target) for target in targets if rule == "all" or target not in history]
    return queries


@contextmanager
def by_the_general_path(model):
    """While it is open, the model offers no rows."""
    model.rows = lambda *asked: None
    try:
        yield
    finally:
        del model.rows


def explained(model, queries, method="auto", **settings):
    """Return the answers of the compiled path and of the general one."""
    asked = {"explainer": method, "settings": settings, "progress": False}
    fast = topple.explain_queries(model, queries, **asked)
    with by_the_general_path(model):
        return fast, topple.explain_queries(model, queries, **asked)


def differences(fast, slow):
    """Return what the two paths say differently: number of the query, field, both values."""
    found = []
    for number, (one, other) in enumerate(zip(fast, slow, strict=True)):
        told = TOLD + (OF_THE_SET if one.items == other.items else ())
        pairs = [(name, getattr(one, name), getattr(other, name)) for name in told]
        pairs.append(("size", len(one.items or ()), len(other.items or ())))
        found += [(number, *pair) for pair in pairs if pair[1] != pair[2]]
    return found


def verified_otherwise(model, answers):
    """Return the answers, of those with sets that item names tell, whose sets `topple.verify` finds otherwise; and how many it asked."""
    told = [answer for answer in answers if answer.items and answer.query.repeats != "events"]
    with by_the_general_path(model):
        verdicts = topple.verify(model, [answer.query for answer in told], [answer.items for answer in told])
    pairs = zip(told, verdicts, strict=True)
    return [a for a, v in pairs if (v.valid, v.minimal, v.rank_after) != (True, True, a.rank_after)], len(told)


def main():
    """Run from the command line; ends with 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    random, queries, sets, differ, otherwise = np.random.default_rng(options.seed), 0, 0, 0, 0
    while queries < options.queries:
        model = draw_model(random, str(random.choice(KINDS)))
        asked = draw_queries(random, model, 6, str(random.choice(RULES)))
        fast, slow = explained(model, asked, budget=0)
        found = differences(fast, slow)
        wrong, judged = verified_otherwise(model, fast)
        for number, *told in found:
            print(*told, asked[number])  # noqa: T201
        for answer in wrong:
            print("verified otherwise:", answer)  # noqa: T201
        queries, sets, otherwise = queries + len(asked), sets + judged, otherwise + len(wrong)
        differ += len({number for number, *_ in found})
    told = f"{queries:,} queries, {differ} answered otherwise; {sets:,} sets verified, {otherwise} found otherwise"
    print(told)  # noqa: T201
    sys.exit(1 if differ or otherwise else 0)


if __name__ == "__main__":
    main()
