"""The columns of many explanations are those of their rows."""

import pyarrow as pa
import pytest

import topple
from topple.records.io import to_row, to_table
from topple.records.kinds import IdTypes
from topple.records.shards.columns import table_of
from topple.reports.records import words_of
from topple.testing import film_recommender

HISTORIES = {"ana": ["alien", "brazil", "casino"], "bo": ["dracula", "casino"], "cy": ["alien"]}
ASKED = [
    {"k": 2}, {"k": 1, "goal": "both"}, {"k": 2, "rule": "unseen_after", "exclude": ["evita"]}, {"k": 2, "protected": ["brazil"]},
    {"k": 2, "item_costs": {"alien": 2.5}, "groups": [["alien", "brazil"]]}, {"k": 2, "targets": ["casino", "no such film"]},
    {"k": 2, "weights": {"ana": [1, 2, 3]}, "explainer": "leave-one-out"},
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("told", [False, True])
def test_the_table_is_that_of_the_rows(asked, told):
    model = film_recommender()
    found = topple.explain(model, HISTORIES, progress=False, **asked)
    words = words_of(model.catalogue) if told else None
    expected = to_table([to_row(each, words) for each in found], pa.string())
    made = table_of(found, IdTypes(pa.string(), pa.string()), words)
    assert made.schema.equals(expected.schema, check_metadata=True)
    for name in made.column_names:
        if told or name not in ("item_titles", "replacement_titles"):
            assert made[name].equals(expected[name]), name
    assert made.num_rows == len(found)


def test_users_that_are_numbers_stay_numbers_and_no_rows_are_a_table():
    model = film_recommender()
    found = topple.explain(model, {7: ["alien", "brazil"]}, k=2, progress=False)
    assert table_of(found, IdTypes(pa.string(), pa.int64())).column("user").to_pylist() == [7, 7]
    assert table_of([], IdTypes(pa.string(), pa.int64())).num_rows == 0
