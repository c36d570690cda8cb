import pytest
import torch

from topple.scoring.layers import tanh_


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tanh_in_place_is_that_of_torch_and_the_same_wherever_a_number_stands(dtype):
    values = torch.linspace(-9, 9, 1001, dtype=dtype)
    expected = torch.tanh(values)
    out = values.clone()
    assert tanh_(out) is out
    assert torch.allclose(out, expected, rtol=4 * torch.finfo(dtype).eps, atol=0)
    for start in range(1, 20):
        assert tanh_(values[start:].clone()).equal(out[start:])
        assert tanh_(values[start::3]).equal(out[start::3])
        values = torch.linspace(-9, 9, 1001, dtype=dtype)
