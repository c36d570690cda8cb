"""No claim of any explainer about any native model, or a wrapped one, is false by brute force: 2,000 queries of the oracle."""

import pytest

from tests.oracle.asking import Tally, ask
from tests.oracle.worlds import MAKERS, draw_world

WORLDS = range(1000, 1036)


@pytest.fixture(scope="module")
def total():
    tally = Tally()
    for number in WORLDS:
        tally.add(ask(0, number))
    return tally


def test_no_claim_is_false(total):
    told = "\n".join(f"{kind}: {what}\n  {where}\n  {query}" for kind, what, where, query, _ in total.false[:5])
    assert not total.false, f"{total.by_kind}\n{told}"


def test_enough_was_asked(total):
    counts = total.counts
    assert counts["queries"] > 2000
    assert counts["minimum"] > 800
    assert counts["impossible"] > 100
    assert {draw_world(0, number)[0].name.split("/")[0] for number in WORLDS} >= set(MAKERS) - {"popularity"}


def test_where_ties_are_many_the_sets_are_proven(total):
    assert total.counts["ties: proven"] > 0.95 * total.counts["ties: found"]
