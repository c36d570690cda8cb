"""Goals, groups, costs and largest sets, held against every set of short histories; and alone against any batch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.explainers.brute_force import ADDITIVE, MODELS, draw_constraints, draw_query, one_less, price, true_sets
from topple import explain_queries
from topple.api.recommending import recommend
from topple.explainers import auto, exact
from topple.records.answer import Proof, Status
from topple.records.question import Goal, Query
from topple.testing import OpaqueRecommender, film_world

SEEDS = st.integers(0, 1_000_000)
NECESSARY = {"goal": Goal.NECESSARY}


def explained(model, asked, explainer, **kwargs):
    return explain_queries(model, asked, explainer=explainer, progress=False, **kwargs)


def is_true(model, found):
    """Every claim of an answer, against all sets; return these."""
    query, named = found.query, frozenset(found.items)
    every = true_sets(model, query)
    assert found.status is not Status.INVALID, found.reason
    if found.status is Status.IMPOSSIBLE:
        assert not every
    if found.status is Status.FOUND:
        assert named in every
        assert found.proof is not None
    if found.proof is Proof.MINIMAL:
        assert not any(less in every for less in one_less(query, named))
    if found.proof is Proof.MINIMUM:
        assert price(query, named) == min(price(query, some) for some in every)
    return every


def is_settled(model, found):
    """A proven minimum where there is any set, and impossible where there is none."""
    every = is_true(model, found)
    assert found.proof is (Proof.MINIMUM if every else None)
    assert found.status is (Status.FOUND if every else Status.IMPOSSIBLE)


@settings(deadline=None, max_examples=120)
@given(SEEDS)
def test_exhaustive_finds_the_cheapest_set_for_every_goal_or_proves_that_there_is_none(seed):
    random, model = np.random.default_rng(seed), MODELS[seed % len(MODELS)]
    (found,) = explained(model, [draw_query(model, random)], "exhaustive")
    is_settled(model, found)


@settings(deadline=None, max_examples=80)
@given(SEEDS)
def test_greedy_sets_are_true_and_minimal_for_every_goal(seed):
    random, model = np.random.default_rng(seed), MODELS[seed % len(MODELS)]
    (found,) = explained(model, [draw_query(model, random)], "greedy")
    is_true(model, found)
    assert (found.proof is Proof.MINIMAL) == (found.status is Status.FOUND)


@pytest.mark.parametrize("limits", [{}, {"budget": 30}, {"budget": 0}, {"budget": 12, "again": 1, "width": 1}])
def test_auto_claims_no_minimum_and_no_impossible_that_is_not_so(limits):
    @settings(deadline=None, max_examples=40)
    @given(SEEDS)
    def holds(seed):
        random, model = np.random.default_rng(seed), MODELS[seed % len(MODELS)]
        (found,) = explained(model, [draw_query(model, random)], "auto", settings=limits)
        is_true(model, found) if limits else is_settled(model, found)
        assert (found.proof is not None) == (found.status is Status.FOUND)

    holds()


PRICES = {
    "as they come": None,
    "ties": (0.1, 0.2, 0.3),
    "far apart": (0.01, 100),
    "small": (1e-3, 2e-3, 3e-3),
    "large": (1000, 999, 333.3),
}


@pytest.mark.parametrize("prices", PRICES.values(), ids=PRICES)
def test_exact_agrees_with_every_set_whatever_groups_and_costs(prices):
    @settings(deadline=None, max_examples=30)
    @given(SEEDS)
    @example(889)  # of "large" prices: presolving it lost the cheapest set
    def agrees(seed):
        random, model = np.random.default_rng(seed), ADDITIVE[seed % len(ADDITIVE)]
        query = draw_query(model, random, 9, **({} if seed % 2 else NECESSARY))
        if prices is not None:
            query = replace(query, item_costs={item: random.choice(prices) for item in query.history})
        (found,) = explained(model, [query], "exact")
        is_settled(model, found)

    agrees()


@pytest.mark.parametrize("prices", [(0.1, 0.2, 0.3), (0.01, 100), (1e-3, 10), (1000, 333.3)])
def test_exhaustive_tells_costs_apart_however_small_or_large(prices):
    @settings(deadline=None, max_examples=15)
    @given(SEEDS)
    def tells(seed):
        random, model = np.random.default_rng(seed), MODELS[seed % len(MODELS)]
        query = draw_query(model, random, 5)
        query = replace(query, item_costs={item: random.choice(prices) for item in query.history})
        for method in ("exhaustive", "auto"):
            is_true(model, explained(model, [query], method)[0])

    tells()


def nothing(engine, **_):
    return torch.zeros_like(exact_search(engine, **_))


exact_search = exact.small_sets


@pytest.mark.parametrize("start", ["a set", "no set"])
@pytest.mark.parametrize("seed", range(2))
def test_exact_agrees_with_every_set_of_a_history_of_eleven_items(seed, start, monkeypatch):
    if start == "no set":
        monkeypatch.setattr(exact, "small_sets", nothing)
    for turn, model in enumerate(ADDITIVE):
        random = np.random.default_rng(10 * seed + turn)
        ids = model.catalogue.vocabulary.ids
        history = tuple(ids[place] for place in random.permutation(len(ids))[:11])
        query = Query(history, recommend(model, history, 2)[turn % 2].item, k=2)
        for _ in range(2):
            is_settled(model, explained(model, [draw_constraints(query, random, **NECESSARY)], "exact")[0])


FILMS = film_world()


def films(name, explainer="exhaustive", **constraints):
    (found,) = explained(FILMS.recommender, [replace(getattr(FILMS, name), **constraints)], explainer)
    return found.status.value, found.items, found.proof and found.proof.value


@pytest.mark.parametrize("explainer", ["exhaustive", "auto", "exact"])
def test_the_films_with_constraints(explainer):
    """evita tops ana's list: alien 4, brazil 3, casablanca 1 and duel 0 are hers; fargo has 1, 2, 3, 1 and gattaca 0, 0, 2, 4."""

    def ask(**constraints):
        return films("one", explainer, **constraints)

    assert ask(item_costs={"alien": 5}) == ("found", ("brazil",), "minimum")
    assert ask(item_costs={"brazil": 1.01}) == ("found", ("alien",), "minimum")
    assert ask(groups=[("alien", "brazil")]) == ("found", ("alien", "brazil"), "minimum")
    assert ask(groups=[("alien", "duel")], item_costs={"brazil": 2.5}) == ("found", ("alien", "duel"), "minimum")
    assert ask(groups=[("alien",)], item_costs={"brazil": 3}) == ("found", ("alien",), "minimum")
    assert ask(groups=[("alien", "brazil")], largest=1) == ("impossible", (), None)
    whole = ask(groups=[FILMS.one.history])  # all scores 0: nothing speaks for evita more than for all others
    assert whole == ("found", FILMS.one.history, "minimum")
    assert ask(groups=[("alien", "duel")], protected=["duel", "brazil"]) == ("impossible", (), None)
    assert ask(groups=[("alien", "duel")], protected=["duel"]) == ("found", ("brazil",), "minimum")
    assert films("two", explainer, largest=1) == ("impossible", (), None)
    assert films("two", explainer, largest=2) == ("found", ("brazil", "casablanca"), "minimum")


