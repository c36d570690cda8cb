import pytest
import torch

from topple.scoring.memory import A_POSITION
from topple.scoring.variations import HistoryBatch, VariationTable, equal_rows, only, unchanged, without


def test_histories_are_padded_with_item_0_of_weight_0():
    batch = HistoryBatch.of([[5, 2, 7], [4]])
    assert batch.items.tolist() == [[5, 2, 7], [4, 0, 0]]
    assert batch.weights.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch.present.tolist() == [[True, True, True], [True, False, False]]
    assert len(batch) == 2
    assert batch.weights.dtype is torch.float64


def test_the_precision_is_the_one_asked_for():
    assert HistoryBatch.of([[1]], torch.float32).weights.dtype is torch.float32


def test_an_empty_history_still_has_one_position():
    assert HistoryBatch.of([[]]).items.shape == (1, 1)
    assert HistoryBatch.of([]).items.shape == (0, 1)


def test_rows_are_chosen_repeated_and_cut_to_the_longest_of_them():
    batch = HistoryBatch.of([[5, 2, 7], [4], [8, 9]])
    chosen = batch.rows(torch.tensor([2, 1, 2]))
    assert chosen.items.tolist() == [[8, 9], [4, 0], [8, 9]]
    assert batch.rows(torch.tensor([], dtype=torch.int64)).items.shape == (0, 1)


def test_removing_and_keeping_only_are_each_others_opposite_and_never_touch_padding():
    batch = HistoryBatch.of([[5, 2, 7], [4]])
    named = torch.tensor([[[True, False, True]], [[False, True, True]]])
    assert unchanged(batch).tolist() == [[[1, 1, 1]], [[1, 0, 0]]]
    assert without(batch, named).tolist() == [[[0, 1, 0]], [[1, 0, 0]]]
    assert only(batch, named).tolist() == [[[1, 0, 1]], [[0, 0, 0]]]


def test_chunks_hold_each_history_once_like_lengths_together_and_stay_small(set_memory):
    set_memory(12 * A_POSITION)
    batch = HistoryBatch.of([[1] * length for length in (9, 1, 4, 2, 20, 3, 1)])
    chunks = [chunk.tolist() for chunk in batch.chunks(3)]
    assert sorted(row for chunk in chunks for row in chunk) == list(range(7))
    assert chunks == [[1, 6, 3], [5], [2], [0], [4]]
    assert list(HistoryBatch.of([]).chunks(3)) == []


def test_chunks_hold_each_history_once_with_those_of_like_length_and_few_enough_positions(set_memory):
    set_memory(12 * A_POSITION)
    lengths = [5, 1, 30, 2, 5, 0, 1, 4]
    batch = HistoryBatch.of([list(range(length)) for length in lengths])
    chunks = [[lengths[row] for row in chunk.tolist()] for chunk in batch.chunks(3)]
    assert [length for chunk in chunks for length in chunk] == sorted(lengths)
    assert all(len(chunk) <= 3 and (len(chunk) == 1 or len(chunk) * max(chunk) <= 12) for chunk in chunks)
    assert list(HistoryBatch.of([]).chunks(3)) == []


def test_a_table_is_filled_by_history_and_read_by_variation():
    history = torch.tensor([4, 0, 4, 4, 2, 0, 4])
    table = VariationTable.of(history)
    values = torch.arange(7.0)
    cells = table.fill(values + 1)
    assert table.history[table.row].tolist() == history.tolist()
    assert torch.equal(table.read(cells), values + 1)
    assert (cells > 0).sum() == 7
    assert cells.shape == (3, 4)


@pytest.mark.parametrize("most", [1, 2, 3, 16])
def test_equal_rows_hold_each_variation_once_and_no_empty_cell(most):
    history = torch.tensor([4, 0, 4, 4, 2, 0, 4])
    tables = list(equal_rows(history, most))
    assert sorted(number for _, numbers in tables for number in numbers.flatten().tolist()) == list(range(7))
    assert all((history[numbers] == rows[:, None]).all() for rows, numbers in tables)
    lengths = [numbers.shape[1] for _, numbers in tables]
    assert len(set(lengths)) == len(lengths)
    assert max(lengths) == min(4, most)
    assert list(equal_rows(history[:0], most)) == []


def test_an_empty_table():
    table = VariationTable.of(torch.tensor([], dtype=torch.int64))
    assert table.fill(torch.zeros(0, 3)).shape == (0, 0, 3)
