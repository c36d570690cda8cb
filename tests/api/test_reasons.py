from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

import topple
from topple import Status
from topple.api.recommending import recommend_many
from topple.explainers.base import Explainer
from topple.records.claims import Claims
from topple.testing import tiny_split

SAID = "recommended to nearly everyone"


class Theirs(Explainer):
    """Claims that no set does it."""

    name = "theirs"

    def propose(self, recommender, queries, on_progress=None, meter=None):
        never = torch.full((len(queries),), torch.inf, dtype=torch.float64)
        nothing = torch.zeros(len(queries), dtype=torch.int64)
        return Claims(torch.zeros_like(queries.protected), never, nothing > 0, nothing)


def test_an_impossible_of_another_package_is_a_claim_in_reason_and_sentence():
    model = topple.fit(tiny_split(), "popularity", progress=False)
    histories = tiny_split().histories(limit=1)
    ours = topple.explain(model, histories, k=1, progress=False)[0]
    theirs = topple.explain(model, histories, k=1, progress=False, explainer=Theirs())[0]
    assert (ours.status, theirs.status) == (Status.IMPOSSIBLE, Status.IMPOSSIBLE)
    assert ours.reason.startswith("proven: no set that the query allows does it")
    assert theirs.reason.startswith("claimed by theirs: no set that the query allows does it")
    assert ": claimed by theirs: no set" in topple.sentence(theirs, model.catalogue)
    assert theirs.proof_by == "theirs"


def without_a_set(model, histories, k):
    """Return the explanations of queries that may name one item only and find none."""
    return [
        found
        for user, history in histories.items()
        for found in topple.explain(model, {user: history}, k=k, protected=history[1:], largest=1, progress=False)
        if found.status in (Status.NOT_FOUND, Status.IMPOSSIBLE)
    ]


def listed_by_hand(model, split, k):
    """Return how many training users have each item in their list of k."""
    lists = recommend_many(model, list(split.training_histories().values()), k=k)
    return Counter(recommended.item for listed in lists for recommended in listed)


def test_an_item_in_few_lists_is_not_said_to_be_in_nearly_all():
    split = topple.load_split("generated")
    model = topple.fit(split, "ease", progress=False)
    found = without_a_set(model, split.histories(limit=12), k=3)
    listed, users = listed_by_hand(model, split, k=5), len(split.training_histories())
    assert min(listed[e.query.target] / users for e in found) < 0.1, (
        "an item that few have in their list must be asked about"
    )
    for explanation in found:
        assert (SAID in explanation.reason) == (listed[explanation.query.target] / users >= 0.9), explanation.reason


@pytest.fixture
def counted():
    """A popularity model of 40 users: item 0 was met by 4 of them, item 1 by 5; 36 and 35 have each in their list."""
    split = tiny_split(users=60, items=30)
    users, items = 40, 30
    met = np.zeros((users, items), np.float32)
    met[:4, 0], met[4:9, 1] = 1, 1
    for user in range(users):
        met[user, 2 + user % 28] = 1
        met[user, 2 + (user + 9) % 28] = 1
    vocabulary = topple.Vocabulary([f"u{user}" for user in range(users)], "user")
    split = replace(split, train=csr_matrix(met), train_users=vocabulary)
    return topple.fit(split, "popularity", progress=False), split


def test_it_is_said_from_nine_in_ten_on_with_the_share(counted):
    model, split = counted
    first, second, *rest = split.catalogue.vocabulary.ids
    listed = listed_by_hand(model, split, k=5)
    assert (listed[first], listed[second]) == (36, 35)
    reasons = {e.query.target: e.reason for e in topple.explain(model, {"a": rest[:3]}, k=2, progress=False)}
    assert "it is recommended to nearly everyone: to 90% of the users that the model was trained on" in reasons[first]
    assert SAID not in reasons[second]


def test_a_wrapped_model_never_says_it(counted):
    model, split = counted
    first, second, *rest = split.catalogue.vocabulary.ids
    scores = topple.score(model, rest[:1])
    wrapped = topple.wrap(
        lambda row: scores + row.sum(-1, keepdims=True), "callable", split.catalogue, histories="dense"
    )
    found = topple.explain(wrapped, {"a": rest[:3]}, k=2, protected=rest[:1], progress=False)
    assert [explanation.query.target for explanation in found] == [second, first]
    for explanation in found:
        assert explanation.status in (Status.NOT_FOUND, Status.IMPOSSIBLE)
        assert SAID not in explanation.reason
