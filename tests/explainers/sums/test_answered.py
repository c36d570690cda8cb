"""Callables that are sums: sets proposed by what they answer to single items, beside those of the general search."""

from contextlib import contextmanager

import numpy as np
import pytest

import topple
from tests.explainers.sums.parity import KINDS, RULES, differences, draw_queries, numbers
from topple import Query, explain_queries
from topple.explainers.sums import answered
from topple.recommenders.families.row_sums import DenseRows
from topple.scoring.ranking import Ranking
from topple.scoring.variations import HistoryBatch, unchanged

METHODS = {"auto": {"budget": 0}, "greedy": {}}


def draw_callable(random, kind, single=False):
    """Return a function that adds up rows and a constant, wrapped, and what it is asked: the rows of each call."""
    items, calls = int(random.integers(60, 200)), []
    table, constant = numbers(random, kind, items).astype(np.float64), random.normal(0, 0.3, items)
    if kind in ("integers", "duplicates"):
        constant = np.zeros(items)

    def ask(rows):
        calls.append(rows.copy())
        given = (table.astype(np.float32), constant.astype(np.float32)) if single else (table, constant)
        return rows.astype(given[0].dtype) @ given[0] + given[1]

    catalogue = topple.Catalogue(topple.Vocabulary([f"i{7 * item + 3}" for item in range(items)]))
    return topple.wrap(ask, "callable", catalogue, histories="dense", additive=True), calls


@contextmanager
def by_the_general_search(model):
    """While it is open, the model is not asked for single items to propose sets by."""
    model.answers = lambda histories: None
    try:
        yield
    finally:
        del model.answers


def explained(model, queries, method="auto", **settings):
    """Return the answers with sets that are proposed by sums, and those of the general search."""
    asked = {"explainer": method, "settings": settings, "progress": False}
    fast = explain_queries(model, queries, **asked)
    with by_the_general_search(model):
        return fast, explain_queries(model, queries, **asked)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_sums_propose_is_what_the_general_search_finds(kind, rule, method):
    random = np.random.default_rng([KINDS.index(kind), RULES.index(rule), len(method)])
    model, _ = draw_callable(random, kind)
    fast, slow = explained(model, draw_queries(random, model, 4, rule), method, **METHODS[method])
    assert any(each.items for each in fast)
    assert all(each.valid for each in fast if each.items)
    if rule == "unseen_after":  # what the removed items score that compete again is foreseen for sums alone
        better = [one.status == "found" and other.status == "not_found" for one, other in zip(fast, slow, strict=True)]
        assert sum(better) <= 1
        fast, slow = ([each for each, is_so in zip(all_, better, strict=True) if not is_so] for all_ in (fast, slow))
    assert not differences(fast, slow)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["auto", "exact"])
def test_what_is_proven_is_the_same(method):
    random = np.random.default_rng(3)
    model, _ = draw_callable(random, "real")
    fast, slow = explained(model, draw_queries(random, model, 4, "unseen_before"), method)
    assert not differences(fast, slow)
    assert any(each.proof == "minimum" for each in fast)


@pytest.mark.filterwarnings("ignore")
def test_a_function_in_float32_is_explained_as_by_the_general_search():
    random = np.random.default_rng(4)
    model, _ = draw_callable(random, "real", single=True)
    assert model.rounding == 3e-6
    fast, slow = explained(model, draw_queries(random, model, 6, "unseen_before"), **METHODS["auto"])
    assert not differences(fast, slow)
    assert all(each.valid for each in fast if each.items)


USERS = ([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 9, 10, 11, 12], [20, 21, 22, 23, 24])


def films(extra=lambda rows: 0.0, items=40, users=USERS, **how):
    """Return a wrapped function of sums and what else it adds, what it is asked, and queries of users' lists."""
    random, calls = np.random.default_rng(0), []
    table = random.normal(0.2, 1, (items, items))

    def ask(rows, **told):
        calls.append(np.asarray(rows))
        return rows @ table + extra(rows)

    model = topple.wrap(ask, "callable", list(range(items)), histories="dense", additive=True, **how)
    calls.clear()
    queries = [
        Query(tuple(history), item.item, k=3, **({"context": "a"} if how.get("contexts") else {}))
        for history in users
        for item in topple.recommend(model, history, k=3, **({"context": "a"} if how.get("contexts") else {}))
    ]
    calls.clear()
    return model, calls, queries


