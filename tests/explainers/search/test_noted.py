import torch

from topple.explainers.search.noted import NotedSets
from topple.explainers.search.targets import TargetTable
from topple.scoring.encoding import encode
from topple.testing import film_world

FILMS = film_world()


def table():
    queries = encode([FILMS.one, FILMS.impossible], FILMS.recommender.catalogue)
    return TargetTable.of(queries, torch.arange(2))


def sets(*chosen):
    return torch.tensor([[position in one for position in range(4)] for one in chosen])


def test_the_cheapest_allowed_set_that_meets_the_goal_is_noted():
    noted = NotedSets(table(), on=True)
    rows, tried = torch.zeros(4, dtype=torch.int64), sets((0, 1, 2), (1, 2), (3,), (2, 3))
    margins = torch.tensor([[1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [2.0, -1.0]])
    assert noted.note(rows, tried, margins) is margins
    assert noted.sets[0, 0].tolist() == [False, True, True, False]  # of equals the first
    assert not noted.sets[0, 1].any()  # brazil is protected


def test_noted_sets_are_taken_where_they_are_cheaper_or_alone():
    noted = NotedSets(table(), on=True)
    noted.note(torch.zeros(1, dtype=torch.int64), sets((0, 2)), torch.ones(1, 2))
    larger, smaller = torch.zeros(1, 2, 4, dtype=torch.bool), torch.zeros(1, 2, 4, dtype=torch.bool)
    larger[0, 0, :3], smaller[0, 0, 1] = True, True
    assert noted.cheaper(larger)[0, 0].tolist() == [True, False, True, False]
    assert noted.cheaper(larger)[0, 1].tolist() == [True, False, True, False]
    assert noted.cheaper(smaller)[0, 0].tolist() == [False, True, False, False]


def test_nothing_is_noted_without_a_deadline():
    noted = NotedSets(table(), on=False)
    noted.note(torch.zeros(1, dtype=torch.int64), sets((0,)), torch.ones(1, 2))
    assert not noted.sets.any()
