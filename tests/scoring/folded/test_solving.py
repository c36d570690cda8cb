"""Users of changed histories by updates are those of equations that are solved anew, in float64."""

import numpy as np
import pytest
import torch

from topple import Catalogue, Vocabulary, registry
from topple.records.question import CandidateRule
from topple.scoring.folded.building import folded
from topple.scoring.folded.solving import dot, fill_in_solution, user_without
from topple.scoring.variations import HistoryBatch, unchanged

ITEMS, FACTORS, ALPHA = 50, 8, 2.0


def als(random, regularisation=5.0, alpha=ALPHA):
    factors = random.normal(0, 0.5, (ITEMS, FACTORS)).astype(np.float32)
    factors[3] = 0
    catalogue = Catalogue(Vocabulary([f"i{item}" for item in range(ITEMS)]))
    arrays = {"item_factors": factors, "fold_in": [alpha, regularisation]}
    return registry.load("recommenders", "als").from_arrays(arrays, catalogue)


def fold(model, items, weights, filled=None):
    batch = HistoryBatch(torch.tensor([items]), torch.tensor([weights], dtype=torch.float64))
    if filled is not None:
        batch = HistoryBatch(batch.items, batch.weights, torch.tensor([filled]))
    scores = model.score(batch, unchanged(batch))[:, 0]
    return folded(model, batch, scores, CandidateRule.UNSEEN_BEFORE)


def solved_anew(model, items, weights, removed, regularisation):
    factors = model.arrays()["item_factors"].double().numpy()
    kept = factors[items] * ~removed[:, None]
    gram = factors.T @ factors + regularisation * np.eye(FACTORS)
    weights = np.asarray(weights, dtype=float)
    alpha = float(model.arrays()["fold_in"][0])
    left = gram + (kept * alpha * weights[:, None]).T @ kept
    return np.linalg.solve(left, ((1 + alpha) * weights) @ kept)


CASES = {
    "weights": (list(range(10, 22)), [1, 2, 3, 0.25, 5, 1, 1, 7, 1, 1, 0.5, 30]),
    "zero weights": (list(range(10, 16)), [1, 0, 3, 0, 5, 1]),
    "the same item again": ([7, 8, 7, 9, 7, 8, 10], [1, 1, 2, 1, 3, 1, 1]),
    "no factors": ([3, 4, 5, 3], [1, 2, 1, 1]),
    "one item": ([6], [2]),
    "longer than the factors": (list(range(4, 49)), [1 + item % 3 for item in range(45)]),
}


@pytest.mark.parametrize("regularisation", [5.0, 1e-6])
@pytest.mark.parametrize("case", CASES)
def test_users_are_those_of_the_equations_solved_anew(case, regularisation):
    random = np.random.default_rng(0)
    model, (items, weights) = als(random, regularisation), CASES[case]
    history = fold(model, items, weights, [True] * len(items))
    shares = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]
    drawn = [random.random(len(items)) < share for share in shares for _ in range(4)]
    for removed in [*drawn, np.array(items) != 3]:
        user = np.full(FACTORS, np.nan)
        user_without(history, 0, removed, user)
        expected = solved_anew(model, items, weights, removed, regularisation)
        assert np.allclose(user, expected, rtol=0, atol=1e-11 * max(1, np.abs(expected).max()))
        if all(removed | (np.array(items) == 3)):  # what is left moves nothing
            assert (user == 0).all()


def test_an_item_that_is_nearly_certain_is_taken_out_again():
    random = np.random.default_rng(1)
    model = als(random, alpha=200.0)
    items, weights = list(range(10, 20)), [1.0] * 10
    history = fold(model, items, weights)
    assert history is not None
    for position in range(10):
        removed = np.arange(10) == position
        user = np.zeros(FACTORS)
        user_without(history, 0, removed, user)
        assert np.allclose(user, solved_anew(model, items, weights, removed, 5.0), rtol=0, atol=1e-10)


def test_a_history_too_certain_for_updates_is_not_offered():
    model = als(np.random.default_rng(1))
    assert fold(model, [10, 11], [1.0, 1e6]) is None


def test_padding_does_not_move_the_user():
    model = als(np.random.default_rng(2))
    alone = fold(model, [10, 11, 12], [1.0, 2.0, 1.0])
    beside = folded(
        model,
        HistoryBatch.of([[10, 11, 12], list(range(20, 30))], weights=[[1, 2, 1], [1] * 10]),
        torch.zeros(2, ITEMS, dtype=torch.float64),
        CandidateRule.UNSEEN_BEFORE,
    )
    one, other, removed = np.zeros(FACTORS), np.zeros(FACTORS), np.array([False, True, False])
    user_without(alone, 0, removed, one)
    user_without(beside, 0, removed, other)
    assert np.allclose(one, other, rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", range(10))
def test_products_hold_every_number(size):
    left, right = np.random.default_rng(size).normal(size=(2, size))
    assert dot(left, right) == pytest.approx(float(left @ right), abs=1e-14)


@pytest.mark.parametrize("size", [1, 2, 5, 40])
def test_systems_are_solved(size):
    random = np.random.default_rng(size)
    factors = random.normal(size=(size, 6))
    left = np.eye(size) + random.random(size)[:, None] * (factors @ factors.T)  # no row is to be exchanged
    right = random.normal(size=size)
    found = right.copy()
    fill_in_solution(left.copy(), found)
    assert np.allclose(left @ found, right, atol=1e-11)
