import numpy as np
import pytest

from topple.data.filtering import enough_items, positive
from topple.data.interactions import Interactions
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError


@pytest.fixture
def interactions():
    return Interactions(
        users=Vocabulary(["ann", "bob"], "user"),
        catalogue=Catalogue(Vocabulary([10, 20, 30])),
        user_index=np.array([0, 0, 0, 1, 1]),
        item_index=np.array([0, 1, 2, 0, 1]),
        ratings=np.array([3.0, 3.5, 4.0, 5.0, 1.0]),
    )


def test_positive_is_strictly_above(interactions):
    kept = positive(interactions, 3.5)
    assert kept.ratings.tolist() == [4, 5]
    assert kept.catalogue.vocabulary.ids == (10, 30)


def test_without_a_threshold_or_ratings_every_row_is_positive(interactions):
    assert positive(interactions, None) is interactions
    implicit = Interactions(
        interactions.users, interactions.catalogue, interactions.user_index, interactions.item_index
    )
    assert positive(implicit, 3.5) is implicit


def test_a_threshold_above_every_rating_is_refused(interactions):
    with pytest.raises(
        DataError, match=r"positive_above=5: no rating is above it \(ratings go from 1 to 5\)\. Lower it"
    ):
        positive(interactions, 5)


def test_users_with_too_few_items_are_left_out(interactions):
    assert enough_items(interactions, 2).users.ids == ("ann", "bob")
    assert enough_items(interactions, 3).users.ids == ("ann",)


def test_a_minimum_that_no_user_reaches_is_refused(interactions):
    with pytest.raises(DataError, match=r"min_items=4: no user has as many interactions \(the most is 3\)"):
        enough_items(interactions, 4)
