"""Sets that are to suffice, and sets that are to do both, for sums: beside the general search, which scores every set that it tries."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

import topple
from tests.explainers.sums.parity import (
    GOALS,
    KINDS,
    RULES,
    by_the_general_path,
    differences,
    draw_model,
    draw_queries,
    explained,
)
from topple import registry
from topple.explainers.search.engine import Engine
from topple.explainers.sums.keeping import exchanges_of
from topple.scoring.budget import Meter
from topple.scoring.encoding import encode
from topple.scoring.sums import building


def refused(*_, **__):
    raise AssertionError("scores were asked for")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["auto", "greedy"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_compiled_search_takes_the_steps_of_the_general_one(kind, rule, method):
    random = np.random.default_rng([KINDS.index(kind), RULES.index(rule), len(method), 3])
    sizes = set()
    for _ in range(2):
        model = draw_model(random, kind)
        queries = draw_queries(random, model, 4, rule, goals=GOALS)
        fast, slow = explained(model, queries, method, **({"budget": 0} if method == "auto" else {}))
        assert not differences(fast, slow)
        assert [(each.items, each.cost) for each in fast] == [(each.items, each.cost) for each in slow]
        sizes |= {len(each.items or ()) for each in fast}
    assert {0, 1} <= sizes


def held_together(random, items=90):
    """Return a model whose first items gain a little from every item; the others gain much, each from a few."""
    table = random.normal(0, 0.2, (items, items)) + 3 * (random.random((items, items)) < 0.1)
    table[:, :8] = random.normal(1, 0.2, (items, 8))
    np.fill_diagonal(table, 0)
    catalogue = topple.Catalogue(topple.Vocabulary(list(range(items))))
    return registry.load("recommenders", "ease").from_arrays({"weights": table.astype(np.float32)}, catalogue)


@pytest.mark.parametrize("costs", [(), (0.5, 1, 2)])
@pytest.mark.parametrize("goal", GOALS)
def test_sets_of_many_items_are_grown_pruned_and_exchanged_alike(goal, costs):
    found = {"auto": [], "greedy": []}
    for seed in range(4):
        random, queries = np.random.default_rng(seed), []
        model = held_together(random)
        for _ in range(4):
            history = random.permutation(np.arange(8, 90))[:24].tolist()
            priced = {item: float(random.choice(costs)) for item in history} if costs else {}
            queries += [
                topple.Query(tuple(history), listed.item, k=4, goal=goal, item_costs=priced)
                for listed in topple.recommend(model, history, k=4)
            ]
        for method, settings in (("auto", {"budget": 0}), ("greedy", {}), ("greedy", {"width": 1})):
            fast, slow = explained(model, queries, method, **settings)
            assert [(each.items, each.cost) for each in fast] == [(each.items, each.cost) for each in slow]
            if "width" not in settings:
                found[method] += [len(each.items or ()) for each in fast]
    assert max(found["auto"]) > 2
    assert sum(found["auto"]) < sum(found["greedy"])


def test_single_units_are_scored_once_for_all_targets_of_a_history():
    model = held_together(np.random.default_rng(5))
    history = tuple(range(30, 50))
    targets = [listed.item for listed in topple.recommend(model, history, k=5)]
    for goal, each in (("sufficient", 1), ("both", 2)):
        queries = encode([topple.Query(history, target, goal=goal) for target in targets], model.catalogue)
        meter = Meter()
        cost = registry.load("explainers", "greedy")().propose(model, queries, meter=meter).cost
        assert meter.scored == int(cost.sum()) - (len(targets) - 1) * (1 + each * len(history))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["auto", "exact"])
@pytest.mark.parametrize("rule", RULES)
def test_what_is_proven_of_these_goals_is_what_is_proven_by_a_table_of_all_scores(rule, method):
    random = np.random.default_rng([RULES.index(rule), len(method), 4])
    proofs = set()
    for kind in KINDS:
        model = draw_model(random, kind)
        fast, slow = explained(model, draw_queries(random, model, 2, rule, longest=9, goals=GOALS), method)
        assert not differences(fast, slow)
        proofs |= {(each.query.goal.value, each.proof) for each in fast}
    assert proofs >= {(goal, topple.Proof.MINIMUM) for goal in GOALS}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_where_few_items_may_be_listed_they_alone_are_added_up(kind, rule):
    random = np.random.default_rng([KINDS.index(kind), RULES.index(rule), 5])
    model = draw_model(random, kind)
    ids = list(model.catalogue.vocabulary.ids)
    gone = frozenset(random.choice(ids, int(random.uniform(0.5, 0.7) * len(ids)), replace=False).tolist())
    queries = draw_queries(random, model, 4, rule, exclude=gone, goals=GOALS)
    fast, slow = explained(model, [each for each in queries if each.target not in gone], "greedy")
    foreseen = [rule != "unseen_after" or each.query.goal == "sufficient" for each in fast]
    # what the removed items score that compete again is foreseen for sums alone
    assert not [each for each in differences(fast, slow) if foreseen[each[0]]]
    found = [each for each in fast if each.items]
    with by_the_general_path(model):
        verdicts = topple.verify(model, [each.query for each in found], [each.items for each in found])
    told = [(each.valid, each.minimal, each.rank_after, each.rank_alone) for each in verdicts]
    assert told == [(True, True, each.rank_after, each.verdict.rank_alone) for each in found]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
def test_how_far_differences_may_be_off_decides_no_set(monkeypatch, rule):
    random = np.random.default_rng(6)
    model = draw_model(random, "real")
    queries = draw_queries(random, model, 6, rule, longest=12, goals=GOALS)
    near = topple.explain_queries(model, queries, explainer="greedy", progress=False)
    monkeypatch.setattr(building, "UNIT", 1e-3)  # delta is wider than the scores are apart
    far = topple.explain_queries(model, queries, explainer="greedy", progress=False)
    assert not differences(near, far)
    assert [each.margin for each in near] == [each.margin for each in far]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("goal", GOALS)
def test_nothing_but_rows_is_asked_for(monkeypatch, goal):
    random = np.random.default_rng(7)
    model = draw_model(random, "real")
    queries = draw_queries(random, model, 4, "unseen_before", goals=(goal,), sets=1)
    topple.explain_queries(model, queries[:1], explainer="greedy", progress=False)  # what is found out once a model
    for name in ("score", "bind", "contributions"):
        monkeypatch.setattr(model, name, refused)
    found = topple.explain_queries(model, queries, explainer="greedy", progress=False)
    assert any(len(each.items or ()) > 1 for each in found)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("goal", GOALS)
def test_single_events_of_an_item_that_comes_again_are_kept_too(goal, rule, monkeypatch):
    random = np.random.default_rng(8)
    for kind in KINDS:
        model = draw_model(random, kind)
        queries = [
            replace(
                each, history=each.history + each.history[:3], weights=(), repeats="events", item_costs={}, groups=()
            )
            for each in draw_queries(random, model, 2, rule, longest=20, goals=(goal,))
        ]
        fast, slow = explained(model, queries, "greedy")
        assert not differences(fast, slow)
        foreseen = goal == "sufficient" or rule != "unseen_after"  # else no shortlist foresees when an item comes back
        with monkeypatch.context() as changed, nullcontext() if foreseen else pytest.raises(AssertionError):
            changed.setattr(Engine, "margins", refused)
            topple.explain_queries(model, queries, explainer="greedy", progress=False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("goal", GOALS)
def test_a_limit_ends_the_search_where_it_ends_the_general_one_alone_and_among_others(goal):
    random = np.random.default_rng(12)
    model = draw_model(random, "real")
    queries = draw_queries(random, model, 6, "unseen_before", k=5, goals=(goal,))
    asked = {"explainer": "auto", "settings": {"budget": 0}, "progress": False}
    free = topple.explain_queries(model, queries, **asked)
    ended = 0
    for scored in (1, 20, 60, 100, 150):
        few = topple.explain_queries(model, queries, budget={"scored": scored}, **asked)
        for each, whole in zip(few, free, strict=True):
            if whole.cost <= scored:
                assert each.items == whole.items
            if each.items:
                assert each.verdict.valid
            assert each.cost <= scored + 2 * (len(each.query.history) + 64)
            ended += each.status is topple.Status.BUDGET_SPENT
        alone = [topple.explain_queries(model, [query], budget={"scored": scored}, **asked)[0] for query in queries[:6]]
        assert [(each.items, each.cost) for each in alone] == [(each.items, each.cost) for each in few[:6]]
        with by_the_general_path(model):
            slow = topple.explain_queries(model, queries, budget={"scored": scored}, **asked)
        assert [each.items for each in few] == [each.items for each in slow]
    assert ended


def test_what_may_be_scored_in_all_ends_with_the_history_that_passes_it():
    random = np.random.default_rng(13)
    model = draw_model(random, "real")
    queries = draw_queries(random, model, 8, "unseen_before", k=5, goals=("both",))
    found = topple.explain_queries(model, queries, budget={"total_scored": 300}, explainer="greedy", progress=False)
    spent = [each.status is topple.Status.BUDGET_SPENT for each in found]
    assert any(spent)
    assert not all(spent)


def test_two_units_are_exchanged_for_one_that_costs_less_than_both():
    beside, cost = np.array([1.0, 2.0, 4.0, 8.0, 16.0]), np.array([500, 1000, 500, 1400, 1500])
    three, promise = exchanges_of(beside, cost, np.array([0, 1, 2]), np.array([3, 4]))
    assert three.tolist() == [[0, 1, 3], [1, 2, 3]]
    assert promise.tolist() == [11.0, 14.0]
