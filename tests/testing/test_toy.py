import pytest
import torch

from topple.api.recommending import recommend
from topple.errors import ModelFolderError
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import ToyRecommender, film_recommender, random_additive, random_mult_vae, tiny_split, worlds
from topple.testing.toy import ANA, FILMS, GIVES


def test_the_table_is_not_symmetric_and_no_item_gives_to_itself():
    table = torch.tensor(GIVES)
    assert int((table != table.T).sum()) > 30
    assert not table.diagonal().any()


def test_scores_are_the_sums_worked_out_by_hand():
    batch = HistoryBatch.of([[0, 1, 2, 3], [6, 4]])
    scores = film_recommender().score(batch, unchanged(batch))[:, 0]
    assert scores[0, 4:].tolist() == [8, 7, 6]
    assert scores[1].tolist() == [4, 0, 3, 1, 7, 7, 1]


def test_a_transposed_table_recommends_something_else():
    right = film_recommender()
    wrong = ToyRecommender(right.catalogue, right.arrays()["gives"].T)
    assert [listed.item for listed in recommend(right, ANA, k=2)] == ["evita", "fargo"]
    assert [listed.item for listed in recommend(wrong, ANA, k=2)] == ["fargo", "gattaca"]


def test_a_table_of_another_size_is_refused():
    with pytest.raises(ModelFolderError, match=r"'gives' has shape \(2, 2\)"):
        ToyRecommender.from_arrays({"gives": torch.eye(2)}, film_recommender().catalogue)


def test_worlds_are_the_same_each_time_and_ask_what_can_be_asked():
    first, again = worlds(), worlds()
    for one, other in zip(first, again, strict=True):
        assert one.queries == other.queries
        assert one.recommender.fingerprint == other.recommender.fingerprint
        for query in one.queries:
            ranks = {listed.item: listed.rank for listed in recommend(one.recommender, query.history, k=query.k)}
            assert ranks[query.target] <= query.k


def test_ids_are_no_indices():
    assert set(FILMS).isdisjoint(range(10))
    assert min(random_additive().catalogue.vocabulary.ids) > 100
    assert min(random_mult_vae().catalogue.vocabulary.ids) > 100
    assert tiny_split().catalogue.vocabulary.ids[0] == "i000"
