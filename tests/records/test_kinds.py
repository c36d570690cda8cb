import json
import math

import pyarrow as pa
import pytest

from topple.records import kinds
from topple.records.kinds import IdTypes, fitting, in_order, list_fingerprint

IDS = IdTypes(pa.int64(), pa.string())


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (kinds.TEXT, "ünï"),
        (kinds.WHOLE, 7),
        (kinds.WHOLES, (0, 3)),
        (kinds.NUMBER, 0.1),
        (kinds.NUMBER, math.inf),
        (kinds.NUMBER, -math.inf),
        (kinds.NUMBERS, (0.5, math.inf, -2.0)),
        (kinds.FLAG, True),
        (kinds.USER, "ann"),
        (kinds.ITEM, 50),
        (kinds.ITEMS, (50, 7)),
        (kinds.ITEM_SET, frozenset({7, 50})),
        (kinds.ITEM_LISTS, ((1, 2), (3,))),
        (kinds.COSTS, ((7, 2.5),)),
        (kinds.CONTEXT, {"device": "tv", "age": 7}),
        (kinds.OBJECT, {"lam": 0.5, "deep": {"a": [1]}}),
    ],
)
def test_a_value_comes_back_from_json_and_from_a_column(kind, value):
    stored = kind.to_json(value)
    assert kind.from_json(json.loads(json.dumps(stored, allow_nan=False))) == value
    column = pa.array([kind.to_column(stored)], kind.column(IDS))
    assert kind.from_json(kind.from_column(column.to_pylist()[0])) == value


def test_a_number_that_is_none_is_null_and_a_list_keeps_the_position():
    assert kinds.NUMBER.to_json(math.nan) is None
    assert kinds.NUMBERS.to_json((1.0, math.nan)) == [1.0, None]
    assert [math.isnan(number) for number in kinds.NUMBERS.from_json([1.0, None])] == [False, True]


def test_whole_costs_are_written_as_any_others():
    assert json.dumps(kinds.COSTS.to_json(((7, 2),))) == json.dumps(kinds.COSTS.to_json(((7, 2.0),)))


def test_a_list_of_items_has_one_name_in_any_order():
    assert list_fingerprint(frozenset([3, 20, 100])) == list_fingerprint(frozenset([100, 3, 20]))
    assert list_fingerprint(frozenset([3])) != list_fingerprint(frozenset(["3"]))
    assert in_order({100, 3, "b", 20, "a"}) == [3, 20, 100, "a", "b"]
    assert kinds.LIST_NAME.to_json(frozenset()) is not None
    assert kinds.LIST_NAME_OF_ANY.to_json(frozenset()) is None
    assert kinds.LIST_NAME.to_json("not a set") is None


def test_a_context_with_a_key_is_stored_by_the_key_alone():
    class Device:
        key = "tv"

    assert kinds.CONTEXT.to_json(Device()) is None
    assert kinds.CONTEXT.to_json(object()) is None


@pytest.mark.parametrize(
    ("value", "column", "fits"),
    [
        (7, pa.int64(), 7),
        ("7", pa.int64(), None),
        (True, pa.int64(), None),
        (7, pa.string(), None),
        (7, pa.float64(), 7),
        ([1, "x", 2], pa.list_(pa.int64()), [1, 2]),
        ("text", pa.list_(pa.int64()), []),
        ([{"item": "x", "cost": 1.0}, {"item": 1, "cost": 2.0}], kinds.COSTS.column(IDS), [{"item": 1, "cost": 2.0}]),
    ],
)
def test_a_column_takes_what_of_a_value_it_can_hold(value, column, fits):
    assert fitting(value, column) == fits