def test_single_items_are_asked_for_once_in_one_call():
    model, calls, queries = films()
    found = explain_queries(model, queries, settings={"budget": 0}, progress=False)
    singles = [call for call in calls if (call.sum(1) == 1).sum() > 1]
    assert len(singles) == 1
    assert sorted(map(tuple, singles[0])) == sorted(
        {tuple(row) for row in np.eye(40)[[*range(1, 13), 20, 21, 22, 23, 24]]} | {tuple(np.zeros(40))}
    )
    asked = [tuple(row) for call in calls for row in call if row.sum() > 1]
    assert len(asked) == len(set(asked)), "nothing is asked twice"
    largest = max(len(each.items) for each in found)
    assert largest > 1
    assert len(asked) <= 3 + sum(
        1 + len(each.items) for each in found
    )  # the histories, the sets, and each with an item less


@pytest.mark.parametrize("method", METHODS)
def test_a_query_is_charged_what_it_would_have_cost_alone(method):
    model, calls, queries = films()
    together = explain_queries(model, queries, explainer=method, settings=METHODS[method], progress=False)
    for query, each in zip(queries, together, strict=True):
        calls.clear()
        (alone,) = explain_queries(model, [query], explainer=method, settings=METHODS[method], progress=False)
        assert (alone.items, alone.cost) == (each.items, each.cost)
        asked = sum((call.sum(1) > 0).sum() for call in calls)
        assert asked <= alone.cost <= asked + len(each.items)  # a set that the judge asks about again is held


def test_an_answer_does_not_depend_on_what_else_is_asked_or_on_memory(monkeypatch, set_memory):
    model, calls, queries = films()
    expected = explain_queries(model, queries, settings={"budget": 0}, progress=False)
    set_memory(1)
    told = ("items", "status", "proof", "rank_after", "cost")
    with_little = explain_queries(model, queries, settings={"budget": 0}, progress=False)
    assert [[getattr(each, name) for name in told] for each in with_little] == [
        [getattr(each, name) for name in told] for each in expected
    ]
    set_memory(4_000_000)
    with monkeypatch.context() as few:
        few.setattr(answered, "rows_at_once", lambda *asked: 1)
        one_by_one = explain_queries(model, queries, settings={"budget": 0}, progress=False)
    assert [(each.items, each.cost) for each in one_by_one] == [(each.items, each.cost) for each in expected]
    monkeypatch.setattr(answered, "HELD", 6 * 40)  # the first history is too long for that, the other two are not
    calls.clear()
    together = explain_queries(model, queries, settings={"budget": 0}, progress=False)
    alone = [explain_queries(model, [query], settings={"budget": 0}, progress=False)[0] for query in queries]
    assert [(each.items, each.cost) for each in together] == [(each.items, each.cost) for each in alone]
    assert [len(each.items) for each in together] == [len(each.items) for each in expected]
    singles = {int(row.argmax()) for call in calls for row in call if row.sum() == 1}
    assert singles == {1, 2, 9, 10, 11, 12, 20, 21, 22, 23, 24}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scored", [1, 5, 9, 12, 20])
def test_a_budget_ends_the_search_and_what_is_found_is_true(scored, method):
    model, _, queries = films()
    budget = {"scored": scored}
    found = explain_queries(model, queries, explainer=method, settings=METHODS[method], budget=budget, progress=False)
    for query, each in zip(queries, found, strict=True):
        assert each.cost <= scored + 2 * (len(query.history) + 1)
        assert each.valid or each.status == "budget_spent"
    if scored == 1:
        assert {each.status for each in found} == {"budget_spent"}
    over = explain_queries(
        model, queries, explainer=method, settings=METHODS[method], budget={"total_seconds": 1e-9}, progress=False
    )
    assert {each.status for each in over} == {"budget_spent"}


