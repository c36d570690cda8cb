"""Whether a target is out by more than so much, by counting, beside how far it is out."""

import numpy as np

from topple.explainers.sums.asked import One, Shortlist
from topple.explainers.sums.shortlists import lead_of, leads_by_more


def test_counting_tells_what_the_k_best_tell():
    random, told = np.random.default_rng(5), []
    for _ in range(400):
        competitors, targets, back, k = (int(random.integers(1, most)) for most in (9, 4, 4, 6))
        scores = random.integers(-3, 4, competitors + targets + back) / 2.0  # many tie
        scores[random.random(len(scores)) < 0.2] = -np.inf
        target = int(random.integers(competitors + targets))
        scores[target] = random.integers(-3, 4) / 2.0
        none = np.zeros(0, dtype=np.int64)
        short = Shortlist(none, scores, np.zeros((0, 0)), none, competitors, competitors + targets)
        one = One(0, 0, target, 0, int(random.integers(1, competitors + 1)), k, 0.25)
        lead = lead_of(short, one, scores, np.empty(k))
        for bar in (lead - 0.5, lead, lead + 0.5, -np.inf, 0.0):
            assert leads_by_more(short, one, scores, bar) == (lead > bar)
            told.append(lead > bar)
    assert 0.2 < np.mean(told) < 0.8
