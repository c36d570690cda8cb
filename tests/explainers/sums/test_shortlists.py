"""Whether a changed unit brings a target out by more than so much, by counting, beside how far it is out then."""

import numpy as np

from topple.explainers.sums.asked import One, Shortlist
from topple.explainers.sums.shortlists import change, lead_of, leads_by_more


def test_counting_tells_what_the_k_best_tell():
    random, told = np.random.default_rng(5), []
    for _ in range(400):
        competitors, targets, back, k = (int(random.integers(1, most)) for most in (9, 4, 4, 6))
        listed, units = competitors + targets, back + 2
        columns = listed + back
        score = random.integers(-3, 4, columns) / 2.0  # many tie
        unit_of = np.r_[np.full(listed, -1), random.permutation(units)[:back]]
        gain = random.integers(-2, 3, (units, columns)) / 2.0
        short = Shortlist(np.zeros(0, dtype=np.int64), score, gain, unit_of, competitors, listed)
        sign, unit = float(random.choice((-1, 1))), int(random.integers(units))
        removed = random.random(units) < 0.4
        removed[unit] = sign > 0
        scores = score.copy()
        scores[random.random(columns) < 0.2] = -np.inf
        scores[listed:][~removed[unit_of[listed:]]] = -np.inf
        target = int(random.integers(listed))
        scores[target] = score[target]
        one = One(0, 0, target, 0, int(random.integers(1, competitors + 1)), k, 0.25)
        changed = np.empty(columns)
        change(short, scores, removed, unit, sign, changed)
        lead = lead_of(short, one, changed, np.empty(k))
        for bar in (lead - 0.5, lead, lead + 0.5, -np.inf, 0.0):
            assert leads_by_more(short, one, scores, removed, unit, sign, bar) == (lead > bar)
            told.append(lead > bar)
    assert 0.2 < np.mean(told) < 0.8
