import numpy as np
import torch

import topple
from topple import Catalogue, Vocabulary, registry
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


def test_equations_are_not_offered_so_that_scores_are_asked_for():
    catalogue, random = Catalogue(Vocabulary(list("abcdefgh"))), np.random.default_rng(0)
    arrays = {"item_factors": random.normal(size=(8, 3)).astype(np.float32)}
    counted, asked = counting(registry.load("recommenders", "als").from_arrays(arrays, catalogue))
    topple.explain(counted, {"user": ["a", "b", "c"]}, k=2, progress=False)
    assert asked.changed > 2


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
