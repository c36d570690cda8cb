"""The oracle judges others, so it is tried on answers that are known to be wrong."""

from dataclasses import replace

import numpy as np
import pytest

import topple
from tests.oracle.judge import judge, named_bits, question
from tests.oracle.rule import History, Precision, scale_of
from tests.oracle.worlds import additive_world
from topple import Proof, Query, Status

WORLD = additive_world(np.random.default_rng(5), "real", 18)
IDS = list(WORLD.model.catalogue.vocabulary.ids)


def answers():
    """Explanations of a world, each with the question that it answers, all of them true."""
    random = np.random.default_rng(2)
    precision = Precision(1e-12, scale_of(WORLD.score, 18))
    for _ in range(12):
        items = random.permutation(18)[:6].tolist()
        history = History(WORLD.score, items)
        named = tuple(IDS[item] for item in items)
        for listed in topple.recommend(WORLD.model, named, k=3):
            query = Query(named, listed.item, k=3)
            (explanation,) = topple.explain_queries(WORLD.model, [query], progress=False)
            yield explanation, question(query, history, precision, IDS)


ANSWERS = list(answers())
FOUND = [(e, q) for e, q in ANSWERS if e.status is Status.FOUND and 1 < len(e.items) < 5]


def kinds(explanation, asked):
    return {kind for kind, _ in judge(explanation, asked).false}


def with_items(explanation, items, **fields):
    positions = tuple(explanation.query.history.index(item) for item in items)
    return replace(explanation, items=tuple(items), positions=positions, **fields)


def test_true_answers_pass():
    assert len(FOUND) > 5
    assert [kinds(*answer) for answer in ANSWERS] == [set()] * len(ANSWERS)


@pytest.mark.parametrize("proof", [Proof.MINIMAL, Proof.MINIMUM])
def test_a_set_with_an_item_too_many_is_not_minimal(proof):
    wrong = []
    for explanation, asked in FOUND:
        more = next(item for item in explanation.query.history if item not in explanation.items)
        larger = with_items(explanation, [*explanation.items, more], proof=proof)
        if asked.does(named_bits(larger), 0):
            wrong.append(kinds(larger, asked))
    assert wrong
    assert all("minimal" in found for found in wrong)
    assert proof is not Proof.MINIMUM or all("minimum" in found for found in wrong)


def test_a_set_with_an_item_too_few_is_not_valid():
    for explanation, asked in FOUND:
        assert "valid" in kinds(with_items(explanation, explanation.items[1:]), asked)


def test_a_true_set_is_not_refuted_and_not_impossible():
    for explanation, asked in FOUND:
        assert "refuted" in kinds(replace(explanation, proof=None), asked)
        assert "impossible" in kinds(replace(explanation, status=Status.IMPOSSIBLE, proof=None), asked)


def test_ranks_and_replacements_are_held_against_the_scores():
    explanation, asked = FOUND[0]
    for name in ("before", "after", "alone"):
        field = f"rank_{name}"
        wrong = (getattr(explanation, field) or 98) + 1  # alone, a set is scored only where the goal asks for it
        assert f"rank {name}" in kinds(replace(explanation, **{field: wrong}), asked)
    listed = topple.recommend(WORLD.model, explanation.query.history, k=3)
    stays = next(each.item for each in listed if each.item != explanation.query.target)
    assert "replacements" in kinds(replace(explanation, replacements=(stays,)), asked)
    assert "replacements" in kinds(replace(explanation, replacements=(explanation.query.history[0],)), asked)


def test_a_set_that_the_query_does_not_allow_is_seen():
    explanation, asked = FOUND[0]
    first = explanation.items[0]
    query = replace(explanation.query, protected={first})
    protected = question(query, asked.history, asked.precision, IDS)
    assert "not allowed" in kinds(replace(explanation, query=query), protected)


def test_a_query_that_can_be_asked_is_not_invalid_and_the_reverse():
    explanation, asked = FOUND[0]
    refused = replace(explanation, status=Status.INVALID, proof=None, reason="no")
    assert "invalid" in kinds(refused, asked)
    last = IDS[int(np.where(asked.competing[-1], asked.history.scores[-1], np.inf).argmin())]
    query = replace(explanation.query, target=last)
    assert "invalid" in kinds(replace(explanation, query=query), question(query, asked.history, asked.precision, IDS))


def test_alternatives_are_other_sets_of_equal_cost():
    explanation, asked = FOUND[0]
    assert "alternatives" in kinds(replace(explanation, alternatives=(explanation.items,)), asked)
    assert "alternatives" in kinds(replace(explanation, alternatives=((explanation.query.history[0],),)), asked)
