import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from topple.recommenders.adapters.asking.answers import asked_for

KEPT = SimpleNamespace()


def fresh(_):
    return np.ones((2, 3))


def kept(_):
    KEPT.array = np.ones((2, 3))
    return KEPT.array


def part_is_kept(_):
    array = np.ones((2, 3))
    KEPT.part = array[0]
    return array


def a_buffer_is_kept(_):
    array = np.ones((2, 3))
    KEPT.buffer = memoryview(array)
    return array


def part_of_one_that_is_kept(_):
    KEPT.array = np.ones((4, 3))
    return KEPT.array[:2]


def found_again(_):
    array = np.ones((2, 3))
    KEPT.weak = weakref.ref(array)
    return array


def frozen_in_a_closure(array=np.ones((2, 3))):  # noqa: B008
    return lambda _: array


def a_tensor(_):
    return torch.ones(2, 3)


def a_list(_):
    return [[1.0]]


class Matrix(np.ndarray):
    pass


def of_a_class_of_somebody(_):
    return np.ones((2, 3)).view(Matrix)


@pytest.mark.parametrize("through", [lambda ask: ask, lambda ask: lambda asked: ask(asked)])
def test_an_array_that_nobody_keeps_is_free(through):
    answer, free = asked_for(through(fresh), None)
    assert free
    assert answer.shape == (2, 3)


@pytest.mark.parametrize(
    "ask",
    [
        *(kept, part_is_kept, a_buffer_is_kept, part_of_one_that_is_kept, found_again),
        *(frozen_in_a_closure(), a_tensor, a_list, of_a_class_of_somebody),
    ],
)
def test_what_somebody_could_still_write_into_is_not_free(ask):
    _, free = asked_for(ask, None)
    assert not free
