from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from topple.data.interactions import Interactions, numbered, to_matrix
from topple.data.reading import read_interactions
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError


def make(pairs, ratings=None, titles=None):
    return Interactions(
        users=Vocabulary(["ann", "bob", "cat"], "user"),
        catalogue=Catalogue(Vocabulary([10, 20, 30]), titles),
        user_index=np.array([user for user, _ in pairs]),
        item_index=np.array([item for _, item in pairs]),
        ratings=None if ratings is None else np.array(ratings, dtype=float),
    )


def test_a_repeated_pair_is_refused_and_the_first_one_is_named():
    with pytest.raises(
        DataError, match=r"2 of 6 rows repeat a \(user, item\) pair, first user='bob', item=30.*duplicates='first'"
    ):
        make([(2, 1), (1, 2), (0, 0), (1, 2), (0, 1), (0, 0)])


def test_it_is_said_what_to_take_for_repeats_that_mean_more_of_the_same():
    with pytest.raises(
        DataError, match=r"again, pass duplicates='count' \(--duplicates count\).*--weight-column\), and they are sum"
    ):
        read_interactions(pa.table({"user": ["a", "a"], "item": ["x", "x"]}))


def test_a_pair_of_one_user_is_no_repeat_of_another_users():
    assert len(make([(0, 1), (1, 0), (1, 1), (0, 0)])) == 4


def test_the_matrix_holds_a_one_for_each_pair():
    matrix = make([(2, 1), (0, 2), (0, 0)]).matrix()
    assert matrix.toarray().tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert matrix.dtype == np.float32
    assert matrix.has_sorted_indices


def test_keeping_rows_drops_users_and_items_without_one():
    kept = make([(2, 1), (0, 2), (0, 0)], [5, 4, 3], ("a", "b", "c")).keep(np.array([True, False, True]))
    assert kept.users.ids == ("ann", "cat")
    assert kept.catalogue.vocabulary.ids == (10, 20)
    assert kept.catalogue.titles == ("a", "b")
    assert kept.user_index.tolist() == [1, 0]
    assert kept.item_index.tolist() == [1, 0]
    assert kept.ratings.tolist() == [5, 3]


def test_describe_counts():
    described = make([(2, 1), (0, 2), (0, 0)], [5, 4, 1]).describe()
    assert described == {
        "name": "interactions",
        "users": 3,
        "items": 3,
        "interactions": 3,
        "density": pytest.approx(1 / 3),
        "history_length_quartiles": [0, 0.5, 1, 1.5, 2],
        "share_of_most_popular_tenth": pytest.approx(1 / 3),
        "titles": False,
        "ratings": [1, 5],
    }
    assert "ratings" not in make([(0, 0)]).describe()
    assert make([(0, 0)], titles=("a", "b", "c")).describe()["titles"] is True


def test_a_matrix_is_not_transposed():
    assert to_matrix(np.array([0]), np.array([2]), (2, 3)).toarray().tolist() == [[0, 0, 1], [0, 0, 0]]


def test_when_looks_pairs_up_and_describe_tells_the_span():
    found = replace(make([(2, 1), (0, 2), (0, 0)]), timestamps=np.array([5.0, 3.0, 9.0]))
    assert found.when(np.array([0, 2, 0]), np.array([0, 1, 2])).tolist() == [9, 5, 3]
    assert found.describe()["timestamps"] == [3, 9]
    assert make([(0, 0)]).when(np.array([0]), np.array([0])) is None


def test_numbers_of_entries_are_exact_however_large():
    matrix = to_matrix(np.array([0, 1, 1]), np.array([2, 0, 1]), (2, 3))
    large = np.array([2**24 + 1, 2**24 + 3, 2**53 + 1])
    found = numbered(matrix, large)
    assert found[[1]].data.tolist() == [2**24 + 3, 2**53 + 1]
    assert found[[1, 0]].indices.tolist() == [0, 1, 2]
    assert matrix.data.tolist() == [1, 1, 1]
