import numpy as np
import pytest
import torch

from tests.explainers.removals.worlds import drawn_engines
from tests.explainers.sums.parity import KINDS, RULES
from topple.explainers.proofs.additive_scores import AdditiveScores
from topple.explainers.proofs.evidence import least_without_evidence
from topple.explainers.removals.counting import SummedScores
from topple.explainers.removals.speaking import most_together


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_who_could_leave_for_want_of_evidence_is_told_as_by_a_table_of_all_scores(kind, rule):
    told = 0
    for engine in [each for seed in range(3) for each in drawn_engines(kind, rule, seed, users=3)]:
        table, asked = engine.table, engine.table.asked
        cost = torch.full(table.target.shape, 3000.0, dtype=torch.float64)
        sizes = table.sizes_below(cost)
        fast, slow = (
            SummedScores(engine.sums).speaking(engine, sizes),
            AdditiveScores.of(engine).speaking(engine, sizes),
        )
        possible = fast.possible & asked
        torch.testing.assert_close(fast.parts[possible], slow.parts[possible])
        one, other = (least_without_evidence(engine, each, cost, sizes) for each in (fast, slow))
        assert torch.equal(one[asked].minimum(cost[asked]), other[asked].minimum(cost[asked]))
        told += int(possible.sum())
    assert told or kind in ("real", "cancelling")


@pytest.mark.parametrize("most", range(9))
def test_what_values_come_to_together_is_never_told_too_small(most):
    random = np.random.default_rng(most)
    values, free = random.normal(size=8), random.random(8) < 0.7
    best = np.sort(values[free].clip(min=0))[::-1][:most].sum()
    np.testing.assert_allclose(most_together(values, free, most, np.empty(40)), best, atol=1e-12)
    assert most_together(values, free, 33, np.empty(40)) >= best
