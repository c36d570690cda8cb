import pytest
import torch

from topple.flags import any_of, indices_of


class Elsewhere(torch.Tensor):
    """A tensor that numpy may not see, as one on a GPU."""

    def numpy(self, *args, **kwargs):
        raise TypeError("not here")


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1), (7, 5), (64, 130)])
@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_flags_are_told_as_torch_tells_them(shape, share):
    flags = torch.rand(shape, generator=torch.Generator().manual_seed(1)) < share
    row, column = flags.nonzero(as_tuple=True)
    for given in (flags, flags.as_subclass(Elsewhere)):
        assert torch.equal(any_of(given).as_subclass(torch.Tensor), flags.any(1))
        assert torch.equal(any_of(given[None]).as_subclass(torch.Tensor), flags.any(1)[None])
        found = indices_of(given)
        assert [each.dtype for each in found] == [torch.int64, torch.int64]
        assert torch.equal(found[0].as_subclass(torch.Tensor), row)
        assert torch.equal(found[1].as_subclass(torch.Tensor), column)
