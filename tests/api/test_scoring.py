import numpy as np
import pytest
import torch

import topple
from topple.errors import QueryError
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import film_recommender, random_mult_vae


@pytest.fixture
def model():
    return random_mult_vae()


def direct(model, *histories):
    batch = HistoryBatch.of(histories)
    return model.score(batch, unchanged(batch))[:, 0].numpy()


def test_scores_are_the_models_own_for_the_whole_catalogue(model):
    ids = model.catalogue.vocabulary.ids
    found = topple.score(model, {"ann": [ids[0], ids[3]], "bob": ids[5:8], "cy": []})
    assert found.dtype == np.float64
    assert np.allclose(found, direct(model, [0, 3], [5, 6, 7], []), rtol=1e-12, atol=0)
    assert topple.score(model, ids[5:8]).shape == (24,)
    assert np.allclose(topple.score(model, ids[5:8]), found[1], rtol=1e-12, atol=0)


def test_chosen_items_come_in_the_order_given(model):
    ids = model.catalogue.vocabulary.ids
    whole = topple.score(model, ids[:4])
    assert np.allclose(topple.score(model, ids[:4], [ids[9], ids[0], ids[9]]), whole[[9, 0, 9]], rtol=1e-12, atol=0)
    assert topple.score(model, {}, ids[:2]).shape == (0, 2)
    assert topple.score(model, {"a": ids[:1]}, []).shape == (1, 0)


def test_more_histories_than_are_scored_at_once(model, set_memory):
    set_memory(3 * len(model.catalogue))
    ids = model.catalogue.vocabulary.ids
    histories = {user: ids[user : user + 2] for user in range(8)}
    expected = direct(model, *([user, user + 1] for user in range(8)))
    assert np.allclose(topple.score(model, histories), expected, rtol=1e-12, atol=0)


def test_scoring_keeps_no_gradient():
    films = film_recommender()
    with torch.enable_grad():
        assert isinstance(topple.score(films, ["alien"]), np.ndarray)


@pytest.mark.parametrize(
    ("histories", "items", "words"),
    [
        (["alien", "nothing"], None, r"unknown item id 'nothing'.*Leave it out"),
        ({"ann": ["alien"]}, ["nothing"], r"unknown item id 'nothing'.*Leave it out"),
        (["alien"], np.array(1), r"array\(1\) is not a sequence of ids\. Give a list of ids"),
        ("alien", None, r"histories of type str are not read. Give one history as a list"),
    ],
)
def test_what_cannot_be_scored_is_said(histories, items, words):
    with pytest.raises(QueryError, match=words):
        topple.score(film_recommender(), histories, items)


def test_the_weights_of_a_history_count():
    model = film_recommender()
    first, second = model.catalogue.vocabulary.ids[:2]
    once, both = topple.score(model, [second]), topple.score(model, topple.History([first, second], [3, 1]))
    assert np.allclose(both, 3 * topple.score(model, [first]) + once)
