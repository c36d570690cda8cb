from dataclasses import replace

import torch

from topple.explainers.search.grid import Grid, lower
from topple.scoring.encoding import encode
from topple.testing import film_world

FILMS = film_world()


def grid_of(*queries):
    encoded = encode(queries, FILMS.recommender.catalogue)
    return Grid.of(encoded, torch.arange(len(queries)))


def test_a_cost_is_lower_by_more_than_rounding_at_any_scale():
    for scale in (1e-6, 1.0, 1e6):
        less, more = (torch.tensor(cost, dtype=torch.float64) * scale for cost in (0.3, 0.1 + 0.2))
        assert less < more
        assert not lower(less, more)
        assert lower(less, more + 1e-6 * scale)
    assert lower(torch.tensor(5.0), torch.tensor(torch.inf))
    assert not lower(torch.tensor(torch.inf), torch.tensor(torch.inf))


def test_units_are_groups_by_their_first_place_with_what_they_cost_and_hold():
    """Ana's history is alien, brazil, casablanca, duel."""
    query = replace(FILMS.one, groups=[("duel", "brazil")], item_costs={"alien": 0.1, "duel": 2}, largest=2)
    grid = grid_of(query, FILMS.one, FILMS.bo)
    at = int(grid.row[0]), int(grid.slot[0])
    assert grid.removable[at].tolist() == [True, True, True, False]
    assert torch.allclose(grid.unit_cost[at], torch.tensor([0.1, 3, 1, 0], dtype=torch.float64))
    assert grid.unit_cost.dtype is torch.float64
    assert grid.unit_size[at[0]].tolist() == [1, 2, 1, 0]
    assert [bool(grid.plain[place]) for place in zip(grid.row.tolist(), grid.slot.tolist(), strict=True)] == [
        False,
        True,
        True,
    ]
    sets = torch.zeros_like(grid.removable)
    sets[at[0], at[1], 1] = True
    assert float(grid.cost(sets)[at]) == 3
    assert bool(grid.allowed(sets)[at])
    assert grid.members(torch.tensor([at[0]]), sets[at][None]).tolist() == [[False, True, False, True]]
    assert grid.members(torch.tensor([at[0]])[:0], sets[at][None][:0]).shape == (0, 4)
    sets[at[0], at[1], 0] = True
    assert not bool(grid.allowed(sets)[at])


def test_what_sets_of_a_size_cost_at_least_and_how_many_units_are_too_many():
    grid = grid_of(
        replace(FILMS.one, groups=[("alien", "brazil")], item_costs={"duel": 0.1, "casablanca": 0.2}, largest=3)
    )
    floors = [float(grid.floor(size)) for size in (1, 2, 3, 4)]
    assert floors[:2] == [0.1, 0.1 + 0.2]
    assert floors[2:] == [torch.inf, torch.inf]  # three units are four places, and there are no four units
    for cost, size in ((0.05, 1), (0.1, 1), (0.3, 2), (0.31, 3), (9.0, 4)):
        assert int(grid.sizes_below(torch.tensor([[cost]], dtype=torch.float64))) == size
