from dataclasses import replace

import numpy as np
import pytest
import torch

import topple
from tests.explainers.sums.parity import (
    KINDS,
    RULES,
    by_the_general_path,
    differences,
    draw_model,
    draw_queries,
    explained,
)
from topple.explainers.removals import search
from topple.recommenders.families.row_sums import SparseRows
from topple.recommenders.models.popularity import Popularity
from topple.scoring.sums import building
from topple.scoring.sums.entries import BEST, MANY


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["auto", "greedy"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_compiled_search_answers_what_the_general_one_does(kind, rule, method):
    random = np.random.default_rng([KINDS.index(kind), RULES.index(rule), len(method)])
    model = draw_model(random, kind)
    queries = draw_queries(random, model, 3, rule)
    settings = {"budget": 0} if method == "auto" else {}
    fast, slow = explained(model, queries, method, **settings)
    assert not differences(fast, slow)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [569, 683])
def test_of_dear_and_cheap_items_both_give_back_what_the_full_catalogue_says(seed):
    """Two worlds of some hundreds where the shortlist, which lacks who outranks a target, would give back another item."""
    random = np.random.default_rng(seed)
    model, queries = draw_model(random, "real"), []
    for query in draw_queries(random, model, 4, "all", k=10):
        costs = random.choice([0.1, 0.5, 2, 1.001], len(query.history)).tolist()
        queries.append(replace(query, item_costs=dict(zip(query.history, costs, strict=True)), repeats="item"))
    assert not differences(*explained(model, queries, "greedy"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [231, 489, 520, 958, 1216, 1493])
def test_both_foresee_what_removed_items_score_that_may_be_listed(seed):
    """Some worlds of thousands where it matters: the first ones while sets grow, the others in exchanges."""
    random = np.random.default_rng(seed)
    model = draw_model(random, "real")
    queries = draw_queries(random, model, 4, "unseen_after", k=10)
    assert not differences(*explained(model, queries, "auto", budget=0))
    assert not differences(*explained(model, queries, "greedy"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["auto", "greedy"])
@pytest.mark.parametrize("rule", RULES)
def test_a_model_that_ignores_the_history_adds_up_a_row_of_zeros(rule, method):
    random = np.random.default_rng([5, RULES.index(rule), len(method)])
    counts = torch.as_tensor(random.permutation(200).astype(np.float32))
    model = Popularity(topple.Catalogue(topple.Vocabulary([f"i{item}" for item in range(200)])), counts)
    fast, slow = explained(model, draw_queries(random, model, 6, rule), method)
    assert not differences(fast, slow)
    assert any(each.items for each in fast) == (rule == "unseen_after")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_where_few_items_may_be_listed_they_alone_are_added_up(kind, rule):
    random = np.random.default_rng([KINDS.index(kind), RULES.index(rule), 2])
    for _ in range(2):
        model = draw_model(random, kind)
        ids = list(model.catalogue.vocabulary.ids)
        gone = frozenset(random.choice(ids, int(random.uniform(0.5, 0.7) * len(ids)), replace=False).tolist())
        queries = [each for each in draw_queries(random, model, 3, rule, exclude=gone) if each.target not in gone]
        if rule == "unseen_before":
            assert not differences(*explained(model, queries[:8]))
        fast, slow = explained(model, queries, "greedy")
        assert not differences(fast, slow)
        found = [each for each in fast if each.items]
        with by_the_general_path(model):
            verdicts = topple.verify(model, [each.query for each in found], [each.items for each in found])
        told = [(each.valid, each.minimal, each.rank_after, each.replacements) for each in verdicts]
        assert told == [(True, True, each.rank_after, each.replacements) for each in found]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_proven_is_what_programs_prove_by_a_table_of_all_scores(kind, rule, monkeypatch):
    random = np.random.default_rng([7, KINDS.index(kind), RULES.index(rule)])
    model, method = draw_model(random, kind), str(random.choice(["auto", "exact"]))
    queries = draw_queries(random, model, 2, rule)
    fast = topple.explain_queries(model, queries, explainer=method, progress=False)
    monkeypatch.setattr(search, "EFFORT", 0)
    with by_the_general_path(model):
        slow = topple.explain_queries(model, queries, explainer=method, progress=False)
    assert not differences(fast, slow)
    assert any(each.proof == "minimum" for each in fast)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_proven_of_short_histories_is_what_every_set_tells(kind, rule):
    random = np.random.default_rng([8, KINDS.index(kind), RULES.index(rule)])
    for _ in range(3):
        model = draw_model(random, kind)
        queries = draw_queries(random, model, 2, rule, longest=10)
        proven, tried = (
            topple.explain_queries(model, queries, explainer=method, progress=False)
            for method in ("exact", "exhaustive")
        )
        for one, other in zip(proven, tried, strict=True):
            assert (one.status, one.proof, one.at_least) == (other.status, other.proof, other.at_least)
            assert len(one.items or ()) == len(other.items or ()) or one.query.item_costs or one.query.groups


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("rule", "k"), [*((rule, 5) for rule in RULES), ("unseen_before", 150)])
@pytest.mark.parametrize("tied", [False, True])
def test_of_long_histories_only_the_best_columns_are_in_order_at_first(rule, k, tied):
    random, items = np.random.default_rng([14, RULES.index(rule), k, tied]), 600
    table = random.normal(0.2, 1, (items, items)) * (random.random((items, items)) < 0.6)
    table = np.sign(table) if tied else table
    row, column = table.nonzero()
    parts = np.r_[0, np.bincount(row, minlength=items).cumsum()], column, table[row, column].astype(np.float32)
    arrays = dict(zip(("indptr", "indices", "similarities"), parts, strict=True))
    model = topple.registry.load("recommenders", "item-knn").from_arrays(
        arrays, topple.Catalogue(topple.Vocabulary(list(range(items))))
    )
    model._rows = SparseRows(*map(torch.as_tensor, parts))
    histories = {user: random.permutation(items)[:length].tolist() for user, length in enumerate((150, 20, 120))}
    assert 120 * 0.55 * items > MANY > BEST
    queries = topple.top_k_queries(model, histories, k=k, rule=rule)
    queries = [query for number, query in enumerate(queries) if k == 5 or number % 40 == 0]
    fast, slow = explained(model, queries, budget=0)
    assert not differences(fast, slow)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
def test_how_far_differences_may_be_off_decides_only_what_is_added_up_anew(monkeypatch, rule):
    random = np.random.default_rng(3)
    model = draw_model(random, "real")
    queries = draw_queries(random, model, 6, rule)
    near = topple.explain_queries(model, queries, explainer="greedy", progress=False)
    monkeypatch.setattr(building, "UNIT", 1e-3)  # delta is wider than the scores are apart
    far = topple.explain_queries(model, queries, explainer="greedy", progress=False)
    assert not differences(near, far)
    assert [each.margin for each in near] == [each.margin for each in far]


def test_nothing_but_rows_is_asked_for(monkeypatch):
    random = np.random.default_rng(5)
    model = draw_model(random, "real")
    queries = draw_queries(random, model, 4, "unseen_before", sets=1)
    topple.explain_queries(model, queries[:1], explainer="greedy", progress=False)  # what is found out once a model

    def refuse(*_):
        raise AssertionError("scores were asked for")

    for name in ("score", "bind", "contributions"):
        monkeypatch.setattr(model, name, refuse)
    found = topple.explain_queries(model, queries, explainer="greedy", progress=False)
    assert any(each.items for each in found)


def test_histories_that_touch_nothing_are_answered():
    items = 30
    catalogue = topple.Catalogue(topple.Vocabulary(list(range(items))))
    arrays = {"indptr": [0, 2] + [2] * (items - 1), "indices": [1, 2], "similarities": np.array([1, 2], np.float32)}
    model = topple.registry.load("recommenders", "item-knn").from_arrays(arrays, catalogue)
    model._rows = SparseRows(*(torch.as_tensor(arrays[name]) for name in ("indptr", "indices", "similarities")))
    nothing = topple.explain_queries(model, [topple.Query((5, 6), 7, k=3)], progress=False)[0]
    assert nothing.status == "invalid"
    one = topple.explain_queries(model, [topple.Query((0, 6), 2, k=3)], progress=False)[0]
    assert one.items == (0,)


@pytest.mark.filterwarnings("ignore")
def test_a_limit_ends_the_search_of_a_query_with_what_it_has_alone_and_among_others(monkeypatch):
    random = np.random.default_rng(12)
    model = draw_model(random, "real")
    queries = draw_queries(random, model, 6, "unseen_before", k=5)
    asked = {"explainer": "auto", "settings": {"budget": 0}, "progress": False}
    free = topple.explain_queries(model, queries, **asked)

    def refuse(*_):
        raise AssertionError("scores were asked for")

    for name in ("score", "bind", "contributions"):
        monkeypatch.setattr(model, name, refuse)
    enough = topple.explain_queries(model, queries, budget={"scored": 10**6, "total_scored": 10**9}, **asked)
    assert [each.items for each in enough] == [each.items for each in free]
    ended = 0
    for scored in (1, 20, 60, 100):
        few = topple.explain_queries(model, queries, budget={"scored": scored}, **asked)
        for each, whole in zip(few, free, strict=True):
            if whole.cost <= scored:
                assert each.items == whole.items
            if each.items:
                assert each.verdict.valid
            step = len(each.query.history) + 32
            assert each.cost <= scored + step
            ended += each.status is topple.Status.BUDGET_SPENT
        alone = [topple.explain_queries(model, [query], budget={"scored": scored}, **asked)[0] for query in queries[:6]]
        assert [(each.items, each.cost) for each in alone] == [(each.items, each.cost) for each in few[:6]]
    assert ended


def test_what_may_be_scored_in_all_ends_with_the_history_that_passes_it():
    random = np.random.default_rng(13)
    model = draw_model(random, "real")
    queries = draw_queries(random, model, 8, "unseen_before", k=5)
    asked = {"explainer": "greedy", "progress": False}
    found = topple.explain_queries(model, queries, budget={"total_scored": 150}, **asked)
    spent = [each.status is topple.Status.BUDGET_SPENT for each in found]
    assert any(spent)
    assert not all(spent)
