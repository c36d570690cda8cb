import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import milp

from tests.explainers.brute_force import ADDITIVE, MODELS, true_sets
from tests.explainers.test_goals import NECESSARY, mixed
from topple import explain, explain_queries
from topple.api.recommending import recommend
from topple.errors import SettingsError
from topple.explainers.auto import Auto
from topple.explainers.exact import Exact
from topple.explainers.proofs import removal_program
from topple.explainers.removals import search
from topple.explainers.search import enumeration
from topple.explainers.search.explainer import SetSearch
from topple.records.answer import Proof, Status
from topple.records.question import Goal, Query
from topple.scoring.budget import Account, Budget, Meter
from topple.testing import film_world, random_additive, random_mult_vae
from topple.testing.toy import ToyRecommender
from topple.testing.worlds import catalogue_of

FILMS = film_world()
METHODS = ["auto", "greedy", "exhaustive", "exact", "lcer", "lcer-rank"]


def questions(method, seed):
    """Queries of all kinds that the method can be asked, and their recommender."""
    model = (ADDITIVE if method == "exact" else MODELS[:4])[seed % 3 + (method != "exact")]
    fixed = {} if method in ("auto", "greedy", "exhaustive") else NECESSARY
    return model, mixed(model, seed, fixed, size=9)


def explained(model, asked, method, budget, **kwargs):
    return explain_queries(model, asked, explainer=method, budget=budget, progress=False, **kwargs)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scored", [1, 12, 40])
def test_a_budget_in_scored_histories_is_kept_up_to_one_step_and_no_set_is_untrue(method, scored):
    """A step tries at most 9 single items, 12 items twice and 48 exchanges, or 4 restarts; with both goals twice as many."""
    for seed in range(3):
        model, asked = questions(method, seed)
        for found in explained(model, asked, method, {"scored": scored}):
            assert found.cost <= scored + 72 * (2 if found.query.goal is Goal.BOTH else 1)
            if method in ("lcer", "exhaustive"):
                assert found.cost <= scored or found.status is Status.FOUND
            if found.status is Status.FOUND and method != "lcer":
                assert found.proof is not None
                assert frozenset(found.items) in true_sets(model, found.query)
            if found.status is Status.IMPOSSIBLE:
                assert not true_sets(model, found.query)
            if found.status is Status.BUDGET_SPENT:
                assert "the budget was spent before a set was found" in found.reason
                assert (found.items, found.proof) == ((), None)


@pytest.mark.parametrize("method", METHODS)
def test_the_smallest_budget_spends_it(method):
    model = MODELS[3]
    if method == "exact":
        model = ADDITIVE[2]
    ids = model.catalogue.vocabulary.ids
    asked = [Query(ids[:size], recommend(model, ids[:size], 3)[0].item, k=3) for size in (6, 8)]
    few, many = (explained(model, asked, method, budget) for budget in ({"scored": 1}, {"scored": 100_000}))
    assert Status.BUDGET_SPENT in {found.status for found in few} or method == "exact"
    assert all(a.cost < b.cost for a, b in zip(few, many, strict=True))
    if method != "lcer":
        assert all(found.status is not Status.BUDGET_SPENT for found in many)


def long_history():
    """26 items of which 7, 6 and 3 topple the three best."""
    model = random_mult_vae(60, seed=3)
    history = model.catalogue.vocabulary.ids[:26]
    return model, [Query(history, place.item, k=8) for place in recommend(model, history, 3)]


@pytest.mark.parametrize("scored", [40, 150, 600])
def test_auto_keeps_the_limit_in_its_proofs_and_in_what_it_searches_again(scored):
    model, asked = long_history()
    for found in explained(model, asked, "auto", {"scored": scored}, settings={"again": 1}):
        assert found.cost <= scored + 72
    free = explain_queries(model, asked, explainer="auto", settings={"again": 1, "budget": 2000}, progress=False)
    assert sorted(found.cost > 700 for found in free) == [False, True, True]  # so the limit does limit


