import json
import math

from topple.records.as_json import as_json


def test_what_json_does_not_know_is_null():
    assert json.loads(as_json({"a": [math.nan, 1.5], "b": (math.inf,)})) == {"a": [None, 1.5], "b": [None]}
    assert as_json("ü") == '"ü"'
