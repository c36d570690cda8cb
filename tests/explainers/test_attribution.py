from dataclasses import replace

import numpy as np
import pytest
import torch

import topple
from topple import Proof, Query, Status
from topple.errors import ContractError
from topple.explainers.attribution import AttributionMethod, Attributions, AttributionSettings
from topple.explainers.leave_one_out import LeaveOneOut
from topple.testing import film_recommender, random_additive, random_mult_vae
from topple.testing.drawn import constrained
from topple.testing.worlds import listed_queries

MODEL = random_mult_vae(items=30, seed=4)
QUERIES = listed_queries(MODEL, seed=1, users=12, k=3)


class ByIndex(AttributionMethod):
    """Numbers from a table by item, so that the order is known."""

    name = "by-index"

    def __init__(self, numbers, settings=None):
        super().__init__(settings)
        self.numbers = torch.tensor(numbers, dtype=torch.float64)

    def attribute(self, engine):
        items, targets = engine.table.histories.items, engine.table.target.shape[1]
        return Attributions(self.numbers[items][:, None].repeat(1, targets, 1))


def explain(method, queries=QUERIES, model=MODEL, **how):
    return topple.explain_queries(model, queries, explainer=method, progress=False, **how)


def first_prefix(model, query, numbers):
    """The first prefix that topples, by asking the judge about one after the other; None for none."""
    index = model.catalogue.vocabulary.encode(list(query.history))
    free = [item for item in query.history if item not in query.protected]
    of_item = dict(zip(query.history, numbers[index].tolist(), strict=True))
    cost = dict(query.item_costs)
    ordered = sorted(free, key=lambda item: (-of_item[item] / cost.get(item, 1.0), query.history.index(item)))
    for size in range(1, len(ordered) + 1):
        (verdict,) = topple.verify(model, [query], [ordered[:size]])
        if verdict.valid:
            return frozenset(ordered[:size])
    return None


@pytest.mark.parametrize("goal", ["necessary", "sufficient", "both"])
def test_the_set_is_the_first_prefix_by_score_that_meets_the_goal(goal):
    numbers = np.random.default_rng(0).normal(size=30)
    queries = [replace(query, goal=goal) for query in QUERIES]
    found = explain(ByIndex(numbers), queries)
    sizes = set()
    for query, explanation in zip(queries, found, strict=True):
        expected = first_prefix(MODEL, query, numbers)
        assert (frozenset(explanation.items) or None) == expected
        sizes.add(len(explanation.items))
    assert len(sizes) > 2


def test_costs_order_by_number_a_cost_and_protected_items_stay():
    numbers = np.random.default_rng(1).uniform(0.5, 1, size=30)
    queries = [
        replace(query, protected=frozenset(query.history[:1]), item_costs={item: 1.0 + 3 * (item % 2) for item in query.history})
        for query in QUERIES
    ]  # fmt: skip
    for query, explanation in zip(queries, explain(ByIndex(numbers), queries), strict=True):
        expected = first_prefix(MODEL, query, numbers)
        assert (frozenset(explanation.items) or None) == expected
        assert query.history[0] not in explanation.items


def test_level_numbers_are_taken_in_the_order_of_the_history():
    (query,) = QUERIES[:1]
    noise = 1e-12 * np.arange(30)
    (plain,), (noisy,) = explain(ByIndex(np.ones(30)), [query]), explain(ByIndex(1 + noise), [query])
    assert plain.positions == noisy.positions == tuple(range(len(plain.positions)))


def test_pruning_is_off_until_asked_for_and_makes_sets_minimal():
    numbers = np.random.default_rng(2).normal(size=30)
    plain, pruned = explain(ByIndex(numbers)), explain(ByIndex(numbers, AttributionSettings(prune=True)))
    assert any(explanation.proof is Proof.VALID for explanation in plain)
    for before, after in zip(plain, pruned, strict=True):
        assert before.status is after.status
        assert set(after.items) <= set(before.items)
        assert not after.items or after.proof in (Proof.MINIMAL, Proof.MINIMUM)


