import math

import numpy as np
import pytest
from scipy import stats

from topple.benchmark.comparing.paired import PairedTest, by_sign, by_user, corrected, holm, interval, mcnemar

USERS = list("aabbccddee")
DIFFERENCES = np.array([1.0, 0, 1, 1, 0, 1, -1, 0, 1, 0])


def test_mcnemar_is_the_binomial_test_of_the_queries_that_differ():
    first = np.array([1.0] * 8 + [0] * 2 + [1] * 5)
    second = np.array([0.0] * 8 + [1] * 2 + [1] * 5)
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (8, 2)
    by_hand = 2 * sum(math.comb(10, most) for most in (8, 9, 10)) / 2**10
    assert found.p == pytest.approx(by_hand) == pytest.approx(0.109375)
    assert found.p == stats.binomtest(8, 10).pvalue
    assert mcnemar(second, first).p == found.p


def test_mcnemar_of_queries_that_never_differ_tells_nothing():
    assert mcnemar(np.ones(4), np.ones(4)).p == 1


def test_signs_of_users_are_tried_all_where_they_are_few():
    # totals 1, 2, 1, -1, 1: a sum of at least 4 in size has 10 of the 32 choices of signs
    totals, _ = by_user(DIFFERENCES, USERS)
    signs = np.array(np.meshgrid(*[(-1, 1)] * 5)).reshape(5, -1).T
    by_hand = np.mean(np.abs(signs @ np.abs(totals)) >= abs(totals.sum()))
    assert by_sign(DIFFERENCES, USERS, seed=0) == pytest.approx(by_hand) == pytest.approx(10 / 32)


def test_queries_of_one_user_count_as_one_witness():
    difference = np.ones(12)
    assert by_sign(difference, list("ab") * 6, seed=0) == 0.5
    assert by_sign(difference, list("abcdefghijkl"), seed=0) == pytest.approx(2 / 2**12)


def test_the_interval_resamples_users_whole():
    low, high = interval(DIFFERENCES, USERS, seed=0)
    assert low < DIFFERENCES.mean() < high
    alone = interval(DIFFERENCES, list(range(10)), seed=0)
    assert (low, high) != alone
    # users of 1 and 9 queries: a mean over queries, not over users
    uneven = np.array([1.0] + [0.0] * 9)
    assert interval(uneven, ["a"] + ["b"] * 9, seed=0) == (0.0, 1.0)


def test_the_interval_is_that_of_draws_by_hand():
    draw = np.random.default_rng(1)
    totals, counts = by_user(DIFFERENCES, USERS)
    rows = draw.integers(0, 5, (20_000, 5))
    by_hand = np.quantile(totals[rows].sum(1) / counts[rows].sum(1), [0.025, 0.975])
    assert interval(DIFFERENCES, USERS, seed=0) == pytest.approx(by_hand, abs=0.06)


def test_draws_are_those_of_the_seed():
    values = np.random.default_rng(0).normal(size=40)
    users = [number // 2 for number in range(40)]
    assert interval(values, users, seed=3) == interval(values, users, seed=3) != interval(values, users, seed=4)
    assert by_sign(values, users, seed=3) == by_sign(values, users, seed=3) != by_sign(values, users, seed=4)


def test_one_user_has_no_interval():
    assert interval(np.ones(3), ["a"] * 3, seed=0) is None
    assert by_sign(np.ones(3), ["a"] * 3, seed=0) is None


def test_equal_methods_are_equal():
    assert interval(np.zeros(6), list("aabbcc"), seed=0) == (0, 0)
    assert by_sign(np.zeros(6), list("aabbcc"), seed=0) == 1


def test_holm_by_hand():
    # sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1, and never less than the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.4, 0.9]) == pytest.approx([0.8, 0.9])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([0.02, None]) == [0.02, None]
    assert holm([]) == []


def test_chances_of_both_kinds_are_corrected():
    def test_of(p, of_share):
        share = None if of_share is None else mcnemar(np.ones(of_share), np.zeros(of_share))
        return PairedTest("m", "validity", "a", "b", 10, 5, 0.5, 0.4, 0.1, 0.0, 0.2, p, mcnemar=share)

    first, second, third = corrected([test_of(0.01, 4), test_of(0.5, None), test_of(None, 3)])
    assert (first.holm, second.holm, third.holm) == (0.02, 0.5, None)
    assert first.mcnemar.holm == 0.25  # 2 / 16, of two tests
    assert third.mcnemar.holm == 0.25  # 2 / 8, never less than the one before
    assert second.mcnemar is None
