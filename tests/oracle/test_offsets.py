"""A constant that is added to all scores changes no ranking and no proof; where a float has no digits left, that is said."""

import numpy as np
import pytest

import topple
from benchmarks.offsets import ask
from tests.oracle.asking import draw_queries
from tests.oracle.shifted import SHIFTS, Shift, shifted_world

COARSE = {"offset 10000, float32", "offset 1e+06, float32", "a saturated sigmoid", "a sigmoid that is 1"}


@pytest.mark.parametrize("shift", SHIFTS, ids=lambda shift: shift.name)
def test_no_claim_is_false_and_a_coarse_model_is_warned_of(shift):
    tally, warned, _ = ask(shift, histories=12, seed=1)
    assert not tally.false, [(kind, what, query) for kind, what, _, query, _ in tally.false[:3]]
    assert warned == (shift.name in COARSE)


def answers(world, queries):
    explained = topple.explain_queries(world.model, queries, progress=False)
    return [(each.status, each.items, each.proof, each.rank_before, each.rank_after) for each in explained]


@pytest.mark.parametrize("offset", [-1e4, -3, 100, 1e4])
@pytest.mark.parametrize("whole", [False, True])
def test_an_offset_of_up_to_ten_thousand_spreads_changes_no_answer(offset, whole):
    table = np.random.default_rng(6).normal(0.3, 1, (40, 40))
    table = table.round() if whole else table  # whole numbers tie, and so do sums with a whole offset
    spread = 1 if whole else table.std()
    plain, _ = shifted_world(Shift("plain", lambda scores: scores), numbers=table)
    moved, _ = shifted_world(Shift("moved", lambda scores: scores + offset * spread), numbers=table)
    queries = [query for query, _ in draw_queries(plain, np.random.default_rng(2), 15)]
    assert answers(moved, queries) == answers(plain, queries)


def films():
    """Similarities of the generated films, and the history of one user."""
    split = topple.load_split("generated")
    together = (split.train.T @ split.train).toarray().astype(float)
    np.fill_diagonal(together, 0)
    return split, together / (together.sum(0) + 1), next(iter(split.histories(limit=1).values()))


def told(score, split, history):
    model = topple.wrap(score, "callable", split.catalogue, histories="dense")
    return [(each.status, each.proof, len(each.items)) for each in topple.explain(model, history, k=3, progress=False)]


def test_a_constant_for_all_or_for_what_is_in_stock_leaves_minimum_sets_as_small():
    split, table, history = films()
    stock = np.arange(len(split.catalogue)) % 2 == 0
    for offset in (100, 1e4):
        assert told(lambda rows, offset=offset: rows @ table + offset, split, history) == told(
            lambda rows: rows @ table, split, history
        )
    for bonus in (10, 1000):
        found = told(lambda rows, bonus=bonus: rows @ table + np.where(stock, bonus, 0), split, history)
        assert [size for *_, size in found] == [3, 1, 1]
        assert {proof for _, proof, _ in found} == {topple.Proof.MINIMUM}
    assert [size for *_, size in told(lambda rows: np.where(stock, rows @ table, -1e9), split, history)] == [3, 1, 1]


def test_a_set_that_topples_by_the_scores_themselves_topples_with_an_offset():
    split, table, history = films()
    plain = topple.wrap(lambda rows: rows @ table, "callable", split.catalogue, histories="dense")
    moved = topple.wrap(lambda rows: rows @ table + 1e4, "callable", split.catalogue, histories="dense")
    explained = topple.explain(plain, history, k=3, progress=False)
    verdicts = topple.verify(moved, [each.query for each in explained], [each.items for each in explained])
    assert all(verdict.necessary for verdict in verdicts)
