import numpy as np
import pytest
import torch

import topple
from tests.recommenders.adapters.matrices import ITEMS
from topple.errors import ArgumentError, CapabilityError, DataError, RecommenderError, SettingsError, UnknownNameError
from topple.records.question import Request
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender, film_world
from topple.testing.toy import FILMS, GIVES

IDS = [101 + 3 * number for number in range(24)]
TABLE = np.random.default_rng(0).random((24, 24))


def by_lists(histories):
    return np.stack([TABLE[[IDS.index(item) for item in history]].sum(0) for history in histories])


def by_rows(rows):
    return rows @ TABLE


def wrapped(model=by_rows, form="dense", **options):
    return topple.wrap(model, "callable", IDS, histories=form, **options)


@pytest.mark.parametrize(("form", "model"), [("ids", by_lists), ("csr", by_rows), ("dense", by_rows)])
def test_every_form_of_histories_gives_the_callables_own_scores(form, model):
    recommender = wrapped(model, form)
    check_recommender(recommender)
    listed = topple.recommend(recommender, [104, 101, 170], k=4)
    scores = TABLE[1] + TABLE[0] + TABLE[23]
    scores[[0, 1, 23]] = -np.inf
    best = np.argsort(-scores)[:4]
    assert [entry.item for entry in listed] == [IDS[item] for item in best]
    assert [entry.score for entry in listed] == pytest.approx(scores[best])


def test_lists_come_in_the_order_of_the_history_and_without_what_was_removed():
    seen = []

    def model(histories):
        seen.append(histories)
        return np.array([[len(h), len(h) % 2, sum(h) / 100] + [0.0] * 21 for h in histories])

    recommender = wrapped(model, "ids")
    keep = torch.tensor([[[1, 1, 1], [1, 0, 1], [0, 0, 0]]], dtype=torch.float64)
    seen.clear()
    recommender.score(HistoryBatch.of([[5, 2, 9]]), keep)
    assert seen == [[[116, 107, 128], [116, 128], []]]


def test_many_variations_are_few_calls():
    sizes = []

    def model(rows):
        sizes.append(rows.shape[0])
        return rows @ TABLE

    recommender = wrapped(model, "csr")
    sizes.clear()
    histories = HistoryBatch.of([[1, 2, 3], [4, 5]])
    recommender.score(histories, histories.present[:, None].double().repeat(1, 500, 1))
    assert sizes == [1000]
    small = wrapped(model, "csr", at_once=300)
    sizes.clear()
    small.score(histories, histories.present[:, None].double().repeat(1, 500, 1))
    assert sizes == [300, 300, 300, 100]


def test_nothing_asked_is_nothing_scored():
    histories = HistoryBatch.of([[1, 2], [3]])
    assert wrapped().score(histories, torch.zeros(2, 0, 2, dtype=torch.float64)).shape == (2, 0, 24)


def test_the_films_are_explained_as_by_the_model_itself():
    world = film_world()
    gives = np.array(GIVES, dtype=float)
    recommender = topple.wrap(lambda rows: rows @ gives, "callable", list(FILMS), histories="csr")
    assert recommender.capabilities == frozenset()
    found = topple.explain_queries(recommender, [world.two, world.one], progress=False)
    assert set(found[0].items) == {"brazil", "casablanca"}
    assert len(found[1].items) == 1


def test_an_additive_callable_is_tried_out_and_then_declared():
    recommender = wrapped(lambda rows: rows @ TABLE + 7, additive=True)
    assert recommender.capabilities == {Capability.ADDITIVE}
    check_recommender(recommender)
    with pytest.raises(CapabilityError, match=r"is said to be additive, but two items .* Leave additive out"):
        wrapped(lambda rows: np.sqrt(rows @ TABLE), additive=True)


def test_a_model_in_float32_says_what_its_rounding_does():
    recommender = wrapped(lambda rows: rows.astype(np.float32) @ TABLE.astype(np.float32))
    assert recommender.rounding == 3e-6
    check_recommender(recommender)
    assert wrapped().rounding == 1e-12


def test_the_fingerprint_is_of_the_model():
    assert wrapped().fingerprint == wrapped().fingerprint
    assert wrapped(name="a").fingerprint != wrapped(lambda rows: rows @ (TABLE + np.eye(24)), name="a").fingerprint


def test_empty_stands_in_for_a_model_that_refuses_the_empty_history():
    def refuses(rows):
        if not rows.sum(1).all():
            raise ValueError("no items")
        return rows @ TABLE

    with pytest.raises(RecommenderError, match=r"raised ValueError: no items .*One of them is empty.*give `empty`"):
        wrapped(refuses)
    recommender = wrapped(refuses, empty=list(range(24)))
    check_recommender(recommender)
    scores = recommender.score(HistoryBatch.of([[3], [3]]), torch.tensor([[[0.0]], [[1.0]]], dtype=torch.float64))
    assert scores[0, 0].tolist() == list(range(24))
    assert scores[1, 0].tolist() == pytest.approx(TABLE[3].tolist())
    with pytest.raises(RecommenderError, match="empty holds 3 numbers for the 24 items"):
        wrapped(refuses, empty=[1, 2, 3])
    with pytest.raises(RecommenderError, match="empty holds nan for callable:refuses: scores are finite numbers"):
        wrapped(refuses, empty=float("nan"))


