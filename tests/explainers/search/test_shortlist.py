"""The shortlist holds the best competitors, and every target however many items tie with it."""

import numpy as np
import pytest
import torch

import topple
from topple import Query, explain_queries
from topple.explainers.search.shortlist import SHORTLIST, Shortlist
from topple.explainers.search.targets import TargetTable
from topple.scoring.encoding import EncodedHistories, encode
from topple.scoring.unchanged import UnchangedScores

ITEMS = 3 * SHORTLIST


def level():
    """A model whose first item gives every other item one point, and the second gives the last ten another."""
    table = np.zeros((ITEMS, ITEMS))
    table[0, 2:] = 1.0
    table[1, -10:] = 1e-3
    return topple.wrap(lambda rows: rows @ table, "callable", list(range(ITEMS)), histories="dense", additive=True)


def shortlist_of(model, queries):
    """Return the shortlist of one history and its queries, and their table."""
    encoded = encode(queries, model.catalogue)
    histories = EncodedHistories(encoded.histories, encoded.unit, encoded.size, [0] * len(queries))
    unchanged = UnchangedScores(model, histories, queries[0].rule)
    table = TargetTable.of(encoded, torch.arange(len(queries)))
    tolerance = unchanged.tolerance(table.source, table.target)
    return Shortlist.of(unchanged, table, queries[0].rule, tolerance), table


def test_a_target_that_ties_with_more_items_than_the_shortlist_holds_is_in_it():
    model = level()
    shortlist, table = shortlist_of(model, [Query((0,), target, k=ITEMS // 2) for target in (5, ITEMS - 60)])
    assert shortlist.items.shape == (1, ITEMS // 2 + 2)  # one more than the list is long, and one target
    assert shortlist.items.gather(1, shortlist.target_columns).tolist() == table.target.tolist()


def test_the_shortlist_is_sorted_by_unchanged_score():
    shortlist, _ = shortlist_of(level(), [Query((0, 1), 5, k=3)])
    assert shortlist.best[0, :11].tolist() == [*range(ITEMS - 10, ITEMS), 2]


@pytest.mark.parametrize("rule", ["unseen_before", "unseen_after", "all"])
def test_what_else_is_asked_changes_no_lead(rule):
    """Neither longer lists of the same history do, nor targets that tie with more items than the shortlist holds."""
    table = np.random.default_rng(3).normal(size=(ITEMS, ITEMS)).round(1)
    table[:5, ITEMS // 2 :] = 0.1  # half the catalogue is level
    model = topple.wrap(lambda rows: rows @ table, "callable", list(range(ITEMS)), histories="dense")
    ranks = range(40, 280, 60)
    ordered = table[:5].sum(0).argsort(kind="stable")[::-1]
    queries = [
        Query((0, 1, 2, 3, 4), int(ordered[rank]), k=length, rule=rule)
        for rank in ranks
        for length in (3, 40, 99, 100, 101, 200)
        if ordered[rank] > 4
    ]
    together, cells = shortlist_of(model, queries)
    sets = torch.eye(5, dtype=torch.bool)[None].repeat(1, 1, 1)  # [1, S, H]
    rows = torch.zeros(1, dtype=torch.int64)
    leads = together.leads(rows, together.scores_without(rows, sets))[0]  # [S, T]
    assert together.counted is not None
    for number, query in enumerate(queries):
        alone, _ = shortlist_of(model, [query])
        expected = alone.leads(rows, alone.scores_without(rows, sets))[0, :, 0]
        column = cells.column[number]
        assert leads[:, column].tolist() == expected.tolist(), query
        scores = together.scores_without(rows, sets)
        assert together.targets(rows, column[None]).leads(scores)[0, :, 0].tolist() == expected.tolist()


def test_a_set_for_a_target_beyond_a_hundred_ties_is_found_and_true():
    model = level()
    target = ITEMS - 1  # listed by what item 1 gives; without it 299 items tie
    for method in ("greedy", "auto", "exhaustive"):
        (found,) = explain_queries(model, [Query((0, 1), target, k=20)], explainer=method, progress=False)
        assert (found.status.value, found.valid) == ("impossible", False) or found.valid


def test_what_a_filter_keeps_from_the_list_does_not_come_back():
    """A set is not taken for one that topples since an item of the history would outrank the target that may not be listed."""
    table = np.zeros((ITEMS, ITEMS))
    table[0, [1, 2, 9]] = 3.0, 1.0, 2.0  # without item 1, item 1 itself would outrank the target, 9
    table[2, 9], table[1, 9] = 0.5, 0.4
    table[3, 20:40] = 2.45  # without items 1 and 2 these outrank it
    model = topple.wrap(lambda rows: rows @ table, "callable", list(range(ITEMS)), histories="dense")
    asked = {"k": 1, "rule": "unseen_after", "protected": frozenset([0, 3])}
    (free,) = explain_queries(model, [Query((0, 1, 2, 3), 9, **asked)], explainer="greedy", progress=False)
    assert free.items == (1,)
    filtered = Query((0, 1, 2, 3), 9, exclude=frozenset([1]), **asked)
    (found,) = explain_queries(model, [filtered], explainer="greedy", progress=False)
    assert found.items == (2,)
