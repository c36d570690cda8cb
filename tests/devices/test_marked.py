"""The stand-in refuses what a GPU refuses."""

import numpy as np
import pytest
import torch

from tests.devices.marked import DEVICE, stand_in_device


@pytest.fixture
def device():
    with stand_in_device() as device:
        yield device


MIXED = [
    lambda there, here: there + here,
    lambda there, here: here * there,
    lambda there, here: torch.cat([there, here]),
    lambda there, here: torch.where(there > 0, there, here),
    lambda there, here: there[here.long()],
    lambda there, here: here[there.long()],
    lambda there, here: here.index_add_(0, there.long(), there),
    lambda there, here: there.__setitem__(slice(0, 2), here[:2]),
    lambda there, here: here.__setitem__(slice(0, 2), there[:2]),
    lambda there, here: torch.isin(there, test_elements=here),
    lambda there, here: torch.stack([there[0:1], here[0:1]]),
]


@pytest.mark.parametrize("mix", MIXED)
def test_a_tensor_of_the_device_and_one_of_the_cpu_do_not_meet(device, mix):
    with pytest.raises(RuntimeError, match=r"on one device, and one of shape .* is on the CPU"):
        mix(torch.arange(3.0, device=device), torch.arange(3.0))


@pytest.mark.parametrize("read", [lambda there: there.numpy(), np.asarray])
def test_a_tensor_of_the_device_is_no_array(device, read):
    with pytest.raises(TypeError, match=r"to numpy. Use Tensor.cpu"):
        read(torch.ones(3, device=device))


def test_numbers_may_meet_and_be_read(device):
    there = torch.arange(3.0, device=device)
    assert (there * torch.tensor(2.0)).tolist() == [0, 2, 4]
    assert (there.sum().item(), float(there[2]), bool(there[1] > 0)) == (3, 2, True)
    here = torch.zeros(2)
    here[0] = there[2]
    assert here.tolist() == [2, 0]


def test_what_is_computed_stays_and_what_is_moved_goes(device):
    there = torch.tensor([3.0, 1, 2], device=device)
    best = torch.topk(there, 2)
    made = [
        there.sort().values,
        best.indices,
        there[there > 1],
        there.new_zeros(2),
        torch.ones_like(there),
        there[None].T,
    ]
    made += [
        torch.ones(3).to(device),
        torch.ones(3).cuda(),
        torch.ones(3).to(there),
        there.to(torch.float64),
        there.double(),
    ]
    assert all(one.device == DEVICE and one.is_cuda for one in made)
    back = [there.cpu(), there.to("cpu"), there.to(torch.ones(3)), torch.ones(3)]
    assert all(one.device.type == "cpu" and not one.is_cuda for one in back)
    assert there.cpu().numpy().tolist() == [3, 1, 2]


def test_gradients_and_optimisers_stay(device):
    theta = torch.zeros(3, device=device)
    keep = theta.clone().requires_grad_()
    (slope,) = torch.autograd.grad((keep * torch.arange(3.0, device=device)).sum(), keep)
    assert (slope.device, slope.tolist()) == (DEVICE, [0, 1, 2])
    adam = torch.optim.Adam([theta], lr=0.1)
    theta.grad = slope
    adam.step()
    assert theta.tolist() == pytest.approx([0, -0.1, -0.1])


def test_draws_on_the_device_want_its_generator(device):
    with pytest.raises(RuntimeError, match="generator"):
        torch.rand(3, generator=torch.Generator(), device=device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a real device of that name")
def test_outside_nothing_is_watched():
    assert torch.ones(3).device.type == "cpu"
    with pytest.raises((RuntimeError, AssertionError)):
        torch.ones(3, device=DEVICE)
