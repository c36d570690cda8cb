import torch

from topple.records.question import CandidateRule
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import ToyRecommender, film_recommender, random_mult_vae
from topple.verification.reranking import reranked

BEFORE = CandidateRule.UNSEEN_BEFORE
HISTORIES = HistoryBatch.of([[1, 2, 3, 4, 5, 6], [9], [7, 8, 2], [3], [4, 1]])


def test_every_history_comes_once_with_the_scores_it_has_alone(set_memory):
    model = random_mult_vae()
    set_memory(2 * len(model.catalogue))
    seen = []
    for places, scores in reranked(
        model, HISTORIES, torch.arange(5), unchanged(HISTORIES)[:, 0], CandidateRule.UNSEEN_BEFORE
    ):
        assert len(places) <= 2
        for place, row in zip(places.tolist(), scores, strict=True):
            seen.append(place)
            alone = HISTORIES.rows(torch.tensor([place]))
            expected = model.score(alone, unchanged(alone))[0]
            own = alone.items[0]
            assert torch.isinf(row[own]).all()
            expected[:, own] = -torch.inf
            assert torch.allclose(row, expected[0], atol=1e-12)
    assert sorted(seen) == [0, 1, 2, 3, 4]


def test_no_history_is_no_work():
    nothing = HISTORIES.rows(torch.tensor([], dtype=torch.int64))
    row = torch.tensor([], dtype=torch.int64)
    assert list(reranked(film_recommender(), nothing, row, unchanged(nothing)[:, 0], CandidateRule.UNSEEN_BEFORE)) == []


def test_variations_of_one_history_are_scored_together_and_none_for_nothing():
    asked = []

    class Counting(ToyRecommender):
        def score(self, histories, keep, candidates=None):
            asked.append(tuple(keep.shape[:2]))
            return super().score(histories, keep, candidates)

    row, keep = torch.tensor([0, 2, 0, 2, 1]), torch.ones(5, 3).double()
    histories = HistoryBatch.of([[0, 1, 2], [3], [4, 5]])
    which = [part.tolist() for part, _ in reranked(film_recommender(Counting), histories, row, keep, BEFORE)]
    assert sorted(number for part in which for number in part) == [0, 1, 2, 3, 4]
    assert sum(rows * variations for rows, variations in asked) == 5


def test_scores_are_computed_without_gradients_in_the_precision_of_the_histories():
    keep = unchanged(HISTORIES).requires_grad_()
    for _, scores in reranked(random_mult_vae(), HISTORIES, torch.arange(5), keep[:, 0], CandidateRule.UNSEEN_AFTER):
        assert scores.dtype is torch.float64
        assert not scores.requires_grad
