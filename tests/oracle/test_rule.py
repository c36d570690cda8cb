"""The rule on scores that can be worked out by hand."""

import numpy as np
import pytest

from tests.oracle.rule import CERTAIN, POSSIBLE, History, Precision, Question, scale_of


def ask(table, history, target, k=1, rule="unseen_before", goal="necessary", **fields):
    table = np.asarray(table, dtype=float)
    kept = History(lambda items, weights: weights @ table[items], history)
    events = len(history)
    given = {
        "units": np.array([1 << event for event in range(events)]),
        "costs": np.full(events, 1000),
        "sizes": np.ones(events, dtype=int),
        "largest": None,
        "may_be_listed": np.ones(len(table), dtype=bool),
        "precision": Precision(1e-12, 1.0),
    }
    return Question(
        history=kept, target=target, k=k, rule=rule, goal=goal, ids=list(range(len(table))), **(given | fields)
    )


GIVES = [[0, 0, 3, 1, 0], [0, 0, 1, 2, 0], [0] * 5, [0] * 5, [0] * 5]
"""Items 0 and 1 are the history; item 2 has 4, item 3 has 3, item 4 nothing."""


def test_the_cheapest_set_is_the_item_that_holds_the_target_up():
    asked = ask(GIVES, [0, 1], target=2)
    assert asked.cheapest(CERTAIN) == (1, 1000)  # without item 0: 1 against 2
    assert ask(GIVES, [0, 1], target=2, costs=np.array([5000, 500])).cheapest(CERTAIN) == (1, 5000)


def test_with_nothing_left_all_that_is_left_is_tied():
    asked = ask(GIVES, [0, 1], target=2, units=np.array([3]), costs=np.array([1000]), sizes=np.array([2]))
    assert asked.cheapest(CERTAIN) == (3, 1000)
    assert asked.counts[CERTAIN, :, 0].tolist() == [0, 2]
    without = Precision(1e-12, 1.0, fillers=False)
    assert ask(GIVES, [0, 1], target=2, units=np.array([3]), costs=np.array([1]), precision=without).cheapest(0) is None


def test_a_tie_with_evidence_speaks_for_the_target():
    table = [[0, 0, 3, 1, 0], [0, 0, 0, 2, 0], *GIVES[2:]]
    asked = ask(table, [0, 1], target=2)
    assert not asked.out[CERTAIN, 3]
    assert ask(table, [0, 1], target=3).out[CERTAIN, 3] == (3 > 3)


def test_what_was_removed_comes_back_by_the_rule():
    table = [[0, 0, 3], [9, 0, 3], [0, 0, 0]]
    assert ask(table, [0, 1], target=2).cheapest(CERTAIN) is None  # nobody else may be listed
    assert ask(table, [0, 1], target=2, rule="unseen_after").cheapest(CERTAIN) == (1, 1000)
    assert ask(table, [0, 1], target=2, rule="all").out[CERTAIN].tolist() == [True, False, True, True]


@pytest.mark.parametrize(("goal", "expected"), [("necessary", 1), ("sufficient", 1), ("both", 1)])
def test_goals(goal, expected):
    assert ask(GIVES, [0, 1], target=2, goal=goal).cheapest(CERTAIN)[0] == expected


def test_near_the_bar_it_is_possible_and_not_certain():
    rounding = 1e-3
    precision = Precision(rounding, 1.0)
    eps = precision.eps(1.0)
    assert eps == 2.0**-6  # 8 / 1000 is rounded up to a power of two
    for above, certain, possible in ((eps - 2e-3, False, False), (eps, False, True), (eps + 2e-3, True, True)):
        table = [[0, 1, 1 + above], [0, 0, 0], [0, 0, 0]]
        asked = ask(table, [0], target=1, precision=precision)
        assert (asked.out[CERTAIN, 1], asked.out[POSSIBLE, 1]) == (certain, possible)


def test_eps_follows_powers_of_two():
    for power in (-300, -3, 0, 5, 300):
        assert Precision(1e-12, 3.0 * 2.0**power).eps(2.0**power) == Precision(1e-12, 3.0).eps(1.0) * 2.0**power
    assert Precision(1e-12, 0.0).eps(0.0) == 0


def test_scale_is_the_median_of_the_tenth_best_that_are_not_negligible():
    levels = np.array([0, 1e-9, 4.0, 2.0, 8.0])

    def score(items, kept):
        return np.full((len(kept), 12), levels[items[0]]) + np.r_[np.full(9, 100.0), np.zeros(3)]

    assert scale_of(score, 12, histories=[[0], [1], [2], [3], [4]]) == 4.0
    assert scale_of(lambda items, kept: np.zeros((1, 3)), 3) == 0
