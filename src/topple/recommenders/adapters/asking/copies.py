"""Copies of torch modules, made when a model is wrapped: the user's own is never called and never changed."""

import copy
from typing import TypeVar

import torch
from torch import nn

from topple.errors import RecommenderError

_Module = TypeVar("_Module", bound=nn.Module)


def scoring_copy(module: _Module, name: str) -> _Module:
    """Return a copy of a module in evaluation mode, with weights that want no gradient.

    What a module remembers of earlier calls (results that belong to a gradient) is copied as numbers.

    Args:
        module: of somebody else's; it is not changed.
        name: what to call it in messages.

    Raises:
        RecommenderError: it cannot be copied.
    """
    try:
        copied = copy.deepcopy(module, _results(module))
    except Exception as error:
        raise RecommenderError(
            f"{name} cannot be copied ({type(error).__name__}: {error}): a recommender works on a copy, so that your module is "
            "never changed. Remove from the module what only its training needs, or wrap a function that calls it as 'callable'."
        ) from error
    return copied.eval().requires_grad_(requires_grad=False)


def _results(module: nn.Module) -> dict[int, object]:
    """Return copies of the results that parts of a module keep, by the id of each: nothing else can copy them."""
    kept = (value for part in module.modules() for value in vars(part).values())
    return {
        id(tensor): tensor.detach().clone()
        for tensor in kept
        if isinstance(tensor, torch.Tensor) and not tensor.is_leaf
    }


def weights_precision(module: nn.Module) -> torch.dtype | None:
    """Return the precision of a module's weights; None where it has none."""
    tensors = (*module.parameters(), *module.buffers())
    return next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), None)