def test_every_event_has_a_number_in_the_order_of_the_history_and_protected_ones_too():
    numbers = np.random.default_rng(3).normal(size=30)
    for query, explanation in zip(QUERIES, explain(ByIndex(numbers)), strict=True):
        index = MODEL.catalogue.vocabulary.encode(list(query.history))
        assert explanation.attributions == pytest.approx(numbers[index])
        assert explanation.attribution_errors == ()
    shielded = [replace(query, protected=frozenset(query.history)) for query in QUERIES]
    for explanation in explain(LeaveOneOut(), shielded):
        assert len(explanation.attributions) == len(explanation.query.history)
        assert not explanation.items


def test_the_events_of_a_unit_have_the_number_of_the_unit():
    model = random_additive(14)
    ids = model.catalogue.vocabulary.ids
    history = (ids[1], ids[2], ids[1], ids[3])
    target = topple.recommend(model, list(history), k=3)[0].item
    together = Query(history, target, k=3, groups=((ids[2], ids[3]),))
    (explanation,) = explain(LeaveOneOut(), [together], model)
    first, second, again, last = explanation.attributions
    assert first == again
    assert second == last
    alone = [explain(LeaveOneOut(), [Query(history, target, k=3)], model)[0].attributions[at] for at in (1, 3)]
    assert second == pytest.approx(sum(alone))


def test_a_budget_that_ends_before_the_numbers_are_known_says_so():
    for explanation in explain(LeaveOneOut(), budget={"scored": 1}):
        assert explanation.status is Status.BUDGET_SPENT
        assert explanation.attributions == ()
    ended = explain(LeaveOneOut(), budget={"scored": 12})
    assert any(explanation.attributions and explanation.status is Status.BUDGET_SPENT for explanation in ended)


def test_a_method_of_sets_gives_no_attributions():
    assert all(explanation.attributions == () for explanation in explain("greedy"))


def test_attributions_are_stored_and_read_again(tmp_path):
    found = explain("lime-rs", QUERIES[:4])
    topple.write_explanations(found, MODEL.catalogue, tmp_path / "out")
    for before, after in zip(found, topple.read_explanations(tmp_path / "out"), strict=True):
        assert after.attributions == before.attributions
        assert len(after.attributions) == len(before.query.history)
        assert after.attribution_errors == before.attribution_errors != ()


def test_constrained_queries_have_the_same_sets_alone_and_together():
    queries = constrained(QUERIES, LeaveOneOut.goals)
    together = explain(LeaveOneOut(), queries)
    alone = [explain(LeaveOneOut(), [query])[0] for query in queries]
    assert [e.items for e in together] == [e.items for e in alone]


def test_films():
    model = film_recommender()
    history = model.catalogue.vocabulary.ids[:3]
    found = topple.explain(model, list(history), k=2, explainer="leave-one-out", progress=False)
    assert all(len(explanation.attributions) == 3 for explanation in found)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (lambda values: values, "attribute returned Tensor"),
        (lambda values: Attributions(values[..., 1:]), "values have the shape"),
        (lambda values: Attributions(values, values[:, :0]), "errors have the shape"),
    ],
)
def test_what_is_no_attribution_is_told(given, match):
    class Wrong(ByIndex):
        def attribute(self, engine):
            return given(super().attribute(engine).values)

    with pytest.raises(ContractError, match=match):
        explain(Wrong(np.ones(30)))


def test_numbers_in_single_precision_are_taken():
    class Single(ByIndex):
        def attribute(self, engine):
            return Attributions(super().attribute(engine).values.float())

    numbers = np.random.default_rng(4).normal(size=30)
    assert [e.items for e in explain(Single(numbers))] == [e.items for e in explain(ByIndex(numbers))]
