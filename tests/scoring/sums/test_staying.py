"""Positions without which a target surely stays in the list, beside the general way of scoring the history without each."""

import numpy as np
import pytest
import torch

import topple
from tests.explainers.sums.parity import KINDS, RULES, draw_model
from topple.records.question import CandidateRule
from topple.scoring.encoding import encode
from topple.scoring.lists.standings import fillers_of
from topple.scoring.ranking import Ranking, catalogue_scores
from topple.scoring.sums.changing import column_of
from topple.scoring.sums.staying import largest_lifts, surely_listed
from topple.scoring.unchanged import UnchangedScores
from topple.scoring.variations import without


def told_and_true(model, queries, rule):
    """Return without which positions targets are told to stay, and without which they do, both bool [Q, H]."""
    encoded = encode(queries, model.catalogue)
    unchanged = UnchangedScores(model, encoded, CandidateRule(rule))
    tolerance = unchanged.tolerance(encoded.row, encoded.target[:, None])[:, 0]
    histories, told = encoded.histories.rows(encoded.row), np.zeros(encoded.protected.shape, dtype=np.bool_)
    for number, (row, target) in enumerate(zip(encoded.row.tolist(), encoded.target.tolist(), strict=True)):
        lift = np.zeros(told.shape[1])
        largest_lifts(unchanged.sums, row, lift)
        asked = target, column_of(unchanged.sums, row, target), int(encoded.k[number]), float(tolerance[number])
        surely_listed(unchanged.sums, row, lift, *asked, fillers_of(unchanged.ranking), model.rounding, told[number])
    keep = without(histories, torch.eye(told.shape[1], dtype=torch.bool).expand(len(told), -1, -1))
    scores = catalogue_scores(model, histories, keep, CandidateRule(rule))
    cells = (part[:, None, None].expand(*keep.shape[:2], 1) for part in (encoded.target, encoded.k, tolerance))
    out = Ranking.of(model).standing(scores, *cells).possibly_out[..., 0]
    return told, (~out & histories.filled).numpy(), histories.filled.numpy()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_without_a_position_that_is_told_the_target_stays_and_some_are_told(kind, rule):
    random, count = np.random.default_rng([KINDS.index(kind), RULES.index(rule), 21]), 0
    for _ in range(3):
        model = draw_model(random, kind)
        items = len(model.catalogue)
        drawn = {user: random.choice(items, 8, replace=False).tolist() for user in range(6)}
        histories = {user: list(model.catalogue.vocabulary.decode(chosen)) for user, chosen in drawn.items()}
        told, stays, filled = told_and_true(model, topple.top_k_queries(model, histories, k=3, rule=rule), rule)
        assert not (told & filled & ~stays).any()
        count += int((told & filled).sum())
    if rule == "unseen_after":
        assert not count  # what is removed competes then
    else:
        assert count > 0