@pytest.mark.parametrize("scored", range(160, 400, 40))
def test_who_is_searched_again_beside_a_query_whose_budget_is_spent_changes_nothing(scored):
    model, asked = long_history()
    how = {"budget": {"scored": scored}, "settings": {"again": 1, "budget": 100, "swaps": 0}}
    together = explain_queries(model, asked, explainer="auto", progress=False, **how)
    alone = [explain_queries(model, [query], explainer="auto", progress=False, **how)[0] for query in asked]
    assert [(e.items, e.proof, e.cost) for e in together] == [(e.items, e.proof, e.cost) for e in alone]


@pytest.mark.parametrize("scored", [20, 60, 200])
def test_exhaustive_begins_no_size_that_the_budget_does_not_last_for(scored):
    model, asked = long_history()
    for found in explained(model, asked, "exhaustive", {"scored": scored}, settings={"largest": None}):
        assert found.cost <= scored
        assert found.proof in (None, Proof.MINIMUM)


def test_a_budget_in_all_ends_a_size_that_is_begun(monkeypatch):
    monkeypatch.setattr(enumeration, "BETWEEN_LOOKS", 100)
    model, asked = long_history()
    (found,) = explained(model, asked[:1], "exhaustive", {"total_scored": 500})
    assert (found.status, found.items) == (Status.BUDGET_SPENT, ())
    assert 500 <= found.cost <= 600
    (proven,) = explained(model, asked[2:], "exhaustive", {"total_scored": 3000})
    assert len(proven.items) == 3
    (stopped,) = explained(model, asked[2:], "exhaustive", {"total_scored": 2800})
    assert len(stopped.items) == 3
    assert stopped.proof is proven.proof is Proof.MINIMUM  # all of one and two are tried, so of three none is better


@pytest.mark.parametrize("costs", [{}, 2], ids=["by size", "by cost"])
def test_exact_settles_no_more_than_the_budget_lasts_for(costs):
    """Without any 3 of 20 items the target ties at 0 with all others, so that re-ranking refutes one set after the other.

    Its scores for an empty history say nothing, so that ties speak for the target.
    """

    class Silent(ToyRecommender):
        empty_by_rule = True

    table = torch.zeros(30, 30)
    table[:20, 27], table[20, 27] = 1, -17
    model = Silent(catalogue_of(30), table)
    ids = model.catalogue.vocabulary.ids
    query = Query(
        ids[:21], ids[27], k=1, protected=ids[20:21], largest=3, item_costs=dict.fromkeys(ids[:20], 2) if costs else {}
    )
    few = {"refuted": 15}
    (free,) = explain_queries(model, [query], explainer="exact", settings=few, progress=False)
    assert free.status is (Status.BUDGET_SPENT if costs else Status.IMPOSSIBLE)  # 16 sets, or every one of them
    (spent,) = explained(model, [query], "exact", {"scored": free.cost - 10}, settings=few)
    assert spent.status is Status.BUDGET_SPENT
    assert spent.cost <= free.cost - 10


@pytest.mark.parametrize("method", METHODS)
def test_seconds_end_a_search(method):
    model, asked = long_history()
    if method == "exact":
        model = random_additive(40)
        history = model.catalogue.vocabulary.ids[:26]
        asked = [Query(history, place.item, k=3) for place in recommend(model, history, 3)]
    its = {"exhaustive": {"largest": 5, "budget": 10**9}, "lcer": {"steps": 10**6}, "lcer-rank": {"steps": 10**6}}
    for budget in ({"seconds": 0.05}, {"total_seconds": 0.1}):
        started = time.perf_counter()
        found = explained(model, asked, method, budget, settings=its.get(method))
        assert time.perf_counter() - started < 20
        for each in found:
            assert each.status in (Status.FOUND, Status.BUDGET_SPENT) or method == "exact"
            assert (each.proof is not None) == (each.status is Status.FOUND) or method == "lcer"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("total", [{"total_scored": 1}, {"total_seconds": 1e-9}])