@pytest.mark.parametrize("explainer", ["exhaustive", "auto", "greedy"])
def test_the_films_with_goals(explainer):
    """Alone, alien, brazil keep evita first, and casablanca does not; without alien or brazil it is not first."""
    proof = "minimal" if explainer == "greedy" else "minimum"
    status, removed, its = films("one", explainer, goal="sufficient", protected=["alien"])
    assert (status, removed, its) == ("found", ("brazil",), proof)
    assert films("one", explainer, goal="both", protected=["alien"]) == ("found", ("brazil",), proof)
    assert films("one", explainer, goal="sufficient", protected=["alien", "brazil"])[0] in ("impossible", "not_found")
    # under unseen_after alien comes back for brazil: 5 against evita's 3
    back = films("one", explainer, goal="sufficient", protected=["alien"], rule="unseen_after")
    assert back[1] != ("brazil",)
    assert films("one", explainer, goal="both", protected=["brazil"], rule="unseen_after") == (
        "found",
        ("alien",),
        proof,
    )


def facts(found):
    return [(e.query, e.status, e.items, e.proof, e.cost, e.alternatives, e.reason) for e in found]


def mixed(model, seed, fixed, size=7):
    """Queries of three histories, two targets each, with all kinds of constraints, in any order."""
    random, asked = np.random.default_rng(seed), []
    for _ in range(3):
        first = draw_query(model, random, size)
        for place in recommend(model, first.history, first.k)[:2]:
            for _ in range(2):
                query = replace(first, target=place.item, sets=int(random.integers(1, 4)))
                asked.append(draw_constraints(query, random, **fixed))
    return [asked[place] for place in random.permutation(len(asked))]


