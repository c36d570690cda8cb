import subprocess
import sys

import torch

from topple.records.answer import Status
from topple.records.claims import Claims


def claims(**changes):
    """Four queries: a set, none and a proof of it, a search that the budget ended, one that found nothing."""
    sets = torch.tensor([[True, False], [False, False], [False, False], [False, False]])
    below = torch.tensor([1000.0, torch.inf, 2000.0, 0.0], dtype=torch.float64)
    ended = torch.tensor([True, False, True, False])
    return Claims(
        **{"sets": sets, "proven_below": below, "ended": ended, "cost": torch.tensor([4, 5, 6, 7]), **changes}
    )


def test_how_a_query_ended_follows_from_what_is_claimed():
    assert claims().status == (Status.FOUND, Status.IMPOSSIBLE, Status.BUDGET_SPENT, Status.NOT_FOUND)
    assert claims().found.tolist() == [True, False, False, False]
    assert claims(sets=torch.zeros(4, 2, dtype=torch.bool)).status[0] is Status.BUDGET_SPENT


def test_sets_without_a_proof_claim_nothing_else():
    unproven = Claims.unproven(claims().sets, claims().cost)
    assert unproven.proven_below.tolist() == [0, 0, 0, 0]
    assert unproven.proven_below.dtype is torch.float64
    assert not unproven.ended.any()
    assert (unproven.others, unproven.attributions) == ({}, None)
    assert unproven.status == (Status.FOUND, *[Status.NOT_FOUND] * 3)


def test_the_record_loads_no_torch():
    code = "import sys, topple.records.claims; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
