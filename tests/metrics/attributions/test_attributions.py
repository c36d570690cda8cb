"""The metrics of attributions by hand: a history of twelve events, of which the target leaves the list after the fourth."""

import math

import pytest

from topple import registry
from topple.metrics import Judged
from topple.metrics.attributions.cdcg import Cdcg
from topple.metrics.attributions.gini import Gini
from topple.metrics.attributions.pos import Pos, PosFixed
from topple.records.answer import Explanation, Status, Verdict
from topple.records.curves import Curve, Curves, lengths_of, tenths
from topple.records.question import CandidateRule, Query

QUERY = Query(tuple("abcdefghijkl"), "t", k=5)
LENGTHS = lengths_of(12)  # 0 1 2 3 4 5 6 7 8 9 10 11 12, without those between the tenths
RANKS = {0: 1, 1: 1, 2: 3, 3: 4, 4: 5, 5: 9, 6: 12, 7: 20, 8: 30, 9: 40, 10: 50, 11: 60, 12: 70}


def curve(rank_of, score_of):
    return Curve(LENGTHS, tuple(rank_of(n) for n in LENGTHS), tuple(score_of(n) for n in LENGTHS))


CURVES = Curves(
    deletion=curve(RANKS.get, lambda n: 12.0 - n),
    reverse_deletion=curve(lambda n: 1 if n < 10 else 30, lambda n: 12.0 - n / 2),
    insertion=curve(lambda n: 20 - n, lambda n: float(n)),
)


def judged(numbers=(1.0,) * 12, curves=CURVES):
    explanation = Explanation(QUERY, Status.FOUND, attributions=numbers)
    return Judged(explanation, Verdict(QUERY, CandidateRule.UNSEEN_BEFORE, found=True, size=2), curves)


def value(name, one=None):
    return registry.load("metrics", name)().value(one or judged())


def test_the_points_are_those_of_twelve_events():
    assert tenths(12) == (0, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pos", 3 / 11),  # after 0, 2 and 4 events
        ("neg", 8 / 11),  # after 0 to 9
        ("del", sum(12 - n for n in tenths(12)) / 11),
        ("ins", sum(tenths(12)) / 11),
        ("cdcg", sum(1 / math.log2(1 + RANKS[n]) for n in tenths(12)) / 11),
        ("pos_fixed", 4 / 5),  # after 1, 2, 3, 4 and not 5
        ("del_fixed", sum((12 - n) / 12 for n in range(1, 6)) / 5),
        ("ins_fixed", sum(n / 12 for n in range(1, 6)) / 5),
        ("cdcg_fixed", sum(1 / math.log2(1 + RANKS[n]) for n in range(1, 6)) / 5),
        ("gini", 0.0),
    ],
)
def test_by_hand(name, expected):
    assert value(name) == pytest.approx(expected)


def test_the_list_may_be_of_another_length_than_that_of_the_query():
    assert Pos(k=1).value(judged()) == pytest.approx(1 / 11)
    assert [PosFixed(k=4, events=n).value(judged()) for n in range(1, 6)] == [1, 1, 1, 0, 0]


def test_a_short_history_is_looked_at_as_far_as_it_goes():
    short = Query(("a", "b"), "t", k=5)
    few = Curve(lengths_of(2), (1, 4, 9), (3.0, 2.0, 1.0))
    one = Judged(
        Explanation(short, Status.FOUND, attributions=(2.0, 1.0)),
        Verdict(short, CandidateRule.UNSEEN_BEFORE, found=True, size=1),
        Curves(few, few, few),
    )
    assert value("pos", one) == pytest.approx(2 / 11)  # 0, 1, then 2 nine times
    assert value("pos_fixed", one) == pytest.approx(1 / 5)


def test_without_attributions_a_query_is_in_no_denominator():
    nothing = judged(numbers=(), curves=None)
    names = [name for name in registry.names("metrics") if registry.load("metrics", name).reads_attributions]
    assert len(names) == 10
    assert all(value(name, nothing) is None for name in names)


def test_shares_of_scores_of_0_or_less_say_nothing():
    below = Curve(LENGTHS, CURVES.deletion.ranks, tuple(score - 20 for score in CURVES.deletion.scores))
    one = judged(curves=Curves(below, below, below))
    assert value("del_fixed", one) is value("ins_fixed", one) is None
    assert value("del", one) is not None


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 1, 1, 1), 0),
        ((1, 0, 0, 0), 3 / 4),
        ((-1, 0, 0, 0), 3 / 4),
        ((3, 1), 1 / 4),
        ((0, 0), None),
        ((math.nan, 1), None),
    ],
)
def test_gini(numbers, expected):
    found = Gini().value(judged(tuple(map(float, numbers))))
    assert found == (None if expected is None else pytest.approx(expected))


def test_the_discount_of_the_first_rank_is_one():
    top = Curve(LENGTHS, (1,) * len(LENGTHS), (1.0,) * len(LENGTHS))
    assert Cdcg().value(judged(curves=Curves(top, top, top))) == 1
