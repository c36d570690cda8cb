"""One rule tells whether a shown list differs from the model's among ties only."""

import numpy as np
import pytest

import topple
from topple.api.agreeing.ties import same_up_to_ties
from topple.records.agreement import Match

NEAR = 1e-6
"""Less than what rounding in float32 can do to scores of 3, and far more than in float64."""


def model(*gaps):
    gives = np.array([0.0, 3.0, *[3.0 - gap for gap in gaps], 1.0, 0.5])
    return topple.wrap(lambda rows: [gives * len(row) for row in rows], "callable", range(len(gives)))


@pytest.mark.parametrize(
    ("gap", "same"),
    [(0.0, True), (1e-13, True), (NEAR, True), (1e-3, False)],
    ids=["equal", "float64", "float32", "apart"],
)
def test_a_list_that_is_explained_and_one_that_is_compared_are_told_by_one_rule(gap, same):
    recommender, history = model(gap), [0]
    shown = [2, 1]
    explained = topple.explain(recommender, history, shown=shown, progress=False)
    assert [each.shown_is_models for each in explained] == [same, same]
    (compared,) = topple.agreement(recommender, {"ann": shown}, 2, histories={"ann": history}).lists
    assert (compared.match in (Match.IDENTICAL, Match.TIED)) is same


def test_an_item_that_is_listed_by_rounding_alone_is_said_to_be():
    (only,) = topple.explain(model(NEAR), [0], shown=[2], progress=False)
    assert only.shown_is_models is True
    assert only.reason == (
        "2 was shown at rank 1, and in the model it is at rank 2: only rounding in float32 tells the two lists apart. In the model it "
        "is not in the top 1, and what is not listed cannot leave"
    )


def test_lists_of_other_lengths_and_items_that_do_not_compete():
    scores, rounding = np.array([3.0, 2.0, 1.0]), np.zeros(2)
    assert same_up_to_ties(scores, scores[:2], rounding)
    assert not same_up_to_ties(scores[:1], scores[:2], rounding)
    assert not same_up_to_ties(scores, np.array([3.0, -np.inf]), rounding)
