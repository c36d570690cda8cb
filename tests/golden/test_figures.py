"""Quality does not get lost unseen: sizes, proofs and work of each method on the generated films are as they were."""

import pytest

from tests.golden.figures import CASES, kept, measure

SHARES = {"found": 0.004, "items": 0.003, "price": 0.003, "proven": 0.004, "impossible": 0.01, "scored": 0.005}
"""By what share a figure may move, about one set in two hundred; others may not."""
LEARNED = 0.03
"""By what share the figures of a method that learns in many steps may move: rounding adds up."""


@pytest.mark.parametrize("name", CASES)
def test_quality_is_what_it_was(name):
    before, now = kept()[name], measure(name)
    share = LEARNED if CASES[name].method.startswith("lcer") else 0
    moved = {
        figure: (value, now[figure])
        for figure, value in before.items()
        if abs(now[figure] - value) > max(share, SHARES.get(figure, 0)) * value
    }
    assert not moved, f"{name}: before and now {moved}; python -m tests.golden.figures --write keeps what is better"


def test_every_case_has_figures_and_searches_for_something():
    assert list(kept()) == list(CASES)
    assert all(figures["found"] >= 15 for figures in kept().values())