@pytest.mark.parametrize("method", METHODS)
def test_what_sums_tell_is_not_charged_so_that_a_budget_of_the_cost_gives_the_same_answer(method):
    liked = np.isin(np.arange(40), [37, 38, 39])  # of these every item of the history speaks for
    users = [list(range(20)), list(range(1, 21)), list(range(2, 22)), list(range(3, 23))]
    model, _, queries = films(lambda rows: np.outer(rows.sum(1), 0.4 * liked), users=users)
    asked = {"explainer": method, "settings": METHODS[method], "progress": False}
    found = explain_queries(model, queries, **asked)
    assert max(len(each.items) for each in found) > 4, "the general search scores more than that to get there"
    for query, whole in zip(queries, found, strict=True):
        (each,) = explain_queries(model, [query], budget={"scored": whole.cost + 1}, **asked)
        assert (each.status, each.items, each.cost) == (whole.status, whole.items, whole.cost)
    spent = (
        len(users) + 23 + sum(each.cost - 21 for each in found)
    )  # histories, items, and what is asked for each query
    limited = explain_queries(model, queries, budget={"total_scored": spent + 1}, **asked)
    assert [(each.status, each.items) for each in limited] == [(each.status, each.items) for each in found]


def test_sums_are_searched_with_the_tolerance_of_each_query(monkeypatch):
    large = np.random.default_rng(1).normal(5e4, 1e4, (5, 40))
    model, _, queries = films(lambda rows: rows[:, 20:25] @ large)
    search, seen = answered.by_sums, {}

    def noting(engine, **limits):
        cells = engine.table.cells
        seen.update(zip(engine.table.target[cells].tolist(), engine.tolerance[cells].tolist(), strict=True))
        return search(engine, **limits)

    monkeypatch.setattr(answered, "by_sums", noting)
    monkeypatch.setattr(answered, "rows_at_once", lambda *asked: 1)  # a history at a time
    explain_queries(model, queries, settings={"budget": 0}, progress=False)
    ranking = Ranking.of(model)
    for query in queries:
        batch = HistoryBatch.of([query.history])
        score = model.score(batch, unchanged(batch))[0, :, query.target]
        assert seen[query.target] == float(ranking.tolerance(score))
    assert len(set(seen.values())) > 1


def interplay(rows):
    """Return what two items together take from a third: the wrapping does not come upon them."""
    return np.outer(3.0 * rows[:, 3] * rows[:, 4], np.arange(40) % 7 == 2)


@pytest.mark.parametrize("method", METHODS)
def test_a_function_that_is_no_sum_after_all_gets_true_and_minimal_sets_as_by_the_general_search(method):
    model, _, queries = films(interplay)
    fast, slow = explained(model, queries, method, **METHODS[method])
    assert [each.status for each in fast] == [each.status for each in slow]
    assert all(each.valid for each in fast if each.items)
    judged = topple.verify(model, queries, [each.items for each in fast])
    assert [each.minimal for each in judged if each.found] == [True] * sum(bool(each.items) for each in fast)


def test_a_set_that_the_function_refutes_is_searched_for_again_by_scores(monkeypatch):
    model, _, queries = films()
    slow = explained(model, queries, **METHODS["auto"])[1]
    propose, search, engines = answered._proposed, answered.by_scores, []

    def wrong(engine, chosen, limits):
        engines.append(engine)
        sets = propose(engine, chosen, limits)
        sets[1] = False  # nothing is proposed for one history, and nonsense for another
        sets[2] = engine.table.removable[2] & (sets[2].cumsum(-1) == 0)
        return sets

    def undecided(engine, **limits):
        sets = search(engine, **limits)
        engine.catalogue.undecided[engine.table.cells] = 7000.0
        return sets

    monkeypatch.setattr(answered, "_proposed", wrong)
    monkeypatch.setattr(answered, "by_scores", undecided)
    fast = explain_queries(model, queries, settings={"budget": 0}, progress=False)
    assert not differences(fast, slow)
    assert (engines[0].catalogue.undecided == 7000).any(1).tolist() == [False, True, True], "what rounding decides"


def test_a_function_that_is_told_contexts_is_searched_by_scores():
    model, _, queries = films(contexts=["a", "b"])
    fast, slow = explained(model, queries, **METHODS["auto"])
    assert [each.items for each in fast] == [each.items for each in slow]
    assert [each.cost for each in fast] == [each.cost for each in slow]


def test_models_that_offer_rows_are_not_asked(monkeypatch):
    monkeypatch.setattr(answered, "small_sets", None)
    split = topple.load_split("generated")
    model = topple.fit(split, "ease", progress=False)
    assert isinstance(model._rows, DenseRows)
    assert topple.explain(model, split.histories(limit=2), settings={"budget": 0}, progress=False)
