import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from topple.explainers.proofs import evidence
from topple.explainers.proofs.evidence import _could_make_up


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=8), st.integers(1, 5))
def test_parts_that_do_make_up_the_total_are_never_ruled_out(numbers, size):
    parts = np.array(numbers, dtype=np.float64)
    size = min(size, len(parts))
    total = parts[:size].sum()
    assert _could_make_up(parts, total, 0.0, size)


def test_parts_that_do_not_are_ruled_out_by_their_sums(monkeypatch):
    parts = np.random.default_rng(0).normal(size=30)
    total = parts.sum()
    assert not any(_could_make_up(parts, total, 1e-12, size) for size in range(1, 6))
    assert _could_make_up(parts, parts[[3, 7, 11]].sum(), 1e-12, 3)
    monkeypatch.setattr(evidence, "SUMS", 10)
    assert _could_make_up(parts, total, 1e-12, 4)  # too many to look at
