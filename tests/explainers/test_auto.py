"""What the default method does with its first sets: enumerate, search again, enumerate what became smaller. Against every set."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import topple
from tests.explainers.brute_force import draw_query, true_sets
from tests.explainers.test_goals import is_true
from topple import evaluate, explain_queries
from topple.api.recommending import recommend
from topple.explainers import auto
from topple.recommenders.models.als import ALS, AlsSettings
from topple.records.answer import Proof, Status
from topple.records.question import Goal, Query
from topple.testing.worlds import catalogue_of, random_mult_vae


def als(seed, items=18, factors=5):
    random = np.random.default_rng(seed)
    chosen = AlsSettings(factors=factors, regularisation=1.0)
    return ALS.from_arrays({"item_factors": random.normal(0, 0.5, (items, factors))}, catalogue_of(items), chosen)


def given_sets(model, sets):
    """A search, or a second one, that answers with these sets of items by target, and those that it was asked about."""
    asked = []

    def answer(engine, *_, **limits):
        table, ids = engine.table, model.catalogue.vocabulary.ids
        removed = torch.zeros_like(table.removable)
        for row, column in table.asked.nonzero().tolist():
            target = ids[table.target[row, column]]
            asked.append(target)
            for place, item in enumerate(table.histories.items[row].tolist()):
                removed[row, column, place] = ids[item] in sets.get(target, ())
        removed &= table.removable
        return removed

    return answer, asked


def explained(model, queries, first, then, monkeypatch, spend, **limits):
    """Explain from given first sets, with given ones of the second search; and what that was asked about."""
    begin, _ = given_sets(model, first)
    again, asked = given_sets(model, then)
    monkeypatch.setattr(auto, "compiled_search", lambda engine: None)
    monkeypatch.setattr(auto, "small_sets", lambda engine, **_: begin(engine))
    monkeypatch.setattr(auto, "smaller_around", again)
    found = explain_queries(model, queries, settings={"swaps": 0, **limits}, budget=spend, progress=False)
    return {explanation.query.target: explanation for explanation in found}, asked


def size(some):
    return len(some)


@pytest.fixture(scope="module")
def world():
    """A history of seven items and two targets: the smallest set of one has two items, that of the other three."""
    for seed in range(300):
        model = als(seed)
        ids = model.catalogue.vocabulary.ids
        history = tuple(ids[place] for place in np.random.default_rng(seed).permutation(18)[:7])
        asked = [Query(history, each.item, k=3) for each in recommend(model, history, 3)]
        every = {query.target: sorted(true_sets(model, query), key=size) for query in asked}
        small = {target: len(sets[0]) for target, sets in every.items() if len(sets) and len(sets[-1]) >= 5}
        two, three = ([t for t in small if small[t] == many] for many in (2, 3))
        if two and three:
            a, b = two[0], three[0]
            return model, [query for query in asked if query.target in (a, b)], a, b, every
    return pytest.fail("no such history")


def of_size(every, target, many):
    return next(some for some in every[target] if len(some) == many)


def test_what_is_proven_is_not_searched_for_again_and_what_is_found_then_is_proven(world, monkeypatch):
    model, queries, a, b, every = world
    first, then = {a: every[a][0], b: of_size(every, b, 5)}, {a: of_size(every, a, 5), b: every[b][0]}
    found, asked = explained(model, queries, first, then, monkeypatch, None, budget=40, again=2)
    assert asked == [b]  # the seven singles prove the first; four items of seven are too many to try for the second
    assert found[a].proof is found[b].proof is Proof.MINIMUM
    assert (set(found[a].items), set(found[b].items)) == (every[a][0], every[b][0])


def test_a_budget_spent_before_something_was_found_again_stays_spent(world, monkeypatch):
    model, queries, a, b, every = world
    first, then = {a: of_size(every, a, 5), b: of_size(every, b, 4)}, {a: every[a][0]}
    found, asked = explained(model, queries, first, then, monkeypatch, {"scored": 45}, budget=70, again=2)
    assert sorted(asked) == sorted([a, b])
    assert found[a].proof is Proof.MINIMUM
    assert len(found[b].items) == 4  # after seven singles and 21 pairs the budget does not last for 35 sets of three
    assert found[b].proof is not Proof.MINIMUM
    assert found[b].reason == "the budget was spent: a smaller set may exist"
    assert found[b].cost == 1 + 7 + 21  # and nothing for what was found of the other


def test_nothing_is_searched_for_again_once_the_budget_is_spent(world, monkeypatch):
    model, queries, a, b, every = world
    first = {a: of_size(every, a, 5), b: of_size(every, b, 5)}
    found, asked = explained(model, queries, first, {}, monkeypatch, {"scored": 1}, budget=40, again=2)
    assert not asked
    assert all("budget was spent" in each.reason and each.cost == 1 for each in found.values())


def test_a_model_that_can_only_be_asked_is_not_searched_for_again(world, monkeypatch):
    model, queries, a, b, every = world
    monkeypatch.setattr(type(model), "capabilities", frozenset())
    first, then = {a: of_size(every, a, 5), b: of_size(every, b, 5)}, {b: every[b][0]}
    found, asked = explained(model, queries, first, then, monkeypatch, None, budget=40, again=2)
    assert not asked
    assert len(found[b].items) == 5


def reads_the_last(seed, empty, items=24, read=4):
    """A function that can only be asked: the last items decide, each in another way after another one; `empty`: how much stays."""
    random = np.random.default_rng(seed)
    prior, alone, after = (random.normal(size=(items,) * many) for many in (1, 2, 3))
    catalogue = catalogue_of(items)
    number = {item: place for place, item in enumerate(catalogue.vocabulary.ids)}

    def scores(histories):
        last = [[number[item] for item in history][-read:] for history in histories]
        return np.array([empty * prior + alone[each].sum(0) + after[each[:-1], each[1:]].sum(0) for each in last])

    return topple.wrap(scores, "callable", catalogue, ordered=True)


@pytest.mark.parametrize(("empty", "largest"), [(0, 3), (2, 50)])
def test_where_order_counts_a_function_is_searched_around_what_is_known_or_the_history(empty, largest, monkeypatch):
    monkeypatch.setattr(auto, "AGAIN", 0)  # a wider search would fail
    smaller, first = 0, 0
    for seed in range(4):
        model, random = reads_the_last(seed, empty), np.random.default_rng(seed)
        ids = model.catalogue.vocabulary.ids
        histories = [tuple(ids[place] for place in random.permutation(20)[:14]) for _ in range(10)]
        queries = [Query(history, each.item, k=8) for history in histories for each in recommend(model, history, 2)]
        limits = {"budget": 5, "largest": largest}
        once, twice = (
            explain_queries(model, queries, settings={**limits, "again": again}, progress=False) for again in (0, 2)
        )
        assert evaluate(model, twice).measurements[queries[0].rule]["pn"].value == 1
        for one, other in zip(once, twice, strict=True):
            assert len(other.items) <= len(one.items) if one.items else len(other.items) <= largest
            assert other.cost >= one.cost
            smaller += 0 < len(other.items) < len(one.items)
            first += len(other.items) > 0 == len(one.items)
    assert (first if empty else smaller) > 5


MODELS = [als(0), als(1, factors=30), random_mult_vae(16)]


@pytest.mark.parametrize("spend", [None, {"scored": 60}])
@pytest.mark.parametrize("work", [9, 40, 200])
def test_no_claim_is_false_whatever_is_begun_with_and_found_again(spend, work, monkeypatch):
    @settings(deadline=None, max_examples=40)
    @given(st.integers(0, 1_000_000))
    def holds(seed):
        random, model = np.random.default_rng(seed), MODELS[seed % len(MODELS)]
        query = draw_query(model, random, 7, goal=Goal.NECESSARY)
        every = sorted(true_sets(model, query), key=size)
        known = every and random.random() < 0.6
        one, two = ({query.target: every[random.integers(len(every))]} if known else {} for _ in range(2))
        (found,) = explained(model, [query], one, two, monkeypatch, spend, budget=work, again=1)[0].values()
        is_true(model, found)
        assert found.status is Status.FOUND or not known

    holds()
