"""Histories as sums of what a recommender answers to single positions."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import topple
from topple.records.question import CandidateRule
from topple.scoring.ranking import catalogue_scores
from topple.scoring.sums.building import answered, whole_rows
from topple.scoring.sums.rows import stored_rows
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import film_recommender

ITEMS = 12
TABLE = np.random.default_rng(0).normal(size=(ITEMS, ITEMS))


def wrapped(**how):
    """Return a function that adds up rows by the squares of the weights, and a constant."""
    return topple.wrap(
        lambda rows, **told: rows**2 @ TABLE + np.arange(ITEMS),
        "callable",
        list(range(ITEMS)),
        histories="dense",
        additive=True,
        **how,
    )


@pytest.mark.parametrize("rule", CandidateRule)
def test_sums_of_answers_are_the_scores_weights_filters_and_padding_included(rule):
    model, allowed = wrapped(), torch.ones(1, ITEMS, dtype=torch.bool)
    allowed[0, :8] = False
    plain = HistoryBatch.of([[1, 2, 3], [3, 4], [], [5]], weights=[[0.5, 2, 1], [2, 3], [], [0.25]])
    for histories in (plain, replace(plain, filters=allowed, filter_of=torch.zeros(4, dtype=torch.int64))):
        expected = catalogue_scores(model, histories, unchanged(histories), rule)[:, 0]
        torch.testing.assert_close(whole_rows(answered(model, histories, rule)), expected, rtol=1e-12, atol=1e-12)


def test_what_cannot_be_asked_so_is_no_sum():
    histories, rule = HistoryBatch.of([[1, 2, 3], [3, 4]]), CandidateRule.UNSEEN_BEFORE
    assert answered(film_recommender(), histories, rule) is None
    assert answered(wrapped(contexts=["a"]), histories, rule) is None
    model = wrapped()
    assert answered(model, histories, rule) is not None
    assert answered(model, replace(histories, added=torch.zeros_like(histories.filled)), rule) is None
    assert answered(model, replace(histories, weights=histories.weights.float()), rule) is None


@pytest.mark.parametrize(
    ("indptr", "largest", "least"),
    [
        ([0, 0, 2, 2, 3, 3], [0, 4, 0, 5, 0], [0, -4, 0, -5, 0]),
        ([0, 1, 2, 3], [4, 1, 5], [-4, 0, -5]),
        ([0, 3], [5], [-5]),
        ([0, 0, 0], [0, 0], [0, 0]),
        ([0], [], []),
    ],
)
def test_the_largest_and_the_least_number_of_each_stored_row(indptr, largest, least):
    values = torch.tensor([-4.0, 1, -5])[: indptr[-1]]
    rows = stored_rows(torch.tensor(indptr), torch.arange(len(values)), values)
    assert rows.largest.tolist() == largest
    assert rows.least.tolist() == least
