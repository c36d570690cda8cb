"""Records made of columns are those made one by one."""

from dataclasses import FrozenInstanceError, fields

import pytest

from topple.records.answer import Explanation, Status, Verdict
from topple.records.columns import from_columns
from topple.records.question import CandidateRule, Query

QUERIES = [Query(["alien"], target) for target in ("brazil", "casablanca")]


def test_each_row_is_the_record_made_by_itself():
    rule = CandidateRule.ALL
    made = from_columns(Verdict, {"size": [2, 3], "query": QUERIES, "margin": [0.5, None]}, rule=rule, found=True)
    by_hand = [Verdict(QUERIES[0], rule, True, 2, margin=0.5), Verdict(QUERIES[1], rule, True, 3)]
    assert made == by_hand
    assert [repr(each) for each in made] == [repr(each) for each in by_hand]
    for each, other in zip(made, by_hand, strict=True):
        assert all(getattr(each, field.name) is getattr(other, field.name) for field in fields(Verdict))
    with pytest.raises(FrozenInstanceError):
        made[0].size = 4


def test_of_no_rows_there_are_no_records():
    assert from_columns(Verdict, {"query": []}, rule=CandidateRule.ALL, found=False) == []


def test_columns_are_of_one_length_and_name_fields():
    with pytest.raises(ValueError, match="query: 2, status: 1"):
        from_columns(Explanation, {"query": QUERIES, "status": [Status.FOUND]}, settings={})
    with pytest.raises(TypeError, match=r"Explanation has no field price, sise\. Name fields of the record"):
        from_columns(Explanation, {"query": QUERIES, "sise": [1, 2]}, price=1)
