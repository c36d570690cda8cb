import numpy as np
import pytest
import torch

from tests.explainers.removals.worlds import drawn_engines
from tests.explainers.sums.parity import KINDS, RULES
from topple.explainers.proofs.additive_scores import AdditiveScores
from topple.explainers.removals import counting
from topple.explainers.removals.counting import SummedScores


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_sets_are_settled_as_by_the_full_catalogue(kind, rule):
    random = np.random.default_rng(0)
    for engine in drawn_engines(kind, rule, 4):
        table = engine.table
        for at in list(zip(*(part.tolist() for part in table.cells), strict=True))[::5]:
            free = table.removable[at].numpy()
            sets = (random.random((6, len(free))) < random.random((6, 1))) & free
            undecided, cost = engine.catalogue.undecided[at].clone(), engine.cost[at].clone()
            fast = SummedScores(engine.sums).settled(engine, at, sets)
            told = engine.catalogue.undecided[at].clone()
            assert engine.cost[at] - cost == len(sets)
            engine.catalogue.undecided[at] = undecided
            slow = AdditiveScores.settled(None, engine, at, sets)
            assert (fast == slow).all()
            assert told == engine.catalogue.undecided[at]


def test_a_crowd_of_competitors_is_not_told_apart(monkeypatch):
    (engine,) = drawn_engines("real", "unseen_before", 3, k=1)
    cells = engine.table.cells
    most = engine.table.removable[cells].sum(1).clamp(max=2)
    scores = SummedScores(engine.sums)
    free = scores.counted(engine, cells, most, every=True)
    count = np.array([len(free.gaps(query).start) for query in range(len(most))])
    monkeypatch.setattr(counting, "COMPETITORS", int(np.median(count)))
    crowded = scores.counted(engine, cells, most, every=True)
    for query, many in enumerate((count > np.median(count)).tolist()):
        assert (crowded.gaps(query) is None) == many
        assert crowded.bound[query] == (0 if many else free.bound[query])


def test_a_query_about_no_removal_is_settled():
    (engine,) = drawn_engines("integers", "all", 3, k=1)
    cells = engine.table.cells
    counted = SummedScores(engine.sums).counted(engine, cells, torch.zeros_like(cells[0]), every=True)
    assert (counted.bound == 1).all()
    assert not len(counted.gaps(0).start)
