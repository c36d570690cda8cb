"""Verdicts are taken over only where judging the set anew could say nothing else."""

import copy
import gc
import pickle
from dataclasses import replace

import pytest
import torch

from tests.told import SOUTH, told_model
from topple.api.explaining import explain
from topple.api.wrapping import wrap
from topple.records.answer import Explanation, Verdict
from topple.records.io import from_row, to_row
from topple.records.question import CandidateRule
from topple.testing import film_recommender
from topple.testing.counting import counting
from topple.testing.toy import ANA
from topple.verification import verify
from topple.verification.stamps import stamp_of
from topple.verification.taking_over import set_of, taken_over, with_alone

BEFORE, AFTER, ALL = CandidateRule


def explained(model=None, **options):
    """Return the recommender of the films and what it answers about the first film of Ana's list."""
    model = film_recommender() if model is None else model
    return model, explain(model, {"ana": ANA}, k=1, progress=False, **options)[0]


@pytest.mark.parametrize("rule", [BEFORE, AFTER, ALL])
@pytest.mark.parametrize("goal", ["necessary", "sufficient", "both"])
def test_the_verdict_of_what_was_just_explained_is_taken_over(rule, goal):
    model, fresh = explained(rule=rule, goal=goal)
    assert taken_over(fresh, model, rule) is fresh.verdict
    assert [taken_over(fresh, model, other) for other in CandidateRule if other is not rule] == [None, None]
    (full,) = with_alone(model, [fresh.verdict], rule)
    (anew,) = verify(model, [fresh.query], [fresh.items])
    assert replace(full, at_least=None, proof_by="") == anew


def test_nothing_but_the_sets_alone_is_scored_and_each_only_where_that_was_not_seen():
    model, asked = counting(film_recommender())
    several = [
        each
        for goal in ("necessary", "sufficient")
        for each in explain(model, {"ana": ANA, "bo": ANA[:3]}, k=2, goal=goal, progress=False)
    ]
    assert all(each.valid for each in several)
    before = asked.rows, asked.changed
    with_alone(model, [each.verdict for each in several], BEFORE)
    assert (asked.rows - before[0], asked.changed - before[1]) == (4, 4)


def test_a_query_without_a_set_is_taken_over_and_nothing_is_scored():
    model, asked = counting(film_recommender())
    (fresh,) = explain(model, {"ana": ANA}, k=1, protected=ANA, progress=False)
    assert (fresh.items, taken_over(fresh, model, BEFORE)) == ((), fresh.verdict)
    rows = asked.rows
    assert with_alone(model, [fresh.verdict], BEFORE) == [fresh.verdict]
    assert asked.rows == rows


def with_stray(explanation):
    """Return an explanation with the Verdict about another set of the same query."""
    (other,) = verify(film_recommender(), [explanation.query], [["duel"]])
    return replace(explanation, verdict=other)


FORGED = {
    "other items": lambda e: replace(e, items=("duel",)),
    "more items": lambda e: replace(e, items=(*e.items, "duel")),
    "an item outside the history besides": lambda e: replace(e, items=(*e.items, "evita")),
    "no items": lambda e: replace(e, items=()),
    "other positions": lambda e: replace(e, positions=(3,)),
    "other items and positions": lambda e: replace(e, items=("duel",), positions=(3,)),
    "another target": lambda e: replace(e, query=replace(e.query, target="fargo")),
    "another list": lambda e: replace(e, query=replace(e.query, k=2)),
    "another goal": lambda e: replace(e, query=replace(e.query, goal="sufficient")),
    "another history": lambda e: replace(e, query=replace(e.query, history=(*ANA, "gattaca"))),
    "an equal query": lambda e: replace(e, query=replace(e.query)),
    "a verdict made by hand": lambda e: replace(e, verdict=Verdict(e.query, BEFORE, found=True, necessary=True)),
    "a verdict replaced": lambda e: replace(e, verdict=replace(e.verdict, sufficient=True)),
    "a verdict with nothing replaced": lambda e: replace(e, verdict=replace(e.verdict)),
    "a verdict copied": lambda e: replace(e, verdict=copy.copy(e.verdict)),
    "a deep copy": copy.deepcopy,
    "pickled": lambda e: pickle.loads(pickle.dumps(e)),  # noqa: S301
    "from a file": lambda e: from_row(to_row(e)),
    "a verdict of another set": with_stray,
    "no verdict": lambda e: replace(e, verdict=None),
    "by hand": lambda e: Explanation(e.query, e.status, e.items, e.positions),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_the_judge_did_not_make_of_this_very_set_is_judged_anew(forge):
    model, fresh = explained()
    assert fresh.valid
    assert fresh.items != ("duel",)
    assert taken_over(fresh, model, BEFORE) is fresh.verdict
    assert taken_over(forge(fresh), model, BEFORE) is None


def test_what_says_nothing_of_the_set_may_be_replaced():
    model, fresh = explained()
    assert taken_over(replace(fresh, seconds=3.0, reason="told"), model, BEFORE) is fresh.verdict


@pytest.mark.parametrize("other", [copy.copy, copy.deepcopy, lambda _: film_recommender()])
def test_another_model_object_judges_anew_though_it_learned_the_same(other):
    model, fresh = explained()
    assert taken_over(fresh, other(model), BEFORE) is None


def test_a_model_that_has_learned_something_else_judges_anew():
    for change in ("in place", "another array", "rounding"):
        model, fresh = explained()
        if change == "in place":
            model._gives[0, 4] -= 1
        elif change == "another array":
            model._gives = torch.clone(model._gives)
        else:
            model.rounding *= 8
        assert taken_over(fresh, model, BEFORE) is None, change


def test_a_model_that_shows_no_arrays_is_asked_again_for_it_may_answer_otherwise():
    toy = film_recommender()
    gives = toy.arrays()["gives"].double().numpy()
    wrapped = wrap(lambda rows: rows @ gives, items=toy.catalogue, histories="csr")
    model, fresh = explained(wrapped)
    assert fresh.valid
    assert taken_over(fresh, model, BEFORE) is None


def test_a_query_with_a_context_is_judged_anew_for_the_context_may_have_changed():
    model, fresh = explained(told_model(), contexts={"ana": SOUTH})
    assert fresh.valid
    assert taken_over(fresh, model, BEFORE) is None


def test_single_events_are_known_by_their_positions():
    model, history = film_recommender(), ("alien", "casablanca", "alien", "duel")
    (fresh,) = explain(model, history, k=1, repeats="events", weights=(1, 1, 9, 1), progress=False)
    assert (fresh.items, fresh.positions) == (("alien",), (2,))
    assert taken_over(fresh, model, BEFORE) is fresh.verdict
    for positions in ((0,), (), (1,), (2, 2), (4,), (-2,)):
        forged = replace(fresh, positions=positions)
        assert taken_over(forged, model, BEFORE) is None
        assert set_of(forged) == (0,), "the first event of that name"


def test_an_item_is_named_with_all_of_its_events_whatever_the_positions():
    (fresh,) = explain(film_recommender(), ("alien", "casablanca", "alien", "duel"), k=1, progress=False)
    assert set_of(fresh) == fresh.positions
    assert set_of(replace(fresh, items=("alien",), positions=(2,))) == (0, 2)


def test_the_stamp_of_a_verdict_does_not_keep_the_model_alive():
    model, fresh = explained()
    stamp = stamp_of(fresh.verdict)
    assert stamp.model() is model
    del model
    gc.collect()
    assert stamp.model() is None
