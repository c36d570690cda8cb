"""The oracle's arithmetic is that of the models: without this, it would judge something else."""

import numpy as np
import pytest

import topple
from tests.oracle.rule import History
from tests.oracle.worlds import KINDS, MAKERS


@pytest.mark.parametrize("name", MAKERS)
def test_the_oracle_scores_as_the_model_does(name):
    for number, kind in enumerate(KINDS):
        world = MAKERS[name](np.random.default_rng(number), kind, 16)
        items = np.random.default_rng(number).permutation(16)[:5].tolist()
        ids = world.model.catalogue.vocabulary.ids
        whole = History(world.score, items).scores[-1]
        listed = topple.recommend(world.model, [ids[item] for item in items], k=5)
        scores = [whole[ids.index(each.item)] for each in listed]
        size = max(1e-300, np.abs(whole).max())
        assert np.allclose([each.score for each in listed], scores, rtol=1e-9, atol=1e-9 * size)
        others = np.delete(whole, [*items, *(ids.index(each.item) for each in listed)])
        assert others.max() <= min(scores) + 1e-9 * size
