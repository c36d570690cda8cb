import pytest
import torch

import topple
from topple.errors import ArgumentError, CapabilityError, SettingsError
from topple.scoring.devices import device_of, on_device
from topple.testing import tiny_split

SPLIT = tiny_split()


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.parametrize("name", ["cpu", torch.device("cpu")])
def test_the_processor_is_always_there(name, no_gpu):
    assert device_of(name) == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:1", torch.device("cuda", 1)])
def test_a_gpu_that_is_there(name, two_gpus):
    assert device_of(name) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_gpu_on_a_machine_without_one(name, no_gpu):
    with pytest.raises(
        SettingsError, match=rf"device='{name}': torch .* finds no GPU on this machine\. Choose cpu, or"
    ):
        device_of(name)


def test_a_gpu_beyond_the_last(two_gpus):
    with pytest.raises(SettingsError, match=r"device='cuda:2': this machine has 2 GPUs, cuda:0, cuda:1\. Choose one"):
        device_of("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "", "mps", "meta", "cpu:0", "cuda:", "cuda:-1"])
def test_a_name_that_is_no_device(name, two_gpus):
    with pytest.raises(SettingsError, match=rf"device='{name}' is not a device\. Choose cpu, cuda"):
        device_of(name)


def test_a_recommender_that_is_there_already_is_returned_itself():
    model = topple.fit(SPLIT, "ease", progress=False)
    assert on_device(model, "cpu") is model


def test_a_recommender_is_moved(two_gpus, monkeypatch):
    model = topple.fit(SPLIT, "ease", progress=False)
    monkeypatch.setattr(type(model), "to", lambda self, device: (self, device))
    assert on_device(model, "cuda:1") == (model, torch.device("cuda:1"))


def test_a_wrapped_model_cannot_be_moved(two_gpus):
    together = (SPLIT.train.T @ SPLIT.train).toarray()
    model = topple.wrap(lambda rows: rows @ together, "callable", SPLIT.catalogue, histories="csr")
    with pytest.raises(
        CapabilityError, match=r"callable.* computes on cpu and cannot be moved to cuda\. Move the model before"
    ):
        on_device(model, "cuda")


def test_a_device_of_another_type_is_refused():
    with pytest.raises(ArgumentError, match=r"device=\[1\] is of type list\. Give cpu, cuda"):
        device_of([1])
