"""Each metric here breaks one rule; the kit must say which."""

import math
from dataclasses import replace

import pytest

from topple.errors import ContractError
from topple.metrics.base import Measurement, Metric
from topple.testing import check_metric


class Good(Metric):
    name, title, direction, of = "good", "good", "higher", "queries"

    def measure(self, verdicts):
        return self.mean(verdict.necessary for verdict in verdicts)


class DropsTheLost(Good):
    def measure(self, verdicts):
        return self.mean(verdict.necessary for verdict in verdicts if verdict.found)


class ZeroForNothing(Good):
    def measure(self, verdicts):
        found = super().measure(verdicts)
        return replace(found, value=0.0) if math.isnan(found.value) else found


class LooksAtTheFirst(Good):
    def measure(self, verdicts):
        return Measurement(
            self.name, float(verdicts[0].size) if verdicts else math.nan, len(verdicts), self.of, self.direction
        )


class NoDirection(Good):
    direction = "sideways"


class NoDenominator(Good):
    of = ""


class OtherDirection(Good):
    def measure(self, verdicts):
        return replace(super().measure(verdicts), direction="lower")


class CountsTwice(Good):
    of = "pairs"

    def measure(self, verdicts):
        return replace(super().measure(verdicts), denominator=2 * len(verdicts))


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (DropsTheLost, "denominator over 5 verdicts: 0. Rule: 'of' says queries, of which there are 5.*never dropped"),
        (ZeroForNothing, "value: 0.0 with denominator 0. Rule: the value is NaN"),
        (LooksAtTheFirst, "order: .*the order of the verdicts changes nothing"),
        (NoDirection, "direction: 'sideways'"),
        (NoDenominator, "of: ''"),
        (OtherDirection, "measurement: .*'lower'"),
        (CountsTwice, "denominator over 4 verdicts: 8"),
    ],
)
def test_a_broken_metric_is_told_which_rule_it_breaks(kind, match):
    with pytest.raises(ContractError, match=match):
        check_metric(kind)


def test_a_metric_that_keeps_the_contract_passes_as_a_class_and_as_an_instance():
    check_metric(Good)
    check_metric(Good())


def test_a_denominator_of_its_own_is_allowed():
    class Sufficient(Good):
        of = "sufficient sets"

        def measure(self, verdicts):
            return self.mean(verdict.size for verdict in verdicts if verdict.sufficient)

    check_metric(Sufficient)
