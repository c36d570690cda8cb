import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topple.data.merging import Rows, merged
from topple.errors import DataError


def rows(weights=None, ratings=None):
    """Five rows of two pairs: rows 0, 2 and 3 are of pair 8, rows 1 and 4 of pair 3."""
    as_array = [None if values is None else np.array(values, dtype=np.float64) for values in (ratings, weights)]
    return Rows(np.array([8, 3, 8, 8, 3]), *as_array, np.array([50.0, 10, 70, 60, 20]))


def told(found):
    values = (found.pairs, found.ratings, found.weights, found.timestamps)
    return [None if value is None else value.tolist() for value in values]


@pytest.mark.parametrize(
    ("duplicates", "expected"),
    [
        (None, [[8, 3], None, [6, 9], [70, 20]]),
        ("sum", [[8, 3], None, [6, 9], [70, 20]]),
        ("mean", [[8, 3], None, [2, 4.5], [70, 20]]),
        ("count", [[8, 3], None, [3, 2], [70, 20]]),
        ("max", [[8, 3], None, [3, 5], [70, 20]]),
        ("first", [[8, 3], None, [1, 4], [50, 10]]),
        ("last", [[8, 3], None, [2, 5], [60, 20]]),
    ],
)
def test_the_weights_and_the_time_of_a_pair(duplicates, expected):
    assert told(merged(rows([1, 4, 3, 2, 5]), duplicates)) == expected


def test_ratings_are_left_as_they_are_unless_asked():
    found = rows([1, 4, 3, 2, 5], ratings=[3, 1, 5, 4, 2])
    assert merged(found, None) is found
    assert told(merged(found, "sum")) == [[8, 3], [4, 1.5], [6, 9], [70, 20]]
    assert told(merged(rows(ratings=[3, 1, 5, 4, 2]), "count")) == [[8, 3], [4, 1.5], [3, 2], [70, 20]]


def test_rows_without_weights_are_counted():
    assert told(merged(rows(), "sum")) == told(merged(rows(), "count")) == [[8, 3], None, [3, 2], [70, 20]]
    assert merged(rows(), None).pairs.tolist() == [8, 3, 8, 8, 3]


def test_counting_is_of_rows_where_no_pair_repeats_too():
    single = Rows(np.array([8, 3]), None, np.array([5.0, 7.0]), None)
    assert merged(single, "count").weights.tolist() == [1, 1]
    assert merged(single, "sum").weights.tolist() == [5, 7]


def test_ratings_are_not_added_up():
    with pytest.raises(DataError, match=r"duplicates='sum' would add up ratings.*read the column as weights"):
        merged(rows(ratings=[3, 1, 5, 4, 2]), "sum")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), min_size=1))
def test_sums_are_those_of_a_plain_loop(events):
    sums = {}
    for pair, weight in events:
        sums[pair] = sums.get(pair, 0) + weight
    pairs, weights = (np.array(values) for values in zip(*events, strict=True))
    found = merged(Rows(pairs, None, weights.astype(np.float64), None), None)
    assert dict(zip(found.pairs.tolist(), found.weights.tolist(), strict=True)) == sums
