import numpy as np
import pytest

from topple import Agreement, Catalogue, Explanation, Interactions, Query, Shown, Status, Verdict, Vocabulary
from topple.records.agreement import ComparedList, Match
from topple.records.question import CandidateRule
from topple.records.telling.reprs import record_text, value_text

MANY = 50_000
QUERY = Query(
    range(MANY), "x", k=MANY, user="u" * 900, exclude=range(MANY), item_costs={0: 2}, context={"a": list(range(MANY))}
)
CATALOGUE = Catalogue(Vocabulary(range(MANY)), tuple(f"title {number} " + "long " * 99 for number in range(MANY)))


@pytest.mark.parametrize(
    "value",
    [
        QUERY,
        Verdict(QUERY, CandidateRule.ALL, True, replacements=tuple(range(MANY))),
        Explanation(
            QUERY, Status.FOUND, tuple(f"{number}" * 99 for number in range(90)), rank_before=1, rank_after=900
        ),
        Explanation(QUERY, Status.INVALID, reason="why " * MANY),
        Shown(tuple(range(MANY)), tuple(range(MANY))),
        Agreement(5, (ComparedList("u", tuple(range(MANY)), (), Match.DIFFERENT, 0.5),) * MANY),
        ComparedList("u", tuple(range(MANY)), (), Match.DIFFERENT, 0.5, reason="why " * MANY),
        CATALOGUE,
        Interactions(Vocabulary(["u"]), CATALOGUE, np.zeros(3, int), np.arange(3), ratings=np.ones(3), name="n" * MANY),
    ],
    ids=lambda value: type(value).__name__,
)
def test_texts_at_a_prompt_are_a_line_or_two(value):
    assert 20 < len(repr(value)) < 600
    assert "\n" not in repr(value)


def test_a_query_tells_what_is_not_as_usual():
    assert repr(Query(["a", "b"], "c")) == "Query(history=('a', 'b'), target='c')"
    assert repr(Query(["a"], "c", goal="both", k=3)) == "Query(goal='both', history=('a',), k=3, target='c')"
    assert "exclude=<50,000 items>" in repr(QUERY)


def test_a_value_is_told_whatever_it_is():
    class Odd:
        def __repr__(self):
            raise ZeroDivisionError

        def __eq__(self, other):
            raise ZeroDivisionError

    assert value_text(Odd()) == "a value of type Odd"
    assert value_text("\x1b[31m") == "'\\x1b[31m'"
    assert "context=a value of type Odd" in record_text(Query(["a"], "b", context=Odd()))


def test_a_set_is_told_without_and_alone():
    told = {"items": ("a", "b"), "rank_before": 1, "rank_after": 9, "rank_alone": 2}
    assert "without 'a', 'b' it has rank 9, with these alone rank 2; not true" in repr(
        Explanation(Query(["a", "b"], "c"), Status.FOUND, **told)
    )
    alone = {"items": ("a",), "rank_alone": 2}
    assert ": with 'a' alone rank 2; not true" in repr(Explanation(Query(["a", "b"], "c"), Status.FOUND, **alone))
    assert "'a', 'b', 'c', 'd' and 2 more; not true" in repr(
        Explanation(Query(["a"], "z"), Status.FOUND, tuple("abcdef"))
    )
