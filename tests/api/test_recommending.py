import numpy as np
import pytest

import topple
from tests.data.prepared import played_split
from topple.api.recommending import Recommended, recommend, recommend_many
from topple.errors import QueryError
from topple.testing import film_recommender, random_mult_vae
from topple.testing.toy import ANA, BO

TOY = film_recommender()


def test_the_list_of_the_films_is_the_one_worked_out_by_hand():
    assert recommend(TOY, ANA, k=2) == [
        Recommended(1, "evita", "Evita (1996)", 8.0),
        Recommended(2, "fargo", "Fargo (1996)", 7.0),
    ]
    assert [(place.item, place.score) for place in recommend(TOY, BO, k=4)] == [
        ("fargo", 7),
        ("alien", 4),
        ("casablanca", 3),
        ("duel", 1),
    ]


def test_equal_scores_stand_in_catalogue_order():
    assert [place.item for place in recommend(TOY, ("fargo",), k=5)] == ["duel", "gattaca", "brazil", "evita", "alien"]


def test_the_order_of_the_history_does_not_matter_and_arrays_are_histories():
    assert recommend(TOY, ANA[::-1], k=2) == recommend(TOY, np.array(ANA), k=2) == recommend(TOY, ANA, k=2)


def test_ids_without_titles_are_their_own_titles():
    place = recommend(random_mult_vae(), [101], k=1)[0]
    assert place.title == str(place.item)


def test_lists_are_the_same_alone_and_in_a_batch(set_memory):
    model = random_mult_vae(items=30)
    ids = model.catalogue.vocabulary.ids
    histories = [ids[start : start + 1 + start % 7] for start in range(20)]
    together = recommend_many(model, histories, k=4)
    alone = [recommend(model, history, k=4) for history in histories]
    assert [[place.item for place in listed] for listed in alone] == [
        [place.item for place in listed] for listed in together
    ]
    set_memory(3 * len(model.catalogue))
    assert [[p.item for p in listed] for listed in recommend_many(model, histories, k=4)] == [
        [p.item for p in listed] for listed in together
    ]


@pytest.mark.parametrize(
    ("history", "k", "match"),
    [
        ((), 5, "the history is empty"),
        (("alien", "jaws"), 2, "unknown item id 'jaws'"),
        (ANA, 3, "k=3 with 3 candidates"),
        (ANA, 0, "k=0 with 3 candidates"),
    ],
)
def test_what_cannot_be_recommended_is_refused(history, k, match):
    with pytest.raises(QueryError, match=match):
        recommend(TOY, history, k=k)
    with pytest.raises(QueryError, match=match):
        recommend_many(TOY, [history, BO], k=k)


def test_a_history_with_weights_is_asked_with_them(caplog):
    split = played_split()
    model = topple.fit(split, "ease", progress=False)
    histories = split.histories()
    for history, listed in zip(histories.values(), recommend_many(model, list(histories.values())), strict=True):
        assert listed == recommend(model, history) == recommend(model, list(history), weights=history.weights)
    assert any(recommend(model, history) != recommend(model, list(history)) for history in histories.values())
    assert "does not use" not in caplog.text


def test_weights_that_are_not_used_are_said(caplog):
    split = played_split()
    model = topple.fit(split.unweighted(), "popularity", progress=False)
    (history, *_) = split.histories().values()
    assert recommend(model, history) == recommend(model, list(history))
    assert caplog.text.count("popularity does not use the weights of histories (such as") == 1
