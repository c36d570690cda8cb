"""Whether a set can give a unit back is counted for histories that are sums; here beside the general way, for sets of any origin."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

import topple
from tests.explainers.sums.parity import GOALS, KINDS, RULES, by_the_general_path, draw_model, draw_queries
from topple.records.question import CandidateRule
from topple.scoring.encoding import encode
from topple.scoring.sums import building
from topple.verification.judging import Judge

TOLD = (
    "minimal",
    "within_rounding",
    "necessary",
    "sufficient",
    "rank_before",
    "rank_after",
    "rank_alone",
    "replacements",
)
WANTED = (("necessary",), GOALS)


def with_sets(random, model, queries):
    """Return the queries that can be asked, and a true set for most of them, here and there with items too many."""
    asked, sets = [], []
    for each in topple.explain_queries(model, queries, explainer="greedy", progress=False):
        if each.status is topple.Status.INVALID:
            continue
        spare = [item for item in each.query.history if item not in each.query.protected]
        more = (
            random.choice(spare, min(len(spare), int(random.integers(0, 4))), replace=False).tolist() if spare else []
        )
        group = [item for group in each.query.groups for item in group]
        named = list(dict.fromkeys([*(each.items or ()), *more]))
        if each.query.repeats.value == "events" or set(named) & set(group) or each.query.largest:
            named = list(each.items or ())
        asked.append(each.query)
        sets.append(named)
    return asked, sets


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("goals", WANTED)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_units_to_spare_are_those_of_the_general_way(kind, rule, goals):
    random = np.random.default_rng([KINDS.index(kind), RULES.index(rule), 11])
    minimal = []
    for _ in range(3):
        model = draw_model(random, kind)
        queries, sets = with_sets(random, model, draw_queries(random, model, 4, rule, goals=goals))
        counted = topple.verify(model, queries, sets)
        with by_the_general_path(model):
            scored = topple.verify(model, queries, sets)
        assert [[getattr(each, name) for name in TOLD] for each in counted] == [
            [getattr(each, name) for name in TOLD] for each in scored
        ]
        minimal += [each.minimal for each in counted if each.valid and each.size > 1]
    assert {True, False} <= set(minimal)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("goals", WANTED)
def test_how_far_differences_may_be_off_decides_no_verdict(monkeypatch, goals):
    random = np.random.default_rng(4)
    model = draw_model(random, "real")
    queries, sets = with_sets(random, model, draw_queries(random, model, 8, "unseen_before", goals=goals))
    near = topple.verify(model, queries, sets)
    monkeypatch.setattr(building, "UNIT", 1e-3)  # delta is wider than the scores are apart
    assert topple.verify(model, queries, sets) == near


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("goals", WANTED)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_whether_a_single_unit_works_is_told_as_in_the_general_way(kind, rule, goals):
    random = np.random.default_rng([KINDS.index(kind), RULES.index(rule), 12])
    works = []
    for _ in range(4):
        model = draw_model(random, kind)
        queries, _ = with_sets(random, model, draw_queries(random, model, 4, rule, goals=goals))
        told = []
        for way in (nullcontext(), by_the_general_path(model)):
            with way:
                encoded = encode(queries, model.catalogue)
                judge, number = Judge(model, encoded, rule=CandidateRule(rule)), torch.arange(len(encoded))
                costs = judge._unit_costs(number)
                told.append(judge._a_unit_works(number, costs, torch.full_like(costs[:, 0], torch.inf)).tolist())
        assert told[0] == told[1]
        works += told[0]
    assert {True, False} <= set(works)