def test_missing_scores_are_an_error_or_stand_below():
    def unknown(rows):
        scores = rows @ TABLE
        scores[rows.sum(1) == 2, 5] = np.nan
        return scores

    with pytest.raises(
        RecommenderError, match=r"scored item 116 nan for history 3, variation 0 \(2 items kept\).*`missing`"
    ):
        wrapped(unknown)
    check_recommender(wrapped(unknown, missing=-100.0))
    with pytest.raises(RecommenderError, match=r"scored item 101 inf for history 0, .*or `empty`, those of the empty"):
        wrapped(lambda rows: np.where(rows.sum(1, keepdims=True) > 0, rows @ TABLE, np.inf), missing=-1.0)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda rows: (rows @ TABLE)[:, :3], r"returned scores of shape \(6, 3\) for 6 histories over 24 items"),
        (lambda rows: rows @ TABLE - rows.mean(), "other scores alone than among 5 other histories"),
        (lambda rows: rows @ TABLE + np.random.default_rng().random((len(rows), 1)), "no chance, no dropout"),
        (lambda rows: (rows @ TABLE).astype("f2"), r"in torch.float16: too coarse"),
        (lambda rows: rows @ TABLE * 1j, r"of complex128. Return real numbers"),
        (lambda rows: torch.zeros(len(rows), 24, dtype=torch.complex64), "complex64 scores"),
        (lambda rows: torch.zeros(len(rows), 24, device="meta"), "returned scores on meta, but it was asked on cpu"),
        (lambda rows: [["a"] * 24] * len(rows), "returned list of <U1"),
        (lambda rows: 1 / 0, r"raised ZeroDivisionError: division by zero \(asked for 6 histories of 0 to 24 items\)"),
    ],
)
def test_a_bad_model_is_named_with_the_rule(model, message):
    with pytest.raises(RecommenderError, match=message):
        wrapped(model)


def test_a_later_failure_names_the_history():
    def sometimes(rows):
        scores = rows @ TABLE
        scores[rows[:, 7] * rows[:, 6] > 0] = np.nan if rows.shape[0] == 8 else 0
        return scores

    recommender = wrapped(sometimes)
    histories = HistoryBatch.of([[1, 2], [6, 7]])
    keep = histories.present[:, None].double().repeat(1, 4, 1)
    keep[1, 0, 0] = 0
    with pytest.raises(RecommenderError, match=r"for history 1, variation 1 \(2 items kept\)"):
        recommender.score(histories, keep)


def test_a_model_of_batches_is_asked_one_history_at_a_time():
    def of_batches(rows):
        return rows @ TABLE - (rows @ TABLE).mean()

    check_recommender(wrapped(of_batches, at_once=1))


def test_what_wrap_refuses():
    with pytest.raises(DataError, match="Give items=: their ids"):
        topple.wrap(by_rows, "callable")
    with pytest.raises(
        DataError, match=r"the items of callable:by_rows: item ids must be all integers .* or all strings"
    ):
        topple.wrap(by_rows, "callable", ["a", 1, "b"], histories="dense")
    with pytest.raises(DataError, match="the items of callable:by_rows: item id 'a' occurs more than once"):
        topple.wrap(by_rows, "callable", ["a", "b", "a"], histories="dense")
    with pytest.raises(RecommenderError, match="histories='lists' is not one of ids, csr, dense"):
        wrapped(form="lists")
    with pytest.raises(RecommenderError, match="str cannot be called"):
        wrapped("model")
    with pytest.raises(RecommenderError, match="has 2 items; a recommender needs at least 3"):
        topple.wrap(by_rows, "callable", ["a", "b"])
    with pytest.raises(SettingsError, match=r"'form' is not an option of the adapter of callable: histories, additive"):
        topple.wrap(by_rows, "callable", IDS, form="csr")
    with pytest.raises(UnknownNameError, match=r"'surprise' is not one of the adapters: callable, torch"):
        topple.wrap(by_rows, "surprise", IDS)


def test_a_history_is_explained_with_the_callers_ids():
    explained = topple.explain(wrapped(), IDS[:5], k=3, progress=False)
    assert {e.status.value for e in explained} == {"found"}
    assert all(set(e.items) < set(IDS[:5]) for e in explained)


def test_a_sequence_model_says_that_it_is_one():
    def last_counts_double(histories):
        scores = np.zeros((len(histories), 5))
        for row, history in enumerate(histories):
            for position, item in enumerate(history):
                scores[row] += (2 if position == len(history) - 1 else 1) * np.roll(np.arange(5.0), int(item))
        return scores

    items = list("01234")
    with pytest.raises(CapabilityError, match=r"when their order is turned round.*give ordered=True"):
        topple.wrap(last_counts_double, "callable", items)
    with pytest.raises(RecommenderError, match="histories='csr' has no order"):
        topple.wrap(last_counts_double, "callable", items, histories="csr", ordered=True)
    recommender = topple.wrap(last_counts_double, "callable", items, ordered=True)
    assert recommender.capabilities == {Capability.ORDER_AWARE}
    check_recommender(recommender)


