"""Rows that were scored: found again however they are padded, the oldest dropped first."""

import pytest
import torch

from topple.scoring.changed import ChangedRows

KEEP = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
ROWS = torch.arange(12.0).reshape(3, 4)


def held():
    changed = ChangedRows()
    changed.hold(torch.tensor([0, 0, 1]), KEEP, ROWS)
    return changed


@pytest.mark.parametrize("padding", [0, 1, 8, 30])
def test_rows_are_found_by_history_and_what_is_kept_however_far_that_is_padded(padding):
    history = torch.tensor([1, 0, 0, 1])
    keep = torch.nn.functional.pad(torch.stack([KEEP[2], KEEP[1], KEEP[0], KEEP[0]]), (0, padding))
    numbers, rows, new = held().find(history, keep)
    assert numbers.tolist() == [0, 1, 2]
    assert torch.equal(rows, ROWS[[2, 1, 0]])
    assert new.tolist() == [3], "what is kept of another history is another variation"


def test_a_variation_that_is_asked_for_twice_is_new_once():
    numbers, rows, new = ChangedRows().find(torch.tensor([0, 0, 1]), KEEP[[0, 0, 0]])
    assert (numbers.tolist(), len(rows), new.tolist()) == ([], 0, [0, 2])


def test_the_oldest_rows_go_where_memory_is_short(set_memory):
    set_memory(64)  # numbers
    changed = ChangedRows()
    for history in range(40):
        changed.hold(torch.tensor([history]), KEEP[:1], ROWS[:1] + history)
    known = [len(changed.find(torch.tensor([history]), KEEP[:1])[0]) for history in range(40)]
    assert known == sorted(known)
    assert 0 < sum(known) < 40
    assert torch.equal(changed.find(torch.tensor([39]), KEEP[:1])[1], ROWS[:1] + 39)
