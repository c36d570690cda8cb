import torch

from topple.records.question import CandidateRule
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import film_recommender, random_mult_vae
from topple.verification import reranking
from topple.verification.reranking import reranked

HISTORIES = HistoryBatch.of([[1, 2, 3, 4, 5, 6], [9], [7, 8, 2], [3], [4, 1]])


def test_every_history_comes_once_with_the_scores_it_has_alone(monkeypatch):
    model = random_mult_vae()
    monkeypatch.setattr(reranking, "SCORES_AT_ONCE", 2 * len(model.catalogue))
    seen = []
    for places, scores in reranked(model, HISTORIES, unchanged(HISTORIES), CandidateRule.UNSEEN_BEFORE):
        assert len(places) <= 2
        for place, row in zip(places.tolist(), scores, strict=True):
            seen.append(place)
            alone = HISTORIES.rows(torch.tensor([place]))
            expected = model.score(alone, unchanged(alone))[0]
            own = alone.items[0]
            assert torch.isinf(row[0, own]).all()
            expected[:, own] = -torch.inf
            assert torch.allclose(row, expected, atol=1e-12)
    assert sorted(seen) == [0, 1, 2, 3, 4]


def test_no_history_is_no_work():
    nothing = HISTORIES.rows(torch.tensor([], dtype=torch.int64))
    assert list(reranked(film_recommender(), nothing, unchanged(nothing), CandidateRule.UNSEEN_BEFORE)) == []


def test_scores_are_computed_without_gradients_in_the_precision_of_the_histories():
    keep = unchanged(HISTORIES).requires_grad_()
    for _, scores in reranked(random_mult_vae(), HISTORIES, keep, CandidateRule.UNSEEN_AFTER):
        assert scores.dtype is torch.float64
        assert not scores.requires_grad
