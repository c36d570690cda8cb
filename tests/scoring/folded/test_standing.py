"""Where targets stand among the items that may outrank them is where they stand in the whole catalogue."""

import numpy as np
import pytest
import torch

from tests.scoring.folded.test_solving import ALPHA, ITEMS, als
from topple.records.question import CandidateRule
from topple.scoring.folded import standing
from topple.scoring.folded.building import folded
from topple.scoring.lists.standings import stand_without
from topple.scoring.ranking import Ranking, catalogue_scores, top_k
from topple.scoring.variations import HistoryBatch, unchanged


def drawn(rule, seed):
    """Histories, some with an item twice and with a filter, and what is removed of them."""
    random = np.random.default_rng(seed)
    model = als(random)
    histories = [random.permutation(ITEMS)[: random.integers(1, 15)].tolist() for _ in range(12)]
    histories = [items + items[:1] if number % 3 == 0 else items for number, items in enumerate(histories)]
    allowed = torch.from_numpy(random.random((2, ITEMS)) < 0.8), torch.arange(12) % 2
    batch = HistoryBatch.of(histories, allowed=allowed)
    scores = catalogue_scores(model, batch, unchanged(batch), rule)[:, 0]
    removed = batch.filled & torch.from_numpy(random.random(batch.items.shape) < 0.4)
    removed[:4] = batch.filled[:4]  # nothing is left of these
    keep = (batch.filled & ~removed).double()
    return model, batch, scores, removed, catalogue_scores(model, batch, keep[:, None], rule)[:, 0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rule", list(CandidateRule))
@pytest.mark.parametrize("lists", [True, False])
def test_targets_stand_where_the_whole_catalogue_says(rule, seed, lists):
    model, batch, before, removed, after = drawn(rule, seed)
    ranking = Ranking.of(model)
    asked = [(row, item) for row in range(12) for item in before[row].isfinite().nonzero()[:, 0].tolist()]
    row, target = torch.tensor(asked).T
    k = torch.from_numpy(np.random.default_rng(seed).choice([1, 3, 10], len(asked)))
    tolerance = ranking.tolerance(before[row, target])
    first = torch.nn.functional.pad(torch.bincount(row, minlength=12).cumsum(0), (1, 0))
    histories = folded(model, batch, before, rule)
    stood = stand_without(
        histories,
        ranking,
        (np.arange(12), removed.numpy()),
        (first.numpy(), target, k, tolerance),
        lists=lists,
    )
    expected = ranking.standing(after[row], target[:, None], k[:, None], tolerance[:, None])
    assert torch.equal(stood.standing.surely_out, expected.surely_out[:, 0])
    assert torch.equal(stood.standing.possibly_out, expected.possibly_out[:, 0])
    assert torch.equal(stood.standing.by_fillers, expected.by_fillers[:, 0])
    if not lists:
        return
    assert torch.allclose(stood.standing.lead, expected.lead[:, 0], rtol=0, atol=1e-12)
    assert torch.equal(stood.rank, ranking.rank(after[row], expected, tolerance[:, None])[:, 0])
    assert torch.equal(stood.tied, ranking.tied(after[row], expected.score, tolerance[:, None])[:, 0])
    best = top_k(after[row], 10)
    outranks = after[row].gather(1, best) > (expected.score + tolerance[:, None])
    for number in range(len(asked)):
        length = int(k[number])
        mine = [item for item in stood.listed[number, :length].tolist() if item >= 0]
        assert mine == best[number, :length][outranks[number, :length]].tolist()


def test_items_that_cannot_come_up_to_the_target_are_passed_over(monkeypatch):
    random = np.random.default_rng(0)
    model = als(random)
    batch = HistoryBatch.of([random.permutation(ITEMS)[:12].tolist()], weights=[[ALPHA] * 12])
    before = catalogue_scores(model, batch, unchanged(batch), CandidateRule.UNSEEN_BEFORE)[:, 0]
    histories = folded(model, batch, before, CandidateRule.UNSEEN_BEFORE)
    user, removed = histories.solved.user[0].copy(), np.zeros(12, dtype=bool)
    target = int(before[0].argmax())
    near = standing.near_items(histories, 0, removed, user, target, float(before[0].topk(5).values[-1]) - 1e-12)
    assert sorted(near.item.tolist()) == sorted(set(before[0].topk(5).indices.tolist()) - {target})
