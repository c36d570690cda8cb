"""Records of questions: what is converted, what is left as it was given, and queries about one item of a request."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from topple.records.history import History
from topple.records.question import CandidateRule, Goal, Query, Repeats, Request


class Device:
    key = "tv"


ASKED = {
    "k": np.int64(3), "rule": "all", "seed": np.int64(7), "user": np.str_("ana"), "weights": [1, 2], "times": np.array([3, 4]),
    "context": Device(), "repeats": "events", "goal": "both", "protected": ["a"], "groups": [["a", "b"]],
    "item_costs": pd.Series({"a": 2}), "largest": np.int64(1), "sets": np.int64(2), "candidates": ["c", "d"], "exclude": {"d"},
}  # fmt: skip


def types(record):
    """The types of the fields, and of the values in those that hold several."""
    values = {each.name: getattr(record, each.name) for each in fields(record)}
    return {
        name: (type(value), {*map(type, value)} if isinstance(value, tuple | frozenset) else None)
        for name, value in values.items()
    }


def test_values_of_other_types_become_those_of_the_fields():
    query = Query(np.array(["a", "b"]), np.str_("c"), **ASKED)
    assert (query.history, query.target) == (("a", "b"), "c")
    assert (query.k, query.rule, query.seed, query.user) == (3, CandidateRule.ALL, 7, "ana")
    assert (query.weights, query.times) == ((1.0, 2.0), (3.0, 4.0))
    assert (query.context_key, query.repeats, query.goal) == ("tv", Repeats.EVENTS, Goal.BOTH)
    assert (query.protected, query.groups, query.item_costs) == (frozenset("a"), (("a", "b"),), (("a", 2),))
    assert (query.largest, query.sets, query.candidates, query.exclude) == (1, 2, frozenset("cd"), frozenset("d"))
    converted = types(query)
    assert converted["history"] == (tuple, {str})
    assert converted["times"] == converted["weights"] == (tuple, {float})
    assert {converted[name][0] for name in ("k", "seed", "largest", "sets")} == {int}
    assert converted["user"] == converted["target"] == (str, None)


@pytest.mark.parametrize(
    "strange",
    [
        {"history": 5}, {"history": "text"}, {"k": "x"}, {"rule": "no"}, {"goal": 7}, {"repeats": None}, {"weights": 5},
        {"times": ["late"]}, {"protected": 5}, {"groups": 5}, {"item_costs": [1]}, {"candidates": "text"}, {"exclude": 7},
    ],
)  # fmt: skip
def test_what_cannot_be_converted_stays_to_be_refused_when_it_is_asked(strange):
    ((name, value),) = strange.items()
    assert getattr(Query(**{"history": ("a",), "target": "c", **strange}), name) is value


def test_a_history_comes_with_weights_unless_others_are_given():
    history = History(["a", "b"], [3, 1])
    assert Query(history, "c").weights == (3.0, 1.0)
    assert Query(history, "c", weights=[2, 2]).weights == (2.0, 2.0)
    assert type(Query(history, "c").history) is tuple


@pytest.mark.parametrize("history", [["a", "b"], History(["a", "b"], [3, 1]), 5])
@pytest.mark.parametrize(
    "asked", [{}, {name: value for name, value in ASKED.items() if name != "weights"}, {"groups": 5}]
)
def test_a_query_about_an_item_of_a_request_is_the_query_with_these_fields(history, asked):
    request = Request(history=history, left_out=("z",), **asked)
    query = Query.about(np.str_("c"), request)
    by_hand = Query(target="c", **{each.name: getattr(request, each.name) for each in fields(Request)})
    assert query == by_hand
    assert types(query) == types(by_hand)
    assert (query.context, query.left_out) == (by_hand.context, by_hand.left_out)
    assert repr(query) == repr(by_hand)


def test_all_queries_of_a_run_hold_the_same_large_set():
    many = frozenset(range(1000))
    request = Request(history=("a",), exclude=many)
    assert request.exclude is many
    assert Query.about("c", request).exclude is many