def test_a_budget_in_all_answers_the_first_and_loses_none(method, total, monkeypatch):
    monkeypatch.setattr(SetSearch, "at_once", lambda *_: 1)
    monkeypatch.setattr(Auto, "at_once", lambda *_: 1)
    monkeypatch.setattr(Exact, "at_once", lambda *_: 1)
    users = {"ana": FILMS.one.history, "bo": FILMS.bo.history, "cy": ("brazil", "duel", "evita")}
    its = {"lcer": {"steps": 60}, "lcer-rank": {"steps": 20}}.get(method)
    found = explain(FILMS.recommender, users, k=1, explainer=method, settings=its, budget=total, progress=False)
    assert [e.query.user for e in found] == list(users)
    late = [e for e in found if e.cost == 0]
    assert len(late) == (2 if "total_scored" in total else 3)
    assert {e.status for e in late} == {Status.BUDGET_SPENT}
    assert all("the budget was spent" in e.reason for e in late)
    free = explain(FILMS.recommender, users, k=1, explainer=method, settings=its, progress=False)
    total = sum(e.cost for e in free) * 3
    whole = explain(
        FILMS.recommender, users, k=1, explainer=method, settings=its, budget={"total_scored": total}, progress=False
    )
    assert [(e.status, e.items) for e in whole] == [(e.status, e.items) for e in free]


def test_other_sets_are_looked_for_as_long_as_the_budget_lasts():
    query = replace(FILMS.one, sets=2)
    costs = {}
    for scored in range(1, 40):
        (found,) = explained(FILMS.recommender, [query], "greedy", {"scored": scored})
        costs[scored] = found.cost, len(found.alternatives)
    assert {others for _, others in costs.values()} == {0, 1}
    assert all(cost <= scored + 5 for scored, (cost, _) in costs.items())


@pytest.mark.parametrize(
    ("budget", "match"),
    [
        ({"scored": 0}, "scored=0"),
        ({"scored": -3}, "scored=-3"),
        ({"scored": 1.5}, "scored=1.5"),
        ({"seconds": 0}, "seconds=0"),
        ({"seconds": float("nan")}, "seconds=nan"),
        ({"total_scored": 0}, "total_scored=0"),
        ({"total_seconds": -1}, "total_seconds=-1"),
        ({"total_seconds": "soon"}, "total_seconds='soon'"),
        ({"second": 1}, "'second' is not a setting of Budget.*Did you mean 'seconds'"),
    ],
)
def test_a_budget_that_is_none_is_refused_by_name(budget, match):
    with pytest.raises(SettingsError, match=match):
        explain_queries(FILMS.recommender, [FILMS.one], budget=budget, progress=False)


def test_a_budget_may_be_an_object_and_one_without_limits_is_none():
    asked = [FILMS.one, FILMS.two]
    free = explained(FILMS.recommender, asked, "auto", None)
    for budget in (Budget(), {}, Budget(scored=10**6), {"seconds": 1000.0}):
        found = explained(FILMS.recommender, asked, Exact(), budget)
        assert [(e.items, e.proof) for e in found] == [(e.items, e.proof) for e in free]
    assert np.isfinite([e.seconds for e in free]).all()


def test_sizes_that_are_not_tried_prove_nothing():
    """Two items topple the target, and no single one does."""
    for limits, status in (
        ({"whole": 0, "largest": 1}, Status.NOT_FOUND),
        ({"whole": 0, "largest": None, "budget": 4}, Status.BUDGET_SPENT),
        ({"whole": 0, "largest": 2}, Status.FOUND),
        ({"whole": 0, "largest": None}, Status.FOUND),
    ):
        (found,) = explained(FILMS.recommender, [FILMS.two], "exhaustive", None, settings=limits)
        assert found.status is status
        assert found.proof is (Proof.MINIMUM if status is Status.FOUND else None)
    dear = replace(FILMS.two, item_costs={"brazil": 9})
    (found,) = explained(FILMS.recommender, [dear], "exhaustive", None, settings={"whole": 0, "largest": 2})
    assert (found.items, found.proof) == (("brazil", "casablanca"), Proof.MINIMAL)  # three others cost less


