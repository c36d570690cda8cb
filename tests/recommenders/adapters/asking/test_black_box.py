"""What single items of a history add, asked of a callable that is a sum: beside asking for each position of each history."""

import numpy as np
import pytest
import torch

import topple
from topple.errors import RecommenderError
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch
from topple.testing import check_recommender

ITEMS = 12
TABLE = np.random.default_rng(0).normal(size=(ITEMS, ITEMS))
SQUARED, TIMED = np.abs(TABLE), np.random.default_rng(1).normal(size=ITEMS)


def by_weight(rows):
    """Each item adds by the square of its weight: a sum over items, and no multiple of the weight."""
    return np.asarray(rows) ** 2 @ SQUARED + 3


def by_time(histories, times=None):
    """What each item adds, and more the later it was."""
    out = np.zeros((len(histories), ITEMS))
    for row, history in enumerate(histories):
        for at, item in enumerate(history):
            out[row] += TABLE[item] + (0 if times is None else times[row][at]) * TIMED
    return out


def asked(function, **how):
    """Return the wrapped function, and the histories that it is asked about, by call."""
    calls = []

    def ask(given, **told):
        calls.append((given, told))
        return function(given, **told)

    model = topple.wrap(ask, "callable", list(range(ITEMS)), additive=True, **how)
    calls.clear()
    return model, calls


BATCHES = {
    "ones": HistoryBatch.of([[1, 2, 3], [3, 4], [], [5]]),
    "weights": HistoryBatch.of([[1, 2, 3], [3, 4]], weights=[[0.5, 2, 1], [2, 1]]),
    "times": HistoryBatch.of([[1, 2], [2, 1]], times=[[1.0, 2.0], [3.0, 1.0]]),
    "nobody": HistoryBatch.of([]),
    "nothing": HistoryBatch.of([[], []]),
}
MODELS = {"weights": (by_weight, {"histories": "csr"}), "times": (by_time, {"times": True})}


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("kind", MODELS)
def test_what_positions_add_is_what_is_asked_for_one_by_one(kind, batch):
    function, how = MODELS[kind]
    if kind == "weights":
        function, how = (lambda rows: by_weight(rows.toarray())), how
    model, _ = asked(function, **how)
    histories = BATCHES[batch]
    expected = Recommender.contributions(model, histories)
    torch.testing.assert_close(model.contributions(histories), expected, rtol=1e-12, atol=1e-12)
    rows, row = model.answers(histories)
    torch.testing.assert_close(torch.from_numpy(rows.dense[row]), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(rows.largest, np.abs(rows.dense).max(1))
    columns = torch.tensor([[2, 0, 2]]).expand(len(histories), -1)
    chosen = expected.gather(2, columns[:, None].expand(-1, histories.items.shape[1], -1))
    torch.testing.assert_close(model.contributions(histories, columns), chosen, rtol=1e-12, atol=1e-12)


def test_each_different_item_is_asked_for_once_and_no_padding():
    model, calls = asked(lambda rows: rows @ TABLE, histories="dense")
    model.contributions(BATCHES["ones"])
    ((rows, _),) = calls
    assert sorted(map(tuple, rows)) == sorted(map(tuple, [*np.eye(ITEMS)[1:6], np.zeros(ITEMS)]))
    calls.clear()
    weighted, asked_of = asked(lambda rows: rows @ TABLE, histories="dense", weights=True)
    weighted.answers(BATCHES["weights"])
    ((rows, _),) = asked_of
    assert sorted(rows.sum(1).tolist()) == [0, 0.5, 1, 1, 2, 2]  # item 3 with the weights 1 and 2 is two
    ignoring, asked_of = asked(lambda rows: rows @ TABLE, histories="dense", weights=False)
    ignoring.answers(BATCHES["weights"])
    assert asked_of[0][0].shape == (5, ITEMS)


def test_a_function_that_is_no_sum_or_is_told_contexts_is_not_asked():
    opaque = topple.wrap(lambda rows: rows @ TABLE, "callable", list(range(ITEMS)), histories="dense")
    told, calls = asked(lambda rows, contexts: rows @ TABLE, histories="dense", contexts=[1, 2])
    assert opaque.answers(BATCHES["ones"]) is told.answers(BATCHES["ones"]) is None
    assert not calls
    histories = HistoryBatch.of([[1, 2], [3]], contexts=["a", "b"])
    expected = Recommender.contributions(told, histories)
    torch.testing.assert_close(told.contributions(histories), expected, rtol=0, atol=0)


def test_sums_keep_the_contract():
    check_recommender(asked(lambda rows: rows @ TABLE + 5, histories="dense")[0])


def test_an_error_names_the_history_of_the_single_item():
    model, _ = asked(lambda rows: rows @ TABLE, histories="dense")
    model.ask = lambda variations: np.full((len(variations), ITEMS), np.nan)
    with pytest.raises(topple.ToppleError, match="scored item 0 nan for history 0, variation 0"):
        model.answers(BATCHES["ones"])


def scored(model, columns):
    """The scores of three histories with nothing removed, and with one item less: of all items, or of some."""
    histories = HistoryBatch.of([[1, 2, 3], [3, 4], [5]])
    keep = histories.filled[:, None].double().repeat(1, 2, 1)
    keep[:2, 1, 0] = 0
    return model.score(histories, keep, columns)


@pytest.mark.parametrize("precision", ["float64", "float32", "int64"])
@pytest.mark.parametrize("columns", [None, torch.tensor([[2, 0], [1, 1], [11, 3]])])
def test_an_array_that_the_function_keeps_and_writes_into_again_changes_no_answer(columns, precision):
    table, kept = np.round(9 * SQUARED).astype(precision), []

    def ask(rows):
        answer = np.asarray(rows, precision) @ table
        kept.append(answer)
        return answer

    model = topple.wrap(ask, "callable", list(range(ITEMS)), histories="dense")
    scores = scored(model, columns)
    before = scores.clone()
    for answer in kept:
        answer[:] = 77
    assert torch.equal(scores, before)
    scores.zero_()
    assert all((answer == 77).all() for answer in kept)


def test_scores_of_some_items_are_those_of_all_for_empty_histories_and_missing_scores_too():
    def ask(rows):
        scores = rows @ TABLE
        scores[:, 7] = np.nan
        return scores

    model = topple.wrap(ask, "callable", list(range(ITEMS)), histories="dense", missing=-9.0, empty=list(range(ITEMS)))
    histories = HistoryBatch.of([[1, 2], [], [5]])
    keep = histories.filled[:, None].double().repeat(1, 2, 1)
    keep[2, 1] = 0
    columns = torch.tensor([[7, 0], [7, 3], [11, 7]])
    everything = model.score(histories, keep)
    chosen = everything.gather(2, columns[:, None].expand(-1, 2, -1))
    assert torch.equal(model.score(histories, keep, columns), chosen)
    assert chosen[0, :, 0].tolist() == [-9, -9]
    assert chosen[1].tolist() == [[7, 3]] * 2
    assert chosen[2, 1].tolist() == [11, 7]


def test_items_that_are_not_asked_about_must_have_scores_too():
    def ask(rows):
        scores = rows @ TABLE
        scores[rows[:, 4] > 0, 7] = lost
        return scores

    lost = 0.0
    model = topple.wrap(ask, "callable", list(range(ITEMS)), histories="dense")
    lost = np.nan
    with pytest.raises(RecommenderError, match="scored item 7 nan for history 1, variation 0"):
        scored(model, torch.tensor([[2, 0], [1, 1], [11, 3]]))
