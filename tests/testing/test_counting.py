import torch

from topple.scoring.variations import HistoryBatch, unchanged, without
from topple.testing import film_recommender
from topple.testing.counting import counting


def test_rows_are_counted_whichever_way_they_are_asked_for_and_the_scores_stay_the_same():
    plain = film_recommender()
    counted, asked = counting(plain)
    batch = HistoryBatch.of([[0, 1, 2], [3]])
    removed = torch.tensor([[[True, False, False], [True, True, True]], [[False] * 3, [True, False, False]]])
    keep = without(batch, removed)  # a part, nothing; everything, nothing
    assert torch.equal(counted.score(batch, keep), plain.score(batch, keep))
    assert (asked.rows, asked.changed) == (4, 1)
    bound = counted.bind(batch)
    rows = torch.tensor([0, 0])
    assert torch.equal(bound(keep[rows], rows), plain.bind(batch)(keep[rows], rows))
    assert (asked.rows, asked.changed) == (8, 3)


def test_what_each_item_adds_is_not_counted():
    counted, asked = counting(film_recommender())
    batch = HistoryBatch.of([[0, 1, 2]])
    counted.contributions(batch)
    assert asked.rows == 0
    counted.score(batch, unchanged(batch))
    assert (asked.rows, asked.changed) == (1, 0)


def test_the_copy_is_the_same_model():
    plain = film_recommender()
    counted, _ = counting(plain)
    assert (counted.fingerprint, counted.capabilities) == (plain.fingerprint, plain.capabilities)
    assert "score" not in vars(plain)
