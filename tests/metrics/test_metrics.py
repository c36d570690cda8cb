import math
from dataclasses import replace

import pytest

from topple import metrics, registry
from topple.metrics import Judged
from topple.metrics.f_ns import FNS
from topple.records.answer import Explanation, Removal, Status, Verdict
from topple.records.question import CandidateRule, Query


def verdict(size=0, **said):
    return Verdict(Query(("a", "b", "c"), "t"), CandidateRule.UNSEEN_AFTER, size > 0, size, **said)


OF_SETS = [name for name in registry.names("metrics") if not registry.load("metrics", name).reads_attributions]


def seen(verdicts):
    return [Judged(Explanation(one.query, Status.FOUND), one) for one in verdicts]


def measure(verdicts):
    return metrics.measure(seen(verdicts))


def values(verdicts):
    return metrics.values(seen(verdicts))


# Ten queries: seven sets found, four of them necessary (of these one minimal, three with a bound), two sufficient; three not
# found.
TEN = [
    verdict(1, necessary=True, sufficient=True, minimal=True, at_least=1.0),
    verdict(2, necessary=True, minimal=False),
    verdict(at_least=math.inf),
    verdict(3, necessary=True, minimal=False, at_least=2.0),
    verdict(5, necessary=True, minimal=False, at_least=2.0),
    verdict(2, sufficient=True, at_least=1.0),
    verdict(),
    verdict(4),
    verdict(),
    verdict(4),
]


@pytest.mark.parametrize(
    ("name", "value", "denominator", "of", "direction"),
    [
        ("coverage", 7 / 10, 10, "queries", "higher"),
        ("validity", 4 / 10, 10, "queries", "higher"),
        ("pn", 4 / 7, 7, "found sets", "higher"),
        ("ps", 2 / 7, 7, "found sets", "higher"),
        ("f_ns", 2 * (4 / 7) * (2 / 7) / (4 / 7 + 2 / 7), 7, "found sets", "higher"),
        ("mean_size", 21 / 7, 7, "found sets", "lower"),
        ("mean_gap", 4 / 3, 3, "bounded sets", "lower"),
        ("share_minimal", 1 / 4, 4, "valid sets", "higher"),
        ("share_whole_history", 0, 10, "queries", "lower"),
    ],
)
def test_a_metric_by_hand(name, value, denominator, of, direction):
    found = measure(TEN)[name]
    assert found.value == pytest.approx(value)
    assert (found.name, found.denominator, found.of, found.direction) == (name, denominator, of, direction)


def test_every_registered_metric_is_measured_and_in_the_table_above():
    assert set(measure(TEN)) == set(OF_SETS)
    in_the_table = {"coverage", "validity", "pn", "ps", "f_ns", "mean_size", "mean_gap", "share_minimal"}
    assert set(OF_SETS) == in_the_table | {"share_whole_history"}


@pytest.mark.parametrize("name", OF_SETS)
def test_nothing_measured_is_not_a_number_over_zero(name):
    found = measure([])[name]
    assert math.isnan(found.value)
    assert found.denominator == 0


def test_queries_without_a_set_lower_coverage_and_validity_and_no_number_over_found_sets():
    more = measure([*TEN, *[verdict()] * 10])
    assert (more["coverage"].value, more["validity"].value) == (7 / 20, 4 / 20)
    for name in ("pn", "ps", "f_ns", "mean_size", "share_minimal"):
        assert more[name] == measure(TEN)[name]


def test_where_no_set_is_found_coverage_is_zero_and_the_rest_is_no_number():
    found = measure([verdict()] * 3)
    assert (found["coverage"].value, found["validity"].value) == (0, 0)
    assert all(math.isnan(found[name].value) for name in ("pn", "ps", "f_ns", "mean_size", "share_minimal"))


def test_f_ns_is_0_when_both_are_0_and_when_one_is():
    assert FNS().measure(seen([verdict(2), verdict(3)])).value == 0
    assert FNS().measure(seen([verdict(2, necessary=True, minimal=True)])).value == 0
    assert FNS().measure(seen([verdict(2, necessary=True, sufficient=True, minimal=True)])).value == 1


def test_a_necessary_set_whose_minimality_was_not_checked_is_not_called_minimal():
    assert measure([verdict(2, necessary=True, minimal=None)])["share_minimal"].value == 0


def test_sets_judged_by_retraining_count_as_true_and_are_not_said_to_be_larger_than_need_be():
    slow = replace(verdict(2, necessary=True), removal=Removal.RETRAINED)
    found = measure([*TEN, slow])
    assert (found["pn"].value, found["pn"].denominator) == (5 / 8, 8)
    assert (found["share_minimal"].value, found["share_minimal"].denominator) == (1 / 4, 4)


def test_the_values_of_queries_are_those_whose_mean_is_measured():
    found, measured = values(TEN), measure(TEN)
    assert set(found) == set(OF_SETS) - {"f_ns"}
    for name, numbers in found.items():
        counted = [number for number in numbers if number is not None]
        assert len(numbers) == len(TEN)
        assert sum(counted) / len(counted) == pytest.approx(measured[name].value)
        assert len(counted) == measured[name].denominator


def test_a_query_outside_the_denominator_has_no_value():
    found = values(TEN[:3])
    assert found["coverage"] == (1, 1, 0)
    assert found["mean_size"] == (1, 2, None)
    assert found["share_minimal"] == (1, 0, None)
    assert found["mean_gap"] == (0, None, None)


def test_a_whole_history_that_topples_by_ties_counts_among_whole_histories_and_like_no_set_elsewhere():
    whole = verdict(3, necessary=True, minimal=True, without_evidence=True, whole_history=True, at_least=3.0)
    more, lost = measure([*TEN, whole]), measure([*TEN, verdict()])
    assert (more["share_whole_history"].value, more["share_whole_history"].denominator) == (1 / 11, 11)
    for name in set(more) - {"share_whole_history"}:
        assert more[name] == lost[name]


def test_the_only_item_of_a_history_counts_whatever_it_topples_by():
    only = verdict(1, necessary=True, minimal=True, without_evidence=True)
    found = measure([only])
    assert (found["coverage"].value, found["pn"].value, found["share_whole_history"].value) == (1, 1, 0)


def test_a_bound_on_costs_is_none_on_sizes():
    priced = replace(verdict(2, necessary=True, at_least=0.5), query=Query(("a", "b"), "t", item_costs={"a": 0.25}))
    assert measure([*TEN, priced])["mean_gap"] == measure(TEN)["mean_gap"]
