from dataclasses import replace

import pytest
import torch

from topple.errors import ContractError
from topple.explainers.greedy import Greedy
from topple.explainers.leave_one_out import LeaveOneOut
from topple.testing import check_explainer
from topple.testing.worlds import worlds

AMONG = worlds()[:1]


class Claiming(LeaveOneOut):
    """Changes what leave-one-out claims."""

    name = "claiming"

    def propose(self, recommender, queries, on_progress=None, meter=None):
        return self.changed(super().propose(recommender, queries, on_progress, meter), queries)


class Silent(Claiming):
    def changed(self, claims, queries):
        return replace(claims, attributions=None)


class Short(Claiming):
    def changed(self, claims, queries):
        return replace(claims, attributions=claims.attributions[:, 1:])


class AtPadding(Claiming):
    def changed(self, claims, queries):
        return replace(claims, attributions=claims.attributions.nan_to_num(0))


class Lacking(Claiming):
    def changed(self, claims, queries):
        numbers = claims.attributions.clone()
        numbers[:, 0] = torch.nan
        return replace(claims, attributions=numbers)


class Negative(Claiming):
    def changed(self, claims, queries):
        return replace(claims, attribution_errors=-claims.attributions.abs() - 1)


class OfTheBatch(Claiming):
    def changed(self, claims, queries):
        return replace(claims, attributions=claims.attributions * len(queries))


class Undeclared(Greedy):
    name = "undeclared"

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        return replace(claims, attributions=queries.histories.weights[queries.row])


@pytest.mark.parametrize(
    ("method", "rule"),
    [
        (Silent, "claims attributions"),
        (Short, "a float for each query and position"),
        (AtPadding, "padding has NaN"),
        (Lacking, "all events of a query have a number"),
        (Negative, "an error is 0 or more"),
        (OfTheBatch, "the same numbers alone"),
        (Undeclared, "declares `attributes = True`"),
    ],
)
def test_a_method_that_breaks_a_rule_is_told(method, rule):
    with pytest.raises(ContractError, match=rule):
        check_explainer(method, AMONG)


def test_leave_one_out_keeps_the_rules():
    check_explainer(LeaveOneOut, AMONG)
