import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explainers.proofs.test_removal_program import HISTORY, enough, random_gaps, sets_up_to
from topple.explainers.proofs import smallest_removal
from topple.explainers.proofs.removal_program import Ended
from topple.explainers.proofs.smallest_removal import SmallestRemoval


def strict(gaps, seed):
    """A judge that confirms a random half of the sets whose gaps are enough."""
    luck = np.random.default_rng(seed).random(2**HISTORY) < 0.5

    def settle(sets):
        return np.array([enough(gaps, removed) and luck[int(removed @ (1 << np.arange(HISTORY)))] for removed in sets])

    return settle


@pytest.mark.parametrize("enumerated", [0, 2000])
@pytest.mark.parametrize("by_size", [True, False])
def test_finds_the_smallest_set_that_is_confirmed(by_size, enumerated, monkeypatch):
    monkeypatch.setattr(smallest_removal, "ENUMERATED", enumerated)

    @given(st.integers(0, 100_000))
    @settings(max_examples=60, deadline=None)
    def finds(seed):
        gaps = random_gaps(seed)
        settle = strict(gaps, seed)
        every = list(sets_up_to(gaps, HISTORY, smallest=1))
        sizes = [int(removed.sum()) for removed, true in zip(every, settle(every), strict=True) if true]
        ended, found = SmallestRemoval(gaps, settle, 1000, 1000).search(1, HISTORY - 1, by_size=by_size)
        assert (ended is Ended.FOUND) == bool(sizes)
        if sizes:
            assert settle(found[None])[0]
            assert int(found.sum()) == sizes[0]

    finds()


@pytest.mark.parametrize("by_size", [True, False])
def test_gives_up_when_too_many_are_refuted(by_size, monkeypatch):
    monkeypatch.setattr(smallest_removal, "ENUMERATED", 0)
    gaps = random_gaps(4)
    assert any(enough(gaps, removed) for removed in sets_up_to(gaps, HISTORY, smallest=1))
    ended, found = SmallestRemoval(gaps, lambda sets: np.zeros(len(sets), bool), 1000, 0).search(1, 6, by_size=by_size)
    assert ended is Ended.STOPPED
    assert not found.any()