BATCHES = {
    "greedy": ("greedy", {}, None),
    "exhaustive": ("exhaustive", {}, None),
    "exhaustive, in parts": ("exhaustive", {"whole": 4, "largest": None, "budget": 40}, None),
    "exact": ("exact", {}, None),
    "auto": ("auto", {}, None),
    "auto, little proof": ("auto", {"budget": 40, "again": 2}, None),
    "lcer": ("lcer", {"steps": 6}, None),
    "lcer-rank": ("lcer-rank", {"steps": 15}, None),
    "greedy, 9 scored": ("greedy", {}, 9),
    "exhaustive, 25 scored": ("exhaustive", {}, 25),
    "exact, 12 scored": ("exact", {}, 12),
    "auto, 30 scored": ("auto", {}, 30),
    "auto, 90 scored": ("auto", {"again": 2}, 90),
    "lcer-rank, 33 scored": ("lcer-rank", {"steps": 15}, 33),
}


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
def test_an_answer_and_its_cost_are_the_same_alone_in_any_batch_in_any_order_and_repeated(batch):
    explainer, its, scored = batch
    fixed = NECESSARY if explainer.startswith("lcer") else {}
    for seed in range(3):
        model = MODELS[:-1][seed % 4] if explainer.startswith("lcer") else MODELS[seed % len(MODELS)]
        model = ADDITIVE[seed % len(ADDITIVE)] if explainer == "exact" else model
        asked = mixed(model, seed, fixed)
        how = {"settings": its, "budget": scored and {"scored": scored}}
        together = facts(explained(model, asked, explainer, **how))
        assert [facts(explained(model, [query], explainer, **how))[0] for query in asked] == together
        again = facts(explained(model, asked[::-1] + asked[:2], explainer, **how))
        assert again[: len(asked)][::-1] == together
        assert again[len(asked) :] == together[:2]


def test_what_others_protect_changes_neither_the_cost_nor_how_far_an_enumeration_goes():
    """Alone five items fit into `whole`; in the batch another query of the history has six."""
    model = MODELS[-1]
    history = model.catalogue.vocabulary.ids[:6]
    target = recommend(model, history, 1)[0].item
    free = Query(history, target, k=1)
    kept = replace(free, protected=frozenset(history[:1]))
    for method, its in (("exhaustive", {"whole": 5, "budget": 1}), ("auto", {"budget": 31}), ("greedy", {})):
        together = facts(explained(model, [free, kept], method, settings=its))
        assert together == [facts(explained(model, [query], method, settings=its))[0] for query in (free, kept)]
    assert explained(model, [kept], "greedy")[0].cost < explained(model, [free], "greedy")[0].cost


def test_a_grouped_query_takes_no_proof_from_the_others(monkeypatch):
    monkeypatch.setattr(auto, "_sets_up_to", lambda units, size: 10**9)  # no enumeration: bounds alone prove
    model = MODELS[3]
    plain = [query for seed in range(12) for query in mixed(model, seed, {**NECESSARY, "groups": (), "item_costs": ()})]
    grouped = [replace(query, groups=(query.history[:2],)) for query in plain if len(query.history) > 1]
    alone = facts(explained(model, plain, "auto"))
    assert facts(explained(model, plain + grouped, "auto"))[: len(plain)] == alone
    assert sum(proof is Proof.MINIMUM and len(removed) > 1 for _, _, removed, proof, *_ in alone) > 3


def test_the_cheapest_removal_divides_nothing_by_nothing():
    """The other places of a group cost and lift nothing."""
    with np.errstate(all="raise"):
        assert films("one", "exact", groups=[("casablanca", "duel")], item_costs={"brazil": 0.5})[1] == ("brazil",)
        assert films("one", "exact", groups=[("casablanca", "duel")], protected=["alien"])[1] == ("brazil",)


@pytest.mark.parametrize(("goal", "each"), [("necessary", 1), ("both", 2)])
def test_a_set_costs_a_scored_history_for_what_is_left_and_one_for_itself(goal, each):
    """Three items may be named, and none of their seven sets does; greedy tries the three, then two with the best, then all.

    Where none does, greedy asks once more whether nothing is left that speaks for the target without them.
    """
    query = replace(FILMS.impossible, goal=goal)
    (every,) = explained(FILMS.recommender, [query], "exhaustive")
    assert (every.status, every.cost) == (Status.IMPOSSIBLE, 1 + 7 * each)
    (greedy,) = explained(FILMS.recommender, [query], "greedy")
    assert (greedy.status, greedy.cost) == (Status.NOT_FOUND, 1 + (3 + 2 + 1 + 1) * each)


@pytest.mark.parametrize(
    ("ruled", "costs", "proof"), [(0, {}, "minimal"), (1, {}, "minimum"), (1, {"brazil": 9}, "minimal")]
)
def test_auto_claims_a_minimum_where_all_that_could_cost_less_is_ruled_out(ruled, costs, proof, monkeypatch):
    """Two items topple fargo; where brazil costs 9, three others would cost less."""

    def bounds(engine, sizes, budget):
        return engine.claims(torch.zeros_like(engine.table.removable), engine.table.least_cost(ruled + 1))

    monkeypatch.setattr(auto.Auto, "_bounds", lambda self, engine, sizes: bounds(engine, sizes, 0))
    monkeypatch.setattr(auto, "_sets_up_to", lambda units, size: 10**9)
    opaque = film_world(OpaqueRecommender).recommender
    (found,) = explained(opaque, [replace(FILMS.two, item_costs=costs)], "auto")
    assert (found.items, found.proof.value) == (("brazil", "casablanca"), proof)
