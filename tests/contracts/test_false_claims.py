"""What the judge lets out of a method that calls its sets minimum though an item of them is too many."""

from dataclasses import replace

import pytest
import torch

import topple
from topple import Proof, Status
from topple.explainers.greedy import Greedy
from topple.testing import tiny_split


class OneMoreCalledMinimum(Greedy):
    """The set of greedy and one item more, called a minimum."""

    name = "one-more"

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        sets = claims.sets.clone()
        for row, query in enumerate(queries.queries):
            free = [position for position in range(len(query.history)) if not sets[row, position]]
            if sets[row].any() and free:
                sets[row, free[0]] = True
        below = torch.where(sets.any(1), queries.cost(sets).double(), claims.proven_below)
        return replace(claims, sets=sets, proven_below=below)


@pytest.mark.parametrize("kind", ["ease", "item-knn", "mult-vae"])
def test_a_set_with_an_item_too_many_never_leaves_as_a_minimum(kind):
    split = tiny_split()
    model = topple.fit(split, kind, settings={"epochs": 3} if kind == "mult-vae" else None, progress=False)
    histories = split.histories(limit=8)
    theirs = topple.explain(model, histories, k=3, explainer=OneMoreCalledMinimum(), progress=False)
    every = topple.explain(model, histories, k=3, explainer="exhaustive", progress=False)
    too_many = 0
    for claimed, true in zip(theirs, every, strict=True):
        if claimed.status is Status.FOUND and true.proof is Proof.MINIMUM and len(claimed.items) > len(true.items):
            too_many += 1
            assert claimed.proof is not Proof.MINIMUM
            trusted = claimed.proof_by != "one-more"  # what the judge cannot check is said to be claimed, and by whom
            assert not trusted or claimed.at_least is None or claimed.at_least <= len(true.items)
    assert too_many > 10
