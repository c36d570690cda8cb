"""What the shortlist tells of sets beside what scores that are added up anew say, where many items are not in it."""

import numpy as np
import pytest

import topple
from tests.explainers.sums.parity import KINDS, RULES, draw_model, draw_queries
from topple.explainers.sums import finding
from topple.explainers.sums.finding import query_of
from topple.explainers.sums.shortlists import scores_without as scores_beside
from topple.explainers.sums.shortlists import shortlist_of
from topple.explainers.sums.telling import outside_of, surely_out, told_beside
from topple.scoring.sums.changing import scores_without
from topple.scoring.sums.counting import IN, OPEN, OUT
from topple.scoring.sums.giving_back import lead_without

FEW = 8
"""Competitors that the shortlist holds here."""


def asked_of(monkeypatch, model, queries):
    """Return the sums and the searches that the compiled search was asked for, with the first queries of each history."""
    asked, find = [], finding.find_sets
    monkeypatch.setattr(finding, "find_sets", lambda *given: (asked.append(given[:4]), find(*given)))
    topple.explain_queries(model, queries, explainer="greedy", progress=False)
    monkeypatch.undo()
    return asked


def lead(sums, search, one, units):
    """Return how far a target is out without a set of units, and whether it is so surely and possibly, all scores added up."""
    removed = units[search.unit[one.history]] & (np.arange(sums.row.shape[1]) < sums.length[one.history])
    scores = np.empty(sums.start[one.history + 1] - sums.start[one.history])
    off = scores_without(sums, one.history, removed, scores)
    asked = search.target[one.number], one.column, one.k, one.tolerance, search.empty, search.rounding
    return lead_without(sums, one.history, removed, scores, off, *asked)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_is_so(monkeypatch, kind, rule):
    random, told = np.random.default_rng([9, KINDS.index(kind), RULES.index(rule)]), []
    for _ in range(6):
        model = draw_model(random, kind)
        for sums, whole, histories, first in asked_of(monkeypatch, model, draw_queries(random, model, 3, rule)):
            search = whole._replace(shortlist=FEW)
            for turn, history in enumerate(histories):
                queries = np.arange(first[turn], first[turn + 1])
                if not len(queries):
                    continue
                short = shortlist_of(sums, search, history, queries)
                for query in queries:
                    one = query_of(sums, search, short, history, query)
                    for _ in range(6):
                        units = search.removable[query] & (random.random(search.unit.shape[1]) < random.random())
                        if not units.any():
                            continue
                        beside = scores_beside(short, units)
                        if surely_out(sums, search, short, one, beside, units):
                            assert lead(sums, search, one, units)[1]
                        unit, beat = int(random.choice(np.flatnonzero(units))), float(random.choice([np.inf, 0, 1]))
                        outside = outside_of(sums, search, short, one, units)
                        told.append(told_beside(sums, search, short, one, beside, units, unit, outside, beat))
                        units[unit] = False
                        by, surely, possibly = lead(sums, search, one, units)
                        assert told[-1] != IN or not possibly
                        assert told[-1] != OUT or (surely and by <= max(beat, 0) + 1e-9)
    counts = [told.count(each) for each in (IN, OUT, OPEN)]
    assert min(counts) > 5, counts
