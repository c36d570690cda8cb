from dataclasses import replace

import torch

from topple.explainers.search.targets import TargetTable
from topple.scoring.encoding import draw_key, encode
from topple.testing import film_world

FILMS = film_world()


def grid_of(*queries):
    encoded = encode(queries, FILMS.recommender.catalogue)
    return TargetTable.of(encoded, torch.arange(len(queries)))


def test_units_are_groups_by_their_first_place_with_what_they_cost_and_hold():
    """Ana's history is alien, brazil, casablanca, duel."""
    query = replace(FILMS.one, groups=[("duel", "brazil")], item_costs={"alien": 0.1, "duel": 2}, largest=2)
    table = grid_of(query, FILMS.one, FILMS.bo)
    at = int(table.row[0]), int(table.column[0])
    assert table.removable[at].tolist() == [True, True, True, False]
    assert table.unit_cost[at].tolist() == [100, 3000, 1000, 0]
    assert table.unit_cost.dtype is torch.int64
    assert table.unit_size[at[0]].tolist() == [1, 2, 1, 0]
    assert [bool(table.plain[place]) for place in zip(table.row.tolist(), table.column.tolist(), strict=True)] == [
        False,
        True,
        True,
    ]
    sets = torch.zeros_like(table.removable)
    sets[at[0], at[1], 1] = True
    assert int(table.cost(sets)[at]) == 3000
    assert bool(table.allowed(sets)[at])
    assert table.positions(torch.tensor([at[0]]), sets[at][None]).tolist() == [[False, True, False, True]]
    assert table.positions(torch.tensor([at[0]])[:0], sets[at][None][:0]).shape == (0, 4)
    sets[at[0], at[1], 0] = True
    assert not bool(table.allowed(sets)[at])


def test_what_sets_of_a_size_cost_at_least_and_how_many_units_are_too_many():
    table = grid_of(
        replace(FILMS.one, groups=[("alien", "brazil")], item_costs={"duel": 0.1, "casablanca": 0.2}, largest=3)
    )
    floors = [float(table.least_cost(size)) for size in (1, 2, 3, 4)]
    assert floors[:2] == [100, 300]
    assert floors[2:] == [torch.inf, torch.inf]  # three units are four places, and there are no four units
    for cost, size in ((50, 1), (100, 1), (300, 2), (310, 3), (9000, 4)):
        assert int(table.sizes_below(torch.tensor([[cost]]))) == size - 1


def test_the_keys_of_draws_are_those_of_each_query_and_of_the_chosen_ones():
    queries = [FILMS.one, replace(FILMS.one, user=None), FILMS.bo, FILMS.one]
    table = grid_of(*queries)
    keys = table.key[table.cells].tolist()
    assert keys == [draw_key(query) for query in queries]
    assert len(set(keys)) == 3
    chosen = table.select((table.query == 1) | (table.query == 2))
    assert [chosen.key[cell].item() for cell in zip(*chosen.cells, strict=True)] == keys[1:3]


def test_what_a_single_unit_costs_at_least_is_what_counting_units_says():
    """The cheapest unit counts, unless the smallest is larger than a set may be."""
    priced = replace(FILMS.one, item_costs={"alien": 0.1, "duel": 2}, groups=[("duel", "brazil")])
    all_groups = replace(FILMS.one, groups=[("duel", "brazil"), ("alien", "casablanca")], largest=1)
    table = grid_of(priced, FILMS.one, FILMS.bo, all_groups, replace(FILMS.one, protected=frozenset({"alien"})))
    least = table.least_cost(1)
    assert torch.equal(least, table.least_cost(torch.ones_like(table.k)))
    assert least[table.cells].tolist() == [100, 1000, 1000, torch.inf, 1000]
