"""Each metric here breaks one rule; the kit must say which."""

import math
from dataclasses import replace

import pytest

from topple import registry
from topple.errors import ContractError
from topple.metrics.base import MeanMetric, Measurement, Metric, named
from topple.testing import check_metric
from topple.testing.metrics import DENOMINATORS


class Good(Metric):
    name, title, direction, of = "good", "good", "higher", "queries"

    def measure(self, judged):
        return self.mean(one.verdict.necessary for one in judged)


class DropsTheLost(Good):
    def measure(self, judged):
        return self.mean(one.verdict.necessary for one in judged if one.verdict.found)


class ZeroForNothing(Good):
    def measure(self, judged):
        found = super().measure(judged)
        return replace(found, value=0.0) if math.isnan(found.value) else found


class LooksAtTheFirst(Good):
    def measure(self, judged):
        return Measurement(
            self.name, float(judged[0].verdict.size) if judged else math.nan, len(judged), self.of, self.direction
        )


class NoDirection(Good):
    direction = "sideways"


class NoDenominator(Good):
    of = ""


class OtherDirection(Good):
    def measure(self, judged):
        return replace(super().measure(judged), direction="lower")


class CountsTwice(Good):
    of = "pairs"

    def measure(self, judged):
        return replace(super().measure(judged), denominator=2 * len(judged))


class CountsTheUnfound(Good):
    of = "found sets"


class CountsWholeHistories(Good):
    of = "found sets"

    def measure(self, judged):
        return self.mean(one.verdict.size for one in judged if one.verdict.found)


class TakesCostsForSizes(Good):
    of = "bounded sets"

    def measure(self, judged):
        bounded = [
            one for one in judged if one.verdict.valid and named(one.verdict) and one.verdict.at_least is not None
        ]
        return self.mean(one.verdict.size - one.verdict.at_least for one in bounded)


class CallsRefutedSetsValid(Good):
    of = "valid sets"

    def measure(self, judged):
        return self.mean(bool(one.verdict.minimal) for one in judged if one.verdict.found)


class TakesNecessaryForValid(Good):
    """What a set must do depends on the goal of its query."""

    of = "valid sets"

    def measure(self, judged):
        return self.mean(bool(one.verdict.minimal) for one in judged if one.verdict.necessary)


class CountsWhatAFitDidNotCheck(Good):
    of = "valid sets"

    def measure(self, judged):
        return self.mean(bool(one.verdict.minimal) for one in judged if one.verdict.valid)


class Sizes(MeanMetric):
    name, title, direction, of = "sizes", "sizes", "lower", "found sets"

    def value(self, one):
        return one.verdict.size if named(one.verdict) else None


class HasValuesForTheUnfound(Sizes):
    def value(self, one):
        return one.verdict.size

    def measure(self, judged):
        return self.mean(one.verdict.size for one in judged if named(one.verdict))


class MeasuresAnotherNumber(Sizes):
    def measure(self, judged):
        return self.mean(2 * one.verdict.size for one in judged if named(one.verdict))


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (DropsTheLost, "denominator over 1 verdicts: 0. Rule: 'of' says queries, of which there are 1.*never dropped"),
        (ZeroForNothing, "value: 0.0 with denominator 0. Rule: the value is NaN"),
        (LooksAtTheFirst, "order: .*the order of the verdicts changes nothing"),
        (NoDirection, "direction: 'sideways'"),
        (NoDenominator, "of: ''"),
        (OtherDirection, "measurement: .*'lower'"),
        (CountsTwice, "denominator over 1 verdicts: 2"),
        (CountsTheUnfound, "denominator over 1 verdicts: 1. Rule: 'of' says found sets, of which there are 0"),
        (CountsWholeHistories, "denominator over 1 verdicts: 1. Rule: 'of' says found sets, of which there are 0"),
        (TakesCostsForSizes, "denominator over 1 verdicts: 1. Rule: 'of' says bounded sets, of which there are 0"),
        (CallsRefutedSetsValid, "denominator over 1 verdicts: 1. Rule: 'of' says valid sets, of which there are 0"),
        (TakesNecessaryForValid, "denominator over 1 verdicts: 1. Rule: 'of' says valid sets, of which there are 0"),
        (CountsWhatAFitDidNotCheck, "denominator over 1 verdicts: 1. Rule: 'of' says valid sets, of which there are 0"),
        (HasValuesForTheUnfound, "values: .* Rule: the queries with a value are those that the denominator counts"),
        (MeasuresAnotherNumber, "values: mean .*, measured .*the measurement is the mean of the values"),
    ],
)
def test_a_broken_metric_is_told_which_rule_it_breaks(kind, match):
    with pytest.raises(ContractError, match=match):
        check_metric(kind)


def test_a_metric_that_keeps_the_contract_passes_as_a_class_and_as_an_instance():
    check_metric(Good)
    check_metric(Good())
    check_metric(Sizes)


def test_every_denominator_in_use_is_known():
    assert {registry.load("metrics", name).of for name in registry.names("metrics")} == set(DENOMINATORS)


def test_another_denominator_is_allowed():
    class Sufficient(Good):
        of = "sufficient sets"

        def measure(self, judged):
            return self.mean(one.verdict.size for one in judged if one.verdict.sufficient)

    check_metric(Sufficient)
