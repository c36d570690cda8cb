"""The shortlist holds the best competitors, and every target however many items tie with it."""

import numpy as np
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


def test_a_target_that_ties_with_more_items_than_the_shortlist_holds_is_in_it():
    model = level()
    queries = encode([Query((0,), target, k=ITEMS - 50) for target in (5, ITEMS - 60)], model.catalogue)
    encoded = EncodedHistories(queries.histories, queries.unit, queries.size, [0, 0])
    unchanged = UnchangedScores(model, encoded, queries.queries[0].rule)
    table = TargetTable.of(queries, torch.arange(2))
    items = unchanged.shortlist(table.source, 20, table.target)
    assert items.shape == (1, 20)
    assert {5, ITEMS - 60} <= set(items[0].tolist())
    shortlist = Shortlist.of(unchanged, table, queries.queries[0].rule, unchanged.tolerance(table.source, table.target))
    assert shortlist.items.gather(1, shortlist.target_columns).tolist() == table.target.tolist()


def test_the_shortlist_is_sorted_by_unchanged_score():
    model = level()
    queries = encode([Query((0, 1), 5, k=3)], model.catalogue)
    unchanged = UnchangedScores(
        model, EncodedHistories(queries.histories, queries.unit, queries.size, [0]), queries.queries[0].rule
    )
    items = unchanged.shortlist(torch.tensor([0]), 30, torch.tensor([[5]]))[0].tolist()
    assert items[:10] == list(range(ITEMS - 10, ITEMS))
    assert 5 in items[10:]


def test_a_set_for_a_target_beyond_a_hundred_ties_is_found_and_true():
    model = level()
    target = ITEMS - 1  # listed by what item 1 gives; without it 299 items tie
    for method in ("greedy", "auto", "exhaustive"):
        (found,) = explain_queries(model, [Query((0, 1), target, k=20)], explainer=method, progress=False)
        assert (found.status.value, found.valid) == ("impossible", False) or found.valid