def test_a_callable_may_be_told_contexts_and_times():
    told = []

    def by_age(rows, contexts, times):
        told.append(times)
        ages = np.array([context["age"] for context in contexts], dtype=float)
        return rows @ TABLE + ages[:, None] * np.arange(24)

    with pytest.raises(RecommenderError, match=r"raised TypeError: 'NoneType' object is not subscriptable"):
        wrapped(by_age, contexts=True, times=True)
    probe = [Request(history=IDS[:2], context={"age": 3}), Request(history=IDS[3:7], context={"age": 30})]
    recommender = wrapped(by_age, contexts=True, times=True, probe=probe)
    histories = HistoryBatch.of([[3], [5, 6]], contexts=[{"age": 1}, {"age": 2}], times=[[1.0], [4.0, 5.0]])
    scores = recommender.score(histories, unchanged(histories))[:, 0]
    np.testing.assert_allclose(scores[0], TABLE[3] + np.arange(24))
    np.testing.assert_allclose(scores[1], TABLE[5] + TABLE[6] + 2 * np.arange(24))
    assert told[-1] == [[1.0], [4.0, 5.0]]
    assert recommender.scale > 0
    assert len(recommender.fingerprint) > 16


class TestWeights:
    HISTORY = topple.History([ITEMS[3], ITEMS[9]], [2, 0.5])

    def weighed(self, **options):
        rows = []

        def gives(histories, **besides):
            rows.append((histories, besides))
            return np.zeros(
                (
                    len(besides.get("weights", histories)) if isinstance(histories, list) else histories.shape[0],
                    len(ITEMS),
                )
            )

        model = topple.wrap(gives, "callable", ITEMS, empty=0.0, **options)
        rows.clear()
        topple.score(model, self.HISTORY)
        ((histories, besides),) = rows
        return model.uses_weights, histories, besides

    def test_matrices_hold_them_unless_told_otherwise(self):
        used, rows, _ = self.weighed(histories="dense")
        assert used
        assert rows[0, [3, 9]].tolist() == [2, 0.5]
        used, rows, _ = self.weighed(histories="csr", weights=False)
        assert not used
        assert rows.toarray()[0, [3, 9]].tolist() == [1, 1]

    def test_ids_come_with_them_where_that_is_asked_for(self):
        used, histories, besides = self.weighed(weights=True)
        assert used
        assert (histories, besides) == ([list(self.HISTORY)], {"weights": [[2, 0.5]]})
        used, histories, besides = self.weighed()
        assert not used
        assert (histories, besides) == ([list(self.HISTORY)], {})


def test_an_item_that_comes_again_reaches_a_model_of_sequences_as_one_more_event():
    asked = []

    def reads_sequences(histories):
        asked.extend(tuple(history) for history in histories)
        numbers = [[ord(item[-1]) * (at + 1) for at, item in enumerate(history)] for history in histories]
        return np.array([[np.cos(sum(row) * (column + 1)) for column in range(24)] for row in numbers])

    items = [f"item {chr(97 + number)}" for number in range(24)]
    recommender = topple.wrap(reads_sequences, "callable", items, ordered=True)
    a, b = items[:2]
    for repeats, left in (("item", {(b,), (a, a)}), ("events", {(b, a), (a, a), (a, b), (b,), (a,)})):
        asked.clear()
        found = topple.explain(recommender, [a, b, a], k=3, repeats=repeats, explainer="exhaustive", progress=False)
        assert (a, b, a) in asked
        assert set(asked) - {(a, b, a), ()} <= left
        assert {tuple(e.query.history) for e in found} == {(a, b, a)}


@pytest.mark.parametrize("form", ["ids", "csr", "dense"])
def test_lists_of_weighted_histories_equal_the_callables_own(form):
    def by_events(histories, weights):
        return np.stack(
            [np.array(weight) @ TABLE[[IDS.index(item) for item in history]] if history else np.zeros(24)
             for history, weight in zip(histories, weights, strict=True)]
        )  # fmt: skip

    recommender = wrapped(by_events, form, weights=True) if form == "ids" else wrapped(by_rows, form)
    random = np.random.default_rng(1)
    for _ in range(20):
        history, weights = random.choice(24, 6, replace=False), random.integers(1, 30, 6)
        scores = weights @ TABLE[history]
        scores[history] = -np.inf
        given = topple.History([IDS[item] for item in history], weights)
        listed = topple.recommend(recommender, given, k=5)
        assert [entry.item for entry in listed] == [IDS[item] for item in np.argsort(-scores)[:5]]


def test_items_that_are_no_list_are_refused():
    with pytest.raises(
        ArgumentError, match=r"items=<class 'int'> is of type type\. Give a list: the id of the item of each"
    ):
        topple.wrap(lambda rows: rows, "callable", int)
