"""Short sessions, where most of the catalogue scores nothing: what is found is true, and the rest has a true reason."""

import pytest

import topple
from benchmarks.sessions import K, judged, table_of, world


@pytest.fixture(scope="module")
def tally():
    model, histories = world(items=2_000, sessions=80, seed=3, train=4_000)
    explained = topple.explain(model, histories, k=K, progress=False)
    return judged(explained, table_of(model), model)


def test_no_claim_is_false(tally):
    assert not tally.false, tally.false[:3]


def test_every_target_with_evidence_is_found(tally):
    counts = tally.counts
    assert counts["targets"] > 300
    assert counts["found"] + counts["impossible"] == counts["targets"] - counts["invalid"]
    assert counts["found"] > 0.95 * (counts["targets"] - counts["invalid"])
    assert counts["invalid"] == counts["without evidence"]


def test_whole_histories_are_counted_apart(tally):
    assert 0 < tally.counts["whole history"] < tally.counts["by fillers alone"] < 0.5 * tally.counts["found"]
