import pytest
import torch

from topple.recommenders.families import small_systems
from topple.recommenders.families.small_systems import by_size, solve_small


@pytest.mark.parametrize("size", [1, 2, 8, 9])
def test_each_system_is_solved(size):
    random = torch.Generator().manual_seed(size)
    root = torch.randn(5, size, size, dtype=torch.float64, generator=random)
    left, right = root @ root.transpose(1, 2) + torch.eye(size), torch.randn(5, size, generator=random).double()
    kept = left.clone(), right.clone()
    torch.testing.assert_close(solve_small(left, right), torch.linalg.solve(left, right), rtol=1e-9, atol=1e-9)
    assert torch.equal(left, kept[0])
    assert torch.equal(right, kept[1])


@pytest.mark.parametrize(("few", "numbers"), [(0, 10**9), (10**9, 10**9), (0, 60)])
def test_systems_of_like_size_come_together_each_once(few, numbers, monkeypatch, set_memory):
    monkeypatch.setattr(small_systems, "FEW", few)
    set_memory(numbers)
    counts = torch.tensor([3, 0, 1, 20, 2, 4, 19, 0, 1])
    parts = [part.tolist() for part in by_size(counts, 5)]
    assert sorted(number for part in parts for number in part) == [0, 2, 3, 4, 5, 6, 8]
    for part in parts:
        sizes = counts[part].tolist()
        assert sizes == sorted(sizes)
        assert few or 2 * sizes[0] > sizes[-1] - 1
        assert len(part) == 1 or len(part) * sizes[-1] * max(sizes[-1], 5) <= numbers
    assert (len(parts) == 1) is bool(few)