def test_a_set_that_is_the_best_so_far_says_so():
    model = random_mult_vae(items=40, seed=3)
    history = tuple(model.catalogue.vocabulary.ids[:24])
    asked = [Query(history, place.item, k=4) for place in recommend(model, history, 4)]
    free, short = (explain_queries(model, asked, budget=its, progress=False) for its in ({}, {"scored": 36}))
    assert not any("smaller set may exist" in found.reason for found in free)
    cut = [found for found in short if found.status is Status.FOUND and found.cost >= 36]
    assert cut
    for found in cut:
        proven = found.proof is Proof.MINIMUM
        assert found.reason == ("" if proven else "the budget was spent: a smaller set may exist")


@pytest.mark.parametrize("with_costs", [False, True])
def test_a_budget_in_seconds_ends_a_program_too(monkeypatch, with_costs):
    """A solver cannot be asked in between: it is told when to stop, by its own query's seconds and by those left in all."""
    model, limits = random_additive(items=60, seed=1), []
    ids = model.catalogue.vocabulary.decode(range(60))
    constraints = {"item_costs": dict.fromkeys(ids[:20], 2.5)} if with_costs else {}

    def solver(*given, **options):
        limits.append(options["options"]["time_limit"])
        return milp(*given, **options)

    monkeypatch.setattr(removal_program, "milp", solver)
    monkeypatch.setattr(search, "EFFORT", 0)  # branch and bound leaves all to the solver

    def limits_under(budget):
        limits.clear()
        chosen = [np.random.default_rng(seed).permutation(60)[:12] for seed in range(6)]
        histories = {user: [ids[item] for item in items] for user, items in enumerate(chosen)}
        explain(model, histories, k=5, explainer="exact", budget=budget, progress=False, **constraints)
        assert limits, "the question is too easy to need a program"
        return limits

    assert set(limits_under(None)) == {math.inf}
    assert all(50 < limit <= 60 for limit in limits_under({"seconds": 60}))
    assert all(20 < limit <= 30 for limit in limits_under({"seconds": 60, "total_seconds": 30}))


def test_a_countdown_is_of_one_query_and_of_all_that_share_the_time():
    def left(queries, **budget):
        return Meter(Budget(**budget)).account(queries).countdown()()

    assert left(3) == math.inf
    assert 9 < left(3, seconds=10) <= 10
    assert 4 < left(3, seconds=10, total_seconds=5) <= 5
    meter = Meter(Budget(seconds=10))
    cost = torch.zeros(3, dtype=torch.int64)
    assert -15 < Account(meter, cost, time.perf_counter() - 34).countdown()() < -13
    assert 5 < Account(meter, cost, time.perf_counter() - 14).countdown()() <= 6


def test_an_account_charges_each_query_and_the_run_is_counted_apart():
    account = Meter(Budget(scored=5)).account(2)
    account.charge(torch.tensor([0, 0, 1]), 2)
    account.charge(torch.tensor([1, 2]), torch.tensor([4, 9]))  # the last is no query
    assert account.cost[:2].tolist() == [4, 6]
    assert (account.left(0), account.left(1)) == (1, -1)
    assert account.spent(torch.tensor([[0, 1]])).tolist() == [[False, True]]
    assert account.spent(torch.tensor([0]), 1).tolist() == [True]
    assert account.meter.scored == 0
    assert Meter().account(1).left(0) == math.inf


def test_an_unproven_set_says_between_what_and_what_the_smallest_lies():
    model, asked = long_history()
    little, more = (
        explained(model, asked[:1], "auto", None, settings={"budget": work, "again": 0})[0] for work in (400, 20_000)
    )
    assert little.proof is not Proof.MINIMUM
    assert 1 < little.at_least <= more.at_least < len(more.items) <= len(little.items)


@pytest.mark.parametrize("limit", ["seconds", "total_seconds"])
def test_seconds_without_an_end_are_refused(limit):
    with pytest.raises(SettingsError, match=rf"{limit}=inf: Input should be a finite number"):
        Budget.parse({limit: float("inf")})
